//go:build cgo

package guest

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

const (
	algorithm3DES   = 0x03
	algorithmAES256 = 0x0c
)

// ownKey is a management key of the owner's of so many bytes.
func ownKey(size int) []byte {
	key := bytes.Repeat([]byte{0xa5, 0x5a, 0x3c}, size)
	return key[:size]
}

// TestEnroll_pivIdentity makes the second identity on keys of each kind of
// management key, and refuses where the slot's emptiness is not certain. A
// person types the serial.
func TestEnroll_pivIdentity(t *testing.T) {
	inside(t)
	ca, _ := newKey(t, softkey.Config{})
	newInventory(t, ca)
	five7 := version(5, 7, 4)
	unlock := []string{"--management-key-fd", "3"}
	factory := []string{"--default-management-key"}
	for _, tt := range []struct {
		name    string
		cfg     softkey.Config
		instead func([]byte) []byte
		args    []string
		given   []byte // on the descriptor, or typed where args do not name it
		status  int
		slot    string // written
		word    string
	}{
		{"the factory's key", softkey.Config{Version: five7}, nil, factory, nil, 0, "95", ""},
		{"an AES-256 key from a descriptor", softkey.Config{Version: five7, ManagementKey: ownKey(32), ManagementAlgorithm: algorithmAES256}, nil, unlock, ownKey(32), 0, "95", ""},
		{"a changed 3DES key, typed", softkey.Config{ManagementKey: ownKey(24), ManagementAlgorithm: algorithm3DES}, nil, nil, ownKey(24), 0, "95", ""},
		{"a key that wants a touch", softkey.Config{Version: five7, ManagementTouch: true, Touch: softkey.After(time.Second)}, nil, factory, nil, 0, "95", "for its PIV management key now"},
		{"a slot with an imported key is passed over", softkey.Config{Version: five7, Slots: []softkey.Slot{{Slot: 0x95, Imported: true}}}, nil, factory, nil, 0, "94", ""},
		{"another key than was given", softkey.Config{ManagementKey: ownKey(24), ManagementAlgorithm: algorithm3DES}, nil, unlock, bytes.Repeat([]byte{9}, 24), 6, "", "wrong PIV management key"},
		{"a key of another size", softkey.Config{Version: five7, ManagementKey: ownKey(32), ManagementAlgorithm: algorithmAES256}, nil, unlock, ownKey(24), 6, "", "AES-256 key of 32 bytes"},
		{"a changed key, said to be the factory's", softkey.Config{Version: five7, ManagementKey: ownKey(24)}, nil, factory, nil, 6, "", "not the default one"},
		{"metadata of one byte for the slot", softkey.Config{Version: five7}, metadataOfOneByte(0x95), factory, nil, 1, "", "no PIV slot was written"},
		{"metadata of one byte for the management key", softkey.Config{Version: five7}, metadataOfOneByte(0x9b), factory, nil, 1, "", "no PIV slot was written"},
		{"an imported key on firmware that shows none", softkey.Config{Version: version(5, 2, 4), Slots: []softkey.Slot{{Slot: 0x95, Imported: true}}}, nil, factory, nil, 1, "", "does not tell an empty slot from an imported key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Serial = serial
			w, k := watch(t, ca, another(t, ca, tt.cfg), usbip.Options{}, func(w *watched) { w.instead = tt.instead })
			copyInventory(t)
			given := strings.ToUpper(hex.EncodeToString(tt.given))
			descriptor := ""
			if slices.Equal(tt.args, unlock) {
				descriptor = given
			}
			p, person := beginOnTerminal(t, descriptor, "hwmfa", append([]string{"enroll", "--place", "Berlin", "--json", "--piv-identity"}, tt.args...)...)
			ended := make(chan error, 1)
			go func() { ended <- p.end() }()
			typing := []string{"type " + strconv.Itoa(serial), strconv.Itoa(serial)}
			if tt.args == nil {
				typing = append(typing, "management key of", given)
			}
			var err error
			for over := false; !over; {
				select {
				case err = <-ended:
					over = true
				case <-time.After(10 * time.Millisecond):
				}
				if len(typing) > 0 && strings.Contains(person.shown(), typing[0]) {
					person.typeIn(t, typing[1])
					typing = typing[2:]
				}
			}
			if tt.given != nil && (strings.Contains(person.shown()+p.stdout.String()+p.stderr.String(), given)) {
				t.Error("the management key was shown")
			}
			if tt.status != 0 {
				wantExit(t, err, tt.status, tt.word)
				nothingRecorded(t)
				if w.wasAsked(askGenerate) {
					t.Error("the card was asked to generate a key")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			contains(t, p.stderr.String(), tt.word)
			var done struct {
				Changes []string
				PIV     []struct{ Slot, Status, Serial string }
			}
			decode(t, p.stdout.String(), &done)
			if !slices.Equal(done.Changes, []string{"piv_slot_" + tt.slot}) || len(done.PIV) != 1 || done.PIV[0].Slot != tt.slot || done.PIV[0].Status != "verified" || done.PIV[0].Serial != strconv.Itoa(serial) {
				t.Errorf("enroll printed %s", p.stdout.String())
			}
			contains(t, run(t, "", "yubico-piv-tool", "-a", "attest", "-s", tt.slot), "BEGIN CERTIFICATE")
			pull(t, k.Attachment)
			contains(t, run(t, "", "hwmfa", "verify", "--evidence", strconv.Itoa(serial)), "piv "+tt.slot)
		})
	}
	t.Run("nobody there to agree", func(t *testing.T) {
		watch(t, ca, another(t, ca, softkey.Config{Serial: serial, Version: five7}), usbip.Options{}, nil)
		copyInventory(t)
		_, err := try(t, "", "hwmfa", append([]string{"enroll", "--place", "Berlin", "--piv-identity"}, factory...)...)
		wantExit(t, err, 2, "no terminal to ask on")
		nothingRecorded(t)
	})
}
