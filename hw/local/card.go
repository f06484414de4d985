package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"hwmfa/hw"
)

const (
	// maxCommand is the longest command: header, extended Lc, data, Le
	// (ISO 7816-4 §5.1).
	maxCommand = 4 + 3 + 65535 + 2
	// maxAnswer is the longest answer: 64 KiB and the status.
	maxAnswer = 65536 + 2
	// maxResets bounds how often a card that another program resets while we
	// connect is connected to again.
	maxResets = 3
)

// OpenCard opens the card shared with other programs and keeps them out by a
// transaction until Close, which leaves the card powered. While another
// program's transaction lasts it waits; when ctx ends first, the error wraps
// hw.ErrBusy and ctx.Err(). piv-go's own connection is not used: it opens cards
// exclusively and offers no raw commands.
func (m *Machine) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	if s.Interface != hw.InterfaceCard {
		return nil, fmt.Errorf("open card: a %s sighting has none: %w", s.Interface, hw.ErrUnsupported)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open card: %w", err)
	}
	var waiting atomic.Bool
	ch, err := await(ctx, &m.left, func() (*channel, error) {
		waiting.Store(true)
		if err := m.enter(ctx, s.Node); err != nil {
			return nil, err
		}
		ch, err := m.openChannel(s.Node)
		waiting.Store(false)
		if err != nil {
			m.leave(s.Node)
			return nil, err
		}
		if err := ch.check(s); err != nil { // now that nobody else can change it
			_ = ch.Close()
			return nil, err
		}
		ch.sighted = s
		return ch, nil
	}, func(ch *channel, err error) {
		if err == nil {
			_ = ch.Close() // nobody is left to tell
		}
	})
	if err != nil {
		if ctx.Err() != nil && waiting.Load() {
			err = fmt.Errorf("%w: %w", hw.ErrBusy, err)
		}
		return nil, fmt.Errorf("open card in %q: %w", s.Node, err)
	}
	return ch, nil
}

// enter waits until nobody else in this program is connected to the reader, or
// on the way there: pcscd 1.9.9 lets all who wait for one transaction go at
// once, and two that power up one card together can end it with an assertion.
func (m *Machine) enter(ctx context.Context, reader string) error {
	select {
	case m.gate(reader) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Machine) leave(reader string) { <-m.gate(reader) }

func (m *Machine) gate(reader string) chan struct{} {
	g, _ := m.gates.LoadOrStore(reader, make(chan struct{}, 1))
	return g.(chan struct{})
}

// openChannel connects and begins the transaction. pcscd holds up either while
// another program's transaction lasts.
func (m *Machine) openChannel(reader string) (*channel, error) {
	c, err := m.card.establish()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		h, protocol, err := m.card.connect(c, reader, false)
		if err != nil {
			return nil, errors.Join(err, m.card.release(c))
		}
		err = m.card.begin(h)
		if err == nil {
			ch := &channel{machine: m, reader: reader, context: c, handle: h, protocol: protocol}
			ch.turn, ch.answer = make(chan struct{}, 1), make([]byte, maxAnswer)
			m.open.Store(reader, ch)
			return ch, nil
		}
		err = errors.Join(err, m.card.disconnect(h))
		if !errors.Is(err, errReset) || try == maxResets {
			return nil, errors.Join(err, m.card.release(c))
		}
	}
}

// channel is an open card in a transaction.
type channel struct {
	machine  *Machine
	reader   string
	sighted  hw.Sighting
	context  cardContext
	handle   cardHandle
	protocol cardProtocol
	// turn is held by the one call to the card that is under way.
	turn   chan struct{}
	closed atomic.Bool
	answer []byte // belongs to whoever holds turn
}

