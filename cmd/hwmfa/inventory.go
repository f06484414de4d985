package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// update opens the inventory and changes it in one transaction. Where there is
// none yet it makes one, unless the change is refused or changes nothing. It may
// call change twice, on an inventory that is empty both times.
func (a *app) update(ctx context.Context, change func(inventory.Tx, inventory.Act) error) error {
	s, err := a.openExisting(ctx)
	if errors.Is(err, store.ErrNoInventory) {
		return a.begin(ctx, change)
	}
	if err != nil {
		return err
	}
	return a.change(ctx, s, change)
}

// begin makes an inventory with a change, which is carried out on an empty one in
// a file of its own. That file becomes the inventory; on a server, which has its
// own word for who acts, the change is carried out once more.
func (a *app) begin(ctx context.Context, change func(inventory.Tx, inventory.Act) error) (err error) {
	dir, err := os.MkdirTemp("", "hwmfa-")
	if err != nil {
		return fmt.Errorf("try on an empty inventory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "inventory.db")
	s, err := store.Open(ctx, store.URL(file))
	if err != nil {
		return fmt.Errorf("try on an empty inventory: %w", err)
	}
	var changes bool
	err = a.change(ctx, s, func(tx inventory.Tx, act inventory.Act) error {
		if err := change(tx, act); err != nil {
			return err
		}
		head, err := inventory.JournalHead(tx)
		changes = head.Seq > 0
		return err
	})
	if err != nil || !changes {
		return err
	}
	if _, onServer := store.Path(a.settings.Inventory); onServer == nil {
		// Somebody else may have made one meanwhile, which is then changed.
		if err := store.CreateFrom(ctx, a.settings.Inventory, file); !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if s, err = store.Open(ctx, a.settings.Inventory); err != nil {
		return err
	}
	return a.change(ctx, s, change)
}

// updateExisting is update of an inventory that has to be there: what is to be
// changed can only be in one.
func (a *app) updateExisting(ctx context.Context, change func(inventory.Tx, inventory.Act) error) error {
	s, err := a.openExisting(ctx)
	if err != nil {
		return err
	}
	return a.change(ctx, s, change)
}

func (a *app) change(ctx context.Context, s inventory.Store, change func(inventory.Tx, inventory.Act) error) error {
	act, err := a.act(s)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	err = s.Update(ctx, func(tx inventory.Tx) error { return change(tx, act) })
	return errors.Join(err, s.Close())
}

// view opens the inventory for reading; where there is none yet it returns
// store.ErrNoInventory and makes none.
func (a *app) view(ctx context.Context, read func(inventory.Tx) error) error {
	s, err := store.OpenReadOnly(ctx, a.settings.Inventory)
	if err != nil {
		return err
	}
	return errors.Join(s.View(ctx, read), s.Close())
}

// openExisting opens the inventory for writing; where there is none yet it
// returns store.ErrNoInventory and makes none.
func (a *app) openExisting(ctx context.Context) (inventory.Store, error) {
	s, err := store.OpenReadOnly(ctx, a.settings.Inventory)
	if err == nil {
		err = s.Close()
	}
	if err != nil && !errors.Is(err, store.ErrOlder) {
		return nil, err
	}
	return store.Open(ctx, a.settings.Inventory)
}

// openForKeys opens the inventory for writing, and makes one only where there is
// a key to be written into it.
func (a *app) openForKeys(ctx context.Context, bench hw.Bench) (inventory.Store, error) {
	s, err := a.openExisting(ctx)
	if !errors.Is(err, store.ErrNoInventory) {
		return s, err
	}
	seen, missing := ceremony.Detect(ctx, bench, ceremony.Quick)
	if len(seen) == 0 {
		return nil, errors.Join(hw.ErrNoDevice, missing)
	}
	return store.Open(ctx, a.settings.Inventory)
}

// openDesk opens what a ceremony with keys of the inventory needs: the plugged
// keys, an inventory that has to be there, and who acts. The caller closes the
// inventory.
func (a *app) openDesk(ctx context.Context) (hw.Bench, inventory.Store, inventory.Act, error) {
	bench, err := a.openBench(ctx)
	if err != nil {
		return nil, nil, inventory.Act{}, err
	}
	s, err := a.openExisting(ctx)
	if err != nil {
		return nil, nil, inventory.Act{}, err
	}
	act, err := a.act(s)
	if err != nil {
		return nil, nil, inventory.Act{}, errors.Join(err, s.Close())
	}
	return bench, s, act, nil
}

// act says who changes an inventory, and when: the login that its database
// knows the caller by or, where it knows nobody, the user of this machine.
func (a *app) act(s inventory.Store) (inventory.Act, error) {
	if login := s.Login(); login != "" {
		return inventory.Act{Actor: login, At: a.now()}, nil
	}
	name, err := a.login()
	if err != nil {
		return inventory.Act{}, err
	}
	return inventory.Act{Actor: name, At: a.now()}, nil
}

// null is a pointer to s, or nil where s is the empty string that stands for
// "not known": JSON then has null.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// timeText is how times are shown: UTC, RFC 3339, to the second.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
