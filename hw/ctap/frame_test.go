package ctap

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"hwmfa/hw"
)

func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func assemble(channel uint32, reports [][]byte) (*message, error) {
	asm := &assembler{channel: channel}
	for i, r := range reports {
		m, err := asm.add(r)
		if err != nil || (m != nil && i == len(reports)-1) {
			return m, err
		}
	}
	return nil, nil
}

func TestPackets(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		want int // reports
	}{
		{"nothing is one report", 0, 1},
		{"57 bytes fill the first report", 57, 1},
		{"58 bytes need a second", 58, 2},
		{"116 bytes fill two", 116, 2},
		{"117 bytes need a third", 117, 3},
		{"7609 bytes are the most", 7609, 129},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := numbered(tt.size)
			got, err := message{cmdCBOR, data}.packets(testChannel)
			if err != nil || len(got) != tt.want {
				t.Fatalf("got %d reports, %v, want %d", len(got), err, tt.want)
			}
			if !slices.EqualFunc(got, reportsOf(testChannel, 0x90, data), bytes.Equal) {
				t.Errorf("got %x", got)
			}
			m, err := assemble(testChannel, got)
			if err != nil || m == nil || m.cmd != cmdCBOR || !bytes.Equal(m.data, data) {
				t.Errorf("put together again: %v, %v", m, err)
			}
		})
	}
	t.Run("7610 bytes do not fit", func(t *testing.T) {
		if got, err := (message{cmdCBOR, numbered(7610)}).packets(testChannel); err == nil {
			t.Errorf("got %d reports, want an error", len(got))
		}
	})
	t.Run("the bytes are those of the specification", func(t *testing.T) {
		got, err := message{cmdInit, []byte{1, 2, 3, 4, 5, 6, 7, 8}}.packets(broadcast)
		want := "ffffffff860008" + "0102030405060708"
		if err != nil || hex.EncodeToString(got[0][:15]) != want || !bytes.Equal(got[0][15:], make([]byte, 49)) {
			t.Errorf("got %x, %v, want %s and zeros", got, err, want)
		}
	})
}

func TestAssembler(t *testing.T) {
	long := reportsOf(testChannel, 0x90, numbered(200))
	other := reportsOf(0x0A0B0C0D, 0x90, numbered(200))
	alive := reportsOf(testChannel, 0xBB, []byte{1})
	for _, tt := range []struct {
		name    string
		reports [][]byte
		whole   bool
	}{
		{"packets of another channel are passed over", [][]byte{other[0], long[0], other[1], long[1], other[3], long[2], long[3]}, true},
		{"packets in the wrong order are refused", [][]byte{long[0], long[2], long[1], long[3]}, false},
		{"a packet that comes twice is refused", [][]byte{long[0], long[1], long[1]}, false},
		{"a continuation of nothing is refused", [][]byte{long[1]}, false},
		{"a second beginning is refused", [][]byte{long[0], long[1], long[0]}, false},
		{"a short report is refused", [][]byte{long[0][:63]}, false},
		{"a long report is refused", [][]byte{append(slices.Clone(long[0]), 0)}, false},
		{"an empty report is refused", [][]byte{{}}, false},
		{"a length beyond 7609 is refused", [][]byte{append([]byte{1, 2, 3, 4, 0x90, 0x1D, 0xBA}, make([]byte, 57)...)}, false},
		{"a keep-alive of two bytes is refused", reportsOf(testChannel, 0xBB, []byte{1, 2}), false},
		{"an error of no bytes is refused", reportsOf(testChannel, 0xBF, nil), false},
		{"a keep-alive in the middle breaks nothing", [][]byte{long[0], alive[0], long[1], long[2], long[3]}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := assemble(testChannel, tt.reports)
			switch {
			case tt.whole && (err != nil || m == nil || !bytes.Equal(m.data, numbered(200))):
				t.Errorf("got %v, %v, want the message", m, err)
			case !tt.whole && !errors.Is(err, hw.ErrMalformed):
				t.Errorf("got %v, %v, want %v", m, err, hw.ErrMalformed)
			}
		})
	}
}

// FuzzAssembler: no panic; never more than a message can have; and a message
// that comes out goes in again.
func FuzzAssembler(f *testing.F) {
	for _, size := range []int{0, 57, 58, 400} {
		f.Add(bytes.Join(reportsOf(testChannel, 0x90, numbered(size)), nil))
	}
	f.Add(bytes.Join(slices.Concat(reportsOf(testChannel, 0xBB, []byte{2}), reportsOf(9, 0x90, numbered(80)), reportsOf(testChannel, 0xBF, []byte{6})), nil))
	f.Add(append([]byte{1, 2, 3, 4, 0x90, 0xFF, 0xFF}, make([]byte, 57)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		asm := &assembler{channel: testChannel}
		for r := range slices.Chunk(b, reportSize) {
			before := bytes.Clone(r)
			m, err := asm.add(r)
			if !bytes.Equal(r, before) {
				t.Fatal("reading changed the report")
			}
			if len(asm.data) > maxMessage {
				t.Fatalf("kept %d bytes", len(asm.data))
			}
			if err != nil {
				if !errors.Is(err, hw.ErrMalformed) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if m == nil {
				continue
			}
			packets, err := m.packets(testChannel)
			if err != nil {
				t.Fatal(err)
			}
			again, err := assemble(testChannel, packets)
			if err != nil || again == nil || again.cmd != m.cmd || !bytes.Equal(again.data, m.data) {
				t.Fatalf("%02x %x comes back as %v, %v", m.cmd, m.data, again, err)
			}
		}
	})
}
