package ctap

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"hwmfa/hw"
)

const testChannel = 0x01020304

// script is the key's end of a stream: requests are put together here, without
// the code under test, and handed to answer, which queues reports.
type script struct {
	t       testing.TB
	answer  func(s *script, channel uint32, cmd byte, data []byte)
	caps    byte
	reports chan []byte
	sent    [][]byte // every report written
	asked   []byte   // every command that came in whole

	channel uint32
	cmd     byte
	size    int
	data    []byte
}

// newScript is a key that allocates testChannel and leaves the rest to answer.
func newScript(t testing.TB, answer func(s *script, channel uint32, cmd byte, data []byte)) *script {
	return &script{t: t, answer: answer, caps: capWINK | capCBOR, reports: make(chan []byte, 4096)}
}

func (s *script) Write(ctx context.Context, report []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if len(report) != 64 {
		s.t.Errorf("report of %d bytes written", len(report))
	}
	s.sent = append(s.sent, bytes.Clone(report))
	if report[4]&0x80 != 0 {
		s.channel, s.cmd = binary.BigEndian.Uint32(report), report[4]
		s.size, s.data = int(binary.BigEndian.Uint16(report[5:])), bytes.Clone(report[7:])
	} else {
		s.data = append(s.data, report[5:]...)
	}
	if len(s.data) < s.size {
		return nil
	}
	s.asked = append(s.asked, s.cmd)
	data := s.data[:s.size]
	if s.cmd == 0x86 && s.channel == broadcast {
		s.reply(broadcast, 0x86, slices.Concat(data, []byte{1, 2, 3, 4, 2, 5, 4, 3, s.caps}))
		return nil
	}
	if s.answer != nil {
		s.answer(s, s.channel, s.cmd, data)
	}
	return nil
}

func (s *script) Read(ctx context.Context) ([]byte, error) {
	select {
	case r, ok := <-s.reports:
		if !ok {
			return nil, hw.ErrGone
		}
		return r, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("read: %w", ctx.Err())
	}
}

func (s *script) Close() error {
	s.t.Error("the stream is the caller's to close")
	return nil
}

// reply queues one message, cut into reports by this function's own count.
func (s *script) reply(channel uint32, cmd byte, data []byte) {
	for _, r := range reportsOf(channel, cmd, data) {
		s.reports <- r
	}
}

func reportsOf(channel uint32, cmd byte, data []byte) [][]byte {
	head := binary.BigEndian.AppendUint32(nil, channel)
	pad := func(b []byte) []byte { return append(b, make([]byte, 64-len(b))...) }
	n := min(57, len(data))
	all := [][]byte{pad(slices.Concat(head, []byte{cmd, byte(len(data) >> 8), byte(len(data))}, data[:n]))}
	for seq := 0; n < len(data); seq++ {
		m := min(59, len(data)-n)
		all = append(all, pad(slices.Concat(head, []byte{byte(seq)}, data[n:n+m])))
		n += m
	}
	return all
}

// open opens a device on the script.
func (s *script) open() *Device {
	s.t.Helper()
	d, err := Open(context.Background(), s)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// cborKey answers each CTAP2 command from a function that returns the status
// and the CBOR behind it.
func cborKey(t testing.TB, answer func(ctapCommand byte, params []byte) (byte, []byte)) *script {
	return newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
		if cmd != 0x90 {
			s.reply(channel, 0xBF, []byte{0x01})
			return
		}
		status, b := answer(data[0], data[1:])
		s.reply(channel, 0x90, append([]byte{status}, b...))
	})
}
