//go:build cgo

package guest

import (
	"strconv"
	"strings"
	"testing"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

const fidoPIN = "246813"

// dangerous is what a key that was never meant must not be asked.
var dangerous = []string{askMakeCredential, askAssertion, askPIN, askPIVPIN, askGenerate, askAuthenticate}

// moment is one at which a key is pulled out: at a request that it leaves
// unanswered, or, where none is named, at the question to the person.
type moment struct {
	name   string
	stopAt string
	nth    int
	lost   bool // it carries out what it does not answer
	// pin has the PIN asked for, piv has the second identity made, for which
	// the serial is to be typed.
	pin, piv bool
	words    []string // what is said
}

// What is said of a PIV slot. A card that falls silent at the command tells
// nobody whether it carried it out.
var (
	wroteNothing   = []string{"no PIV slot was written"}
	mayHaveWritten = []string{"slot 95 was empty and may hold a new key now"}
)

var enrolling = []moment{
	{name: "asked for device info", stopAt: askDeviceInfo, nth: 1},
	{name: "asked for getInfo", stopAt: askInfo, nth: 1},
	{name: "its card is read", stopAt: askPIVVersion, nth: 1},
	{name: "the person is asked for the PIN", pin: true},
	{name: "the PIN is on its way", stopAt: askPIN, nth: 3, pin: true},
	{name: "the person is asked for the serial", piv: true},
	{name: "waiting for the touch", stopAt: askMakeCredential, nth: 1},
	{name: "asked once more who it is", stopAt: askDeviceInfo, nth: 3},
	{name: "its PIV keys are read", stopAt: askAttest, nth: 1},
	{name: "asked for a silent answer", stopAt: askAssertion, nth: 1},
	{name: "the management key is proved", stopAt: askAuthenticate, nth: 1, piv: true, words: wroteNothing},
	{name: "before the PIV key is generated", stopAt: askGenerate, nth: 1, piv: true, words: mayHaveWritten},
	{name: "the PIV key is generated, and that is not said", stopAt: askGenerate, nth: 1, piv: true, lost: true, words: mayHaveWritten},
}

var verifying = []moment{
	{name: "asked for device info", stopAt: askDeviceInfo, nth: 1},
	{name: "asked for getInfo", stopAt: askInfo, nth: 1},
	{name: "its card is read", stopAt: askPIVVersion, nth: 1},
	{name: "the person is asked for the PIN", pin: true},
	{name: "the PIN is on its way", stopAt: askPIN, nth: 3, pin: true},
	{name: "asked for a silent answer", stopAt: askAssertion, nth: 1},
}

// pulledOut has a command come to each moment, with the key pulled out for
// good and with another plugged in at the same port, and a third key plugged in
// beside. The command must say what happened, and ask nothing of other keys.
func pulledOut(t *testing.T, ca *softkey.CA, moments []moment, key func(moment) *softkey.Key, args func(moment) []string) {
	beside, _ := watch(t, ca, another(t, ca, softkey.Config{Serial: serial + 7}), usbip.Options{}, nil)
	for _, m := range moments {
		for _, swap := range []bool{false, true} {
			t.Run(m.title(swap), func(t *testing.T) {
				w, k := watch(t, ca, key(m), usbip.Options{}, func(w *watched) { w.stopAt, w.nth, w.lost = m.stopAt, m.nth, m.lost })
				p, person := beginOnTerminal(t, "", "hwmfa", append(args(m), "--serial", m.serial())...)
				second := m.pullOut(t, w, k, person, swap)
				err := p.end()
				wantExit(t, err, 6, "hint: ")
				for _, word := range m.words {
					contains(t, p.stderr.String(), word)
				}
				for _, other := range []*watched{beside, second} {
					if other != nil && other.wasAsked(dangerous...) {
						t.Errorf("another key was asked %q", other.asked)
					}
				}
			})
		}
	}
}

func TestEnroll_pulledOut(t *testing.T) {
	inside(t)
	ca, _ := newKey(t, softkey.Config{})
	newInventory(t, ca)
	pulledOut(t, ca, enrolling,
		func(m moment) *softkey.Key { return another(t, ca, m.config()) },
		func(m moment) []string {
			if m.piv {
				return []string{"enroll", "--place", "Berlin", "--piv-identity", "--default-management-key"}
			}
			return []string{"enroll", "--place", "Berlin"}
		})
	nothingRecorded(t)
}

func TestVerify_pulledOut(t *testing.T) {
	inside(t)
	ca, _ := newKey(t, softkey.Config{})
	newInventory(t, ca)
	enrolled := map[string]*softkey.Key{} // by serial
	for _, m := range []moment{{}, {pin: true}} {
		key := another(t, ca, m.config())
		enrolled[m.serial()] = key
		a := attach(t, key, usbip.Options{})
		if m.pin {
			run(t, fidoPIN+"\n", "hwmfa", "enroll", "--place", "Berlin", "--pin-fd", "0")
		} else {
			run(t, "", "hwmfa", "enroll", "--place", "Berlin")
		}
		pull(t, a)
	}
	head := run(t, "", "hwmfa", "journal", "head")
	pulledOut(t, ca, verifying,
		func(m moment) *softkey.Key { return enrolled[m.serial()] },
		func(moment) []string { return []string{"verify"} })
	if now := run(t, "", "hwmfa", "journal", "head"); now != head {
		t.Errorf("the journal went on: %s after %s", now, head)
	}
}

func (m moment) title(swap bool) string {
	if swap {
		return "swapped, " + m.name
	}
	return "gone, " + m.name
}

func (m moment) serial() string { return strconv.Itoa(int(m.config().Serial)) }

func (m moment) config() softkey.Config {
	cfg := softkey.Config{Serial: serial, Version: version(5, 7, 4), Slots: []softkey.Slot{{Slot: 0x9a}}}
	if m.pin {
		cfg.Serial += 3
		cfg.PIN = fidoPIN
		cfg.Quirks.AlwaysUV, cfg.Quirks.Silent = true, softkey.SilentPINRequired
	}
	return cfg
}

// question is what the person is asked before the moment, "" for nothing.
func (m moment) question() (question, answer string) {
	switch {
	case m.pin:
		return "PIN of key", fidoPIN
	case m.piv:
		return "type " + m.serial(), m.serial()
	}
	return "", ""
}

// pullOut waits for the moment and pulls the key out; with swap it plugs
// another in at the same port, and returns that.
func (m moment) pullOut(t *testing.T, w *watched, k *plugged, person *terminal, swap bool) (second *watched) {
	t.Helper()
	question, answer := m.question()
	if question != "" {
		until(t, "it asks "+question, func() bool { return strings.Contains(person.shown(), question) })
	}
	if m.stopAt != "" {
		if question != "" {
			person.typeIn(t, answer)
		}
		w.silent(t)
	}
	pull(t, k.Attachment)
	if swap {
		cfg := m.config()
		cfg.Serial++
		second, _ = watch(t, k.ca, another(t, k.ca, cfg), usbip.Options{Port: k.Port()}, nil)
	}
	if m.stopAt == "" {
		person.typeIn(t, answer)
	}
	return second
}
