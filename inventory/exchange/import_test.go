package exchange_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
	"hwmfa/inventory/store"
)

var act = inventory.Act{Actor: "test", At: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}

func open(t *testing.T) inventory.Store {
	t.Helper()
	u := url.URL{Scheme: "sqlite", Path: filepath.Join(t.TempDir(), "inventory.db")}
	s, err := store.Open(context.Background(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func kind(t *testing.T, name string) exchange.Kind {
	t.Helper()
	i := slices.IndexFunc(exchange.Kinds(), func(k exchange.Kind) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("there is no kind %s", name)
	}
	return exchange.Kinds()[i]
}

// load imports a file and returns the plan.
func load(s inventory.Store, k exchange.Kind, file string) (p exchange.Plan, err error) {
	table, err := exchange.Read(strings.NewReader(file), k.Schema, exchange.Options{Now: act.At})
	if err != nil {
		return p, err
	}
	err = s.Update(context.Background(), func(tx inventory.Tx) error {
		if p, err = k.Plan(tx, table); err != nil {
			return err
		}
		return p.Apply(tx, act)
	})
	return p, err
}

func mustLoad(t *testing.T, s inventory.Store, name, file string) exchange.Plan {
	t.Helper()
	p, err := load(s, kind(t, name), file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

// words is a plan as lines of text.
func words(p exchange.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%s %s %s:", s.Where, s.Action, ids.ReplaceAllString(s.Name, "K"))
		for _, c := range s.Changes {
			line += fmt.Sprintf(" %s=%s>%s", c.Field, c.Old, c.New)
		}
		for _, n := range append(slices.Clone(s.Notes), s.Conflict) {
			if n != "" {
				line += " (" + ids.ReplaceAllString(n, "K") + ")"
			}
		}
		out = append(out, line)
	}
	return out
}

func export(t *testing.T, s inventory.Store, k exchange.Kind, f exchange.Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.View(context.Background(), func(tx inventory.Tx) error { return k.Export(tx, &b, f) }); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// head is the last event of the journal: what was not changed has the same.
func head(t *testing.T, s inventory.Store) inventory.Head {
	t.Helper()
	var h inventory.Head
	if err := s.View(context.Background(), func(tx inventory.Tx) (err error) {
		h, err = inventory.JournalHead(tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return h
}
