package main

import (
	"testing"

	"hwmfa/internal/term"
)

func TestRootCommandHoldsWhatTheFirstWordNames(t *testing.T) {
	streams, _ := term.Test()
	a := newApp(streams)
	all := commands()
	for _, m := range all {
		if name := m.make(a).Name(); name != m.word {
			t.Errorf("%s makes the command %s", m.word, name)
		}
		made := newRootCommand(a, m.word, "--help").Commands()
		if len(made) != 1 || made[0].Name() != m.word {
			t.Errorf("%s comes with %d others", m.word, len(made)-1)
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"--debug", "key"}, {"kye"}, {"__complete", "key"}} {
		if made := newRootCommand(a, args...).Commands(); len(made) != len(all) {
			t.Errorf("%q: %d commands of %d", args, len(made), len(all))
		}
	}
}
