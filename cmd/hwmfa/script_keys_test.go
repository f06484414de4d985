package main

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
)

// scriptKey describes one key of keys.json.
type scriptKey struct {
	Name    string `json:"name"`
	Serial  uint32 `json:"serial"`
	Version string `json:"version"` // "5.4.3", "" for the software key's own choice
	Product string `json:"product"`
	PIN     string `json:"pin"`
	// Touch is "never", or how long the owner takes ("1.5s"); "" at once.
	Touch        string         `json:"touch"`
	TouchTimeout string         `json:"touch_timeout"`
	ResetWindow  string         `json:"reset_window"`
	Slots        []softkey.Slot `json:"slots"`
	// ManagementKey is that of PIV, in hexadecimal.
	ManagementKey       string         `json:"management_key"`
	ManagementAlgorithm byte           `json:"management_algorithm"`
	ManagementTouch     bool           `json:"management_touch"`
	Quirks              softkey.Quirks `json:"quirks"`
	// InDrawer leaves the key out until the script plugs it in.
	InDrawer bool `json:"in_drawer"`
}

// watchedBench counts how often in a row it was asked whether a key is still
// there, and nothing else: so asks who waits for a key to be unplugged. It counts
// besides how often its keys were listed.
type watchedBench struct {
	softkey.Bench
	checks atomic.Int32
	looks  atomic.Int32
}

func (b *watchedBench) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	b.looks.Add(1)
	return b.Bench.Sightings(ctx)
}

func (b *watchedBench) Check(ctx context.Context, s hw.Sighting) error {
	b.checks.Add(1)
	return b.Bench.Check(ctx, s)
}

func (b *watchedBench) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	b.checks.Store(0)
	return b.Bench.OpenFIDO(ctx, s)
}

// scriptMachine is the machine of one script.
type scriptMachine struct {
	bench *watchedBench
	ca    *softkey.CA
	keys  map[string]*softkey.Key
	ports map[string]hw.USB
}

type machineKey struct{}

func machineOf(ts *testscript.TestScript) *scriptMachine {
	m, ok := ts.Value(machineKey{}).(*scriptMachine)
	if !ok {
		ts.Fatalf("the script has no keys.json")
	}
	return m
}

