package ctap

import (
	"bytes"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// What a key may send: the nesting CTAP allows (4, and one for what is to
// come), and far more elements than any key has.
const (
	maxNesting  = 5
	maxElements = 256
)

// encMode writes CTAP2 canonical CBOR; decMode reads it, refusing duplicate
// keys, indefinite lengths and tags (CTAP 2.1 §8). Both are immutable.
var (
	encMode = must(cbor.CTAP2EncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  maxNesting,
		MaxArrayElements: maxElements,
		MaxMapPairs:      maxElements,
	}.DecMode())
)

// must is for options that are constants: an error is a fault of this file.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

func encode(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding CBOR: %w", err)
	}
	return b, nil
}

// Major types of CBOR (RFC 8949 §3.1), as the high bits of the first byte.
const (
	majorUint   = 0 << 5
	majorNegInt = 1 << 5
	majorBytes  = 2 << 5
	majorText   = 3 << 5
	majorArray  = 4 << 5
	majorMap    = 5 << 5

	majorMask = 7 << 5
	cborFalse = 0xF4
	cborTrue  = 0xF5
)

// raw is one encoded CBOR value. Its readers take exactly one type each; the
// library alone would also take null for everything.
type raw = cbor.RawMessage

// read decodes b into v after checking its major type.
func read(b raw, v any, what string, majors ...byte) error {
	if len(b) == 0 || !bytes.Contains(majors, []byte{b[0] & majorMask}) {
		return fmt.Errorf("no %s: %w", what, hw.ErrMalformed)
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w: %w", what, hw.ErrMalformed, err)
	}
	return nil
}

func readUint(b raw) (n uint64, err error) {
	err = read(b, &n, "unsigned integer", majorUint)
	return n, err
}

// readCount reads a number that must fit where lengths and counts are kept.
func readCount(b raw) (int, error) {
	n, err := readUint(b)
	if err == nil && n > math.MaxInt32 {
		err = fmt.Errorf("number %d too large: %w", n, hw.ErrMalformed)
	}
	return int(n), err
}

func readInt(b raw) (int, error) {
	var n int32
	err := read(b, &n, "integer", majorUint, majorNegInt)
	return int(n), err
}

func readBytes(b raw) (v []byte, err error) {
	err = read(b, &v, "byte string", majorBytes)
	return v, err
}

func readText(b raw) (s string, err error) {
	err = read(b, &s, "text", majorText)
	return s, err
}

func readBool(b raw) (bool, error) {
	if len(b) != 1 || (b[0] != cborFalse && b[0] != cborTrue) {
		return false, fmt.Errorf("no boolean: %w", hw.ErrMalformed)
	}
	return b[0] == cborTrue, nil
}

// readList reads an array whose elements item reads.
func readList[T any](item func(raw) (T, error)) func(raw) ([]T, error) {
	return func(b raw) ([]T, error) {
		var items []raw
		if err := read(b, &items, "array", majorArray); err != nil {
			return nil, err
		}
		list := make([]T, 0, len(items))
		for i, r := range items {
			v, err := item(r)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list = append(list, v)
		}
		return list, nil
	}
}

// readMap reads a map from text to what item reads.
func readMap[T any](item func(raw) (T, error)) func(raw) (map[string]T, error) {
	return func(b raw) (map[string]T, error) {
		var items map[string]raw
		if err := read(b, &items, "map", majorMap); err != nil {
			return nil, err
		}
		m := make(map[string]T, len(items))
		for k, r := range items {
			v, err := item(r)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", k, err)
			}
			m[k] = v
		}
		return m, nil
	}
}

// fields is an answer of CTAP2: a map from small integers.
type fields map[int64]raw

func readFields(b raw) (m fields, err error) {
	err = read(b, &m, "map", majorMap)
	return m, err
}

// field reads one field into dst and leaves dst alone where it is missing.
func field[T any](m fields, key int64, name string, item func(raw) (T, error), dst *T) error {
	b, ok := m[key]
	if !ok {
		return nil
	}
	v, err := item(b)
	if err != nil {
		return fmt.Errorf("field %s (%#02x): %w", name, key, err)
	}
	*dst = v
	return nil
}

// needed is field for one that may not be missing.
func needed[T any](m fields, key int64, name string, item func(raw) (T, error), dst *T) error {
	if _, ok := m[key]; !ok {
		return fmt.Errorf("field %s (%#02x) missing: %w", name, key, hw.ErrMalformed)
	}
	return field(m, key, name, item, dst)
}
