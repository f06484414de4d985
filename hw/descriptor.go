package hw

// IsFIDODescriptor says whether a HID report descriptor has an application collection of
// the FIDO alliance (usage page F1D0, usage 01; CTAP 2.1 §11.2.8.2). The items
// are those of USB HID 1.11 §6.2.2; a descriptor that ends inside an item is
// no one's.
func IsFIDODescriptor(descriptor []byte) bool {
	const (
		usagePage  = 0x04 // global item, tag 0
		usage      = 0x08 // local item, tag 0
		collection = 0xa0 // main item, tag 10
		long       = 0xfe
		fido       = 0xf1d0_0001 // usage page and usage
	)
	var page, use uint32
	for b := descriptor; len(b) > 0; {
		if b[0] == long { // one length byte, one tag byte, then the data
			if len(b) < 3 || len(b) < 3+int(b[1]) {
				return false
			}
			b = b[3+int(b[1]):]
			continue
		}
		size := [4]int{0, 1, 2, 4}[b[0]&3]
		if len(b) < 1+size {
			return false
		}
		var value uint32
		for i := size; i > 0; i-- {
			value = value<<8 | uint32(b[i])
		}
		switch b[0] &^ 3 {
		case usagePage:
			page = value
		case usage:
			if size < 4 { // four bytes carry the page too
				value |= page << 16
			}
			use = value
		case collection:
			if value == 1 && use == fido {
				return true
			}
			use = 0 // local items end with a main item
		case 0x80, 0x90, 0xb0: // input, output, feature
			use = 0
		}
		b = b[1+size:]
	}
	return false
}
