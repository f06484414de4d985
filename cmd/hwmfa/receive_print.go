package main

import (
	"fmt"
	"time"

	"hwmfa/internal/ceremony"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// deliveryJSON is the schema hwmfa.delivery/v1: how far an order is, and what
// the command brought.
type deliveryJSON struct {
	Schema string    `json:"schema"`
	Order  orderJSON `json:"order"`
	// Duplicates of all times are told, and do not make a delivery incomplete: a
	// label is soon scanned twice.
	Short         []shortJSON   `json:"short"`
	Cut           []shortJSON   `json:"cut"` // taken off the list: retired before they came
	Over          []arrivalJSON `json:"over"`
	Substituted   []arrivalJSON `json:"substituted"`
	Duplicate     []arrivalJSON `json:"duplicate"`
	Lines         []lineJSON    `json:"lines"`
	Arrivals      []arrivalJSON `json:"arrivals"`
	WithoutSerial []bareJSON    `json:"without_serial"`
}

type orderJSON struct {
	Number   string    `json:"number"`
	Supplier *string   `json:"supplier"`
	Manifest string    `json:"manifest_sha256"`
	ListedAt time.Time `json:"listed_at"`
	ListedBy string    `json:"listed_by"`
	// Announced and Received count keys with and without serials.
	Announced int64 `json:"announced"`
	Received  int64 `json:"received"`
	Enrolled  int   `json:"enrolled"`
	Complete  bool  `json:"complete"`
}

// title names the order for people.
func (o orderJSON) title() string {
	if o.Supplier == nil {
		return "order " + o.Number
	}
	return "order " + o.Number + " from " + *o.Supplier
}

// shortJSON is a key that has not come yet.
type shortJSON struct {
	Serial  string  `json:"serial"`
	Key     string  `json:"key"`
	Product *string `json:"product"`
}

// lineJSON counts keys that show no serial.
type lineJSON struct {
	Product  string `json:"product"`
	Quantity int64  `json:"quantity"`
	Received int64  `json:"received"`
}

type arrivalJSON struct {
	Serial  string            `json:"serial"`
	Key     *string           `json:"key"`
	Outcome inventory.Outcome `json:"outcome"`
	Detail  *string           `json:"detail"`
}

// bareJSON is a plugged key that shows no serial and has to be counted.
type bareJSON struct {
	Product *string  `json:"product"`
	USB     *usbSeen `json:"usb"`
}

func deliveryReport(d inventory.Delivery, arrived []inventory.Received, bare []ceremony.Seen) deliveryJSON {
	j := deliveryJSON{
		Schema: "hwmfa.delivery/v1", Order: orderToJSON(d), Short: []shortJSON{}, Cut: []shortJSON{},
		Over: []arrivalJSON{}, Substituted: []arrivalJSON{}, Duplicate: []arrivalJSON{},
		Lines: []lineJSON{}, Arrivals: []arrivalJSON{}, WithoutSerial: []bareJSON{},
	}
	for _, k := range d.Short {
		j.Short = append(j.Short, shortJSON{k.Serial, k.ID, null(k.Product)})
	}
	for _, k := range d.Cut {
		j.Cut = append(j.Cut, shortJSON{k.Serial, k.ID, null(k.Product)})
	}
	for _, r := range d.Over {
		switch one := arrivalToJSON(r); r.Outcome {
		case inventory.OutcomeOver:
			j.Over = append(j.Over, one)
		case inventory.OutcomeSubstituted:
			j.Substituted = append(j.Substituted, one)
		case inventory.OutcomeDuplicate:
			j.Duplicate = append(j.Duplicate, one)
		}
	}
	for _, l := range d.Order.Lines {
		j.Lines = append(j.Lines, lineJSON(l))
	}
	for _, r := range arrived {
		j.Arrivals = append(j.Arrivals, arrivalToJSON(r))
	}
	for _, s := range bare {
		j.WithoutSerial = append(j.WithoutSerial, bareJSON{null(s.Product), usbSeenJSON(s.Key.USB)})
	}
	return j
}

func orderToJSON(d inventory.Delivery) orderJSON {
	received, announced := d.Count()
	return orderJSON{
		Number: d.Order.Number, Supplier: null(d.Order.Supplier), Manifest: d.Order.Manifest.String(),
		ListedAt: d.Order.At.UTC(), ListedBy: d.Order.By,
		Announced: announced, Received: received, Enrolled: d.Enrolled, Complete: d.Complete(),
	}
}

func arrivalToJSON(r inventory.Received) arrivalJSON {
	return arrivalJSON{r.Code, r.KeyID, r.Outcome, r.Detail}
}

// printDelivery prints the report, as JSON or for people: first how far the
// order is, then everything that is not as announced, a line each.
func (a *app) printDelivery(j deliveryJSON, asJSON bool) error {
	if asJSON {
		return a.streams.JSON(j)
	}
	o := j.Order
	if err := a.streams.Printf("%s: received %d of %d, enrolled %d\n", o.title(), o.Received, o.Announced, o.Enrolled); err != nil {
		return err
	}
	for _, l := range deliveryLines(j) {
		if err := a.streams.Printf("%s\n", term.Escape(fmt.Sprintf("  %-12s %s", l[0], l[1]))); err != nil {
			return err
		}
	}
	return nil
}

// deliveryLines are a word and what it is said of.
func deliveryLines(j deliveryJSON) [][2]string {
	var lines [][2]string
	add := func(word, what string, more *string) {
		if more != nil {
			what += "  " + *more
		}
		lines = append(lines, [2]string{word, what})
	}
	for _, s := range j.Short {
		add("short", s.Serial, s.Product)
	}
	for _, s := range j.Cut {
		add("taken off", s.Serial, s.Product)
	}
	for _, l := range j.Lines {
		switch {
		case l.Received < l.Quantity:
			add("short", fmt.Sprintf("%d of %d %s", l.Quantity-l.Received, l.Quantity, l.Product), nil)
		case l.Received > l.Quantity:
			add("over", fmt.Sprintf("%d %s, and %d were announced", l.Received, l.Product, l.Quantity), nil)
		}
	}
	for _, group := range [][]arrivalJSON{j.Over, j.Substituted, j.Duplicate} {
		for _, r := range group {
			add(string(r.Outcome), r.Serial, r.Detail)
		}
	}
	for _, b := range j.WithoutSerial {
		name := "a key"
		if b.Product != nil {
			name = *b.Product
		}
		add("no serial", name+" is plugged in: count it with --count", nil)
	}
	return lines
}
