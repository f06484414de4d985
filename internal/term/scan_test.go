package term

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// scanAll reads to the end.
func scanAll(t *testing.T, r io.Reader) (all []Scan, err error) {
	t.Helper()
	s := NewScanner(r)
	for {
		batch, err := s.Batch(t.Context(), 100)
		all = append(all, batch...)
		if err != nil {
			return all, err
		}
	}
}

func TestScanner(t *testing.T) {
	tests := []struct {
		name, in string
		want     []Scan
	}{
		{"nothing", "", nil},
		{"lines of every kind of end", "1\n2\r\n3", []Scan{{Line: 1, Text: "1"}, {Line: 2, Text: "2"}, {Line: 3, Text: "3"}}},
		{"empty lines count and are left out", "\n \t\r\n3\n", []Scan{{Line: 3, Text: "3"}}},
		{"a byte order mark goes", "\ufeff12345678\n", []Scan{{Line: 1, Text: "12345678"}}},
		{"a tab between stays", "1\tYK-1\n", []Scan{{Line: 1, Text: "1\tYK-1"}}},
		{"a one-time password is not kept", otp + "\n2\n", []Scan{{Line: 1, Fault: ScanOTP}, {Line: 2, Text: "2"}}},
		{"nor one behind a code", "12345678" + strings.ToUpper(otp) + "\n", []Scan{{Line: 1, Fault: ScanOTP}}},
		{"nor one before a code", otp + "12345678\n", []Scan{{Line: 1, Fault: ScanOTP}}},
		{"control characters are not kept", "1\x1b[2J\n\x00\n", []Scan{{Line: 1, Fault: ScanUnprintable}, {Line: 2, Fault: ScanUnprintable}}},
		{"bytes that are no UTF-8 are not kept", "\xff1\n", []Scan{{Line: 1, Fault: ScanUnprintable}}},
		{"spaces of every kind may be in it", "A\u00a01\n\u3000B\n", []Scan{{Line: 1, Text: "A\u00a01"}, {Line: 2, Text: "\u3000B"}}},
		{"bidirectional marks are not kept", "1\u202e2\n", []Scan{{Line: 1, Fault: ScanUnprintable}}},
		{"a line as long as may be", strings.Repeat("1", maxScan) + "\r\n2", []Scan{{Line: 1, Text: strings.Repeat("1", maxScan)}, {Line: 2, Text: "2"}}},
		{"a longer one is not kept", strings.Repeat("1", maxScan+1) + "\n2", []Scan{{Line: 1, Fault: ScanTooLong}, {Line: 2, Text: "2"}}},
		{"a much longer one ends where it ends", strings.Repeat("1", 5000) + "\n2", []Scan{{Line: 1, Fault: ScanTooLong}, {Line: 2, Text: "2"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
				got, err := scanAll(t, r)
				if !errors.Is(err, io.EOF) || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
				}
			}
		})
	}
}

// endless gives the same byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestScannerEnds(t *testing.T) {
	t.Run("a line of a gigabyte ends it", func(t *testing.T) {
		got, err := scanAll(t, io.MultiReader(strings.NewReader("1\n"), io.LimitReader(endless('9'), 1<<30)))
		if !errors.Is(err, ErrScan) || len(got) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a read that fails ends it, after what was read", func(t *testing.T) {
		broken := errors.New("broken")
		got, err := scanAll(t, io.MultiReader(strings.NewReader("1\n2\n"), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || len(got) != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("an interrupt ends the wait", func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer stop()
		if got, err := NewScanner(r).Batch(ctx, 1); !errors.Is(err, context.DeadlineExceeded) || got != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a line that has come is not kept waiting for the next", func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		go io.WriteString(w, "1\n")
		if got, err := NewScanner(r).Batch(t.Context(), 100); err != nil || len(got) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// Whatever comes in, what comes out is bounded and printable, and no one-time
// password is in it.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("12345678\r\n" + otp + "\n"))
	f.Add([]byte("\xef\xbb\xbf1\t2\n\x1b[2J"))
	f.Fuzz(func(t *testing.T, in []byte) {
		all, err := scanAll(t, bytes.NewReader(in))
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		last := 0
		for _, s := range all {
			if s.Line <= last || (s.Text == "") == (s.Fault == "") || len(s.Text) > maxScan {
				t.Fatalf("%+v after line %d", s, last)
			}
			last = s.Line
			if holdsOTP([]byte(s.Text)) {
				t.Fatalf("%q holds a one-time password", s.Text)
			}
			for _, r := range s.Text {
				if r != '\t' && !strconv.IsPrint(r) {
					t.Fatalf("%q", s.Text)
				}
			}
		}
	})
}
