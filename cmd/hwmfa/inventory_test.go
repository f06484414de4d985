package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

func TestUpdateBeginsAnInventory(t *testing.T) {
	refused := errors.New("refused")
	tests := []struct {
		name   string
		change func(inventory.Tx, inventory.Act) error
		err    error
		there  bool // an inventory, afterwards
	}{
		{"a change is carried out once, however large", func(tx inventory.Tx, act inventory.Act) error {
			_, err := inventory.EnsurePlace(tx, act, "Berlin")
			return err
		}, nil, true},
		{"what changes nothing makes none", func(inventory.Tx, inventory.Act) error { return nil }, nil, false},
		{"what is refused makes none", func(tx inventory.Tx, act inventory.Act) error {
			_, err := inventory.EnsurePlace(tx, act, "Berlin")
			return errors.Join(refused, err)
		}, refused, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "made", "with it")
			file := filepath.Join(home, "inventory.db")
			a := newApp(nil)
			a.settings.Inventory = store.URL(file)
			times := 0
			err := a.update(t.Context(), func(tx inventory.Tx, act inventory.Act) error {
				times++
				return tt.change(tx, act)
			})
			if !errors.Is(err, tt.err) || times != 1 {
				t.Fatalf("error %v after %d times, want %v after one", err, times, tt.err)
			}
			left, err := os.ReadDir(home)
			if !tt.there {
				if !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("left behind: %v, %v", left, err)
				}
				return
			}
			if err != nil || len(left) != 1 || left[0].Name() != "inventory.db" {
				t.Fatalf("left behind: %v, %v", left, err)
			}
			err = a.view(t.Context(), func(tx inventory.Tx) error {
				if _, err := inventory.FindPlace(tx, "Berlin"); err != nil {
					return err
				}
				_, err := inventory.VerifyJournal(tx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestUpdateOfWhatAppearsMeanwhile(t *testing.T) {
	a := newApp(nil)
	a.settings.Inventory = store.URL(filepath.Join(t.TempDir(), "inventory.db"))
	times := 0
	err := a.update(t.Context(), func(tx inventory.Tx, act inventory.Act) error {
		if times++; times == 1 {
			other := newApp(nil)
			other.settings.Inventory = a.settings.Inventory
			err := other.update(t.Context(), func(tx inventory.Tx, act inventory.Act) error {
				_, err := inventory.EnsurePlace(tx, act, "Wien")
				return err
			})
			if err != nil {
				return err
			}
		}
		_, err := inventory.EnsurePlace(tx, act, "Berlin")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = a.view(t.Context(), func(tx inventory.Tx) error {
		_, err1 := inventory.FindPlace(tx, "Wien")
		_, err2 := inventory.FindPlace(tx, "Berlin")
		return errors.Join(err1, err2)
	})
	if err != nil || times != 2 {
		t.Errorf("%v after %d times", err, times)
	}
}