// setUpKeys makes the keys of keys.json and serves them to the programs that
// the script runs.
func setUpKeys(env *testscript.Env) error {
	description, err := os.ReadFile(filepath.Join(env.WorkDir, "keys.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var keys []scriptKey
	if err := decodeStrictly(description, &keys); err != nil {
		return fmt.Errorf("keys.json: %w", err)
	}
	ca, err := softkey.NewCA()
	if err != nil {
		return err
	}
	m := &scriptMachine{bench: &watchedBench{}, ca: ca, keys: map[string]*softkey.Key{}, ports: map[string]hw.USB{}}
	for _, k := range keys {
		cfg, err := k.config()
		if err != nil {
			return fmt.Errorf("keys.json: %s: %w", k.Name, err)
		}
		if m.keys[k.Name], err = softkey.New(ca, cfg); err != nil {
			return fmt.Errorf("keys.json: %s: %w", k.Name, err)
		}
		if !k.InDrawer {
			m.plug(k.Name, hw.USB{})
		}
	}
	env.Values[machineKey{}] = m
	return serveBench(env, m.bench)
}

func (k scriptKey) config() (softkey.Config, error) {
	cfg := softkey.Config{
		Serial: k.Serial, Product: k.Product, PIN: k.PIN, Slots: k.Slots, Quirks: k.Quirks,
		ManagementAlgorithm: k.ManagementAlgorithm, ManagementTouch: k.ManagementTouch,
	}
	var err error
	if cfg.ManagementKey, err = hex.DecodeString(k.ManagementKey); err != nil {
		return cfg, err
	}
	if k.Version != "" {
		if cfg.Version, err = hw.ParseVersion(k.Version); err != nil {
			return cfg, err
		}
	}
	if cfg.Touch, err = touchPolicy(k.Touch); err != nil {
		return cfg, err
	}
	if k.TouchTimeout != "" {
		if cfg.TouchTimeout, err = time.ParseDuration(k.TouchTimeout); err != nil {
			return cfg, err
		}
	}
	if k.ResetWindow != "" {
		cfg.ResetWindow, err = time.ParseDuration(k.ResetWindow)
	}
	return cfg, err
}

// touchPolicy is "never", or how long the owner takes; "" at once.
func touchPolicy(s string) (softkey.TouchPolicy, error) {
	switch s {
	case "":
		return softkey.Now(), nil
	case "never":
		return softkey.Never(), nil
	}
	after, err := time.ParseDuration(s)
	return softkey.After(after), err
}

func (m *scriptMachine) plug(name string, at hw.USB) {
	m.ports[name] = m.bench.Plug(m.keys[name], at)
}

// atTouch does something as soon as the key waits for a touch. It gives up
// with the script.
func (m *scriptMachine) atTouch(ts *testscript.TestScript, k *softkey.Key, do func()) {
	m.once(ts, k.TouchWanted, do)
}

// once does something as soon as it is time.
func (m *scriptMachine) once(ts *testscript.TestScript, isTime func() bool, do func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	ts.Defer(func() { cancel(); <-done })
	go func() {
		defer close(done)
		for !isTime() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
		do()
	}()
}

func (m *scriptMachine) key(ts *testscript.TestScript, name string) *softkey.Key {
	k, ok := m.keys[name]
	if !ok {
		ts.Fatalf("no key %q in keys.json", name)
	}
	return k
}

func scriptPlug(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: plug KEY")
	}
	m := machineOf(ts)
	m.key(ts, args[0])
	m.plug(args[0], hw.USB{})
}

func scriptUnplug(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 || len(args) == 2 && args[1] != "touch" {
		ts.Fatalf("usage: unplug KEY [touch]")
	}
	m := machineOf(ts)
	k := m.key(ts, args[0])
	if len(args) == 1 {
		m.bench.Unplug(k)
		return
	}
	m.atTouch(ts, k, func() { m.bench.Unplug(k) })
}

func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: replace KEY KEY")
	}
	m := machineOf(ts)
	old, successor := m.key(ts, args[0]), m.key(ts, args[1])
	bus := m.ports[args[0]].Bus
	m.atTouch(ts, old, func() {
		m.bench.Unplug(old)
		m.bench.Plug(successor, hw.USB{Bus: bus})
	})
}

func scriptReset(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reset KEY")
	}
	machineOf(ts).key(ts, args[0]).ResetFIDO()
}

func scriptTouches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: touches KEY never|DURATION")
	}
	policy, err := touchPolicy(args[1])
	ts.Check(err)
	machineOf(ts).key(ts, args[0]).SetTouch(policy)
}

func scriptReplug(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: replug KEY KEY")
	}
	m := machineOf(ts)
	out, in := m.key(ts, args[0]), m.key(ts, args[1])
	m.once(ts, func() bool { return m.bench.checks.Load() > 4 }, func() {
		m.bench.Unplug(out)
		time.Sleep(300 * time.Millisecond) // nobody is quicker
		m.bench.Plug(in, hw.USB{})
	})
}

func scriptLooks(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(strings.Join(args, " "))
	if neg || err != nil {
		ts.Fatalf("usage: looks N")
	}
	b := machineOf(ts).bench
	want := b.looks.Load() + int32(n)
	for deadline := time.Now().Add(time.Minute); b.looks.Load() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("nobody looks for keys")
		}
	}
}

func scriptAwaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaits KEY")
	}
	k := machineOf(ts).key(ts, args[0])
	for deadline := time.Now().Add(time.Minute); !k.TouchWanted(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not wait for a touch", args[0])
		}
	}
}

func scriptDeny(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deny NODE")
	}
	machineOf(ts).bench.Deny(args[0], hw.ErrPermission)
}

func scriptRoots(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: roots FILE")
	}
	var file []byte
	for _, root := range machineOf(ts).ca.Roots() {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file, 0o600))
}
