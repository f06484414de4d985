package packet_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
	"hwmfa/internal/packet"
)

var (
	began = time.Date(2026, time.March, 1, 11, 0, 0, 0, time.UTC)
	ended = began.Add(time.Hour)
)

func manifest(options string) packet.Manifest {
	return packet.Manifest{
		Program:   packet.Program{Version: "devel", Go: "go1.26.0", Platform: "linux/amd64"},
		StartedAt: began, Options: json.RawMessage(options),
	}
}

const plain = `{"org":true,"role_name":"hwmfa-audit"}`

// demo serves the demo's organization and gives what collects it.
func demo(t testing.TB) (*awstest.Server, awsapi.Options) {
	t.Helper()
	server, err := awstest.New(awstest.Demo())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := server.Auditor()
	return server, awsapi.Options{Org: true, RoleName: awstest.DemoRole, Workers: 4, Static: &awsapi.Static{
		Endpoint: server.URL(), Region: "us-east-1", AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
	}}
}

// collect gathers facts by account.
func collect(t testing.TB, opts awsapi.Options) map[string]iamcheck.Facts {
	t.Helper()
	facts := map[string]iamcheck.Facts{}
	_, err := awsapi.Collect(context.Background(), opts, func(f iamcheck.Facts) error {
		facts[f.AccountID] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func seal(t testing.TB, w *packet.Writer, accounts int) string {
	t.Helper()
	for name, text := range map[string]string{packet.Inventory: "{}\n", packet.Policy: "keys_per_account: 2\n", packet.Report: "{\"schema\": \"x\"}\n"} {
		if err := w.Put(name, func(out io.Writer) error {
			_, err := io.WriteString(out, text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	journal := "3:" + strings.Repeat("ab", 32)
	head, err := w.Seal(context.Background(), packet.Ending{At: ended, Rules: map[string]string{"benchmark": "7.0"}, JournalHead: &journal, Accounts: accounts})
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return head
}

// demoPacket is a sealed packet of the demo's organization, and what was found when it was collected.
func demoPacket(t testing.TB) (dir, head string, facts map[string]iamcheck.Facts) {
	t.Helper()
	_, opts := demo(t)
	dir = filepath.Join(t.TempDir(), "evidence")
	w, err := packet.Create(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	opts.Record = w
	facts = collect(t, opts)
	return dir, seal(t, w, len(facts)), facts
}

func open(t testing.TB, dir string) *packet.Packet {
	t.Helper()
	p, err := packet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestAPacketGivesTheSameFactsAgain(t *testing.T) {
	dir, head, facts := demoPacket(t)
	p := open(t, dir)
	if p.Head() != head {
		t.Errorf("the head is %s, and was %s", p.Head(), head)
	}
	m := p.Manifest()
	if len(m.Callers) != 1 || m.Callers[0].AccountID != "210000000000" || *m.Callers[0].OrganizationID != "o-exampleorgid" ||
		m.Accounts != len(facts) || m.Exchanges < 40 || !m.FinishedAt.Equal(ended) || !m.StartedAt.Equal(began) || *m.JournalHead == "" {
		t.Errorf("got %+v", m)
	}
	if again := collect(t, awsapi.Options{Org: true, RoleName: awstest.DemoRole, Recorded: p.Recorded, Offline: true}); !reflect.DeepEqual(again, facts) {
		t.Errorf("got %+v, want %+v", again, facts)
	}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %s", name, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPacketHoldsNoSecret(t *testing.T) {
	dir, _, _ := demoPacket(t)
	files := 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(name)
		for _, secret := range []string{"example/secret/", "example-token-", "AWS4-HMAC-SHA256", "X-Amz-Security-Token", "Signature="} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
		return err
	})
	if err != nil || files < 20 {
		t.Fatal(files, err)
	}
}

// filesOf are the names of all files, and the bytes of each.
func filesOf(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOneFlippedByteAnywhereIsFound(t *testing.T) {
	dir, _, _ := demoPacket(t)
	flips := 0
	for name, data := range filesOf(t, dir) {
		path := filepath.Join(dir, name)
		// Every byte of the small files; of the others the beginning, the end, and as many between.
		var at []int
		for i := range data {
			if len(data) < 300 || i < 40 || i >= len(data)-40 || rand.IntN(len(data)/60) == 0 {
				at = append(at, i)
			}
		}
		for _, i := range at {
			flips++
			was := data[i]
			data[i] ^= 1 << rand.IntN(8)
			put(t, path, data)
			data[i] = was
			_, err := packet.Open(dir)
			if !errors.Is(err, packet.ErrDamaged) || !strings.Contains(err.Error(), filepath.Base(name)) && name != "manifest.sha256" {
				t.Errorf("byte %d of %s: got %v", i, name, err)
			}
		}
		put(t, path, data)
	}
	if flips < 1000 {
		t.Errorf("only %d bytes were tried", flips)
	}
	open(t, dir)
}
