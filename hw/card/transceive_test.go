package card

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
)

func TestSend(t *testing.T) {
	long := bytes.Repeat([]byte{0xAB}, 600)
	for _, tt := range []struct {
		name      string
		command   Command
		exchanges map[string][]string
		want      []byte
		sent      []string
	}{
		{"a command without data asks for all there is", Command{INS: 0xFD},
			map[string][]string{"00FD000000": {"0504039000"}}, []byte{5, 4, 3}, []string{"00FD000000"}},
		{"a command with data leaves Le out", Command{INS: 0xA4, P1: 4, Data: []byte{0xA0, 0}},
			map[string][]string{"00A4040002A000": {"9000"}}, nil, []string{"00A4040002A000"}},
		{"61xx is followed to the end", Command{INS: 0x1D},
			map[string][]string{"001D000000": {"01026102"}, "00C0000002": {"03046101"}, "00C0000001": {"059000"}},
			[]byte{1, 2, 3, 4, 5}, []string{"001D000000", "00C0000002", "00C0000001"}},
		{"6100 asks for 256 bytes", Command{INS: 0x1D},
			map[string][]string{"001D000000": {"6100"}, "00C0000000": {"079000"}},
			[]byte{7}, []string{"001D000000", "00C0000000"}},
		{"6Cxx repeats with the length the card names", Command{INS: 0x1D},
			map[string][]string{"001D000000": {"6C03"}, "001D000003": {"0102039000"}},
			[]byte{1, 2, 3}, []string{"001D000000", "001D000003"}},
		{"6Cxx after data keeps the data", Command{INS: 0xCB, Data: []byte{9}},
			map[string][]string{"00CB00000109": {"6C01"}, "00CB0000010901": {"079000"}},
			[]byte{7}, []string{"00CB00000109", "00CB0000010901"}},
		{"6Cxx to GET RESPONSE is followed too", Command{INS: 0x1D},
			map[string][]string{"001D000000": {"016105"}, "00C0000005": {"6C02"}, "00C0000002": {"02039000"}},
			[]byte{1, 2, 3}, []string{"001D000000", "00C0000005", "00C0000002"}},
		{"a long command goes in a chain", Command{INS: 0xDB, P1: 0x3F, P2: 0xFF, Data: long},
			map[string][]string{
				"10DB3FFFFF" + tohex(long[:255]): {"9000"},
				"00DB3FFF5A" + tohex(long[:90]):  {"9000"},
			}, nil,
			[]string{"10DB3FFFFF" + tohex(long[:255]), "10DB3FFFFF" + tohex(long[:255]), "00DB3FFF5A" + tohex(long[:90])}},
		{"255 bytes need no chain", Command{INS: 0xDB, Data: long[:255]},
			map[string][]string{"00DB0000FF" + tohex(long[:255]): {"9000"}}, nil,
			[]string{"00DB0000FF" + tohex(long[:255])}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, tt.exchanges)
			got, err := NewTransceiver(s).Send(context.Background(), tt.command)
			if err != nil || !bytes.Equal(got, tt.want) {
				t.Errorf("got %x, %v, want %x", got, err, tt.want)
			}
			if !slices.Equal(s.sent, tt.sent) {
				t.Errorf("sent %q, want %q", s.sent, tt.sent)
			}
		})
	}
}

