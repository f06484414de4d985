package usbip

import (
	"context"
	"time"
)

// extension is how often the reader asks the host for more time while the card
// works, which it does until a touch comes.
const extension = 500 * time.Millisecond

// card is the reader with the key's card in it.
type card struct {
	dev     *device
	active  bool
	command []byte // a chained command so far
	rest    []byte // of a chained response
}

func newCard(d *device) *card { return &card{dev: d} }

// serve answers the host's messages one after the other until ctx ends.
func (c *card) serve(ctx context.Context) {
	for {
		m, err := c.next(ctx)
		if err != nil || m == nil {
			return
		}
		if !c.dev.send(ctx, epCardIn, c.handle(ctx, m)) {
			return
		}
	}
}

// next gathers one message from the transfers; nil when ctx ended. A broken
// one stops the reader, which the host sees as a dead device.
func (c *card) next(ctx context.Context) (*message, error) {
	var b []byte
	for {
		part, ok := c.dev.cardOut.get(ctx)
		if !ok {
			return nil, nil
		}
		b = append(b, part...)
		n, err := missing(b)
		if err != nil {
			return nil, err
		}
		if n <= 0 {
			return parseMessage(b)
		}
	}
}

// handle does what the message says and returns the answer.
func (c *card) handle(ctx context.Context, m *message) []byte {
	if m.slot != 0 {
		return c.refuse(m, fromStatus, errBadSlot)
	}
	switch m.kind {
	case toPowerOn:
		c.command, c.rest = nil, nil
		c.dev.key.PowerOn()
		c.active = true
		return answer(m, fromData, c.status(), 0, 0, c.dev.key.ATR())
	case toPowerOff:
		c.command, c.rest = nil, nil
		c.dev.key.PowerOff()
		c.active = false
		return answer(m, fromStatus, c.status(), 0, 0, nil)
	case toSlotStatus, toAbort:
		return answer(m, fromStatus, c.status(), 0, 0, nil)
	case toTransfer:
		return c.transfer(ctx, m)
	case toGetParams, toSetParams, toResetParam:
		return answer(m, fromParams, c.status(), 0, 1, parameters())
	case toEscape:
		return c.refuse(m, fromEscape, errUnsupported)
	}
	return c.refuse(m, fromStatus, errUnsupported)
}

func (c *card) status() byte {
	if c.active {
		return cardActive
	}
	return cardInactive
}

func (c *card) refuse(m *message, kind, code byte) []byte {
	return answer(m, kind, c.status()|commandFailed, code, 0, nil)
}

// transfer takes the APDU, or the next part of it, and answers with the
// response, or the next part of that.
func (c *card) transfer(ctx context.Context, m *message) []byte {
	switch m.level {
	case levelContinue:
		if len(c.rest) == 0 {
			return c.refuse(m, fromData, errBadLevel)
		}
		return c.part(m, levelMiddle, levelEnd)
	case levelWhole, levelBegin:
		c.command = nil
	case levelMiddle, levelEnd:
		if c.command == nil {
			return c.refuse(m, fromData, errBadLevel)
		}
	default:
		return c.refuse(m, fromData, errBadLevel)
	}
	if len(c.command)+len(m.data) > maxAPDU {
		c.command = nil
		return c.refuse(m, fromData, errBadLength)
	}
	c.command = append(c.command, m.data...)
	if m.level == levelBegin || m.level == levelMiddle {
		return answer(m, fromData, c.status(), 0, levelContinue, nil)
	}
	command := c.command
	c.command = nil
	if c.rest = c.exchange(ctx, m, command); c.rest == nil {
		return c.refuse(m, fromData, errMute)
	}
	return c.part(m, levelBegin, levelWhole)
}

// part sends what fits of the response, marked as last where nothing is left.
func (c *card) part(m *message, more, last byte) []byte {
	n := min(len(c.rest), maxMessage-ccidHeader)
	out := c.rest[:n]
	c.rest = c.rest[n:]
	if len(c.rest) > 0 {
		last = more
	}
	return answer(m, fromData, c.status(), 0, last, out)
}

// exchange has the card work, and keeps the host waiting while it does.
func (c *card) exchange(ctx context.Context, m *message, command []byte) []byte {
	done := make(chan []byte, 1)
	go func() { done <- c.dev.key.HandleAPDU(ctx, command) }()
	tick := time.NewTicker(extension)
	defer tick.Stop()
	for {
		select {
		case response := <-done:
			return response
		case <-tick.C:
			// One waiting time more. A host that is not listening gets no second one.
			if !c.dev.send(ctx, epCardIn, answer(m, fromData, c.status()|timeExtension, 1, 0, nil)) {
				return <-done
			}
		}
	}
}
