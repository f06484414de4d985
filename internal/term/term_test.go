package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/sys/unix"
)

type named string

func (n named) String() string { return string(n) }

func TestPrintf(t *testing.T) {
	s, far := Test()
	if err := s.Printf("%s %v %d %s\n", "a\x1b", errors.New("b\u202e"), 7, named("c\x07")); err != nil {
		t.Fatal(err)
	}
	if got, want := far.Out.String(), "a\\x1b b\\u202e 7 c\\x07\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Notice("key %s", "1\n2")
	s.Touch("")
	s.Touch("123\x1b")
	if got, want := far.Err.String(), "hwmfa: key 1\\x0a2\nhwmfa: touch the key now\nhwmfa: touch 123\\x1b now\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPaint(t *testing.T) {
	s, _ := Test()
	if got := s.Paint(Red, "fail"); got != "fail" {
		t.Errorf("without colours: got %q", got)
	}
	s.colour = true
	if got := s.Paint(Red, "fail"); got != "\x1b[31mfail\x1b[0m" {
		t.Errorf("with colours: got %q", got)
	}
	if got := s.Paint("", "fail"); got != "fail" {
		t.Errorf("no colour asked for: got %q", got)
	}
}

func TestLead(t *testing.T) {
	s, far := Test()
	if err := s.InColour().Lead(Red, "fail\x1b", " %s\n", "\x1b[32mpass"); err != nil {
		t.Fatal(err)
	}
	if got, want := far.Out.String(), "\x1b[31mfail\\x1b\x1b[0m \\x1b[32mpass\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTableOnANarrowTerminal(t *testing.T) {
	print := func(width int) (lines []string) {
		table := NewTable("name", "kind", "sha-256", "subject").Limit(3, 40).Give(3, 12).Give(2, 9)
		table.Row(Plain("lab", "root", strings.Repeat("0123456789abcdef", 4), "CN=東京 Attestation Root of an Example")...)
		s, far := Test()
		s.width = width
		if err := s.Table(table); err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(far.Out.String()), "\n")
	}
	whole := text.StringWidth(print(0)[1])
	for width, want := range map[int]int{0: whole, 200: whole, whole: whole, whole - 1: whole - 1, 80: 80, 40: 40, 20: 35} {
		lines := print(width)
		if got := text.StringWidth(lines[1]); got != want {
			t.Errorf("on %d columns the row has %d, want %d:\n%s", width, got, want, strings.Join(lines, "\n"))
		}
	}
	if got := print(40)[1]; !strings.Contains(got, "CN=") || !strings.Contains(got, "0123") || strings.Count(got, "…") != 2 {
		t.Errorf("got %q, want a little of each", got)
	}
}

// A table of rows that nobody keeps looks as one whose rows are kept.
func TestRowsThatWereMeasured(t *testing.T) {
	rows := [][]Cell{Plain("a", "bb"), Plain("longest", ""), {{Text: "c", Colour: Red}, {Text: "d"}}}
	kept, measured := NewTable("one", "two").Limit(0, 5), NewTable("one", "two").Limit(0, 5)
	for _, cells := range rows {
		kept.Row(cells...)
		measured.Measure(cells...)
	}
	s, want := Test()
	s.colour = true
	if err := s.Table(kept); err != nil {
		t.Fatal(err)
	}
	s, got := Test()
	s.colour = true
	out, err := s.Rows(measured)
	for _, cells := range rows {
		if err == nil {
			err = out.Row(cells...)
		}
	}
	if err != nil || got.Out.String() != want.Out.String() || measured.rows != nil {
		t.Errorf("got %v\n%s\nwant\n%s", err, got.Out.String(), want.Out.String())
	}
}

