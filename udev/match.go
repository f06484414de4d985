package udev

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// How it is found out which rule reaches a device.
//
// "udevadm test" would be the obvious witness, and is not harmless: up to
// systemd 256 it changes permissions and the database where root runs it, and
// runs the programs that rules import from. "udevadm info" knows what came of
// the rules and not which did it. So the rules are read here, with the
// properties that udevd found out before (its database has what fido_id and
// usb_id answered), and what came of them is read off the node: its group, its
// mode, and whether this user may open it. The two must agree, or the rules
// have not been applied yet.
//
// A comparison that is not understood (PROGRAM, TEST, …) makes its rule reach
// nothing: better a rule overlooked than one believed in that is not there.

// Grant is what a rule gives, and which rule it is.
type Grant struct {
	File string // "/etc/udev/rules.d/70-hwmfa.rules"
	Line int
	// Seat: the person at the seat may open the node (TAG uaccess).
	Seat bool
	// Group may open it; "" where the rule names none. Everybody may where
	// Mode says so.
	Group string
	Mode  fs.FileMode
}

// answer is a comparison's: of three values, since not all is known.
type answer int

const (
	no answer = iota
	yes
	unclear
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// outcome is what the rules make of a device.
type outcome struct {
	properties  map[string]string
	tags        []string
	group, mode string
	seat, owned *rule // the rules that set the tag, and group or mode
	final       map[string]bool
}

// apply goes through all rules as udev does for a device that is added.
func (m *Machine) apply(files [][]rule, d device) []Grant {
	o := outcome{properties: maps.Clone(d.properties), final: map[string]bool{}}
	for _, rules := range files {
		for i := 0; i < len(rules); i++ {
			r := rules[i]
			if m.compare(r, d, &o) != yes {
				continue
			}
			o.assign(&rules[i])
			if label := r.value("GOTO"); label != "" {
				// Only forward, and to the end where there is no such label.
				ahead := slices.IndexFunc(rules[i+1:], func(r rule) bool { return r.value("LABEL") == label })
				if ahead < 0 {
					break
				}
				i += ahead
			}
		}
	}
	return o.grants()
}

// assign does what a rule says that matches.
func (o *outcome) assign(r *rule) {
	for _, t := range r.tokens {
		if t.matches() || o.final[t.key] {
			continue
		}
		switch t.key {
		case "TAG":
			o.assignTag(r, t)
		case "ENV":
			if !strings.Contains(t.value, "$") && !strings.Contains(t.value, "%") && t.op != "+=" {
				o.properties[t.attr] = t.value
			}
		case "GROUP":
			o.group, o.owned = t.value, r
		case "MODE":
			o.mode, o.owned = t.value, r
		}
		if t.op == ":=" {
			o.final[t.key] = true
		}
	}
}

func (o *outcome) assignTag(r *rule, t token) {
	switch t.op {
	case "+=":
		o.tags = append(o.tags, t.value)
	case "-=":
		o.tags = slices.DeleteFunc(o.tags, func(tag string) bool { return tag == t.value })
	default:
		o.tags = []string{t.value}
	}
	if t.value == "uaccess" && t.op != "-=" && path.Base(r.file) < "73-seat-late.rules" {
		o.seat = r
	} else if !slices.Contains(o.tags, "uaccess") {
		o.seat = nil
	}
}

// grants are what is left of it that lets anybody but root open the node.
func (o *outcome) grants() []Grant {
	var all []Grant
	if o.seat != nil {
		all = append(all, Grant{File: o.seat.file, Line: o.seat.line, Seat: true})
	}
	if o.owned == nil {
		return all
	}
	mode, err := strconv.ParseUint(o.mode, 8, 12)
	if o.mode == "" { // udev's own default for a node with a group (udev(7), MODE)
		mode, err = 0o660, nil
	}
	const groupWrites, othersWrite = 0o060, 0o006
	byGroup := mode&groupWrites == groupWrites && o.group != "" && o.group != "root"
	if err != nil || !byGroup && mode&othersWrite != othersWrite {
		return all
	}
	g := Grant{File: o.owned.file, Line: o.owned.line, Mode: fs.FileMode(mode)}
	if byGroup {
		g.Group = o.group
	}
	return append(all, g)
}

// compare says whether all comparisons of a rule hold.
func (m *Machine) compare(r rule, d device, o *outcome) answer {
	result := yes
	var ofParents []token
	for _, t := range r.tokens {
		if !t.matches() {
			continue
		}
		switch t.key {
		case "SUBSYSTEMS", "KERNELS", "DRIVERS", "ATTRS":
			ofParents = append(ofParents, t)
			continue
		}
		switch own(t, d, o) {
		case no:
			return no
		case unclear:
			result = unclear
		}
	}
	if ofParents != nil && !m.compareParents(ofParents, d) {
		return no
	}
	return result
}

// own answers a comparison of the device itself.
func own(t token, d device, o *outcome) answer {
	switch t.key {
	case "ACTION":
		return compareText(t, "add")
	case "KERNEL":
		return compareText(t, filepath.Base(d.dir))
	case "SUBSYSTEM":
		return compareText(t, linkName(d.dir, "subsystem"))
	case "DRIVER":
		return compareText(t, linkName(d.dir, "driver"))
	case "ATTR":
		return compareAttribute(t, d.dir)
	case "ENV":
		value, known := o.properties[t.attr]
		if !known && !d.known {
			return unclear
		}
		return compareText(t, value)
	case "TAG":
		has := slices.ContainsFunc(o.tags, func(tag string) bool { return matchAny(t.value, tag) })
		return answerOf(has == (t.op == "=="))
	}
	return unclear
}

// compareParents looks for one device, this or above it, of which all hold.
func (m *Machine) compareParents(tokens []token, d device) bool {
	return slices.ContainsFunc(m.parents(d.dir), func(dir string) bool {
		for _, t := range tokens {
			var a answer
			switch t.key {
			case "SUBSYSTEMS":
				a = compareText(t, linkName(dir, "subsystem"))
			case "KERNELS":
				a = compareText(t, filepath.Base(dir))
			case "DRIVERS":
				a = compareText(t, linkName(dir, "driver"))
			case "ATTRS":
				a = compareAttribute(t, dir)
			}
			if a != yes {
				return false
			}
		}
		return true
	})
}

// compareAttribute: an attribute that is not there fits nothing, not even !=.
func compareAttribute(t token, dir string) answer {
	name := path.Clean("/" + t.attr) // no way out of the device's directory
	text, err := readBounded(filepath.Join(dir, name), maxAttribute)
	if err != nil {
		return no
	}
	value := strings.TrimRight(string(text), "\n")
	if !strings.HasSuffix(t.value, " ") {
		value = strings.TrimRight(value, " \t")
	}
	return compareText(t, value)
}

func compareText(t token, value string) answer {
	return answerOf(matchAny(t.value, value) == (t.op == "=="))
}

// matchAny is udev's patterns: alternatives between bars, each a shell's.
func matchAny(patterns, value string) bool {
	// path.Match stops a star at a slash and negates with ^; fnmatch(3) as udev
	// calls it does not, and negates with !.
	plain := strings.NewReplacer("/", "\x00", "[!", "[^")
	value = strings.ReplaceAll(value, "/", "\x00")
	for p := range strings.SplitSeq(patterns, "|") {
		if ok, err := path.Match(plain.Replace(p), value); err == nil && ok {
			return true
		}
	}
	return false
}

func linkName(dir, link string) string {
	to, err := os.Readlink(filepath.Join(dir, link))
	if err != nil {
		return ""
	}
	return filepath.Base(to)
}
