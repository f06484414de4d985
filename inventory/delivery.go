package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Kinds of events about deliveries; their subject is the order's number.
const (
	KindOrderListed   = "order.listed"
	KindOrderReceived = "order.received"
	KindOrderCut      = "order.cut"
)

// Order is what a supplier's delivery list announced.
type Order struct {
	Number   string
	Supplier string // "" not said
	Manifest Hash   // SHA-256 of the delivery list as it was read
	Lines    []OrderLine
	At       time.Time
	By       string
}

// OrderLine is a number of keys of one product that show no serial: they are
// received and enrolled by count.
type OrderLine struct {
	Product  string `json:"product"`
	Quantity int64  `json:"quantity"`
	Received int64  `json:"received"`
}

// Manifest is a supplier's delivery list.
type Manifest struct {
	Order    string
	Supplier string
	SHA256   Hash
	Lines    []ManifestLine
}

// ManifestLine announces one key by its serial, or a quantity of keys without.
type ManifestLine struct {
	Serial     string
	Product    string // as the supplier calls it
	Type       Type   // "" a security key
	BatteryEnd time.Time
	Quantity   int64 // of keys without a serial; 0 is one
}

// maxManifest bounds the keys of one delivery.
const maxManifest = 1_000_000

// ListDelivery records what a delivery is to hold: each serial becomes an
// expected key, keys without one become a quantity. A number that was used
// before, or a serial the inventory has, gives an ExistsError, and nothing is
// recorded.
func ListDelivery(tx Tx, act Act, m Manifest) (Order, error) {
	o, err := listDelivery(tx, act, m)
	if err != nil {
		return Order{}, fmt.Errorf("delivery list: %w", err)
	}
	return o, nil
}

