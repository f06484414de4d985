package packet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"hwmfa/iamcheck/awsapi"
)

const first, second, third = "210000000001", "210000000002", "210000000003"

// keep puts an account's exchanges into a spool.
func keep(t *testing.T, s *spool, account, text string) {
	t.Helper()
	p := laterPart(filepath.Join(t.TempDir(), account+partial))
	if err := p.write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := s.add(account, p); err != nil {
		t.Fatal(err)
	}
}

// held is what a spool has.
func held(t *testing.T, s *spool) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, id := range s.accounts() {
		data, ok, err := s.read(id)
		if err != nil || !ok {
			t.Fatalf("%s: %t, %v", id, ok, err)
		}
		all[id] = string(data)
	}
	return all
}

// reopened is a spool whose file says something, and what is found in it.
func reopened(t *testing.T, file []byte, check func([]byte) error) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), spoolFile)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openSpool(path, check)
	if err != nil {
		t.Fatal(err)
	}
	defer s.file.Close()
	found := held(t, s)
	keep(t, s, third, "more\n")
	found[third] = "more\n"
	if got := held(t, s); !reflect.DeepEqual(got, found) {
		t.Errorf("after one more: got %q, want %q", got, found)
	}
	delete(found, third)
	return found
}

func anything([]byte) error { return nil }

// written is the file of a spool of two accounts, the second of which is too large to wait in memory.
func written(t *testing.T) (file []byte, large string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), spoolFile)
	s, err := openSpool(path, anything)
	if err != nil {
		t.Fatal(err)
	}
	defer s.file.Close()
	large = strings.Repeat("x", maxHeld+1)
	keep(t, s, first, "one\n")
	keep(t, s, second, large)
	if got := held(t, s); got[first] != "one\n" || got[second] != large {
		t.Errorf("got %d bytes and %q", len(got[second]), got[first])
	}
	file, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file, large
}

func TestASpoolTakesUpWhatIsWhole(t *testing.T) {
	file, large := written(t)
	begin := bytes.Index(file, []byte(second)) - len(`{"account":"`)
	for _, c := range []struct {
		name string
		file []byte
		want map[string]string
	}{
		{"all of it", file, map[string]string{first: "one\n", second: large}},
		{"nothing", nil, map[string]string{}},
		{"a head that breaks off", file[:begin+20], map[string]string{first: "one\n"}},
		{"a head and nothing more", file[:len(file)-len(large)], map[string]string{first: "one\n"}},
		{"exchanges that break off", file[:len(file)-1], map[string]string{first: "one\n"}},
		{"exchanges that were changed", append(bytes.Clone(file[:len(file)-1]), 'y'), map[string]string{first: "one\n"}},
		{"a head of no account", append(bytes.Clone(file), "{\"account\":\"../../x\",\"bytes\":0}\n"...), map[string]string{first: "one\n", second: large}},
		{"a head that says more than there can be", append(bytes.Clone(file), fmt.Sprintf("{\"account\":%q,\"bytes\":%d}\n", third, int64(1)<<62)...),
			map[string]string{first: "one\n", second: large}},
		{"a head that says less than nothing", append(bytes.Clone(file), fmt.Sprintf("{\"account\":%q,\"bytes\":-1}\n", third)...),
			map[string]string{first: "one\n", second: large}},
		{"a line without an end", append(bytes.Clone(file), strings.Repeat("z", 1<<20)...), map[string]string{first: "one\n", second: large}},
		{"an account twice", append(bytes.Clone(file[:begin]), "{\"account\":\"210000000001\",\"bytes\":4,\"sha256\":\"27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a\"}\ntwo\n"...),
			map[string]string{first: "two\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := reopened(t, c.file, anything); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %.200q", got)
			}
		})
	}
	refuse := func(data []byte) error {
		if len(data) > 10 {
			return errors.New("no exchanges")
		}
		return nil
	}
	if got := reopened(t, file, refuse); !reflect.DeepEqual(got, map[string]string{first: "one\n"}) {
		t.Errorf("what reads as no exchanges: got %.200q", got)
	}
}

func TestAFullDiskKeepsNoAccount(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for _, size := range []int{4, maxHeld + 1} {
		s := newSpool(full)
		p := laterPart(filepath.Join(t.TempDir(), "a"+partial))
		if err := p.write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := s.add(first, p); !errors.Is(err, syscall.ENOSPC) || len(s.at) > 0 {
			t.Errorf("%d bytes: got %v, and %d accounts", size, err, len(s.at))
		}
	}
}

// An account with very many virtual devices has more answers than wait in memory.
func TestALargeAccountIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	w, err := Create(dir, Manifest{Options: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	answer := strings.Repeat("x", maxHeld)
	for range 3 {
		if err := w.Record(awsapi.Exchange{Account: first, Action: "iam:ListVirtualMFADevices", Answer: []byte(answer)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(first); err != nil {
		t.Fatal(err)
	}
	exchanges, ok, err := w.Recorded(first)
	if err != nil || !ok || len(exchanges) != 3 || string(exchanges[2].Answer) != answer {
		t.Errorf("%d exchanges, %t, %v", len(exchanges), ok, err)
	}
	if _, err := w.Seal(t.Context(), Ending{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if exchanges, ok, err := p.Recorded(first); err != nil || !ok || len(exchanges) != 3 {
		t.Errorf("sealed: %d exchanges, %t, %v", len(exchanges), ok, err)
	}
}
