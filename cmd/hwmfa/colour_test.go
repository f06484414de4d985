package main

import (
	"strings"
	"testing"

	"hwmfa/hw"
	"hwmfa/internal/doctor"
	"hwmfa/internal/term"
	"hwmfa/udev"
)

// TestColours: what is painted reaches a terminal as colour, and what is foreign
// beside it does not.
func TestColours(t *testing.T) {
	const foreign = "\x1b[2J"
	for _, tt := range []struct {
		name  string
		print func(*app) error
		want  string
	}{
		{"doctor", func(a *app) error {
			return printDoctor(a.streams, []doctor.Finding{{ID: "keys", Status: doctor.Fail, Text: foreign}, {ID: "aws", Status: doctor.Skip}, {ID: "clock", Status: doctor.OK}})
		}, "\x1b[31mfail\x1b[0m  keys: \\x1b[2J\nskip  aws: \n\x1b[32mok\x1b[0m    clock: \n"},
		{"journal verify", func(a *app) error {
			return printVerify(a, journalVerifyOptions{}, journalVerifyReport{Problems: []string{foreign}, Warnings: []string{"late"}})
		}, "\x1b[31mbroken:\x1b[0m \\x1b[2J\n\x1b[33mwarning:\x1b[0m late\n"},
		{"udev check", func(a *app) error {
			return printUdevCheck(a, udev.Report{File: "f", State: udev.FileAbsent, Nodes: []udev.Node{
				{Kind: udev.KindFIDO, Path: "/dev/hidraw0", USB: hw.USB{Vendor: 1, Product: 2}, Name: foreign, Status: udev.StatusUnreached},
			}}, "anna")
		}, "\x1b[31munreached\x1b[0m /dev/hidraw0 (\\x1b[2J, 0001:0002): "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			streams, far := term.Test()
			if err := tt.print(newApp(streams.InColour())); err != nil {
				t.Fatal(err)
			}
			if got := far.Out.String(); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