func listDelivery(tx Tx, act Act, m Manifest) (Order, error) {
	act, err := act.check()
	if err != nil {
		return Order{}, err
	}
	o := Order{Manifest: m.SHA256, At: act.At, By: act.Actor}
	if o.Number, err = required("order", m.Order, maxName); err != nil {
		return Order{}, err
	}
	if o.Supplier, err = line("supplier", m.Supplier, maxName); err != nil {
		return Order{}, err
	}
	if len(m.Lines) == 0 || len(m.Lines) > maxManifest {
		return Order{}, invalid("delivery list", "has %d lines, not 1 to %d", len(m.Lines), maxManifest)
	}
	_, err = FindOrder(tx, o.Number)
	if known, err := found(err); err != nil {
		return Order{}, err
	} else if known {
		return Order{}, &ExistsError{What: "order", Value: o.Number, Owner: "a delivery list read before"}
	}
	var serials int
	for i, l := range m.Lines {
		if l.Serial == "" {
			if o.Lines, err = addLine(o.Lines, l); err != nil {
				return Order{}, fmt.Errorf("line %d: %w", i+1, err)
			}
			continue
		}
		serials++
		if _, err := declareKey(tx, act, Declaration{
			Serial: l.Serial, Type: l.Type, Product: l.Product, Order: o.Number, Expected: true, BatteryEnd: l.BatteryEnd,
		}); err != nil {
			return Order{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if err := tx.PutOrder(o); err != nil {
		return Order{}, err
	}
	_, err = record(tx, act, KindOrderListed, o.Number, orderPayload(o, serials))
	return o, err
}

func addLine(lines []OrderLine, l ManifestLine) ([]OrderLine, error) {
	product, err := required("product", l.Product, maxName)
	if err != nil {
		return nil, err
	}
	n := max(l.Quantity, 1)
	if n > maxManifest || l.Quantity < 0 {
		return nil, invalid("quantity", "is not 1 to %d", maxManifest)
	}
	for i, have := range lines {
		if Fold(have.Product) == Fold(product) {
			lines[i].Quantity += n
			return lines, nil
		}
	}
	return append(lines, OrderLine{Product: product, Quantity: n}), nil
}

type orderJSON struct {
	Supplier *string     `json:"supplier"`
	Manifest string      `json:"manifest_sha256"`
	Serials  int         `json:"serials"`
	Lines    []OrderLine `json:"lines"`
}

func orderPayload(o Order, serials int) orderJSON {
	return orderJSON{null(o.Supplier), o.Manifest.String(), serials, append([]OrderLine{}, o.Lines...)}
}

// Arrival is one key of a delivery as it was scanned or plugged in.
type Arrival struct {
	Code    string // a serial, as the label or the key shows it
	Product string // as the plugged key shows it; "" it was only scanned
}

// Outcome is what an arrival comes to, a word.
type Outcome string

// The outcomes.
const (
	OutcomeReceived    Outcome = "received"
	OutcomeOver        Outcome = "over"        // on no line of this order
	OutcomeSubstituted Outcome = "substituted" // the list says another product
	OutcomeDuplicate   Outcome = "duplicate"   // it was received before
)

// Received is one arrival and what it came to.
type Received struct {
	Code    string  `json:"code"`
	KeyID   *string `json:"key"` // nil: not in the inventory
	Outcome Outcome `json:"outcome"`
	Detail  *string `json:"detail"`
}

// ReceiveDelivery holds arrivals against the list of an order: what is on it is
// received and goes to the place at path ("" nowhere yet); everything else is
// told apart and changes no key. All of it is one event. counts receives keys
// without a serial, by product.
func ReceiveDelivery(tx Tx, act Act, number, path string, arrivals []Arrival, counts map[string]int64) ([]Received, error) {
	done, err := receive(tx, act, number, path, arrivals, counts)
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	return done, nil
}

func receive(tx Tx, act Act, number, path string, arrivals []Arrival, counts map[string]int64) ([]Received, error) {
	act, err := act.check()
	if err != nil {
		return nil, err
	}
	o, err := FindOrder(tx, number)
	if err != nil {
		return nil, err
	}
	m := Move{Verb: VerbReceive}
	if path != "" {
		p, err := FindPlace(tx, path)
		if err != nil {
			return nil, err
		}
		m.PlaceID = p.ID
	}
	if len(arrivals) > maxManifest {
		return nil, invalid("arrivals", "are more than %d", maxManifest)
	}
	payload := receivedJSON{Arrivals: []Received{}, Counts: []OrderLine{}}
	for _, a := range arrivals {
		r, err := o.arrive(tx, act, m, a)
		if err != nil {
			return nil, err
		}
		payload.Arrivals = append(payload.Arrivals, r)
	}
	for product, n := range counts {
		i, err := o.line(product)
		if err != nil {
			return nil, err
		}
		if n < 1 || o.Lines[i].Received+n > maxManifest {
			return nil, invalid("count of "+o.Lines[i].Product, "is not 1 to %d", maxManifest)
		}
		o.Lines[i].Received += n
	}
	if len(counts) > 0 {
		if err := tx.PutOrder(o); err != nil {
			return nil, err
		}
		payload.Counts = o.Lines
	}
	_, err = record(tx, act, KindOrderReceived, o.Number, payload)
	return payload.Arrivals, err
}

// receivedJSON is the payload of order.received: each arrival and, where keys
// without serials were counted, the lines as they stand then.
type receivedJSON struct {
	Arrivals []Received  `json:"arrivals"`
	Counts   []OrderLine `json:"counts"`
}

// arrive says what one arrival comes to, and receives it if it is on the list.
func (o Order) arrive(tx Tx, act Act, m Move, a Arrival) (Received, error) {
	serial, err := NormalizeSerial(a.Code)
	if err == nil && serial == "" {
		err = invalid("serial", "is empty")
	}
	if err != nil {
		return Received{}, err
	}
	r := Received{Code: serial}
	say := func(outcome Outcome, format string, args ...any) (Received, error) {
		r.Outcome = outcome
		if format != "" {
			text := fmt.Sprintf(format, args...)
			r.Detail = &text
		}
		return r, nil
	}
	same, err := tx.KeysBySerial(serial)
	if err != nil {
		return Received{}, err
	}
	i := slices.IndexFunc(same, func(k Key) bool { return k.Order == o.Number })
	switch {
	case i < 0 && len(same) > 0:
		r.KeyID = &same[0].ID
		if same[0].Order != "" {
			return say(OutcomeOver, "it is on the list of order %s", same[0].Order)
		}
		return say(OutcomeOver, "it is in the inventory already")
	case i < 0:
		if err := plausibleSerial(serial); err != nil {
			return Received{}, err
		}
		return say(OutcomeOver, "")
	}
	k := same[i]
	r.KeyID = &k.ID
	cut, err := neverCame(tx, k)
	switch {
	case err != nil:
		return Received{}, err
	case cut:
		return say(OutcomeOver, "it was taken off the list: %s", k.standing())
	case k.Status != StatusExpected:
		return say(OutcomeDuplicate, "%s", k.standing())
	case !sameProduct(k.Product, a.Product):
		return say(OutcomeSubstituted, "it is a %s, the list says %s", claimed(a.Product, maxName), k.Product)
	}
	m.KeyID = k.ID
	if _, err := MoveKey(tx, act, m, nil); err != nil {
		return Received{}, err
	}
	return say(OutcomeReceived, "")
}

// sameProduct says whether a supplier's word for a product and a key's own can
// be of the same: suppliers write "YubiKey 5C NFC - Tray of 50". An article
// number says nothing that could differ.
func sameProduct(listed, shown string) bool {
	squash := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	a, b := squash(listed), squash(shown)
	if b == "" || !strings.ContainsFunc(a, unicode.IsLetter) {
		return true
	}
	return strings.Contains(a, b) || strings.Contains(b, a)
}
