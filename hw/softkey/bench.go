package softkey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"hwmfa/hw"
)

// Bench is a virtual machine's ports with software keys in them. As on a real
// one, a key that is plugged in takes the lowest free hidraw number and reader
// index, so that another key can come to stand at the same node; only the USB
// address tells them apart. The zero value has no key in it.
type Bench struct {
	mu      sync.Mutex
	plugged []*plug
	address map[int]int // by bus, the last address given out
	denied  map[string]error
}

// plug is one key in one port.
type plug struct {
	key    *Key
	usb    hw.USB
	node   int // hidraw number, -1 without a FIDO interface
	reader int // reader index, -1 without a card
	turn   chan struct{}
}

var _ hw.Bench = (*Bench)(nil)

// Plug powers the key up in a port, out of the one it may be in. Vendor and product are the key's own where
// at leaves them zero; so is a fresh address on bus at.Bus (1 if zero), which
// is returned with the rest.
func (b *Bench) Plug(k *Key, at hw.USB) hw.USB {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plugged = slices.DeleteFunc(b.plugged, func(p *plug) bool { return p.key == k })
	vendor, product, _, _, _, hasHID, hasCard := k.USBInfo()
	if at.Vendor == 0 && at.Product == 0 {
		at.Vendor, at.Product = vendor, product
	}
	at.Bus = cmp.Or(at.Bus, 1)
	if b.address == nil {
		b.address = map[int]int{}
	}
	if at.Address == 0 {
		at.Address = b.address[at.Bus] + 1
	}
	b.address[at.Bus] = max(b.address[at.Bus], at.Address)
	p := &plug{key: k, usb: at, node: -1, reader: -1, turn: make(chan struct{}, 1)}
	if hasHID {
		p.node = b.free(func(q *plug) int { return q.node })
	}
	if hasCard {
		p.reader = b.free(func(q *plug) int { return q.reader })
	}
	b.plugged = append(b.plugged, p)
	k.Replug()
	return at
}

// free is the lowest number that no plugged key has.
func (b *Bench) free(number func(*plug) int) int {
	for n := 0; ; n++ {
		if !slices.ContainsFunc(b.plugged, func(p *plug) bool { return number(p) == n }) {
			return n
		}
	}
}

// Unplug takes the key out; its open handles give hw.ErrGone. A key that is
// not plugged in is left alone.
func (b *Bench) Unplug(k *Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.plugged {
		if p.key == k {
			k.Unplug()
		}
	}
	b.plugged = slices.DeleteFunc(b.plugged, func(p *plug) bool { return p.key == k })
}

// Deny makes opening the node or reader fail with err and shows it in the
// sighting, as hw.ErrPermission or hw.ErrBusy would; nil allows it again.
func (b *Bench) Deny(node string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.denied == nil {
		b.denied = map[string]error{}
	}
	b.denied[node] = err
}

// Sightings lists every interface of every plugged key, by bus and address.
func (b *Bench) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	plugs := slices.Clone(b.plugged)
	slices.SortStableFunc(plugs, func(p, q *plug) int {
		return cmp.Or(cmp.Compare(p.usb.Bus, q.usb.Bus), cmp.Compare(p.usb.Address, q.usb.Address))
	})
	var all []hw.Sighting
	for _, p := range plugs {
		for _, s := range p.sightings() {
			s.Err = b.denied[s.Node]
			all = append(all, s)
		}
	}
	return all, nil
}

func (p *plug) sightings() []hw.Sighting {
	_, _, manufacturer, product, serial, _, _ := p.key.USBInfo()
	sighting := func(i hw.Interface, node string) hw.Sighting {
		usb := p.usb
		return hw.Sighting{Interface: i, Node: node, USB: &usb, Product: product, Manufacturer: manufacturer, SerialString: serial}
	}
	all := []hw.Sighting{sighting(hw.InterfaceUSB, "")}
	if p.node >= 0 {
		all = append(all, sighting(hw.InterfaceFIDO, p.hidraw()))
	}
	if p.reader >= 0 {
		s := sighting(hw.InterfaceCard, p.readerName())
		s.ATR = p.key.ATR()
		all = append(all, s)
	}
	return all
}

func (p *plug) hidraw() string { return fmt.Sprintf("/dev/hidraw%d", p.node) }

// readerName is as pcscd's libccid makes it up from the USB strings.
func (p *plug) readerName() string {
	_, _, manufacturer, product, serial, _, _ := p.key.USBInfo()
	if serial != "" {
		serial = " (" + serial + ")"
	}
	return fmt.Sprintf("%s %s%s %02d 00", manufacturer, product, serial, p.reader)
}

// at finds the key that a sighting's node leads to now, which need not be the
// key that was sighted.
func (b *Bench) at(s hw.Sighting) *plug {
	for _, p := range b.plugged {
		switch {
		case s.Interface == hw.InterfaceFIDO && p.node >= 0 && s.Node == p.hidraw(),
			s.Interface == hw.InterfaceCard && p.reader >= 0 && s.Node == p.readerName(),
			s.Interface == hw.InterfaceUSB && s.USB != nil && s.USB.Bus == p.usb.Bus && s.USB.Address == p.usb.Address:
			return p
		}
	}
	return nil
}

// find is at with the reasons why the interface cannot be opened.
func (b *Bench) find(s hw.Sighting, want hw.Interface) (*plug, error) {
	if s.Interface != want {
		return nil, fmt.Errorf("opening a %s sighting as %s: %w", s.Interface, want, hw.ErrUnsupported)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.at(s)
	if p == nil {
		return nil, fmt.Errorf("opening %s: %w", s.Node, hw.ErrGone)
	}
	if err := b.denied[s.Node]; err != nil {
		return nil, fmt.Errorf("opening %s: %w", s.Node, err)
	}
	return p, nil
}

// OpenFIDO opens the key that has the node now.
func (b *Bench) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening %s: %w", s.Node, err)
	}
	p, err := b.find(s, hw.InterfaceFIDO)
	if err != nil {
		return nil, err
	}
	return p.key.HID(), nil
}

// OpenCard opens the card in the reader and waits for its turn: until Close
// nobody else who comes through the bench reaches the card.
func (b *Bench) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	p, err := b.find(s, hw.InterfaceCard)
	if err != nil {
		return nil, err
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the card in %s: %w", s.Node, ctx.Err())
	}
	return &turnChannel{Channel: p.key.Card(), end: sync.OnceFunc(func() { <-p.turn })}, nil
}

// turnChannel gives the turn back when it is closed.
type turnChannel struct {
	hw.Channel
	end func()
}

func (c *turnChannel) Close() error {
	defer c.end()
	return c.Channel.Close()
}

// Check compares the sighting with what has its node now.
func (b *Bench) Check(ctx context.Context, s hw.Sighting) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("checking %s: %w", s.Node, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.at(s)
	switch {
	case p == nil:
		return fmt.Errorf("checking %s: %w", s.Node, hw.ErrGone)
	case s.USB == nil || s.USB.Bus != p.usb.Bus || s.USB.Address != p.usb.Address || s.USB.ID() != p.usb.ID():
		return fmt.Errorf("checking %s: %w", s.Node, hw.ErrReplaced)
	}
	return nil
}
