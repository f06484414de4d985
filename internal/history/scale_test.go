package history_test

import (
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"hwmfa/internal/history"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// peak is how many bytes the heap grew by at most while fn ran.
func peak(fn func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // so that garbage does not count for much
	now := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	runtime.GC() // what the first one finalized
	before := now()
	var most atomic.Uint64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most.Store(max(most.Load(), now()))
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	fn()
	close(done)
	<-stopped
	return most.Load() - min(before, most.Load())
}

// TestTenThousandAccounts: what a run over 10,000 accounts takes in memory while
// it is recorded, and two of them while they are compared.
func TestTenThousandAccounts(t *testing.T) {
	const accounts, bound = 10_000, 16 << 20
	s, err := store.Open(t.Context(), store.URL(filepath.Join(t.TempDir(), "inventory.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	act := inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}
	record := func(level2 string) (run inventory.AuditRun) {
		verdicts := &inventory.AuditVerdicts{}
		for i := range accounts {
			err := verdicts.Add(inventory.AuditVerdict{
				AccountID: fmt.Sprint(200000000000 + i), Name: fmt.Sprint("account-", i), Level2: level2, Level1: "pass", Reasons: []string{"root_device_list"},
				Devices: []string{fmt.Sprintf("u2f/root/one-%d-EXAMPLEID0123456789ABCD", i), fmt.Sprintf("u2f/root/two-%d-EXAMPLEID0123456789ABCD", i)},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := s.Update(t.Context(), func(tx inventory.Tx) (err error) {
			run, err = inventory.RecordAudit(tx, act, inventory.AuditRun{Started: act.At, Finished: act.At}, verdicts)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	var runs [2]inventory.AuditRun
	recording := peak(func() { runs[0] = record("pass") })
	runs[1] = record("fail")
	differ := 0
	comparing := peak(func() {
		var lists [2]iter.Seq2[inventory.AuditVerdict, error]
		err := s.View(t.Context(), func(tx inventory.Tx) (err error) {
			for i, r := range runs {
				if lists[i], err = inventory.ReadAudit(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = history.Compare(history.Verdicts{List: lists[0], Complete: true}, history.Verdicts{List: lists[1], Complete: true},
			func(history.Difference) error { differ++; return nil })
		if err != nil {
			t.Fatal(err)
		}
	})
	if differ != accounts || recording > bound || comparing > bound {
		t.Errorf("%d differ; recording took %d KiB, comparing %d KiB", differ, recording>>10, comparing>>10)
	}
	t.Logf("recording took %d KiB, comparing %d KiB", recording>>10, comparing>>10)
}
