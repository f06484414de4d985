package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"hwmfa/hw"
)

// cardLibrary is what is used of PC/SC, one method for each call of it. Errors
// are of type pcscError.
type cardLibrary interface {
	establish() (cardContext, error)
	release(cardContext) error
	// readers lists the readers by name, none without an error.
	readers() ([]string, error)
	// status asks for one reader's state and card and does not wait.
	status(cardContext, string) (readerStatus, error)
	// connect reaches the card shared with others, or with direct the reader
	// alone, whether there is a card in it or not.
	connect(c cardContext, reader string, direct bool) (cardHandle, cardProtocol, error)
	// disconnect leaves the card as it is.
	disconnect(cardHandle) error
	begin(cardHandle) error
	end(cardHandle) error
	// transmit fills answer and says how many bytes it took.
	transmit(h cardHandle, p cardProtocol, apdu, answer []byte) (int, error)
	attribute(h cardHandle, id uint32) ([]byte, error)
}

type (
	cardContext  int64
	cardHandle   int64
	cardProtocol uint32
)

// readerStatus is a reader's state, read at one moment.
type readerStatus struct {
	present bool // a card is in it
	atr     []byte
}

const (
	// attrChannelID tells the bus a reader is on: SCARD_CLASS_COMMUNICATIONS,
	// tag 0110 (PC/SC part 3, "SCARD_ATTR_CHANNEL_ID").
	attrChannelID = 2<<16 | 0x0110
	channelUSB    = 0x0020
	// maxReaders is where pcscd stops without a word
	// (PCSCLITE_MAX_READERS_CONTEXTS).
	maxReaders = 16
)

// readerPatience bounds the wait for a reader's place on the bus, counted from
// the answer of the one before: pcscd lets nobody connect while a program has a
// transaction with the card, and readers are connected one after another.
const readerPatience = time.Second

// inquiry is a connection to the card service over which readers are asked.
type inquiry struct {
	context cardContext
	using   sync.WaitGroup  // what was left behind and still needs context
	patient context.Context // ends when no reader has answered for readerPatience
	answer  *time.Timer     // ends patient
}