func TestSendFails(t *testing.T) {
	status := func(sw uint16) func(error) bool { return func(err error) bool { return isStatus(err, sw) } }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for _, tt := range []struct {
		name      string
		exchanges map[string][]string
		want      func(error) bool
		most      int // commands that may be sent
	}{
		{"an unknown command is unsupported", nil, is(hw.ErrUnsupported), 1},
		{"the status word can be read", map[string][]string{"001D000000": {"6A80"}}, status(0x6A80), 1},
		{"6982 is a refusal", map[string][]string{"001D000000": {"6982"}}, is(hw.ErrRefused), 1},
		{"data beside a failure are not believed", map[string][]string{"001D000000": {"01026985"}}, is(hw.ErrRefused), 1},
		{"an empty answer is malformed", map[string][]string{"001D000000": {""}}, is(hw.ErrMalformed), 1},
		{"one byte is malformed", map[string][]string{"001D000000": {"90"}}, is(hw.ErrMalformed), 1},
		{"a card that promises for ever is given up", map[string][]string{"001D000000": {"6110"}, "00C0000010": {"6110"}}, is(hw.ErrMalformed), 3},
		{"a card that corrects for ever is given up", map[string][]string{"001D000000": {"6C10"}, "001D000010": {"6C10"}}, status(0x6C10), 3},
		{"an answer without an end is given up", map[string][]string{
			"001D000000": {"6100"}, "00C0000000": {strings.Repeat("00", 256) + "6100"},
		}, is(hw.ErrMalformed), 300},
		{"a card that is pulled out says so", map[string][]string{"001D000000": {"016101"}, "00C0000001": {"gone"}}, is(hw.ErrGone), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, tt.exchanges)
			got, err := NewTransceiver(s).Send(context.Background(), Command{INS: 0x1D})
			if !tt.want(err) || got != nil {
				t.Errorf("got %x, %v", got, err)
			}
			if len(s.sent) > tt.most {
				t.Errorf("sent %d commands, want at most %d", len(s.sent), tt.most)
			}
		})
	}
	t.Run("a chain stops at the first refusal", func(t *testing.T) {
		s := newScript(t, nil)
		s.otherwise = "6982"
		_, err := NewTransceiver(s).Send(context.Background(), Command{INS: 0xDB, Data: make([]byte, 600)})
		if !errors.Is(err, hw.ErrRefused) || len(s.sent) != 1 {
			t.Errorf("got %v after %d commands", err, len(s.sent))
		}
	})
	t.Run("a context that has ended is named", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := NewTransceiver(newScript(t, nil)).Send(ctx, Command{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("status words read as people know them", func(t *testing.T) {
		for sw, want := range map[uint16]string{0x6D00: "card says 6D00 (unknown command)", 0x6FFF: "card says 6FFF"} {
			if got := (&StatusError{sw}).Error(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

// stream answers every command with the next answer of a list; the first byte
// of each is its length.
type stream struct {
	answers []byte
	sent    int
}

func (s *stream) Transmit(context.Context, []byte) ([]byte, error) {
	s.sent++
	if len(s.answers) == 0 {
		return nil, hw.ErrGone
	}
	n := min(int(s.answers[0]), len(s.answers)-1)
	answer := s.answers[1 : 1+n]
	s.answers = s.answers[1+n:]
	return answer, nil
}

func (s *stream) Close() error { return nil }

// FuzzAnswers holds every reader to its laws whatever a card says: no panic,
// an end, nothing beyond the bound.
func FuzzAnswers(f *testing.F) {
	answer := func(hexes ...string) []byte {
		var b []byte
		for _, h := range hexes {
			a := unhex(f, h)
			b = append(append(b, byte(len(a))), a...)
		}
		return b
	}
	f.Add(answer("9000", "0504039000", "00BC614E9000", "6A82"))
	f.Add(answer("9000", "0504039000", "530A"+"7003300101"+"710100"+"FE009000", "6A88"))
	f.Add(answer("352E342E339000", "0B020400BC614E05030504039000"))
	f.Add(answer("9000", "00BC614E9000"))
	f.Add(answer("6110", "6C01", "019000"))
	f.Add(answer("9000", "0403009000", "530A"+"7003300101"+"710100"+"FE009000", "30009000", "6A80", "6D00"))
	f.Fuzz(func(t *testing.T, answers []byte) {
		ctx := context.Background()
		for _, read := range []func(hw.Channel){
			func(ch hw.Channel) { _, _ = ReadDeviceInfo(ctx, ch) },
			func(ch hw.Channel) { _, _ = ReadPIV(ctx, ch) },
			func(ch hw.Channel) { _, _ = ReadOTPSerial(ctx, ch) },
			func(ch hw.Channel) {
				e, _ := ReadPIVEvidence(ctx, ch)
				if e == nil {
					return
				}
				for _, s := range e.Slots {
					if len(s.Certificate) > maxCertificate || checkDER(s.Certificate) != nil {
						t.Fatalf("slot %02x: kept %d bytes that are no certificate", s.Slot, len(s.Certificate))
					}
				}
			},
		} {
			before := bytes.Clone(answers)
			s := &stream{answers: answers}
			read(s)
			if !bytes.Equal(before, answers) {
				t.Fatal("reading changed the card's answers")
			}
			if s.sent > len(answers)+1 {
				t.Fatalf("%d commands for %d answers", s.sent, len(answers))
			}
		}
	})
}
