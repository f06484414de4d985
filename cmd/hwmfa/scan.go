package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// scanBatch is how many lines are taken in at once, at most.
const scanBatch = 100

// openScan opens what --from names: a file of codes, or - for standard input,
// where a barcode scanner types.
func (a *app) openScan(from string) (*term.Scanner, io.Closer, error) {
	if from == "-" {
		if a.streams.InTerminal() {
			a.streams.Notice("scan one label after the other; Ctrl-D ends")
		}
		return term.NewScanner(a.streams.In), io.NopCloser(nil), nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, nil, err
	}
	return term.NewScanner(f), f, nil
}

// scannedCodes reads serials to the end, all or none. A one-time password that a
// touched key typed is left out, and said.
func (a *app) scannedCodes(ctx context.Context, from string) (codes []string, err error) {
	scanner, file, err := a.openScan(from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		batch, err := scanner.Batch(ctx, scanBatch)
		if errors.Is(err, io.EOF) {
			return codes, nil
		}
		if err != nil {
			return nil, err
		}
		for _, s := range batch {
			switch {
			case s.Fault == term.ScanOTP:
				a.streams.Notice("line %d: %s", s.Line, s.Fault.Words())
				continue
			case s.Fault != "":
				return nil, fmt.Errorf("line %d %s: %w", s.Line, s.Fault.Words(), term.ErrScan)
			}
			if _, err := inventory.NormalizeSerial(s.Text); err != nil {
				return nil, fmt.Errorf("line %d: %w", s.Line, err)
			}
			codes = append(codes, s.Text)
		}
	}
}
