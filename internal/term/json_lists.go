package term

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// List is a list of a JSON object that may be too long to be written at once.
type List struct {
	Name     string
	Elements iter.Seq[any]
}

// ListOf is a list of that name with these elements.
func ListOf[T any](name string, elements []T) List {
	return List{name, func(yield func(any) bool) {
		for _, e := range elements {
			if !yield(e) {
				return
			}
		}
	}}
}

// JSONLists is JSON of an object that has these lists, at any depth, and has
// them empty: their elements are written one after the other.
func (s *Streams) JSONLists(v any, lists ...List) error {
	rest, err := MarshalJSON(v, "")
	if err != nil {
		return err
	}
	// Inside of a text the quotes of a name would be escaped.
	empty := func(l List) []byte { return fmt.Appendf(nil, "%q: []", l.Name) }
	slices.SortFunc(lists, func(a, b List) int {
		return cmp.Compare(bytes.Index(rest, empty(a)), bytes.Index(rest, empty(b)))
	})
	w := bufio.NewWriterSize(s.Out, 1<<16)
	for _, l := range lists {
		before, after, there := bytes.Cut(rest, empty(l))
		if !there {
			continue // the object says nothing of it
		}
		line := before[bytes.LastIndexByte(before, '\n')+1:]
		indent := string(line[:len(line)-len(bytes.TrimLeft(line, " "))])
		w.Write(before)
		fmt.Fprintf(w, "%q: [", l.Name)
		end := "]"
		for element := range l.Elements {
			doc, err := MarshalJSON(element, indent+"  ")
			if err != nil {
				return err
			}
			if end[0] == '\n' {
				w.WriteByte(',')
			}
			w.WriteString("\n" + indent + "  ")
			w.Write(doc)
			end = "\n" + indent + "]"
		}
		w.WriteString(end)
		rest = after
	}
	w.Write(rest)
	w.WriteByte('\n')
	if err := w.Flush(); err != nil { // which remembers the first that failed
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
