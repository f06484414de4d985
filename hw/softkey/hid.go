package softkey

import (
	"context"
	"encoding/binary"
	"sync"
	"time"
)

// keepaliveEvery is how often the key says that it is still at work
// (CTAP 2.1 §11.2.9.1.5: at least every 100 ms).
const keepaliveEvery = 100 * time.Millisecond

// maxChannels bounds the channels one power-up hands out; the oldest go first.
const maxChannels = 256

// hidInterface is the FIDO HID interface: one for the key, however many handles
// and channels there are. It does one transaction at a time.
type hidInterface struct {
	key     *Key
	timeout time.Duration

	mu          sync.Mutex
	plugged     bool
	readers     map[*pipe]struct{}
	bus         *pipe // the USB bus's own reader, nil until it is used
	channels    []uint32
	lastChannel uint32
	incoming    *assembly
	timer       *time.Timer // of incoming
	running     *transaction
	lockedBy    uint32 // CTAPHID_LOCK
	lockedUntil time.Time
}

// transaction is a request that is being worked on.
type transaction struct {
	channel uint32
	ctx     context.Context
	cancel  context.CancelFunc
	call    *call
}

func newHIDInterface(timeout time.Duration, k *Key) *hidInterface {
	return &hidInterface{key: k, timeout: timeout, readers: map[*pipe]struct{}{}}
}

func (h *hidInterface) plug() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.plugged = !h.key.cfg.Quirks.NoFIDO
	h.channels, h.lockedUntil = nil, time.Time{}
}

func (h *hidInterface) unplug() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.plugged = false
	h.dropIncoming()
	h.abort()
	for p := range h.readers {
		p.close()
	}
	clear(h.readers)
	h.bus = nil
}

func (h *hidInterface) open() *handle {
	p := newPipe()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.plugged {
		p.close()
	} else {
		h.readers[p] = struct{}{}
	}
	return &handle{hid: h, pipe: p}
}

func (h *hidInterface) forget(p *pipe) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, p)
	p.close()
}

// busPipe starts keeping reports for the bus.
func (h *hidInterface) busPipe() *pipe {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bus == nil {
		h.bus = newPipe()
		if h.plugged {
			h.readers[h.bus] = struct{}{}
		} else {
			h.bus.close()
			p := h.bus
			h.bus = nil
			return p
		}
	}
	return h.bus
}

func (h *hidInterface) fromBus(report []byte) {
	h.busPipe()
	h.deliver(report[:min(len(report), reportLen)])
}

func (h *hidInterface) toBus(ctx context.Context) ([]byte, error) { return h.busPipe().next(ctx) }

// send puts all frames of one message on the wire, not mixed with others.
func (h *hidInterface) send(channel uint32, cmd byte, data []byte) {
	out := frames(channel, cmd, data)
	if h.key.cfg.Quirks.ScrambleFrames && len(out) > 2 {
		out[1][4], out[2][4] = out[2][4], out[1][4]
	}
	for p := range h.readers {
		for _, f := range out {
			p.push(append([]byte(nil), f...))
		}
	}
}

func (h *hidInterface) sendError(channel uint32, code byte) {
	h.send(channel, cmdError, []byte{code})
}

// deliver takes one OUT report.
func (h *hidInterface) deliver(report []byte) {
	var r [reportLen]byte
	copy(r[:], report)
	channel := binary.BigEndian.Uint32(r[:])
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.plugged:
	case r[4]&initFlag == 0:
		h.continuation(channel, r[4], r[5:])
	default:
		h.initial(channel, r[4]&^initFlag, int(binary.BigEndian.Uint16(r[5:])), r[7:])
	}
}

// initial takes the first packet of a message.
func (h *hidInterface) initial(channel uint32, cmd byte, length int, payload []byte) {
	switch {
	case channel == 0, channel == broadcast && cmd != cmdInit, channel != broadcast && !h.known(channel):
		h.sendError(channel, errInvalidChannel)
	case cmd == cmdInit:
		h.initialize(channel, length, payload)
	case cmd == cmdCancel:
		h.cancel(channel)
	case h.lockedBy != channel && time.Now().Before(h.lockedUntil),
		h.running != nil,
		h.incoming != nil && h.incoming.channel != channel:
		h.sendError(channel, errChannelBusy)
	case h.incoming != nil:
		h.dropIncoming()
		h.sendError(channel, errInvalidSeq)
	case length > maxData:
		h.sendError(channel, errInvalidLength)
	default:
		a := &assembly{channel: channel, cmd: cmd, want: length, deadline: time.Now().Add(h.timeout)}
		if a.add(payload) {
			h.dispatch(channel, cmd, a.data)
			return
		}
		h.incoming = a
		h.timer = time.AfterFunc(h.timeout, func() { h.expire(a) })
	}
}

// continuation takes a further packet; stray ones are ignored
// (CTAP 2.1 §11.2.5.4).
func (h *hidInterface) continuation(channel uint32, seq byte, payload []byte) {
	a := h.incoming
	if a == nil || a.channel != channel {
		return
	}
	if seq != a.seq {
		h.dropIncoming()
		h.sendError(channel, errInvalidSeq)
		return
	}
	a.seq++
	if a.add(payload) {
		h.dropIncoming()
		h.dispatch(channel, a.cmd, a.data)
		return
	}
	a.deadline = time.Now().Add(h.timeout)
	h.timer.Reset(h.timeout)
}

func (h *hidInterface) dropIncoming() {
	if h.incoming != nil {
		h.timer.Stop()
		h.incoming = nil
	}
}

func (h *hidInterface) expire(a *assembly) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.incoming == a && !time.Now().Before(a.deadline) {
		h.incoming = nil
		h.sendError(a.channel, errMsgTimeout)
	}
}

func (h *hidInterface) known(channel uint32) bool {
	for _, c := range h.channels {
		if c == channel {
			return true
		}
	}
	return false
}

// initialize hands out a channel, or brings one back in step: what was going on
// on it is given up without an answer (CTAP 2.1 §11.2.9.1.3).
func (h *hidInterface) initialize(channel uint32, length int, payload []byte) {
	if length != 8 {
		h.sendError(channel, errInvalidLength)
		return
	}
	granted := channel
	if channel == broadcast {
		h.lastChannel++
		if h.lastChannel == broadcast {
			h.lastChannel = 1
		}
		granted = h.lastChannel
		h.channels = append(h.channels, granted)
		if len(h.channels) > maxChannels {
			h.channels = h.channels[1:]
		}
	} else {
		if h.incoming != nil && h.incoming.channel == channel {
			h.dropIncoming()
		}
		if h.running != nil && h.running.channel == channel {
			h.abort()
		}
	}
	v := h.key.cfg.Version
	answer := binary.BigEndian.AppendUint32(append([]byte(nil), payload[:8]...), granted)
	h.send(channel, cmdInit, append(answer, 2, v.Major, v.Minor, v.Patch, h.key.capabilities()))
}

// abort gives the running transaction up; its answer will not be sent.
func (h *hidInterface) abort() {
	if h.running != nil {
		h.running.cancel()
		h.running = nil
	}
}

// cancel ends a wait on the channel; the request itself answers. CANCEL has no
// answer of its own.
func (h *hidInterface) cancel(channel uint32) {
	if h.running != nil && h.running.channel == channel {
		h.running.cancel()
	}
}
