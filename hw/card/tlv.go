package card

import (
	"fmt"

	"hwmfa/hw"
)

// tlv is one value with its one-byte tag.
type tlv struct {
	tag   byte
	value []byte
}

// next splits the first TLV off: a one-byte tag, which all that PIV puts into
// its answers are, and a length in DER of up to two bytes.
func next(b []byte) (t tlv, rest []byte, err error) {
	if len(b) < 2 {
		return t, nil, fmt.Errorf("TLV cut short: %w", hw.ErrMalformed)
	}
	head, size := 2, int(b[1])
	switch {
	case size == 0x81 && len(b) >= 3:
		head, size = 3, int(b[2])
	case size == 0x82 && len(b) >= 4:
		head, size = 4, int(b[2])<<8|int(b[3])
	case size >= 0x80:
		return t, nil, fmt.Errorf("tag %02x: length byte %02x: %w", b[0], b[1], hw.ErrMalformed)
	}
	if size > len(b)-head {
		return t, nil, fmt.Errorf("tag %02x: %d bytes announced, %d there: %w", b[0], size, len(b)-head, hw.ErrMalformed)
	}
	return tlv{b[0], b[head : head+size]}, b[head+size:], nil
}

// split reads TLVs up to the end of b. A tag that comes twice is refused.
func split(b []byte) (map[byte][]byte, error) {
	m := map[byte][]byte{}
	for len(b) > 0 {
		t, rest, err := next(b)
		if err != nil {
			return nil, err
		}
		if _, ok := m[t.tag]; ok {
			return nil, fmt.Errorf("tag %02x twice: %w", t.tag, hw.ErrMalformed)
		}
		m[t.tag] = t.value
		b = rest
	}
	return m, nil
}

// only returns the value of the one TLV that b is.
func only(b []byte, tag byte) ([]byte, error) {
	t, rest, err := next(b)
	if err != nil {
		return nil, err
	}
	if t.tag != tag || len(rest) > 0 {
		return nil, fmt.Errorf("tag %02x with %d bytes behind it, want %02x alone: %w", t.tag, len(rest), tag, hw.ErrMalformed)
	}
	return t.value, nil
}
