package term

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// maxHexKey bounds a key in hexadecimal: 32 bytes, and room for spaces between
// them.
const maxHexKey = 3 * 32

// HexKey asks for a secret key in hexadecimal on the terminal, without echo.
// The caller zeroes it.
func (s *Streams) HexKey(ctx context.Context, question string) ([]byte, error) {
	typed, err := s.secret(ctx, question)
	if err != nil {
		return nil, err
	}
	return parseHexKey(typed)
}

// HexKeyFromFD reads a secret key in hexadecimal from an open file descriptor,
// up to its first line end, and closes it. The caller zeroes it.
func HexKeyFromFD(fd int) ([]byte, error) {
	return secretFromFD(fd, "key", func(r io.Reader) ([]byte, error) {
		var buf [maxHexKey + 3]byte
		line, err := readSecret(r, buf[:])
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		return parseHexKey(line)
	})
}

// parseHexKey zeroes what was typed. Its errors show none of it.
func parseHexKey(typed []byte) ([]byte, error) {
	defer clear(typed)
	digits := bytes.ReplaceAll(typed, []byte(" "), nil)
	defer clear(digits)
	switch {
	case len(digits) == 0:
		return nil, errors.New("empty key")
	case len(typed) > maxHexKey:
		return nil, fmt.Errorf("key of more than %d characters", maxHexKey)
	}
	key := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(key, digits); err != nil {
		clear(key)
		return nil, errors.New("key is not in hexadecimal, two digits a byte")
	}
	return key, nil
}
