package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	xterm "golang.org/x/term"
	"golang.org/x/text/unicode/norm"
)

// maxPIN bounds what is read as a PIN, in bytes: CTAP allows 63 (CTAP 2.1
// §6.5.1), a card 8; a line end and a little more lets a longer one be named
// as too long instead of being cut.
const maxPIN = 63

// PIN asks for a PIN on the terminal, without echo. The caller zeroes it. The
// terminal library may leave its first bytes in memory where it outgrew a
// buffer, which is one reason why core dumps are off.
func (s *Streams) PIN(ctx context.Context, question string) ([]byte, error) {
	pin, err := s.secret(ctx, question)
	if err != nil {
		return nil, err
	}
	return checkPIN(pin)
}

// secret asks for one line without echo.
func (s *Streams) secret(ctx context.Context, question string) ([]byte, error) {
	return s.ask(ctx, Escape(question)+" ", func(t terminal) ([]byte, error) {
		line, err := t.readSecret()
		if err != nil {
			return nil, err
		}
		_, err = io.WriteString(t, "\n")
		return line, err
	})
}

// PINFromFD reads a PIN from an open file descriptor, up to its first line
// end, and closes it. The caller zeroes the PIN.
func PINFromFD(fd int) ([]byte, error) { return secretFromFD(fd, "PIN", readPIN) }

// secretFromFD hands an open file descriptor to read, and closes it.
func secretFromFD(fd int, what string, read func(io.Reader) ([]byte, error)) ([]byte, error) {
	if fd < 0 || fd == 1 || fd == 2 {
		return nil, fmt.Errorf("file descriptor %d is not one to read a %s from", fd, what)
	}
	if xterm.IsTerminal(fd) {
		return nil, fmt.Errorf("file descriptor %d is a terminal, which would show the %s", fd, what)
	}
	f := os.NewFile(uintptr(fd), what)
	if f == nil {
		return nil, fmt.Errorf("file descriptor %d is not open", fd)
	}
	secret, err := read(f)
	return secret, errors.Join(err, f.Close())
}

// readPIN reads into one fixed buffer and zeroes it.
func readPIN(r io.Reader) ([]byte, error) {
	var buf [maxPIN + 3]byte
	line, err := readSecret(r, buf[:])
	if err != nil {
		return nil, fmt.Errorf("read PIN: %w", err)
	}
	return checkPIN(line)
}

// readSecret reads the first line of at most len(buf) bytes through buf, which
// it zeroes.
func readSecret(r io.Reader, buf []byte) ([]byte, error) {
	defer clear(buf)
	n, err := io.ReadFull(r, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	return bytes.Clone(bytes.TrimSuffix(line, []byte("\r"))), nil
}

// checkPIN gives a PIN the one form in which keys compare it: UTF-8 in
// Unicode's normal form C (CTAP 2.1 §6.5.1), however the keyboard composed it.
func checkPIN(typed []byte) ([]byte, error) {
	if !utf8.Valid(typed) {
		clear(typed)
		return nil, errors.New("PIN is not UTF-8")
	}
	pin := norm.NFC.Bytes(typed)
	if len(typed) > 0 && &pin[0] != &typed[0] {
		clear(typed)
	}
	switch {
	case len(pin) == 0:
		return nil, errors.New("empty PIN")
	case len(pin) > maxPIN:
		clear(pin)
		return nil, fmt.Errorf("PIN longer than %d bytes", maxPIN)
	}
	return pin, nil
}
