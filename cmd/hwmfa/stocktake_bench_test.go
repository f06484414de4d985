package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// What a stocktake of 100,000 keys against a file of as many lines may take,
// the whole process.
const (
	countTime   = 3 * time.Second
	countMemory = 200 << 20 // bytes resident
)

// BenchmarkStocktake counts a file of scans against as many keys, with the
// program itself, and then shows and closes the stocktake. A busy machine slows
// one run and not the best of three.
func BenchmarkStocktake(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			program := filepath.Join(dir, "hwmfa")
			self, err := os.Executable()
			if err != nil {
				b.Fatal(err)
			}
			// The test binary is hwmfa where it is called so.
			if err := os.Symlink(self, program); err != nil {
				b.Fatal(err)
			}
			url := store.URL(filepath.Join(dir, "inventory.db"))
			scans := stock(b, url, n, filepath.Join(dir, "scans"))
			best := map[string]time.Duration{}
			for b.Loop() {
				for range 3 {
					for _, step := range [][]string{{"start", "Berlin"}, {"count", "--from", scans}, {"status"}, {"close"}} {
						took, peak := runProgram(b, program, append([]string{"stocktake", "--inventory", url}, step...))
						if before, ok := best[step[0]]; !ok || took < before {
							best[step[0]] = took
						}
						b.ReportMetric(best[step[0]].Seconds()*1000, step[0]+"-ms")
						b.ReportMetric(float64(peak)/(1<<20), step[0]+"-MiB")
						if step[0] == "count" && peak > countMemory {
							b.Errorf("counting %d lines took %d MiB", n, peak>>20)
						}
					}
				}
				// All of them lie elsewhere, or are gone.
				elsewhere := allInOne(b, scans)
				for _, steps := range [][][]string{
					{{"start", "Berlin"}, {"status", "--json"}, {"close", "--keep-open"}, {"show", "--json"}},
					{{"start", "Berlin"}, {"count", "--from", elsewhere}, {"status", "--json"}, {"close", "--keep-open"}, {"show", "--json"}},
				} {
					for _, step := range steps {
						_, peak := runProgram(b, program, append([]string{"stocktake", "--inventory", url}, step...))
						b.ReportMetric(float64(peak)/(1<<20), "differing-"+step[0]+"-MiB")
						if peak > countMemory {
							b.Errorf("%v of %d differences took %d MiB", step, n, peak>>20)
						}
					}
				}
			}
			if best["count"] > countTime {
				b.Errorf("counting %d lines took %v at best", n, best["count"])
			}
		})
	}
}

// stock declares n keys in a hundred safes and writes a file that counts each
// once, safe by safe.
func stock(b *testing.B, url string, n int, scans string) string {
	b.Helper()
	s, err := store.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var file bytes.Buffer
	err = s.Update(b.Context(), func(tx inventory.Tx) error {
		file.Reset()
		act := inventory.Act{Actor: "bench", At: time.Now()}
		for i := range n {
			place := fmt.Sprintf("Berlin/safe %d", i*100/n)
			if i%(n/100) == 0 {
				fmt.Fprintf(&file, "place:%s\n", place)
			}
			_, err := inventory.DeclareKey(tx, act, inventory.Declaration{Serial: fmt.Sprint(10_000_000 + i), Tag: fmt.Sprintf("YK-%06d", i), Place: place})
			if err != nil {
				return err
			}
			fmt.Fprintf(&file, "%010d\r\n", 10_000_000+i)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(scans, file.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return scans
}

// allInOne writes a file that counts at the first place of another what that
// counts at all of them.
func allInOne(b *testing.B, scans string) string {
	b.Helper()
	lines, err := os.ReadFile(scans)
	if err != nil {
		b.Fatal(err)
	}
	var one bytes.Buffer
	for line := range bytes.Lines(lines) {
		if one.Len() == 0 || !bytes.HasPrefix(line, []byte("place:")) {
			one.Write(line)
		}
	}
	if err := os.WriteFile(scans+"-one", one.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return scans + "-one"
}

// runProgram returns how long a command took and how much memory it had at
// most, in bytes; it has to succeed, or to find something.
func runProgram(b *testing.B, program string, args []string) (time.Duration, int64) {
	b.Helper()
	// What this process has resident when it starts another counts as that one's.
	debug.FreeOSMemory()
	cmd := exec.Command(program, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil && cmd.ProcessState.ExitCode() != exitFound {
		b.Fatalf("%v: %v\n%.2000s", args, err, said.Bytes())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Fatal("the system does not say what the process used")
	}
	return took, usage.Maxrss << 10 // KiB (getrusage(2))
}
