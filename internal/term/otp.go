package term

import "bytes"

// otpLength is that of a Yubico one-time password with the usual six-byte
// public identity: 12 + 32 characters (Yubico, "OTPs explained").
const otpLength = 44

// modhex is the alphabet in which a key types: the letters that stand at the
// same place on most keyboards.
const modhex = "cbdefghijklnrtuv"

// typedByKey says whether a line ends in what a touched key types, alone or
// behind something a person had begun to type. Caps lock does not hide it.
func typedByKey(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < otpLength {
		return false
	}
	for _, c := range line[len(line)-otpLength:] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if bytes.IndexByte([]byte(modhex), c) < 0 {
			return false
		}
	}
	return true
}
