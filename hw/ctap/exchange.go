package ctap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hwmfa/hw"
)

// How long a key may take. The caller's context may be shorter; without these
// a key that answers nothing, or keep-alives for ever, would hold us for good.
const (
	initLimit   = 3 * time.Second
	vendorLimit = 2 * time.Second
	quickLimit  = 10 * time.Second // commands that wait for nobody
	touchLimit  = 2 * time.Minute  // commands that wait for a touch; keys give up after 30 s
	drainLimit  = time.Second      // from CANCEL to the key's last word
)

// A busy key is asked again after 50, 100, 200 and 400 ms.
const (
	busyFirst = 50 * time.Millisecond
	busyLast  = 400 * time.Millisecond
)

// command is one CTAPHID request.
type command struct {
	cmd   byte
	data  []byte
	limit time.Duration
	// silent ends the command as soon as the key asks for a touch.
	silent bool
}

// exchange sends one request and returns the answer to it. Whatever way it
// ends, the channel is left so that the next exchange can be believed.
func (d *Device) exchange(ctx context.Context, c command) ([]byte, error) {
	if d.stale {
		if _, err := d.initialise(ctx, d.channel); err != nil {
			return nil, fmt.Errorf("resynchronising: %w", err)
		}
	}
	packets, err := message{c.cmd, c.data}.packets(d.channel)
	if err != nil {
		return nil, err
	}
	limited, stop := context.WithTimeout(ctx, c.limit)
	defer stop()
	d.stale = true // until the answer is whole
	for _, p := range packets {
		if err := d.stream.Write(limited, p); err != nil {
			return nil, fmt.Errorf("sending to the key: %w", err)
		}
	}
	return d.await(ctx, limited, c)
}

// await reads until the answer is whole or the limited context ends; ctx is
// the caller's, from which limited was made.
func (d *Device) await(ctx, limited context.Context, c command) ([]byte, error) {
	asm := &assembler{channel: d.channel}
	touch := false
	for {
		// A stream full of frames may never look at its context.
		if limited.Err() != nil {
			d.cancel(ctx, c, asm)
			return nil, ended(ctx, c, touch)
		}
		m, err := d.next(limited, asm)
		switch {
		case limited.Err() != nil && err != nil:
			d.cancel(ctx, c, asm)
			return nil, ended(ctx, c, touch)
		case err != nil:
			return nil, err
		case m == nil:
		case m.cmd == cmdKeepAlive:
			if m.data[0] != statusUPNeeded || touch {
				continue
			}
			touch = true
			if c.silent {
				d.cancel(ctx, c, asm)
				return nil, hw.ErrTouchRequired
			}
			if d.OnTouch != nil {
				d.OnTouch()
			}
		case m.cmd == cmdError:
			d.stale = false
			return nil, &TransportError{m.data[0]}
		case m.cmd == c.cmd:
			d.stale = false
			return m.data, nil
		default:
			return nil, fmt.Errorf("command %02x answered with %02x: %w", c.cmd, m.cmd, hw.ErrMalformed)
		}
	}
}

// next reads one report into asm.
func (d *Device) next(ctx context.Context, asm *assembler) (*message, error) {
	report, err := d.stream.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading from the key: %w", err)
	}
	return asm.add(report)
}

// ended says why a command was given up: the caller's context, or our limit.
func ended(ctx context.Context, c command, touch bool) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for the key: %w", ctx.Err())
	case touch:
		return hw.ErrTouchTimeout
	}
	return fmt.Errorf("no answer within %v: %w", c.limit, context.DeadlineExceeded)
}

// cancel tells the key to stop and reads until it has said its last word on
// the command, so that it blinks no more and the next program finds it ready.
// Without such a word in time the channel stays stale.
func (d *Device) cancel(ctx context.Context, c command, asm *assembler) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer stop()
	if c.cmd == cmdCBOR { // no other command can be cancelled
		packets, err := message{cmd: cmdCancel}.packets(d.channel)
		if err != nil || d.stream.Write(ctx, packets[0]) != nil {
			return
		}
	}
	for ctx.Err() == nil {
		m, err := d.next(ctx, asm)
		if err != nil {
			return
		}
		if m != nil && (m.cmd == c.cmd || m.cmd == cmdError) {
			d.stale = false
			return
		}
	}
}

// retry asks a busy key again, a few times. Nothing was done while it was
// busy, so nothing is done twice.
func retry(ctx context.Context, ask func() ([]byte, error)) ([]byte, error) {
	for wait := busyFirst; ; wait *= 2 {
		answer, err := ask()
		if !errors.Is(err, hw.ErrBusy) || wait > busyLast {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a busy key: %w", errors.Join(ctx.Err(), err))
		case <-time.After(wait):
		}
	}
}

// call is exchange for a command that is not CBOR.
func (d *Device) call(ctx context.Context, c command) ([]byte, error) {
	return retry(ctx, func() ([]byte, error) { return d.exchange(ctx, c) })
}

// CTAP2 commands (CTAP 2.1 §6).
const (
	ctapMakeCredential = 0x01
	ctapGetAssertion   = 0x02
	ctapGetInfo        = 0x04
	ctapClientPIN      = 0x06
	ctapReset          = 0x07
	ctapConfig         = 0x0D
)

// cbor sends a CTAP2 command with its parameters, nil for none, and returns
// the CBOR behind the status byte.
func (d *Device) cbor(ctx context.Context, ctapCommand byte, params any, c command) ([]byte, error) {
	if !d.caps.CBOR {
		return nil, fmt.Errorf("key speaks U2F only: %w", hw.ErrUnsupported)
	}
	c.cmd, c.data = cmdCBOR, []byte{ctapCommand}
	if params != nil {
		b, err := encode(params)
		if err != nil {
			return nil, err
		}
		c.data = append(c.data, b...)
	}
	return retry(ctx, func() ([]byte, error) {
		answer, err := d.exchange(ctx, c)
		if err != nil {
			return nil, err
		}
		if len(answer) == 0 {
			return nil, fmt.Errorf("answer without a status: %w", hw.ErrMalformed)
		}
		if answer[0] != statusOK {
			return nil, &StatusError{answer[0]}
		}
		return answer[1:], nil
	})
}
