package udev

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// directories are where udev reads rules, the first beats the later ones for
// files of one name (udev(7), "Rules files").
var directories = []string{"etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"}

const (
	maxRulesFile  = 4 << 20 // bytes; the longest of Debian has 20 kB
	maxRulesFiles = 4096
)

// token is one comparison or assignment of a rule: KEY{attr}op"value".
type token struct {
	key, attr, op, value string
}

// matches says whether the token is a comparison. What a program or a file
// answers is one, also where it is written with a single =.
func (t token) matches() bool {
	switch t.key {
	case "PROGRAM", "IMPORT", "RESULT", "TEST":
		return true
	}
	return t.op == "==" || t.op == "!="
}

// rule is one line of a rules file, continuation lines joined.
type rule struct {
	file   string // with its directory, "/" in front
	line   int    // of its first line, from 1
	tokens []token
}

// value is what the rule gives a key, "" where it does not have the key.
func (r rule) value(key string) string {
	for _, t := range r.tokens {
		if t.key == key && !t.matches() {
			return t.value
		}
	}
	return ""
}

// rules reads every rules file in udev's order: by name, whatever directory it
// is in. What cannot be read is in the error; the rest stands.
func (m *Machine) rules() ([][]rule, error) {
	files := map[string]string{}
	var errs []error
	for _, dir := range directories {
		entries, err := os.ReadDir(m.path(dir))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			continue
		}
		for _, e := range entries {
			if _, beaten := files[e.Name()]; !beaten && path.Ext(e.Name()) == ".rules" && len(files) < maxRulesFiles {
				files[e.Name()] = path.Join("/", dir, e.Name())
			}
		}
	}
	var all [][]rule
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, err := readBounded(m.path(files[name]), maxRulesFile)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, parse(files[name], text))
	}
	return all, errors.Join(errs...)
}

// readBounded reads a regular file, or a link to a device such as /dev/null,
// by which people take a file of rules out.
func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", filepath.Base(file), limit)
	}
	return text, err
}

// parse reads the rules of one file. A line that it does not understand is left
// out, as udev leaves out what it does not: it then reaches no device.
func parse(file string, text []byte) []rule {
	var all []rule
	number, first := 0, 0
	var joined []byte
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if len(joined) == 0 {
			first = number
			if line = bytes.TrimLeft(line, " \t"); len(line) == 0 || line[0] == '#' {
				continue
			}
		} else if start := bytes.TrimLeft(line, " \t"); len(start) > 0 && start[0] == '#' {
			continue // a comment between continuation lines
		}
		if rest, goesOn := bytes.CutSuffix(line, []byte(`\`)); goesOn {
			joined = append(append(joined, rest...), ' ')
			continue
		}
		if tokens, ok := parseLine(string(append(joined, line...))); ok {
			all = append(all, rule{file, first, tokens})
		}
		joined = nil
	}
	return all
}

// parseLine splits one rule into its tokens; false where it is none.
func parseLine(s string) ([]token, bool) {
	var tokens []token
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			return tokens, len(tokens) > 0
		}
		var t token
		end := strings.IndexAny(s, "{=!+-:")
		if end <= 0 {
			return nil, false
		}
		t.key, s = strings.TrimRight(s[:end], " \t"), s[end:]
		if s[0] == '{' {
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, false
			}
			t.attr, s = s[1:end], strings.TrimLeft(s[end+1:], " \t")
		}
		for _, op := range []string{"==", "!=", "+=", "-=", ":=", "="} {
			if rest, ok := strings.CutPrefix(s, op); ok {
				t.op, s = op, strings.TrimLeft(rest, " \t")
				break
			}
		}
		if t.op == "" || s == "" || s[0] != '"' { // e"…" and i"…" are newer than what is looked for here
			return nil, false
		}
		var ok bool
		if t.value, s, ok = quoted(s[1:]); !ok {
			return nil, false
		}
		tokens = append(tokens, t)
	}
}

// quoted reads up to the closing quote; \" stands for a quote.
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