// Transmit sends one command. PC/SC cannot interrupt it: when ctx ends first,
// the command goes on at the card, and the next Transmit waits for it.
func (ch *channel) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if len(apdu) < 4 || len(apdu) > maxCommand {
		return nil, fmt.Errorf("transmit: command of %d bytes", len(apdu))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("transmit: %w", err)
	}
	select {
	case ch.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("transmit: %w", ctx.Err())
	}
	if ch.closed.Load() {
		<-ch.turn
		return nil, fmt.Errorf("transmit: %w", os.ErrClosed)
	}
	command := append([]byte(nil), apdu...) // the caller may go away and change it
	type answer struct {
		bytes []byte
		err   error
	}
	done := make(chan answer, 1)
	ch.machine.left.Go(func() {
		n, err := ch.machine.card.transmit(ch.handle, ch.protocol, command, ch.answer)
		var b []byte
		switch {
		case err != nil:
		case n < 2 || n > len(ch.answer):
			err = fmt.Errorf("answer of %d bytes: %w", n, hw.ErrMalformed)
		default:
			b = append(b, ch.answer[:n]...)
		}
		clear(command) // it may carry a PIN
		clear(ch.answer[:min(max(n, 0), len(ch.answer))])
		<-ch.turn
		done <- answer{b, err}
	})
	select {
	case a := <-done:
		if errors.Is(a.err, errLink) && ch.gone(ctx) {
			a.err = fmt.Errorf("%w: %w", a.err, hw.ErrGone)
		}
		if a.err != nil {
			return nil, fmt.Errorf("transmit: %w", a.err)
		}
		return a.bytes, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("transmit: %w", ctx.Err())
	}
}

// gone says whether a command failed because the reader was unplugged. PC/SC
// says the same of a card that is in trouble, and the kernel fails what is
// under way before it takes the device off its list.
func (ch *channel) gone(ctx context.Context) bool {
	for range 10 {
		err := ch.machine.system.checkUSB(ch.sighted)
		if err != nil {
			return errors.Is(err, hw.ErrGone) || errors.Is(err, hw.ErrReplaced)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// check says whether the card is still the one that was sighted.
func (ch *channel) check(was hw.Sighting) error {
	st, err := ch.machine.card.status(ch.context, ch.reader)
	if err != nil {
		return fmt.Errorf("check reader %q: %w", ch.reader, err)
	}
	if !st.present {
		return ch.machine.system.sameCard(was, nil)
	}
	is := sightingOf(ch.reader, st)
	at, err := ch.place()
	if err == nil {
		err = ch.machine.system.describeReader(is, at)
	}
	if err != nil {
		return fmt.Errorf("check reader %q: %w", ch.reader, err)
	}
	return ch.machine.system.sameCard(was, is)
}

// place asks the reader where it is, between two commands.
func (ch *channel) place() (place, error) {
	ch.turn <- struct{}{}
	defer func() { <-ch.turn }()
	if ch.closed.Load() {
		return place{}, os.ErrClosed
	}
	return askPlace(ch.machine.card, ch.handle)
}

// Close ends the transaction and gives the card back. While an abandoned
// command is still under way it returns at once and the card is given back
// afterwards.
func (ch *channel) Close() error {
	if ch.closed.Swap(true) {
		return nil
	}
	ch.machine.open.CompareAndDelete(ch.reader, ch)
	select {
	case ch.turn <- struct{}{}:
		defer func() { <-ch.turn }()
		return ch.giveBack()
	default:
		ch.machine.left.Go(func() {
			ch.turn <- struct{}{}
			_ = ch.giveBack() // nobody is left to tell
			<-ch.turn
		})
		return nil
	}
}

// giveBack says nothing of a card that is gone: there is nothing to give back.
func (ch *channel) giveBack() error {
	defer ch.machine.leave(ch.reader)
	var errs []error
	for _, err := range []error{ch.machine.card.end(ch.handle), ch.machine.card.disconnect(ch.handle), ch.machine.card.release(ch.context)} {
		if err != nil && !errors.Is(err, hw.ErrGone) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close card: %w", err)
	}
	return nil
}
