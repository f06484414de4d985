package card

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"hwmfa/hw"
)

// script is a card that knows the exchanges written down for it, in hex. A
// command that is not among them gets the last word, 6D00 unless said.
type script struct {
	t         testing.TB
	exchanges map[string][]string // command → answers, one each time, the last for good
	otherwise string
	sent      []string
}

func newScript(t testing.TB, exchanges map[string][]string) *script {
	return &script{t: t, exchanges: exchanges, otherwise: "6D00"}
}

func (s *script) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("transmit: %w", err)
	}
	command := strings.ToUpper(hex.EncodeToString(apdu))
	s.sent = append(s.sent, command)
	answer := s.otherwise
	if answers := s.exchanges[command]; len(answers) > 0 {
		answer = answers[0]
		if len(answers) > 1 {
			s.exchanges[command] = answers[1:]
		}
	}
	if answer == "gone" {
		return nil, hw.ErrGone
	}
	return unhex(s.t, answer), nil
}

func (s *script) Close() error {
	s.t.Error("the channel is the caller's to close")
	return nil
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tohex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// put writes one TLV with a DER length.
func put(tag byte, value []byte) []byte {
	n := len(value)
	head := []byte{tag, byte(n)}
	switch {
	case n >= 0x100:
		head = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	case n >= 0x80:
		head = []byte{tag, 0x81, byte(n)}
	}
	return append(head, value...)
}

// der is a SEQUENCE of n bytes in all that stands for a certificate.
func der(n int) []byte {
	for body := n - 2; ; body-- {
		if b := put(derSequence, bytes.Repeat([]byte{0xC5}, body)); len(b) == n {
			return b
		}
	}
}

// chained is how a card hands over a long answer: 256 bytes at a time, the
// rest on GET RESPONSE.
func chained(exchanges map[string][]string, command string, answer []byte) {
	first := true
	for {
		n := min(len(answer), 256)
		part := tohex(answer[:n])
		answer = answer[n:]
		switch {
		case len(answer) == 0:
			part += "9000"
		case len(answer) >= 256:
			part += "6100"
		default:
			part += fmt.Sprintf("61%02X", len(answer))
		}
		exchanges[command] = append(exchanges[command], part)
		if len(answer) == 0 {
			return
		}
		command = fmt.Sprintf("00C00000%s", part[len(part)-2:])
		if first {
			delete(exchanges, command)
			first = false
		}
	}
}
