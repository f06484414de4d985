package main

import (
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, zone)
	for text, want := range map[string]string{
		"2026-03-01T18:00:00Z":      "2026-03-01T18:00:00Z",
		"2026-03-01T18:00:00+01:00": "2026-03-01T17:00:00Z",
		"2026-03-05":                "2026-03-05T22:59:59Z",
		"90m":                       "2026-03-01T12:30:00Z",
		"8h":                        "2026-03-01T19:00:00Z",
		"3d":                        "2026-03-04T11:00:00Z",
		"2w":                        "2026-03-15T11:00:00Z",
		"2001-01-01":                "2001-01-01T22:59:59Z", // that it is past, the inventory says
		"":                          "",
		"h":                         "",
		"0h":                        "",
		"-3d":                       "",
		"3.5h":                      "",
		"1h30m":                     "",
		"9999999999h":               "",
		"2147483647w":               "",
		"2026-02-30":                "",
		"01.03.2026":                "",
		"tomorrow":                  "",
	} {
		got, err := until(text, now)
		if (want == "") != (err != nil) || err == nil && timeText(got) != want {
			t.Errorf("until(%q) = %s, %v; want %s", text, timeText(got), err, want)
		}
	}
}

func FuzzUntil(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Add("8h")
	f.Add("2026-12-24")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := until(text, now)
		if _, relative := ahead(text); err == nil && relative && !at.After(now) {
			t.Errorf("%q is %s, which is not ahead of %s", text, at, now)
		}
	})
}
