package main

import (
	"errors"
	"fmt"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

// declareJSON is the schema hwmfa.declare/v1.
type declareJSON struct {
	Schema   string        `json:"schema"`
	Place    string        `json:"place"`
	Declared int           `json:"declared"`
	Refused  int           `json:"refused"`
	Ignored  int           `json:"ignored"`
	Lines    []declareLine `json:"lines"`
}

// What a line can come to.
const (
	labelDeclared = "declared"
	labelRefused  = "refused"
	labelIgnored  = "ignored" // a one-time password that a touched key typed
)

// declareLine is one label. One that is no serial is not repeated: it can be
// anything that a scanner found.
type declareLine struct {
	Line    int     `json:"line"`
	Serial  *string `json:"serial"`
	Tag     *string `json:"tag"`
	Key     *string `json:"key"`
	Outcome string  `json:"outcome"`
	// Reason is null for a declared key, or one of scanned_twice, exists,
	// place_full, invalid, otp, too_long, unprintable.
	Reason *string `json:"reason"`
	Detail *string `json:"detail"`
}

func newDeclareJSON(place string) declareJSON {
	return declareJSON{Schema: "hwmfa.declare/v1", Place: place, Lines: []declareLine{}}
}

func (j *declareJSON) add(l declareLine) {
	switch l.Outcome {
	case labelDeclared:
		j.Declared++
	case labelIgnored:
		j.Ignored++
	default:
		j.Refused++
	}
	j.Lines = append(j.Lines, l)
}

func (l *declareLine) because(reason, detail string) { l.Reason, l.Detail = &reason, &detail }

// faulty is a line that was not read.
func (l *declareLine) faulty(f term.ScanFault) {
	if f == term.ScanOTP {
		l.Outcome = labelIgnored
	}
	l.because(string(f), f.Words())
}

// declared is what the inventory made of a line. first has the lines in which
// serials were declared before.
func (l *declareLine) declared(d inventory.Declaration, done inventory.Declared, first map[string]int) {
	if done.Err == nil {
		l.Outcome = labelDeclared
		l.Serial, l.Tag, l.Key = null(done.Key.Serial), null(done.Key.Tag), &done.Key.ID
		first[done.Key.Serial] = l.Line
		return
	}
	if errors.Is(done.Err, inventory.ErrInvalid) {
		l.because("invalid", done.Err.Error())
		return
	}
	// It was read, so that it can be spelled.
	serial, _ := inventory.NormalizeSerial(d.Serial)
	l.Serial, l.Tag = null(serial), null(d.Tag)
	var exists *inventory.ExistsError
	before, twice := first[serial]
	switch {
	case errors.As(done.Err, &exists) && exists.What == "serial" && twice:
		l.because("scanned_twice", fmt.Sprintf("serial %s was scanned before, in line %d", serial, before))
	case exists != nil:
		l.because("exists", done.Err.Error())
	default:
		l.because("place_full", done.Err.Error())
	}
}
