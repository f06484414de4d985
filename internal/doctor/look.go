package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"hwmfa/hw"
	"hwmfa/iamcheck"
	"hwmfa/udev"
)

// Machine is what Look looks at. A function that is nil is not asked.
type Machine struct {
	// Rules are udev's; its root is that of /proc, /run and /usr too.
	Rules *udev.Machine
	// GnuPG is the user's GnuPG directory, "" where it has none.
	GnuPG string
	Now   time.Time
	Built time.Time // when the program was, zero where that is not known
	// Libraries are those the program can have.
	Libraries []Library
	// Sightings lists what is plugged in, as hw.Bench does.
	Sightings func(context.Context) ([]hw.Sighting, error)
	// Synchronized says whether the kernel's clock is kept by a time server.
	Synchronized func() (bool, error)
	// CoreDumps says whether this process could leave one.
	CoreDumps func() (bool, error)
	Inventory func(context.Context) (Inventory, error)
	AWS       func(context.Context) (AWS, error)
	// Patience bounds each part of looking; 0 is DefaultPatience.
	Patience time.Duration
}

// DefaultPatience is how long a part of the machine may take to answer.
const DefaultPatience = 15 * time.Second

// Facts are what was seen. A part that is nil was not looked at, or did not
// answer: then Unread says so.
type Facts struct {
	Now, Built   time.Time
	User         string
	Libraries    []Library
	Bus          *Bus
	Service      *Service
	Cards        *Cards
	Programs     *[]Program
	Inventory    *Inventory
	AWS          *AWS
	AWSAsked     bool
	Synchronized *bool
	CoreDumps    *bool
	Unread       []Unread
}

// Library is a C library that keys are reached by.
type Library struct {
	Name    string
	Built   bool   // it is part of the program
	Version string // "" where it does not tell
}

// Bus is what the kernel and udev say of keys.
type Bus struct {
	Hidraw bool // the kernel has a list of hidraw nodes
	Keys   []udev.USBKey
	Rules  udev.Report
}

// Service is what is installed of the smart-card service.
type Service struct {
	Program, Driver, Socket bool
}

// Cards are the cards in readers, and what kept them from being listed.
type Cards struct {
	Seen []hw.Sighting
	Err  error
}

// AWS is what the caller's credentials are good for; Err says why nothing is.
type AWS struct {
	AccountID    string
	Organization bool
	Calls        []iamcheck.Call
	Err          error
}

// Unread is a part of the machine that could not be looked at.
type Unread struct {
	What string
	Err  error
}

// Look gathers the facts, all parts at the same time. Only a context that ends
// is an error; whatever else goes wrong is a fact.
func Look(ctx context.Context, m Machine) (Facts, error) {
	f := Facts{Now: m.Now, Built: m.Built, User: m.Rules.User, Libraries: m.Libraries, AWSAsked: m.AWS != nil}
	patience := m.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	parts := []struct {
		what string
		look func(context.Context) (func(*Facts), error)
	}{
		{"USB devices and udev rules", m.bus},
		{"the smart-card service's files", m.service},
		{"what is plugged in", m.cards},
		{"running programs", m.programs},
		{"the inventory", m.inventory},
		{"AWS", m.amazon},
		{"the clock", m.clock},
		{"this process", m.process},
	}
	type answer struct {
		part int
		note func(*Facts)
		err  error
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answers := make(chan answer, len(parts))
	waiting := map[int]bool{}
	for i, part := range parts {
		waiting[i] = true
		go func() {
			note, err := part.look(bounded)
			answers <- answer{i, note, err}
		}()
	}
	errs := make([]error, len(parts))
	// A part that does not even heed its context is left behind.
	last := time.After(patience + time.Second)
	for len(waiting) > 0 {
		select {
		case a := <-answers:
			delete(waiting, a.part)
			errs[a.part] = a.err
			if a.note != nil {
				a.note(&f)
			}
		case <-last:
			for i := range waiting {
				errs[i] = context.DeadlineExceeded
			}
			clear(waiting)
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	for i, err := range errs {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v", patience)
		}
		if err != nil {
			f.Unread = append(f.Unread, Unread{parts[i].what, err})
		}
	}
	return f, ctx.Err()
}

func (m Machine) path(elem ...string) string {
	return filepath.Join(append([]string{m.Rules.Root}, elem...)...)
}

func (m Machine) exists(names ...string) bool {
	for _, name := range names {
		if _, err := os.Stat(m.path(name)); err == nil {
			return true
		}
	}
	return false
}

func (m Machine) bus(ctx context.Context) (func(*Facts), error) {
	b := Bus{Hidraw: m.exists("sys/class/hidraw")}
	keys, errKeys := m.Rules.USBKeys()
	report, errRules := m.Rules.Check(ctx)
	b.Keys, b.Rules = keys, report
	return func(f *Facts) { f.Bus = &b }, errors.Join(errKeys, errRules)
}

func (m Machine) service(context.Context) (func(*Facts), error) {
	s := Service{
		Program: m.exists("usr/sbin/pcscd", "sbin/pcscd", "usr/bin/pcscd"),
		// By its architecture's directory on some systems.
		Driver: m.exists("usr/lib/pcsc/drivers/ifd-ccid.bundle", "usr/lib64/pcsc/drivers/ifd-ccid.bundle"),
		Socket: m.exists("run/pcscd/pcscd.comm"),
	}
	return func(f *Facts) { f.Service = &s }, nil
}

func (m Machine) cards(ctx context.Context) (func(*Facts), error) {
	if m.Sightings == nil {
		return nil, nil
	}
	all, err := m.Sightings(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	c := Cards{Err: err}
	for _, s := range all {
		if s.Interface == hw.InterfaceCard {
			c.Seen = append(c.Seen, s)
		}
	}
	return func(f *Facts) { f.Cards = &c }, nil
}

func (m Machine) inventory(ctx context.Context) (func(*Facts), error) {
	if m.Inventory == nil {
		return nil, nil
	}
	i, err := m.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	return func(f *Facts) { f.Inventory = &i }, nil
}

func (m Machine) amazon(ctx context.Context) (func(*Facts), error) {
	if m.AWS == nil {
		return nil, nil
	}
	a, err := m.AWS(ctx)
	if err != nil {
		return nil, err
	}
	return func(f *Facts) { f.AWS = &a }, nil
}

func (m Machine) clock(context.Context) (func(*Facts), error) {
	return ask(m.Synchronized, func(f *Facts, yes bool) { f.Synchronized = &yes })
}

func (m Machine) process(context.Context) (func(*Facts), error) {
	return ask(m.CoreDumps, func(f *Facts, yes bool) { f.CoreDumps = &yes })
}

func ask(question func() (bool, error), note func(*Facts, bool)) (func(*Facts), error) {
	if question == nil {
		return nil, nil
	}
	yes, err := question()
	if err != nil {
		return nil, err
	}
	return func(f *Facts) { note(f, yes) }, nil
}

// readBounded reads a file as far as the limit, in bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
