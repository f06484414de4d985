package supplied

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// maxDepth bounds how deep JSON is nested; no answer goes beyond five.
const maxDepth = 16

// object is a JSON object whose names are as they were written, each once. A decoder into Go structs would take the last of
// two, and names in other letter cases.
type object map[string]any

// parse reads one JSON object and nothing after it.
func parse(data []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it goes on after its end")
	}
	o, ok := v.(object)
	if !ok {
		return nil, errors.New("it is no JSON object, as where --query took one out of it")
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, fmt.Errorf("it is no JSON: %w", err)
			}
			key, ok := name.(string)
			if _, again := o[key]; again || !ok {
				return nil, fmt.Errorf("it holds %.40q twice", key)
			}
			if o[key], err = value(d, depth+1); err != nil {
				return nil, err
			}
		}
		return o, end(d)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, end(d)
	}
	return token, nil
}

func end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	return nil
}

// text is a member that is a string; ok is false where it is there and none. null is as if it were not there.
func (o object) text(name string) (s string, ok bool) {
	v, there := o[name]
	if !there || v == nil {
		return "", true
	}
	s, ok = v.(string)
	return s, ok
}

// list is a member that is a list of objects; ok is false where it is anything else, or not there.
func (o object) list(name string) (list []object, ok bool) {
	values, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	for _, v := range values {
		entry, ok := v.(object)
		if !ok {
			return nil, false
		}
		list = append(list, entry)
	}
	return list, true
}

// counts are the members of an object of whole numbers.
func (o object) counts(name string) (map[string]int32, bool) {
	members, ok := o[name].(object)
	if !ok {
		return nil, false
	}
	counts := map[string]int32{}
	for k, v := range members {
		number, ok := v.(json.Number)
		if !ok {
			return nil, false
		}
		n, err := number.Int64()
		if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
			return nil, false
		}
		counts[k] = int32(n)
	}
	return counts, true
}

// time is a member that is a date; zero where it is none.
func (o object) time(name string) time.Time {
	s, _ := o.text(name)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// more reports whether an answer says that there is more than it holds: the aws command writes NextToken where it was told to
// stop early, and hands through Marker and IsTruncated where it was told not to page.
func (o object) more() bool {
	return o["NextToken"] != nil || o["Marker"] != nil || o["IsTruncated"] != nil && o["IsTruncated"] != false
}

// queried says why an object is not as AWS sent it, "" where nothing shows that; must are members that AWS always sends. The
// command's --query leaves out members, and puts null for those that it asked for in vain; AWS leaves such members out.
func (o object) queried(must ...string) string {
	for _, name := range must {
		if s, ok := o.text(name); !ok || s == "" {
			return "no " + name + ", which AWS always sends: ask again without --query"
		}
	}
	if holdsNull(o) {
		return "null, which AWS never sends: ask again without --query"
	}
	return ""
}

func holdsNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case object:
		for _, member := range v {
			if holdsNull(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsNull)
	}
	return false
}
