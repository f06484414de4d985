package softkey

import (
	"context"
	"sync/atomic"
	"time"
)

// maxLock is the longest time CTAPHID_LOCK can ask for.
const maxLock = 10

// call is one request on its way through the key.
type call struct {
	ctx      context.Context
	touching atomic.Bool // keep-alives then say "user presence needed"
}

// Keep-alive states (CTAP 2.1 §11.2.9.2.2).
const (
	stateProcessing = 1
	stateUPNeeded   = 2
)

// dispatch works on a complete message. What may take time runs beside.
func (h *hidInterface) dispatch(channel uint32, cmd byte, data []byte) {
	switch cmd {
	case cmdPing:
		h.send(channel, cmdPing, data)
	case cmdWink:
		if len(data) != 0 {
			h.sendError(channel, errInvalidLength)
			return
		}
		h.send(channel, cmdWink, nil)
	case cmdLock:
		h.lock(channel, data)
	case cmdMsg, cmdCBOR, cmdDeviceInfo:
		h.start(channel, cmd, data)
	default:
		h.sendError(channel, errInvalidCommand)
	}
}

// lock keeps the key for one channel for 0 to 10 seconds.
func (h *hidInterface) lock(channel uint32, data []byte) {
	if len(data) != 1 || data[0] > maxLock {
		h.sendError(channel, errInvalidLength)
		return
	}
	h.lockedBy, h.lockedUntil = channel, time.Now().Add(time.Duration(data[0])*time.Second)
	h.send(channel, cmdLock, nil)
}

func (h *hidInterface) start(channel uint32, cmd byte, data []byte) {
	ctx, cancel := context.WithCancel(context.Background())
	t := &transaction{channel: channel, ctx: ctx, cancel: cancel, call: &call{ctx: ctx}}
	h.running = t
	if cmd == cmdCBOR {
		go h.keepAlive(t)
	}
	go func() {
		defer cancel()
		reply, code := h.key.perform(t.call, cmd, data)
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.running != t {
			return
		}
		h.running = nil
		if code != 0 {
			h.sendError(channel, code)
			return
		}
		h.send(channel, cmd, reply)
	}()
}

// keepAlive tells the host every 100 ms what the key is doing, until it is done.
func (h *hidInterface) keepAlive(t *transaction) {
	tick := time.NewTicker(keepaliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		h.mu.Lock()
		if h.running == t {
			state := byte(stateProcessing)
			if t.call.touching.Load() {
				state = stateUPNeeded
			}
			h.send(t.channel, cmdKeepalive, []byte{state})
		}
		h.mu.Unlock()
	}
}

// capabilities is the last byte of the answer to CTAPHID_INIT.
func (k *Key) capabilities() byte {
	c := byte(capWink)
	if !k.cfg.Quirks.U2FOnly {
		c |= capCBOR
	}
	if k.cfg.Quirks.NoU2F {
		c |= capNMSG
	}
	return c
}

// perform answers a CTAPHID message of the applications, or gives the code of
// a CTAPHID_ERROR.
func (k *Key) perform(c *call, cmd byte, data []byte) (reply []byte, code byte) {
	q := k.cfg.Quirks
	switch {
	case cmd == cmdCBOR && !q.U2FOnly:
		return k.fido.cbor(c, data)
	case cmd == cmdMsg && !q.NoU2F:
		return k.fido.u2f(data), 0
	case cmd == cmdDeviceInfo:
		page := byte(0)
		if len(data) > 0 {
			page = data[0]
		}
		if info := k.cfg.deviceInfo(k.cfg.Serial, page); info != nil {
			return info, 0
		}
	}
	return nil, errInvalidCommand
}
