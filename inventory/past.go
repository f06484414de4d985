package inventory

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Past is what the journal says of keys that their rows do not: what was in
// doubt, and what ended. Every map is by the key's ID.
type Past struct {
	// Doubted are the keys whose identity credential was found gone, with the word
	// for what was found. A proof since then, or another enrollment, ends a doubt.
	Doubted map[string]string
	// Ended are the bindings that were removed and not made again, oldest first.
	Ended map[string][]EndedBinding
}

// EndedBinding is a binding that was removed.
type EndedBinding struct {
	Binding
	Until time.Time
	// Reset: it ended with a FIDO reset of the key.
	Reset bool
}

// PastOf reads the journal once for what became of bindings and proofs.
func PastOf(tx Tx) (Past, error) {
	p := Past{Doubted: map[string]string{}, Ended: map[string][]EndedBinding{}}
	reset := map[string]string{} // the time of the last FIDO reset, by key
	err := tx.EachRaw(func(events []RawEvent) error {
		for _, e := range events {
			if err := p.see(e, reset); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Past{}, fmt.Errorf("read the past of keys: %w", err)
	}
	return p, nil
}

// see takes one event.
func (p Past) see(e RawEvent, reset map[string]string) error {
	switch e.Kind {
	case KindKeyProved, KindKeyEnrolled:
		delete(p.Doubted, e.Subject)
	case KindKeyDoubted:
		var d doubtedJSON
		if err := json.Unmarshal([]byte(e.Payload), &d); err != nil {
			return damagedEvent(e.Seq, err)
		}
		p.Doubted[e.Subject] = d.Verdict
	case KindKeyFIDOReset:
		reset[e.Subject] = e.Time
	case KindBindingAdded, KindBindingRemoved:
		return p.binding(e, reset[e.Subject])
	}
	return nil
}

// binding takes an event about a binding. Those that a reset ends are removed in
// the same act as it.
func (p Past) binding(e RawEvent, reset string) error {
	var b bindingJSON
	if err := json.Unmarshal([]byte(e.Payload), &b); err != nil {
		return damagedEvent(e.Seq, err)
	}
	if e.Kind == KindBindingAdded {
		p.Ended[e.Subject] = slices.DeleteFunc(p.Ended[e.Subject], func(o EndedBinding) bool { return o.AccountID == b.Account })
		return nil
	}
	until, err := ParseTime(e.Time)
	if err != nil {
		return damagedEvent(e.Seq, err)
	}
	p.Ended[e.Subject] = append(p.Ended[e.Subject], EndedBinding{
		Binding: Binding{AccountID: b.Account, KeyID: e.Subject, DeviceName: b.DeviceName, How: b.How}, Until: until, Reset: e.Time == reset,
	})
	return nil
}
