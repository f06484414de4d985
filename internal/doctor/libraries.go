package doctor

import "strings"

// libraries names what the program was built with.
func libraries(f Facts) []Finding {
	var with, without []string
	for _, l := range f.Libraries {
		if !l.Built {
			without = append(without, l.Name)
			continue
		}
		with = append(with, strings.TrimSpace(l.Name+" "+l.Version))
	}
	switch {
	case len(without) > 0:
		return one(idLibraries, Warn, "built without "+strings.Join(without, ", ")+": fit to audit, not to enroll keys", "CGO_ENABLED=1 make build")
	case len(with) > 0:
		return one(idLibraries, OK, strings.Join(with, ", "), "")
	}
	return nil
}

// built says whether a library is part of the program.
func (f Facts) built(name string) bool {
	for _, l := range f.Libraries {
		if l.Name == name {
			return l.Built
		}
	}
	return false
}
