//go:build cgo

package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"hwmfa/hw/local"
	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

// detecting is a running hwmfa detect --watch --json.
type detecting struct {
	cmd    *exec.Cmd
	events chan watchedEvent
}

type watchedEvent struct {
	at    time.Time
	Event string
	Key   struct {
		Serial *string
		PIV    *struct{ Reader string }
	}
}

func detectAndWatch(t *testing.T) *detecting {
	t.Helper()
	w := &detecting{cmd: exec.CommandContext(t.Context(), "hwmfa", "detect", "--watch", "--json"), events: make(chan watchedEvent, 100)}
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			e := watchedEvent{at: time.Now()}
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Errorf("%v in %s", err, lines.Text())
			}
			w.events <- e
		}
	}()
	return w
}

// next waits for an event of that kind, of the key with the serial.
func (w *detecting) next(t *testing.T, event string) watchedEvent {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case e, open := <-w.events:
			if !open {
				t.Fatalf("it ended before %s", event)
			}
			if e.Event == event {
				return e
			}
		case <-limit:
			t.Fatalf("no %s", event)
		}
	}
}

// TestWatchHotplug measures how long after udev's own word a key is told of, on
// a machine whose processor is emulated.
func TestWatchHotplug(t *testing.T) {
	inside(t)
	m, err := local.Open()
	if err != nil {
		t.Fatal(err)
	}
	announced, err := m.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := detectAndWatch(t)
	time.Sleep(3 * time.Second) // it has started and found nothing
	for range 5 {
		_, key := newKey(t, softkey.Config{Serial: serial})
		cards := readers()
		go func() {
			for len(announced) > 0 {
				<-announced
			}
		}()
		last := make(chan time.Time, 1)
		stop := make(chan struct{})
		go func() {
			var at time.Time
			for {
				select {
				case <-announced:
					at = time.Now()
				case <-stop:
					last <- at
					return
				}
			}
		}()
		a, err := usbip.Attach(t.Context(), key, usbip.Options{Release: release(key.Config().Version)})
		if err != nil {
			t.Fatal(err)
		}
		added := w.next(t, "add")
		close(stop)
		udev := <-last // of the events before the key was told of
		waitReaders(t, cards+1)
		ready := time.Now()
		whole := added
		for whole.Key.PIV == nil {
			whole = w.next(t, "change")
		}
		if udev.IsZero() {
			t.Error("udev announced nothing before")
		}
		t.Logf("told of it %v after udev's last event about it, with its card %v after pcscd showed the reader",
			added.at.Sub(udev).Round(time.Millisecond), whole.at.Sub(ready).Round(time.Millisecond))
		if added.Key.Serial == nil {
			t.Errorf("told of it without its serial: %+v", added.Key)
		}
		if err := a.Detach(context.Background()); err != nil {
			t.Fatal(err)
		}
		w.next(t, "remove")
		waitReaders(t, cards)
	}
	if err := w.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for range w.events {
	}
	if status := exitStatus(w.cmd.Wait()); status != 130 {
		t.Errorf("ended with status %d", status)
	}
}