func TestColumnsAreDroppedOnAVeryNarrowTerminal(t *testing.T) {
	print := func(width int) string {
		table := NewTable("account", "name", "verdict", "why").Give(1, 6).Drop(3, 2)
		table.Row(Plain("123456789012", "a long name of it", "pass", "because")...)
		s, far := Test()
		s.width = width
		if err := s.Table(table); err != nil {
			t.Fatal(err)
		}
		return strings.Split(far.Out.String(), "\n")[1]
	}
	for width, want := range map[int]string{
		0:  "123456789012  a long name of it  pass     because",
		49: "123456789012  a long name of it  pass     because",
		40: "123456789012  a long …  pass     because",
		38: "123456789012  a lon…  pass     because",
		37: "123456789012  a long name o…  pass",
		36: "123456789012  a long name …  pass",
		20: "123456789012  a lon…",
	} {
		if got := print(width); got != want {
			t.Errorf("on %d columns: got %q, want %q", width, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	table := func() *Table {
		table := NewTable("place", "key", "status").Limit(0, 6)
		table.Row(Cell{Text: "東京"}, Cell{Text: "K-1"}, Cell{Text: "verified", Colour: Green})
		table.Row(Plain("Berlin/safe 1", "", "a\x1b[2J")...)
		return table
	}
	s, far := Test()
	if err := s.Table(table()); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"PLACE   KEY  STATUS\n" +
		"東京    K-1  verified\n" +
		"Berli…  -    a\\x1b[2J\n"
	if got := far.Out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s, far = Test()
	s.colour = true
	if err := s.Table(table()); err != nil {
		t.Fatal(err)
	}
	coloured := strings.NewReplacer("\x1b[32m", "", "\x1b[0m", "").Replace(far.Out.String())
	if coloured != want || !strings.Contains(far.Out.String(), "\x1b[32mverified\x1b[0m") {
		t.Errorf("colours shift the columns: got\n%q", far.Out.String())
	}
}

func TestProgress(t *testing.T) {
	var now time.Time
	clock := func() time.Time { return now }
	t.Run("a short job says nothing", func(t *testing.T) {
		s, far := Test()
		s.errTTY = true
		p := s.Progress(clock)
		now = now.Add(900 * time.Millisecond)
		p.Step("1 of 9")
		p.Done()
		if got := far.Err.String(); got != "" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a longer one rewrites one line and erases it", func(t *testing.T) {
		s, far := Test()
		s.errTTY = true
		p := s.Progress(clock)
		now = now.Add(time.Second)
		p.Step("%d of 9: %s", 1, "a\x1b")
		p.Step("%d of 9", 2)
		p.Done()
		p.Done()
		if got, want := far.Err.String(), "\r\x1b[Khwmfa: 1 of 9: a\\x1b\r\x1b[Khwmfa: 2 of 9\r\x1b[K"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("a count has a bar, a rate and an end", func(t *testing.T) {
		s, far := Test()
		s.errTTY = true
		p := s.Progress(clock)
		p.Count(0, 0, "accounts")
		now = now.Add(2 * time.Second)
		p.Count(100, 0, "accounts")
		now = now.Add(redraw / 2)
		p.Count(101, 400, "accounts")
		now = now.Add(2*time.Second - redraw/2)
		p.Count(200, 400, "accounts")
		now = now.Add(4 * time.Second)
		p.Count(400, 400, "accounts")
		p.Done()
		want := "\r\x1b[Khwmfa: 100 accounts, 50 a second" +
			"\r\x1b[Khwmfa: [############............] 200 of 400 accounts, 50 a second, 4s left" +
			"\r\x1b[Khwmfa: [########################] 400 of 400 accounts, 50 a second\r\x1b[K"
		if got := far.Err.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("a count in a log has no bar", func(t *testing.T) {
		s, far := Test()
		p := s.Progress(clock)
		p.Count(0, 30, "accounts")
		now = now.Add(10 * time.Second)
		p.Count(10, 30, "accounts")
		p.Done()
		if got, want := far.Err.String(), "hwmfa: 10 of 30 accounts, 1 a second, 20s left\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("a log gets a line every ten seconds", func(t *testing.T) {
		s, far := Test()
		p := s.Progress(clock)
		for i := range 21 {
			now = now.Add(time.Second)
			p.Step("%d of 21", i+1)
		}
		p.Done()
		if got, want := far.Err.String(), "hwmfa: 10 of 21\nhwmfa: 20 of 21\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// otp is what a touched key types.
const otp = "ccccccbcgujhingjrdejhgfnuetrgigvejhhgbkugded"

func TestAsk(t *testing.T) {
	ctx := context.Background()
	t.Run("the answer is one trimmed line", func(t *testing.T) {
		s, far := Test("  yes ", "no")
		got, err := s.Ask(ctx, "sure\x1b?")
		if err != nil || got != "yes" {
			t.Errorf("got %q, %v", got, err)
		}
		if asked := far.Asked.String(); asked != `sure\x1b? ` {
			t.Errorf("asked %q", asked)
		}
		if far.Out.Len()+far.Err.Len() > 0 {
			t.Errorf("a question went to the streams: %q %q", far.Out.String(), far.Err.String())
		}
		if got, err := s.Ask(ctx, "and?"); err != nil || got != "no" {
			t.Errorf("the next line is not lost: got %q, %v", got, err)
		}
	})
	t.Run("what a touched key types is no answer", func(t *testing.T) {
		s, far := Test(otp, "half a word"+strings.ToUpper(otp), "yes")
		got, err := s.Ask(ctx, "sure?")
		if err != nil || got != "yes" {
			t.Errorf("got %q, %v", got, err)
		}
		if n := strings.Count(far.Asked.String(), "sure?"); n != 3 {
			t.Errorf("asked %d times, want 3", n)
		}
	})
	t.Run("without a terminal nothing is asked", func(t *testing.T) {
		s, _ := Test()
		if _, err := s.Ask(ctx, "sure?"); !errors.Is(err, ErrNoInput) {
			t.Errorf("got %v, want ErrNoInput", err)
		}
	})
	t.Run("with --no-input nothing is asked", func(t *testing.T) {
		s, far := Test("yes")
		s.NoInput = true
		if _, err := s.Ask(ctx, "sure?"); !errors.Is(err, ErrNoInput) || far.Asked.Len() > 0 {
			t.Errorf("got %v and %q, want ErrNoInput", err, far.Asked.String())
		}
	})
	t.Run("the end of input is an error", func(t *testing.T) {
		s, _ := Test("only")
		_, _ = s.Ask(ctx, "first?")
		if got, err := s.Ask(ctx, "second?"); !errors.Is(err, io.EOF) {
			t.Errorf("got %q, %v, want EOF", got, err)
		}
	})
}

func TestConfirmSerial(t *testing.T) {
	ctx := context.Background()
	s, far := Test("12345678", "12345679")
	if err := s.ConfirmSerial(ctx, "its PIN is lost", "12345678"); err != nil {
		t.Error(err)
	}
	if err := s.ConfirmSerial(ctx, "its PIN is lost", "12345678"); !errors.Is(err, ErrNotConfirmed) {
		t.Errorf("another serial: got %v, want ErrNotConfirmed", err)
	}
	if !strings.Contains(far.Err.String(), "its PIN is lost") {
		t.Errorf("the loss was not said: %q", far.Err.String())
	}
}

func TestPIN(t *testing.T) {
	ctx := context.Background()
	s, far := Test(otp, "1234", strings.Repeat("1", 64), "")
	if got, err := s.PIN(ctx, "PIN:"); err != nil || string(got) != "1234" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, name := range []string{"too long", "empty"} {
		if got, err := s.PIN(ctx, "PIN:"); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if strings.Contains(far.Asked.String(), "1234") || strings.Contains(far.Asked.String(), otp) {
		t.Errorf("the terminal shows a secret: %q", far.Asked.String())
	}
}

// descriptorOf is an open file with this content.
func descriptorOf(t *testing.T, content string) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	// What reads a secret closes what it is given, as a command does that inherits it.
	defer r.Close()
	fd, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestPINFromFD(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"a line", "1234\n", "1234"},
		{"a line of Windows", "1234\r\n", "1234"},
		{"no line end", "1234", "1234"},
		{"the first line only", "1234\n5678\n", "1234"},
		{"spaces are part of it", " 12 34\n", " 12 34"},
		{"the longest", strings.Repeat("9", 63) + "\n", strings.Repeat("9", 63)},
		{"too long", strings.Repeat("9", 64) + "\n", ""},
		{"far too long", strings.Repeat("9", 4096), ""},
		{"empty", "", ""},
		{"an empty line", "\n1234\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := PINFromFD(descriptorOf(t, tt.content))
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	for _, fd := range []int{-1, 1, 2, 1 << 20} {
		if got, err := PINFromFD(fd); err == nil {
			t.Errorf("descriptor %d gives %q", fd, got)
		}
	}
}

// TestTableDropsWhatAlsoGives: a column that gave before it was dropped stays out.
func TestTableDropsWhatAlsoGives(t *testing.T) {
	for _, tt := range []struct {
		width     int
		head, row string
	}{
		{0, "NO  PRODUCT     PORT  STEP", "1   YubiKey 5C  1-2   refused: serial numbers disagree"},
		{34, "NO  PRODUCT     PORT  STEP", "1   YubiKey 5C  1-2   refused: se…"},
		{31, "NO  PRODUCT  PORT  STEP", "1   YubiKe…  1-2   refused: se…"},
		{30, "NO  PORT  STEP", "1   1-2   refused: serial num…"},
		{20, "NO  STEP", "1   refused: serial…"},
	} {
		t.Run(fmt.Sprintf("on %d columns", tt.width), func(t *testing.T) {
			table := NewTable("no", "product", "port", "step").Give(3, 12).Give(1, 7).Drop(1, 2)
			table.Row(Plain("1", "YubiKey 5C", "1-2", "refused: serial numbers disagree")...)
			s, far := Test()
			s.width = tt.width
			if err := s.Table(table); err != nil {
				t.Fatal(err)
			}
			if got, want := far.Out.String(), tt.head+"\n"+tt.row+"\n"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
