package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"hwmfa/hw"
)

// Sightings lists USB devices that may be keys, FIDO interfaces and cards in
// readers, all three at the same time. A part that fails, or does not answer
// before ctx ends, is named in the error; the rest is returned all the same.
func (m *Machine) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	parts := []struct {
		name string
		list func(context.Context) ([]hw.Sighting, error)
	}{
		{"list USB devices", m.usbSightings},
		{"list FIDO interfaces", m.fidoSightings},
		{"list card readers", m.cardSightings},
	}
	type answer struct {
		part      int
		sightings []hw.Sighting
		err       error
	}
	answers := make(chan answer, len(parts))
	for i, part := range parts {
		go func() {
			seen, err := await(ctx, &m.left, func() ([]hw.Sighting, error) { return part.list(ctx) }, nil)
			answers <- answer{i, seen, err}
		}()
	}
	var all []hw.Sighting
	errs := make([]error, len(parts))
	for range parts {
		a := <-answers
		all = append(all, a.sightings...)
		if a.err != nil {
			errs[a.part] = fmt.Errorf("%s: %w", parts[a.part].name, a.err)
		}
	}
	slices.SortFunc(all, compareSightings)
	return all, errors.Join(errs...)
}

// compareSightings orders by place on the bus, so that what belongs to one key
// is printed together; what has no place comes last.
func compareSightings(a, b hw.Sighting) int {
	if (a.USB == nil) != (b.USB == nil) {
		if a.USB == nil {
			return 1
		}
		return -1
	}
	if a.USB != nil {
		if c := cmp.Or(cmp.Compare(a.USB.Bus, b.USB.Bus), cmp.Compare(a.USB.Address, b.USB.Address)); c != 0 {
			return c
		}
	}
	return cmp.Or(
		cmp.Compare(rank[a.Interface], rank[b.Interface]),
		cmp.Compare(a.Slot, b.Slot),
		cmp.Compare(a.Node, b.Node),
	)
}

var rank = map[hw.Interface]int{hw.InterfaceUSB: 0, hw.InterfaceFIDO: 1, hw.InterfaceCard: 2}
