package iamcheck

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRuns bounds the runs that are looked at of one name, and with them the work that a hostile name can ask for.
const maxRuns = 32

// runsOf takes a text apart into runs of letters and runs of digits, without what separates them, in lower case and with the
// zeros before a number dropped: labels and people differ in these.
func runsOf(text string) []string {
	var runs []string
	start, class := 0, 0
	end := func(at int) {
		if class == 0 || len(runs) == maxRuns {
			return
		}
		run := strings.ToLower(text[start:at])
		if class == 2 {
			run = cmp.Or(strings.TrimLeft(run, "0"), "0")
		}
		runs = append(runs, run)
	}
	for i, r := range text {
		now := classOf(r)
		if now != class {
			end(i)
			start, class = i, now
		}
	}
	end(len(text))
	return runs
}

// classOf is 1 for a letter, 2 for a digit and 0 for what separates them.
func classOf(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return 2
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
		return 1
	}
	return 0
}

// joined writes runs in one form: letters run together, numbers stay apart. "YK-0042", "yk_42" and "YK42" are one; "12-34" is
// not "1234".
func joined(runs []string) string {
	var b strings.Builder
	digits := false
	for _, r := range runs {
		now := classOf([]rune(r)[0]) == 2
		if digits && now {
			b.WriteByte('.')
		}
		b.WriteString(r)
		digits = now
	}
	return b.String()
}

// near reports whether two names differ as typing errors do: not at all but for letter case, zeros and separators, or in one
// or two letters. Numbers and letters that stand alone have to be the same, since yk-1 and yk-2 are two keys, and so are key-a
// and key-b; only in a number of four digits and more one digit may be wrong, or two may have changed places.
func near(a, b string) bool {
	ra, rb := runsOf(a), runsOf(b)
	ja, jb := joined(ra), joined(rb)
	if ja == "" || jb == "" || len(ja) > maxNear || len(jb) > maxNear {
		return false
	}
	if ja == jb {
		return true
	}
	allowed := 0
	switch shorter := min(len(ja), len(jb)); {
	case shorter >= 8:
		allowed = 2
	case shorter >= 4:
		allowed = 1
	}
	if distance([]rune(ja), []rune(jb)) > allowed {
		return false
	}
	for i := range ra {
		if len(ra) == len(rb) && ra[i] != rb[i] && alone(ra[i]) && alone(rb[i]) {
			return false
		}
	}
	na, nb := numbers(ra), numbers(rb)
	if len(na) != len(nb) {
		return false
	}
	for i := range na {
		if na[i] != nb[i] && (min(len(na[i]), len(nb[i])) < 4 || len(na[i]) != len(nb[i]) || distance([]rune(na[i]), []rune(nb[i])) > 1) {
			return false
		}
	}
	return true
}

// alone reports whether a run is one letter or digit.
func alone(run string) bool { return utf8.RuneCountInString(run) == 1 }

// maxNear bounds the names that are compared letter by letter, in bytes; AWS's own limit for a name is 64 characters.
const maxNear = 256

// numbers are the runs of digits.
func numbers(runs []string) []string {
	var list []string
	for _, r := range runs {
		if r[0] >= '0' && r[0] <= '9' {
			list = append(list, r)
		}
	}
	return list
}

// distance is how many letters have to be put in, taken out, changed, or swapped with their neighbour to make one text of
// the other (the distance of optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := 1
			if a[i-1] == b[j-1] {
				changed = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
