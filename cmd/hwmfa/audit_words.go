package main

import (
	"cmp"
	"maps"
	"slices"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// withMeaning puts the word itself in front of what it means, so that it can be
// looked up and compared with the JSON.
func withMeaning(word, meaning string) string {
	if meaning == "" {
		return word
	}
	return word + ": " + meaning
}

// printAdvice says what to do about each reason and warning, once, those of most
// accounts first. One word may be both; the remedy of the reason goes further.
func printAdvice(s *term.Streams, t iamcheck.Totals) error {
	told := map[string]iamcheck.Told{}
	for w, about := range t.Warnings {
		told[string(w)] = about
	}
	for r, about := range t.Reasons {
		about.Accounts = max(about.Accounts, told[string(r)].Accounts)
		told[string(r)] = about
	}
	maps.DeleteFunc(told, func(_ string, about iamcheck.Told) bool { return !about.Needed() })
	if len(told) == 0 {
		return nil
	}
	if err := s.Print("\nwhat to do\n"); err != nil {
		return err
	}
	words := slices.SortedFunc(maps.Keys(told), func(a, b string) int {
		return cmp.Or(cmp.Compare(told[b].Accounts, told[a].Accounts), cmp.Compare(a, b))
	})
	for _, w := range words {
		of := term.Count(told[w].Accounts, "account", "accounts")
		if err := s.Paragraph(2, withMeaning(w+", "+of, told[w].Remedy)); err != nil {
			return err
		}
	}
	return nil
}