// cardSightings lists the readers that have a card in them, all asked at the
// same time. No card is opened for it: the place on the bus is asked of the
// reader.
func (m *Machine) cardSightings(ctx context.Context) ([]hw.Sighting, error) {
	names, err := m.card.readers()
	if err != nil {
		return nil, m.serviceError(err)
	}
	if len(names) == 0 {
		return nil, nil
	}
	seen := make([]*hw.Sighting, len(names))
	errs := make([]error, len(names), len(names)+1)
	err = m.inquire(ctx, func(q *inquiry) error {
		var all sync.WaitGroup
		for i, name := range names {
			all.Go(func() {
				var err error
				if seen[i], err = m.reader(ctx, q, name); err != nil {
					errs[i] = fmt.Errorf("reader %q: %w", name, err)
				}
			})
		}
		all.Wait()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(names) >= maxReaders {
		errs = append(errs, fmt.Errorf("the smart-card service shows no more than %d readers: %w", maxReaders, hw.ErrReaderLimit))
	}
	var found []hw.Sighting
	for _, s := range seen {
		if s != nil {
			found = append(found, *s)
		}
	}
	return found, errors.Join(errs...)
}

// serviceError finds out what is behind an error of the list of readers, which
// carries no code: most often the service itself cannot be reached.
func (m *Machine) serviceError(err error) error {
	c, why := m.card.establish()
	if why != nil {
		return why
	}
	_ = m.card.release(c)
	return err
}

// inquire gives do an inquiry, and closes it when do and what it left behind
// have ended.
func (m *Machine) inquire(ctx context.Context, do func(*inquiry) error) error {
	c, err := m.card.establish()
	if err != nil {
		return err
	}
	patient, impatient := context.WithCancel(ctx)
	defer impatient()
	q := &inquiry{context: c, patient: patient, answer: time.AfterFunc(readerPatience, impatient)}
	defer q.answer.Stop()
	defer m.left.Go(func() {
		q.using.Wait()
		_ = m.card.release(c) // nobody is left to tell
	})
	return do(q)
}

// reader describes one reader, nil where it has no card. Beside an error the
// sighting is good, but without its place on the bus.
func (m *Machine) reader(ctx context.Context, q *inquiry, name string) (*hw.Sighting, error) {
	st, err := m.card.status(q.context, name)
	if err != nil || !st.present {
		if errors.Is(err, hw.ErrGone) {
			err = nil
		}
		return nil, err
	}
	s := sightingOf(name, st)
	at, err := await(q.patient, &q.using, func() (place, error) {
		return m.readerPlace(q.patient, q.context, name)
	}, nil)
	q.answer.Reset(readerPatience)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		err = hw.ErrBusy // in another program's transaction
	}
	switch {
	case errors.Is(err, hw.ErrBusy), errors.Is(err, hw.ErrPermission):
		s.Err = fmt.Errorf("card in %q: %w", name, err)
		return s, nil
	case errors.Is(err, hw.ErrGone):
		return nil, nil
	case err != nil:
		return s, err
	}
	return s, m.system.describeReader(s, at)
}

func sightingOf(reader string, st readerStatus) *hw.Sighting {
	return &hw.Sighting{Interface: hw.InterfaceCard, Node: reader, Slot: slotOf(reader), ATR: st.atr}
}

// place is a reader's on the bus, zero where it has none there.
type place struct{ bus, address int }

// describeReader fills in what is known of the device that a reader is part of.
func (s system) describeReader(reader *hw.Sighting, at place) error {
	if at == (place{}) {
		return nil
	}
	reader.USB = &hw.USB{Bus: at.bus, Address: at.address}
	dir, err := s.usbAt(at.bus, at.address)
	if err != nil || dir == "" {
		return err
	}
	known, err := readUSB(dir)
	if err != nil {
		return err
	}
	known.describe(reader)
	return nil
}

// readerPlace asks a reader for its place. It connects to the reader and not
// to the card, so that nobody's session is disturbed; pcscd refuses even that
// while the card is held exclusively, and waits while there is a transaction.
// A card that this machine has open is asked over that connection.
func (m *Machine) readerPlace(ctx context.Context, c cardContext, name string) (place, error) {
	if open, ok := m.open.Load(name); ok {
		at, err := open.(*channel).place()
		if !errors.Is(err, os.ErrClosed) {
			return at, err
		}
	}
	if err := m.enter(ctx, name); err != nil {
		return place{}, err
	}
	defer m.leave(name)
	h, _, err := m.card.connect(c, name, true)
	if err != nil {
		return place{}, err
	}
	defer func() { _ = m.card.disconnect(h) }()
	return askPlace(m.card, h)
}

func askPlace(library cardLibrary, h cardHandle) (place, error) {
	b, err := library.attribute(h, attrChannelID)
	if errors.Is(err, hw.ErrUnsupported) {
		return place{}, nil
	}
	if err != nil {
		return place{}, err
	}
	if len(b) != 4 {
		return place{}, fmt.Errorf("channel ID of %d bytes: %w", len(b), hw.ErrMalformed)
	}
	id := binary.NativeEndian.Uint32(b)
	if id>>16 != channelUSB {
		return place{}, nil
	}
	return place{bus: int(id >> 8 & 0xff), address: int(id & 0xff)}, nil
}

// slotOf takes the slot from a reader's name: pcscd ends it with two numbers
// of two hex digits, the reader's index and the slot.
func slotOf(reader string) int {
	fields := strings.Fields(reader)
	if len(fields) < 3 || len(fields[len(fields)-1]) != 2 || len(fields[len(fields)-2]) != 2 {
		return 0
	}
	n, err := strconv.ParseUint(fields[len(fields)-1], 16, 8)
	if err != nil {
		return 0
	}
	return int(n)
}

// checkCard looks at the reader again.
func (m *Machine) checkCard(ctx context.Context, was hw.Sighting) error {
	is, err := await(ctx, &m.left, func() (is *hw.Sighting, err error) {
		err = m.inquire(ctx, func(q *inquiry) error {
			is, err = m.reader(ctx, q, was.Node)
			return err
		})
		return is, err
	}, nil)
	if err != nil {
		return fmt.Errorf("check reader %q: %w", was.Node, err)
	}
	return m.system.sameCard(was, is)
}

// sameCard compares a card with what its reader shows now, nil for nothing.
func (s system) sameCard(was hw.Sighting, is *hw.Sighting) error {
	switch {
	case is == nil:
		return fmt.Errorf("card in %q: %w", was.Node, hw.ErrGone)
	case !bytes.Equal(is.ATR, was.ATR):
		return fmt.Errorf("card in %q: %w", was.Node, hw.ErrReplaced)
	case is.USB == nil && is.Err != nil && was.USB != nil:
		// The reader may not be asked now; the kernel still says whether the
		// device is there.
		return s.checkUSB(was)
	}
	return samePlace(was, *is)
}
