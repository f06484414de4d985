package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newWitnessCommand(a *app) *cobra.Command {
	return newGroup("witness", "Be the second person of what takes two",
		newWitnessConfirmCommand(a),
		newWitnessListCommand(a),
		newWitnessWithdrawCommand(a),
	)
}

func newWitnessConfirmCommand(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "confirm REQUEST",
		Short: "Confirm what another login asked for, and have it done",
		Long: `Confirm what another person asked for, and have it done: hwmfa witness list
shows what it is. It takes another login than the one that asked, and another
person, where the inventory knows whose logins they are. A request can be
confirmed for a day, as long as its keys stay where they are.

With a file as inventory the login is the user of this machine. Whoever is root
there, or shares a login, can be both; on PostgreSQL the server tells who it is.` + exitStatusHelp(),
		Example: `  hwmfa witness list
  hwmfa witness confirm R-7Q2M4XRD`,
		Args: exactly("REQUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWitnessConfirm(cmd.Context(), a, args[0], json)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON (hwmfa.moved/v1)")
	return cmd
}

func runWitnessConfirm(ctx context.Context, a *app, id string, json bool) error {
	var done moved
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		_, done.Keys, err = inventory.ConfirmRequest(tx, act, id)
		return err
	})
	if err != nil {
		return err
	}
	if json {
		return a.streams.JSON(movedReport(done))
	}
	if len(done.Keys) == 0 {
		return a.streams.Printf("%s is confirmed and done\n", strings.ToUpper(id))
	}
	return printMoved(a, done)
}

func newWitnessWithdrawCommand(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "withdraw REQUEST",
		Short: "End a request that is not to be confirmed",
		Long: `End a request without doing what it asks for: one's own, or another's that one
will not confirm.` + exitStatusHelp(),
		Example: "  hwmfa witness withdraw R-7Q2M4XRD",
		Args:    exactly("REQUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var r inventory.Request
			err := a.updateExisting(cmd.Context(), func(tx inventory.Tx, act inventory.Act) (err error) {
				r, err = inventory.WithdrawRequest(tx, act, args[0])
				return err
			})
			if err != nil {
				return err
			}
			if json {
				return a.streams.JSON(struct {
					Schema string `json:"schema"`
					requestJSON
				}{"hwmfa.request/v1", *requestToJSON(r, a.now())})
			}
			return a.streams.Printf("%s is withdrawn; nothing was done\n", r.ID)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON (hwmfa.request/v1)")
	return cmd
}

func newWitnessListCommand(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what waits for a second person",
		Long:    "List what waits for a second person, the oldest first." + exitStatusHelp(),
		Example: "  hwmfa witness list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runWitnessList(cmd.Context(), a, json)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON (hwmfa.requests/v1)")
	return cmd
}

// openRequestJSON is one request of the schema hwmfa.requests/v1.
type openRequestJSON struct {
	requestJSON
	Moves    []moveJSON          `json:"moves"`
	Place    *placeChangeJSON    `json:"place_rules"` // a change of these; null for others
	Artifact *artifactChangeJSON `json:"artifact"`    // what becomes of one; null for others
	Access   *accessChangeJSON   `json:"access"`      // who may open a place then; null for others
}

type artifactChangeJSON struct {
	ID     *string `json:"id"` // null: a new one
	Label  string  `json:"label"`
	From   *string `json:"from"`
	To     *string `json:"to"`
	Retire bool    `json:"retire"`
	Reason *string `json:"reason"`
}

type accessChangeJSON struct {
	Place  string `json:"place"`
	Person string `json:"person"`
}

type placeChangeJSON struct {
	Place     string `json:"place"`
	Capacity  int64  `json:"capacity"`
	TwoPeople bool   `json:"two_people"`
}

type moveJSON struct {
	Verb     inventory.Verb `json:"verb"`
	Key      string         `json:"key"`
	Person   *string        `json:"person"`
	Place    *string        `json:"place"`
	Seal     *string        `json:"seal"`
	Carrier  *string        `json:"carrier"`
	Tracking *string        `json:"tracking"`
	Until    *time.Time     `json:"until"`
	Keep     bool           `json:"keep"`
	Reason   *string        `json:"reason"`
	Ticket   *string        `json:"ticket"`
	words    string
}

