package softkey

import (
	"context"
	"fmt"
	"sync"

	"hwmfa/hw"
)

// card is the smart card: one for the key, however many handles there are. It
// does one command at a time.
type card struct {
	cfg   Config
	touch *toucher

	turn    chan struct{} // full while a command runs; guards session and piv
	session session
	piv     *piv

	state   sync.Mutex // guards what follows; never held while waiting
	plugged bool
	powered bool
	ctx     context.Context // ends with the power
	cancel  context.CancelFunc
	handles map[*cardHandle]struct{}
}

func newCard(ca *CA, cfg Config, t *toucher) (*card, error) {
	p, err := newPIV(ca, cfg, t)
	if err != nil {
		return nil, err
	}
	return &card{cfg: cfg, touch: t, piv: p, turn: make(chan struct{}, 1), handles: map[*cardHandle]struct{}{}}, nil
}

func (c *card) plug() {
	if c.cfg.Quirks.NoCard {
		return
	}
	c.state.Lock()
	c.plugged = true
	c.state.Unlock()
	c.power(true)
}

func (c *card) unplug() {
	c.power(false)
	c.state.Lock()
	defer c.state.Unlock()
	c.plugged = false
	for h := range c.handles {
		h.close()
	}
	clear(c.handles)
}

// power resets the card: every wait ends, and no application is selected after it.
func (c *card) power(on bool) {
	c.state.Lock()
	c.powered = false
	if c.cancel != nil {
		c.cancel()
	}
	c.state.Unlock()
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.session = session{}
	c.piv.forget()
	c.state.Lock()
	defer c.state.Unlock()
	c.powered = on && c.plugged
	c.ctx, c.cancel = context.WithCancel(context.Background())
}

// transmit answers one command APDU, or nothing without power or when ctx ends
// before it is this command's turn.
func (c *card) transmit(ctx context.Context, cmd []byte) []byte {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-c.turn }()
	c.state.Lock()
	powered, power := c.powered, c.ctx
	c.state.Unlock()
	if !powered {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(power, cancel)()
	answer := c.process(ctx, cmd)
	if power.Err() != nil {
		return nil
	}
	return answer
}

// cardHandle is one shared connection to the card.
type cardHandle struct {
	card  *card
	done  chan struct{}
	close func() // safe to call again
}

func (c *card) open() *cardHandle {
	h := &cardHandle{card: c, done: make(chan struct{})}
	h.close = sync.OnceFunc(func() { close(h.done) })
	c.state.Lock()
	defer c.state.Unlock()
	if c.plugged {
		c.handles[h] = struct{}{}
	} else {
		h.close()
	}
	return h
}

// Transmit sends one command APDU. When ctx ends while the card waits for a
// touch, the wait is over.
func (h *cardHandle) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("transmitting to the card: %w", err)
	}
	gone := fmt.Errorf("transmitting to the card: %w", hw.ErrGone)
	select {
	case <-h.done:
		return nil, gone
	default:
	}
	answer := h.card.transmit(ctx, apdu)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("transmitting to the card: %w", err)
	}
	if answer == nil {
		return nil, gone
	}
	return answer, nil
}

// Close gives the connection up and leaves the card as it is.
func (h *cardHandle) Close() error {
	h.card.state.Lock()
	defer h.card.state.Unlock()
	delete(h.card.handles, h)
	h.close()
	return nil
}
