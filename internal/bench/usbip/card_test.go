package usbip

import (
	"bytes"
	"testing"
	"time"
)

func TestCard(t *testing.T) {
	k := newEchoKey()
	h := newHost(t, k, Options{})
	if got, _ := h.ccid(toSlotStatus, 0, nil); got[0] != fromStatus || got[7] != cardInactive {
		t.Errorf("slot status before power: % x", got)
	}
	if got, _ := h.ccid(toPowerOn, 0, nil); got[0] != fromData || !bytes.Equal(got[ccidHeader:], k.ATR()) {
		t.Errorf("power on answered % x", got)
	}
	if got, _ := h.ccid(toGetParams, 0, nil); got[0] != fromParams || got[9] != 1 || len(got) != ccidHeader+7 {
		t.Errorf("parameters: % x", got)
	}
	if got, _ := h.ccid(toTransfer, levelWhole, []byte("abc")); string(got[ccidHeader:]) != "abc\x90\x00" {
		t.Errorf("transfer answered % x", got)
	}
	if got, _ := h.ccid(toEscape, 0, []byte{1}); got[0] != fromEscape || got[7]&commandFailed == 0 {
		t.Errorf("escape answered % x", got)
	}
	if got, _ := h.ccid(toPowerOff, 0, nil); got[7] != cardInactive {
		t.Errorf("power off answered % x", got)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.power) != 2 || k.power[0] != "on" || k.power[1] != "off" {
		t.Errorf("the card's power went %v", k.power)
	}
}

func TestCard_chaining(t *testing.T) {
	h := newHost(t, newEchoKey(), Options{})
	h.ccid(toPowerOn, 0, nil)
	apdu := bytes.Repeat([]byte("0123456789"), 700)
	const step = maxMessage - ccidHeader
	for i, level := range []uint16{levelBegin, levelMiddle} {
		if got, _ := h.ccid(toTransfer, level, apdu[i*step:(i+1)*step]); got[9] != levelContinue || len(got) != ccidHeader {
			t.Fatalf("part %d answered % x", i, got)
		}
	}
	got, _ := h.ccid(toTransfer, levelEnd, apdu[2*step:])
	response := bytes.Clone(got[ccidHeader:])
	for got[9] == levelBegin || got[9] == levelMiddle {
		got, _ = h.ccid(toTransfer, levelContinue, nil)
		response = append(response, got[ccidHeader:]...)
	}
	if got[9] != levelEnd || !bytes.Equal(response, append(apdu, 0x90, 0x00)) {
		t.Errorf("got %d bytes ending in level %d", len(response), got[9])
	}
	for _, level := range []uint16{levelContinue, levelMiddle, levelEnd, 7} {
		if got, _ := h.ccid(toTransfer, level, nil); got[7]&commandFailed == 0 {
			t.Errorf("level %d out of turn was taken: % x", level, got)
		}
	}
}

func TestCard_waits(t *testing.T) {
	k := newEchoKey()
	k.wait = 3 * extension
	h := newHost(t, k, Options{})
	h.ccid(toPowerOn, 0, nil)
	start := time.Now()
	got, extensions := h.ccid(toTransfer, levelWhole, []byte{1})
	if extensions == 0 || len(got) != ccidHeader+3 || time.Since(start) < k.wait {
		t.Errorf("got % x after %v and %d extensions", got, time.Since(start), extensions)
	}
}

// A message may come in several transfers.
func TestCard_splitMessage(t *testing.T) {
	h := newHost(t, newEchoKey(), Options{})
	h.ccid(toPowerOn, 0, nil)
	whole := []byte{toTransfer, 2, 0, 0, 0, 0, 1, 0, 0, 0, 'o', 'k'}
	for _, part := range [][]byte{whole[:4], whole[4:11], whole[11:]} {
		h.submit(epCardOut, false, len(part), [8]byte{}, part)
		h.next()
	}
	h.submit(epCardIn, true, 64, [8]byte{}, nil)
	if r := h.next(); string(r.data[ccidHeader:]) != "ok\x90\x00" {
		t.Errorf("got % x", r.data)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte{toTransfer, 1, 0, 0, 0, 0, 1, 0, 0, 0, 9})
	f.Add([]byte{toPowerOn, 0, 0, 0, 0, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := missing(b)
		if err == nil && n == 0 && len(b) >= ccidHeader {
			if _, err := parseMessage(b); err != nil {
				t.Fatalf("a whole message was refused: %v", err)
			}
		}
	})
}

func FuzzReadRequest(f *testing.F) {
	f.Add(make([]byte, headerLength))
	f.Add(append([]byte{0, 0, 0, cmdSubmit}, make([]byte, headerLength-4)...))
	f.Add(append([]byte{0, 0, 0, cmdUnlink}, make([]byte, headerLength-4)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readRequest(bytes.NewReader(b))
		if err == nil && q.command == cmdSubmit && (len(q.data) > maxTransfer || q.endpoint > 15 || q.length < len(q.data)) {
			t.Fatalf("an impossible transfer was taken: %+v", q)
		}
	})
}