func runWitnessList(ctx context.Context, a *app, json bool) error {
	list := []openRequestJSON{}
	err := a.view(ctx, func(tx inventory.Tx) error {
		requests, err := inventory.Requests(tx)
		list = []openRequestJSON{}
		for _, r := range requests {
			j, err := asked(tx, r)
			if err != nil {
				return err
			}
			j.requestJSON = *requestToJSON(r, a.now())
			list = append(list, j)
		}
		return err
	})
	if err != nil {
		return err
	}
	if json {
		return a.streams.JSON(struct {
			Schema   string            `json:"schema"`
			Requests []openRequestJSON `json:"requests"`
		}{"hwmfa.requests/v1", list})
	}
	if len(list) == 0 {
		a.streams.Notice("nothing waits for a second person")
		return nil
	}
	t := term.NewTable("request", "by", "until", "what", "why").Limit(3, 60).Limit(4, 40).Give(3, 16).Give(4, 8).Give(1, 8)
	for _, r := range list {
		ends := timeText(r.Ends)
		if r.Over {
			ends = "over"
		}
		if p := r.Place; p != nil {
			t.Row(term.Plain(r.ID, r.By, ends, p.words(), "")...)
		}
		if c := r.Artifact; c != nil {
			t.Row(term.Plain(r.ID, r.By, ends, c.words(), deref(c.Reason))...)
		}
		if c := r.Access; c != nil {
			t.Row(term.Plain(r.ID, r.By, ends, fmt.Sprintf("%s may open %s", c.Person, c.Place), "")...)
		}
		for i, m := range r.Moves {
			row := term.Plain(r.ID, r.By, ends, m.words, deref(m.Reason))
			if i > 0 {
				row = term.Plain("", "", "", m.words, deref(m.Reason))
			}
			t.Row(row...)
		}
	}
	return a.streams.Table(t)
}

func (p placeChangeJSON) words() string {
	people := "one person is enough"
	if p.TwoPeople {
		people = "two people"
	}
	return fmt.Sprintf("%s: capacity %d, %s", p.Place, p.Capacity, people)
}

func (c artifactChangeJSON) words() string {
	switch from, to := firstOf(deref(c.From), "nowhere"), firstOf(deref(c.To), "nowhere"); {
	case c.Retire:
		return "retire artifact " + c.Label + " at " + from
	case c.ID == nil:
		return "add artifact " + c.Label + " at " + to
	case from == to:
		return "change artifact " + c.Label + " at " + to
	default:
		return "move artifact " + c.Label + " from " + from + " to " + to
	}
}

// asked is what a request asks for, with names for IDs.
func asked(tx inventory.Tx, r inventory.Request) (openRequestJSON, error) {
	what, err := r.Asked()
	if err != nil {
		return openRequestJSON{}, err
	}
	j := openRequestJSON{Moves: []moveJSON{}}
	path := func(id string) (found *string) {
		if p, err2 := tx.PlaceByID(id); id != "" && err2 == nil {
			found = &p.Path
		} else if id != "" {
			err = errors.Join(err, err2)
		}
		return found
	}
	if c := what.Place; c != nil {
		j.Place = &placeChangeJSON{deref(path(c.PlaceID)), c.Capacity, c.TwoPeople}
	}
	if c := what.Artifact; c != nil {
		from, to := c.Places()
		j.Artifact = &artifactChangeJSON{ID: null(c.ID), Label: c.Label(), From: path(from), To: path(to), Retire: c.Retire, Reason: null(c.Reason())}
	}
	if c := what.Access; c != nil {
		p, err2 := tx.PersonByID(c.PersonID)
		err = errors.Join(err, err2)
		j.Access = &accessChangeJSON{Place: deref(path(c.PlaceID)), Person: p.Name}
	}
	if err != nil {
		return j, err
	}
	for _, m := range what.Moves {
		one, err := moveAsked(tx, m)
		if err != nil {
			return j, err
		}
		j.Moves = append(j.Moves, one)
	}
	return j, nil
}

func moveAsked(tx inventory.Tx, m inventory.Move) (moveJSON, error) {
	j := moveJSON{
		Verb: m.Verb, Key: m.KeyID, Seal: null(m.Seal), Carrier: null(m.Carrier), Tracking: null(m.Tracking),
		Keep: m.Keep, Reason: null(m.Reason), Ticket: null(m.Ticket),
	}
	k, err := tx.KeyByID(m.KeyID)
	if err != nil {
		return j, err
	}
	words := []string{string(m.Verb), firstOf(k.Tag, k.Serial, k.ID)}
	if m.PersonID != "" {
		p, err := tx.PersonByID(m.PersonID)
		if err != nil {
			return j, err
		}
		j.Person, words = &p.Name, append(words, "to "+p.Name)
	}
	if m.PlaceID != "" {
		p, err := tx.PlaceByID(m.PlaceID)
		if err != nil {
			return j, err
		}
		j.Place, words = &p.Path, append(words, "to "+p.Path)
	}
	if m.Seal != "" {
		words = append(words, "in bag "+m.Seal)
	}
	if m.Verb == inventory.VerbUnseal {
		words = append(words, "from bag "+k.Seal)
	}
	if m.Carrier != "" {
		words = append(words, fmt.Sprintf("by %s %s", m.Carrier, m.Tracking))
	}
	if !m.Until.IsZero() {
		at := m.Until.UTC()
		j.Until, words = &at, append(words, "until "+timeText(at))
	}
	j.words = strings.Join(words, " ")
	return j, nil
}
