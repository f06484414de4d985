package iamcheck

import "testing"

func TestNeedsAttention(t *testing.T) {
	finding := func(level2, level1 Status, notRequired bool) Finding {
		return Finding{
			Level2: Level2{Status: level2, NotRequired: notRequired},
			Level1: Level1{Status: level1},
		}
	}
	tests := []struct {
		name string
		f    Finding
		want bool
	}{
		{"a pass is none", finding(Pass, Pass, false), false},
		{"a fail is one", finding(Fail, Pass, false), true},
		{"what could not be seen is one", finding(Unknown, Pass, false), true},
		{"where it does not apply there is none", finding(NotApplicable, NotApplicable, false), false},
		{"a tier without level 2 forgives a virtual device", finding(Fail, Pass, true), false},
		{"a tier without level 2 does not forgive no MFA at all", finding(Fail, Fail, true), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.NeedsAttention(); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
