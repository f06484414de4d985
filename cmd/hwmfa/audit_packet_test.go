package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"syscall"
	"testing"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/packet"
)

// What decides which answers are collected comes back from a packet as it was
// given; how many accounts are read at a time is no part of it.
func TestAPacketKeepsEveryOptionOfTheScope(t *testing.T) {
	full := scopeOptions{}
	v := reflect.ValueOf(&full).Elem()
	for i := range v.NumField() {
		f := reflect.NewAt(v.Field(i).Type(), v.Field(i).Addr().UnsafePointer()).Elem()
		switch f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{v.Type().Field(i).Name}))
		case reflect.Int:
			f.SetInt(7)
		default:
			t.Fatalf("an option of the kind %s", f.Kind())
		}
	}
	doc, err := json.Marshal(collectedWith(full, false))
	if err != nil {
		t.Fatal(err)
	}
	var kept collected
	if err := decodeEvidence(doc, &kept); err != nil {
		t.Fatal(err)
	}
	got := kept.scope()
	got.workers = full.workers
	if !reflect.DeepEqual(got, full) {
		t.Errorf("got %+v, want %+v", got, full)
	}
}

// broken is a recorder on a full disk, or of another caller.
type broken struct{ err error }

func (b broken) Begin(awsapi.Caller) error    { return b.err }
func (b broken) Record(awsapi.Exchange) error { return b.err }
func (b broken) Finish(string) error          { return b.err }

func TestAnAuditDoesNotFailForWhatNobodyAskedToKeep(t *testing.T) {
	full := &lenient{Recorder: broken{syscall.ENOSPC}, log: slog.New(slog.DiscardHandler)}
	if err := errors.Join(full.Begin(awsapi.Caller{}), full.Record(awsapi.Exchange{}), full.Finish("111122223333")); err != nil {
		t.Errorf("on a full disk: got %v", err)
	}
	other := &lenient{Recorder: broken{packet.ErrOptions}, log: slog.New(slog.DiscardHandler)}
	if err := other.Begin(awsapi.Caller{}); !errors.Is(err, packet.ErrOptions) {
		t.Errorf("resumed by somebody else: got %v", err)
	}
}
