package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// scales are the inventories that are measured: keys, and ten events a key.
var scales = []int{10_000, 100_000}

const eventsPerKey = 10

// filled makes an inventory of that many keys, each declared, then handed out
// and brought back in turn. It goes through the transaction, not through the
// rules, which would take ten times as long; VerifyState proves in TestFilled
// that the rules would have come to the same.
func filled(tb testing.TB, keys int) inventory.Store {
	tb.Helper()
	url := store.URL(filepath.Join(tb.TempDir(), fmt.Sprintf("%d.db", keys)))
	s, err := store.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	f := filler{tb: tb, act: inventory.Act{Actor: "anna", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	err = s.Update(tb.Context(), func(tx inventory.Tx) (err error) {
		if f.place, err = inventory.EnsurePlace(tx, f.act, "Berlin/safe 1"); err != nil {
			return err
		}
		if f.person, err = inventory.SavePerson(tx, f.act, inventory.Person{Name: "Ada"}); err != nil {
			return err
		}
		f.head, err = inventory.JournalHead(tx)
		return err
	})
	const batch = 2000
	for first := 0; first < keys && err == nil; first += batch {
		err = s.Update(tb.Context(), func(tx inventory.Tx) error {
			for i := first; i < min(first+batch, keys); i++ {
				if err := f.key(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

type filler struct {
	tb     testing.TB
	act    inventory.Act
	place  inventory.Place
	person inventory.Person
	head   inventory.Head
}

func (f *filler) event(tx inventory.Tx, kind, subject, payload string) error {
	e := inventory.Event{
		Seq: f.head.Seq + 1, Time: f.act.At.Add(time.Duration(f.head.Seq) * time.Second), Actor: f.act.Actor,
		Kind: kind, Subject: subject, Payload: payload, PrevHash: f.head.Hash,
	}
	e.Hash = e.Digest()
	f.head = inventory.Head{Seq: e.Seq, Hash: e.Hash}
	return tx.AppendEvent(e)
}

func (f *filler) key(tx inventory.Tx, i int) error {
	added := f.act.At.Add(time.Duration(f.head.Seq) * time.Second)
	k := inventory.Key{
		ID: fmt.Sprintf("K-%08d", i), Serial: fmt.Sprint(10_000_000 + i), Tag: fmt.Sprintf("YK-%06d", i), Type: inventory.TypeToken,
		Custody:     inventory.Custody{Status: inventory.StatusInSafe, PlaceID: f.place.ID},
		Product:     "Token2 C301",
		Attestation: inventory.Summary{FIDO: "absent", PIV: "absent"}, AddedAt: added, AddedBy: f.act.Actor,
	}
	err := f.event(tx, inventory.KindKeyDeclared, k.ID, fmt.Sprintf(
		`{"battery_end":null,"order":null,"place":%q,"product":%q,"serial":%q,"status":"in_safe","tag":%q,"type":"totp_token"}`,
		f.place.ID, k.Product, k.Serial, k.Tag))
	for n := 1; n < eventsPerKey && err == nil; n++ {
		kind, from, status, holder := "key.checked_out", "in_safe", "checked_out", `"`+f.person.ID+`"`
		if n%2 == 0 {
			kind, from, status, holder = "key.checked_in", "checked_out", "in_safe", "null"
		}
		k.Status, k.HolderID = inventory.Status(status), ""
		if holder != "null" {
			k.HolderID = f.person.ID
		}
		err = f.event(tx, kind, k.ID, fmt.Sprintf(
			`{"due":null,"from":%q,"holder":%s,"place":%q,"proved":null,"reason":"root password rotation, quarterly","seal":null,"shipment":null,"status":%q,"ticket":"OPS-%d","witness":null}`,
			from, holder, f.place.ID, status, i))
	}
	k.Reason, k.Ticket = "root password rotation, quarterly", fmt.Sprintf("OPS-%d", i)
	k.Since = f.act.At.Add(time.Duration(f.head.Seq-1) * time.Second)
	if err == nil {
		err = tx.InsertKey(k)
	}
	return err
}

func TestFilled(t *testing.T) {
	s := filled(t, 50)
	err := s.View(t.Context(), func(tx inventory.Tx) error {
		head, err := inventory.VerifyJournal(tx)
		if err == nil && head.Seq != 50*eventsPerKey+3 {
			err = fmt.Errorf("%d events", head.Seq)
		}
		if err == nil {
			err = inventory.VerifyState(tx)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// BenchmarkScale measures what users wait for in a large inventory. "bare" is
// the SHA-256 of the same bytes with nothing around it, the floor of verifying
// the journal.
func BenchmarkScale(b *testing.B) {
	for _, keys := range scales {
		b.Run(fmt.Sprintf("%d_keys_%d_events", keys, keys*eventsPerKey), func(b *testing.B) {
			s := filled(b, keys)
			var bare time.Duration // of the hashing alone
			in := func(fn func(tx inventory.Tx) error) func(b *testing.B) {
				return func(b *testing.B) {
					cpu, rounds := processorTime(b), 0
					for b.Loop() {
						rounds++
						if err := s.View(context.Background(), fn); err != nil {
							b.Fatal(err)
						}
					}
					cpu = processorTime(b) - cpu
					var memory runtime.MemStats
					runtime.ReadMemStats(&memory)
					b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB-sys")
					b.ReportMetric(float64(cpu.Milliseconds())/float64(rounds), "cpu-ms/op")
					b.ReportMetric(float64(b.Elapsed())/float64(rounds)/float64(bare), "times-bare")
				}
			}
			sizes := preimages(b, s)
			b.Run("bare_sha256", func(b *testing.B) {
				zeros, rounds := make([]byte, 4096), 0
				for b.Loop() {
					rounds++
					for _, n := range sizes {
						sha256.Sum256(zeros[:n])
					}
				}
				bare = b.Elapsed() / time.Duration(rounds)
			})
			b.Run("verify_journal", in(func(tx inventory.Tx) error { _, err := inventory.VerifyJournal(tx); return err }))
			b.Run("verify_all", in(func(tx inventory.Tx) error {
				v, err := inventory.Verify(tx)
				return errors.Join(err, v.Journal, v.Records, v.State, v.Proofs)
			}))
			b.Run("key_show", in(func(tx inventory.Tx) error {
				k, err := inventory.FindKey(tx, fmt.Sprint(10_000_000+keys/2))
				if err == nil {
					_, err = inventory.KeyDetail(tx, k.ID)
				}
				return err
			}))
			b.Run("key_list", in(func(tx inventory.Tx) error { _, err := inventory.Keys(tx, inventory.KeyFilter{}); return err }))
		})
	}
}

// processorTime is what the process has used of all processors: on a shared host
// it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// preimages are the sizes of what the hashes of the events are over, in bytes:
// the texts with a length of 8 bytes each, the domain, the number and the hash
// before.
func preimages(b *testing.B, s inventory.Store) []int {
	var all []int
	err := s.View(context.Background(), func(tx inventory.Tx) error {
		return tx.EachRaw(func(events []inventory.RawEvent) error {
			for _, e := range events {
				all = append(all, 17+8+5*8+len(e.Time)+len(e.Actor)+len(e.Kind)+len(e.Subject)+len(e.Payload)+32)
			}
			return nil
		})
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}
