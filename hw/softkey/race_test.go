package softkey

import (
	"sync"
	"testing"
	"time"
)

// TestManyAtOnce has several handles, cards, a finger and a hand that pulls the
// key work at the same time; the race detector and the deadline judge.
func TestManyAtOnce(t *testing.T) {
	k, _ := newKey(t, Config{Serial: 1, Touch: After(time.Millisecond), Slots: []Slot{{Slot: 0x9a, PIN: policyPINNever, Touch: policyTouchAlways}}})
	ctx := soon(t)
	var wg sync.WaitGroup
	done := make(chan struct{})
	again := func(f func()) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					f()
				}
			}
		})
	}
	init := append([]byte{0xff, 0xff, 0xff, 0xff, 0x86, 0, 8}, "abcdefgh"...)
	answered := make(chan struct{}, 1)
	for range 3 {
		again(func() {
			s := k.HID()
			defer s.Close()
			if s.Write(ctx, init) != nil {
				return
			}
			r, err := s.Read(ctx)
			if err != nil || r[4] != 0x86 {
				return
			}
			cid := append([]byte(nil), r[15:19]...)
			for _, cmd := range []byte{ctapGetInfo, ctapSelection} {
				if s.Write(ctx, append(cid, 0x80|cmdCBOR, 0, 1, cmd)) != nil {
					return
				}
				if _, err := s.Read(ctx); err != nil {
					return
				}
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		})
	}
	again(func() {
		c := k.Card()
		defer c.Close()
		for _, apdu := range [][]byte{{0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8}, {0, 0xf9, 0x9a, 0},
			append([]byte{0, 0x87, byte(ECCP256), 0x9a, 38}, sequenceOf(0x7c, []byte{0x82, 0}, sequenceOf(0x81, make([]byte, 32)))...)} {
			if _, err := c.Transmit(ctx, apdu); err != nil {
				return
			}
		}
	})
	again(func() { k.HIDReport(init); _, _ = k.NextHIDReport(ctx) })
	again(func() {
		k.Touch()
		k.SetTouch(After(time.Millisecond))
		_ = k.TouchWanted()
		time.Sleep(time.Millisecond)
	})
	again(func() { time.Sleep(20 * time.Millisecond); k.PowerOn() })
	again(func() { time.Sleep(30 * time.Millisecond); k.Replug() })
	time.Sleep(300 * time.Millisecond)
	select {
	case <-answered:
	case <-ctx.Done():
		t.Error("nobody ever got an answer")
	}
	close(done)
	// A power cycle may swallow the answer that somebody waits for; only the
	// next one wakes them.
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	for waiting := true; waiting; {
		select {
		case <-ended:
			waiting = false
		case <-time.After(10 * time.Millisecond):
			k.Replug()
		}
	}
	if ctx.Err() != nil {
		t.Error("somebody waited for an answer that never came")
	}
	k.Replug() // ends what a closed handle left running
	dial(t, k).mustCTAP(ctapGetInfo, nil)
}
