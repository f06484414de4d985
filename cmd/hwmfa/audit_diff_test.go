package main

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// An organization that has changed as a whole is compared in the memory of one
// account.
func TestAComparisonKeepsNoAccount(t *testing.T) {
	const accounts, bound = 20_000, 8 << 20
	var p auditPair
	for i, level2 := range []string{"pass", "fail"} {
		p.lists[i] = func(yield func(inventory.AuditVerdict, error) bool) {
			for n := range accounts {
				v := inventory.AuditVerdict{
					AccountID: fmt.Sprint(200000000000 + n), Name: "account", Level2: level2, Level1: "pass",
					Devices: []string{fmt.Sprintf("u2f/root/one-%d-%d-EXAMPLEID0123456789ABCD", i, n)},
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
	streams, _ := term.Test()
	out := &heapWatch{}
	streams.Out = out
	a := newApp(streams)
	sum, err := p.sum()
	if err != nil || sum.both != accounts || sum.differ != accounts || sum.worse != accounts {
		t.Fatalf("got %+v, %v", sum, err)
	}
	for name, write := range map[string]func() error{
		"JSON": func() error { return a.diffJSON(p, sum) },
		"text": func() error { return a.printDiff(p, sum) },
	} {
		*out = heapWatch{before: heap()}
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if out.most > out.before+bound || out.bytes < accounts*100 {
			t.Errorf("%s: %d KiB more in memory for %d KiB written", name, (out.most-out.before)>>10, out.bytes>>10)
		}
	}
}

// heapWatch is what lives while something is written.
type heapWatch struct {
	before, most uint64
	bytes, last  int
}

func (h *heapWatch) Write(p []byte) (int, error) {
	if h.bytes += len(p); h.bytes-h.last > 1<<20 {
		h.last = h.bytes
		h.most = max(h.most, heap())
	}
	return io.Discard.Write(p)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
