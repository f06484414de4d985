package softkey

// appendTLV appends one BER-TLV with a tag of up to three bytes, and a length
// in the shortest form (ISO 7816-4 §5.2.2).
func appendTLV(b []byte, tag uint32, value []byte) []byte {
	switch {
	case tag > 0xffff:
		b = append(b, byte(tag>>16), byte(tag>>8), byte(tag))
	case tag > 0xff:
		b = append(b, byte(tag>>8), byte(tag))
	default:
		b = append(b, byte(tag))
	}
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n <= 0xff:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, value...)
}

// nextTLV takes the first BER-TLV with a one-byte tag off b.
func nextTLV(b []byte) (tag byte, value, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	tag, n, b := b[0], int(b[1]), b[2:]
	switch {
	case n == 0x81 && len(b) >= 1:
		n, b = int(b[0]), b[1:]
	case n == 0x82 && len(b) >= 2:
		n, b = int(b[0])<<8|int(b[1]), b[2:]
	case n >= 0x80:
		return 0, nil, nil, false
	}
	if n > len(b) {
		return 0, nil, nil, false
	}
	return tag, b[:n], b[n:], true
}

// tlvs reads a list of BER-TLVs with one-byte tags; of a repeated tag the last
// one counts.
func tlvs(b []byte) (map[byte][]byte, bool) {
	m := map[byte][]byte{}
	for len(b) > 0 {
		tag, value, rest, ok := nextTLV(b)
		if !ok {
			return nil, false
		}
		m[tag], b = value, rest
	}
	return m, true
}
