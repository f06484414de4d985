package main

import (
	"context"
	"errors"
	"os"
	"os/user"
	"time"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// update opens the inventory, making it on first use, and changes it in one
// transaction.
func (a *app) update(ctx context.Context, change func(inventory.Tx, inventory.Act) error) error {
	s, err := store.Open(ctx, a.settings.Inventory)
	if err != nil {
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
	act, err := a.act()
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

// act says who changes the inventory, and when. Somebody who became root by
// sudo is still named: root tells an auditor nothing.
func (a *app) act() (inventory.Act, error) {
	u, err := user.Current()
	if err != nil {
		return inventory.Act{}, err
	}
	name := u.Username
	if behind := a.getenv("SUDO_USER"); os.Getuid() == 0 && behind != "" && behind != name {
		name = behind + " as " + name
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
