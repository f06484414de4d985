package exchange

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// sample is a schema with a column of every sort.
var sample = Schema{Name: "hwmfa.export-samples/v1", List: "samples", Columns: []Column{
	{Name: "serial", Aliases: []string{"serial_no", "serial_number"}, Required: true, Unique: true, Parse: parseSerial},
	{Name: "tag", Aliases: []string{"asset_tag"}},
	{Name: "since", Time: true},
}}

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// lines is a table as text: cells with "|" between, what is empty left empty.
func lines(t Table) []string {
	var out []string
	for _, r := range t.Records {
		out = append(out, strings.Join(r.values, "|"))
	}
	return out
}

// utf16le is a text as spreadsheets write it in UTF-16.
func utf16le(s string) string {
	b := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, in string
		opts     Options
		want     []string
	}{
		{"a CSV", "serial,tag,since\n12345678,YK-1,2026-01-02\n", Options{}, []string{"12345678|YK-1|2026-01-02T00:00:00Z"}},
		{"a byte-order mark and CRLF", "\xef\xbb\xbfserial,tag\r\n1,a\r\n2,b\r\n", Options{}, []string{"1|a|", "2|b|"}},
		{"no newline at the end", "serial\n1", Options{}, []string{"1||"}},
		{"semicolons", "serial;tag\n1;a,b\n", Options{}, []string{"1|a,b|"}},
		{"tabs", "serial\ttag\n1\ta;b\n", Options{}, []string{"1|a;b|"}},
		{"a first line that names the separator", "sep=;\r\nserial;tag\r\n1;a,b\r\n", Options{}, []string{"1|a,b|"}},
		{"a separator that only such a line can name", "SEP=|\nserial|tag\n1|a;b\n", Options{}, []string{"1|a;b|"}},
		{"UTF-16, low byte first", utf16le("serial\ttag\r\n1\tZürich 🔑\r\n"), Options{}, []string{"1|Zürich 🔑|"}},
		{"UTF-16, high byte first", "\xfe\xff\x00s\x00e\x00r\x00i\x00a\x00l\x00\n\x001", Options{}, []string{"1||"}},
		{"JSON in UTF-16", utf16le(`[{"serial":"1"}]`), Options{}, []string{"1||"}},
		{"separators in the header's quotes do not count", "\"tag;;;\",serial\nx,1\n", Options{}, []string{"1|x|"}},
		{"columns in any order, letter case and spelling", "Asset Tag,SERIAL No.\na,1\n", Options{}, []string{"1|a|"}},
		{"a header broken over two lines", "\"Serial\nnumber\"\n1\n", Options{}, []string{"1||"}},
		{"a serial as labels print it", "serial\n 0012 345 678 \nab-1\n", Options{}, []string{"12345678||", "AB-1||"}},
		{"empty rows", "serial,tag\n\n1,a\n,\n2,\n", Options{}, []string{"1|a|", "2||"}},
		{"line breaks in a column that is left out", "serial,notes\n1,\"two\nlines\"\n2,x\n", Options{IgnoreUnknown: true}, []string{"1||", "2||"}},
		{"a mapped column", "Device,tag\n1,a\n", Options{Columns: map[string]string{"serial": "device"}}, []string{"1|a|"}},
		{"a mapping goes before a name", "serial,label\nx,1\n", Options{Columns: map[string]string{"serial": "Label"}, IgnoreUnknown: true}, []string{"1||"}},
		{"what was made safe is taken back", "serial,tag\n1,'=a\n2,''=a\n3,'a\n4,'\n5,'-1\n", Options{}, []string{"1|=a|", "2|'=a|", "3|'a|", "4|'|", "5|-1|"}},
		{"an empty column without a name", "serial,,\n1,,\n", Options{}, []string{"1||"}},
		{"times", "serial,since\n1,2026-01-02 03:04\n2,2026-01-02T03:04:05+02:00\n", Options{Now: now}, []string{"1||2026-01-02T03:04:00Z", "2||2026-01-02T01:04:05Z"}},
		{"a bare array", `[{"serial":"1","tag":null},{"serial":2}]`, Options{}, []string{"1||", "2||"}},
		{"a document", `{"schema":"hwmfa.export-samples/v1","samples":[{"Serial":"1","tag":"=a"}]}`, Options{}, []string{"1|=a|"}},
		{"the schema after the rows", `{"samples":[],"schema":"hwmfa.export-samples/v1"}`, Options{}, nil},
		{"numbers of JSON", `[{"serial":1.2345678e7},{"serial":12345678901234567890},{"serial":70.0}]`, Options{}, []string{"12345678||", "12345678901234567890||", "70||"}},
		{"nested values that are left out", `[{"serial":"1","x":{"a":[1,{"b":2}]}}]`, Options{IgnoreUnknown: true}, []string{"1||"}},
		{"a mapped member", `[{"sn":"1"}]`, Options{Columns: map[string]string{"serial": "sn"}}, []string{"1||"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tt.in), sample, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(lines(got), tt.want) {
				t.Errorf("got %q, want %q", lines(got), tt.want)
			}
		})
	}
}

// refused is what keeps a file out.
func TestRead_refuses(t *testing.T) {
	long := strings.Repeat("x", maxCell+1)
	tests := []struct {
		name, in string
		opts     Options
		want     string // the whole message
	}{
		{"an empty file", "", Options{}, "not a table that can be read: it is empty"},
		{"only a byte-order mark", "\xef\xbb\xbf\n", Options{}, "not a table that can be read: it is empty"},
		{"UTF-16 with nothing in it", "\xff\xfe", Options{}, "not a table that can be read: it is empty"},
		{"UTF-16 with a secret", utf16le("serial,otp seed\n1,x\n"), Options{}, "the file holds secrets and was not read: column \"otp seed\" (B) is one of secrets; take it out of the file, and out of wherever the file came from"},
		{"UTF-16 without a mark", "s\x00e\x00r\x00", Options{}, "not a table that can be read: this is UTF-16 and does not say so; save it as CSV UTF-8"},
		{"lines that end in carriage returns", "serial,tag\r1,a\r", Options{}, "not a table that can be read: its lines end in carriage returns alone; save it as CSV UTF-8"},
		{"a fault below a line that names the separator", "sep=,\nserial,tag\n1\n", Options{}, "line 3: has 1 cells, and the header has 2"},
		{"a quote below such a line", "sep=,\nserial\n1\"\n", Options{}, "not a table that can be read: line 3: bare \" in non-quoted-field"},
		{"an old workbook", "\xd0\xcf\x11\xe0rest", Options{}, "not a table that can be read: this is a workbook of the old form, or one with a password; save it as XLSX without a password"},
		{"Latin-1", "serial,tag\n1,Z\xfcrich\n", Options{}, `line 2, column "tag" (B): is not valid UTF-8; save the file as CSV UTF-8`},
		{"an unknown column", "serial,tga\n1,a\n", Options{}, `line 1, column "tga" (B): is not known; the nearest that is known is tag`},
		{"a file without a header", "12345678,JBSWY3DPEHPK3PXP\n", Options{}, "line 1, column \"12345678\" (A): is not known; known are serial, tag, since\nline 1, column B: is not known; known are serial, tag, since\nline 1: there is no column serial; if the file calls it something else, map it"},
		{"members named by data", `[{"JBSWY3DPEHPK3PXP":"1"}]`, Options{}, "record 1, column number 1: is not known; known are serial, tag, since\nrecord 1, column serial: is empty"},
		{"a column like none", "serial,colour of the box\n1,a\n", Options{}, `line 1, column "colour of the box" (B): is not known; known are serial, tag, since`},
		{"a column twice", "serial,Serial No.\n1,2\n", Options{}, `line 1, column "Serial No." (B): is a second column for serial`},
		{"no column that is needed", "tag\na\n", Options{}, "line 1: there is no column serial; if the file calls it something else, map it"},
		{"a mapping to nothing", "serial\n1\n", Options{Columns: map[string]string{"tag": "Label"}}, `line 1: there is no column "Label" to be taken for tag`},
		{"a mapping of nothing", "serial\n1\n", Options{Columns: map[string]string{"colour": "tag"}}, "not a table that can be read: there is no column colour to be mapped; there are serial, tag, since"},
		{"an empty cell that is needed", "serial,tag\n,a\n", Options{}, `line 2, column "serial" (A): is empty`},
		{"a cell without a column", "serial,\n1,a\n", Options{}, "line 2, column B: the column has no name in the header"},
		{"a cell too many", "serial\n1,2\n", Options{}, "line 2: has 2 cells, and the header has 1"},
		{"a cell too few", "serial,tag\n1\n", Options{}, "line 2: has 1 cells, and the header has 2"},
		{"a formula", "serial,tag\n1,=1+1\n", Options{}, `line 2, column "tag" (B): begins like a formula; if it is text, put ' in front`},
		{"a command", "serial,tag\n1,@SUM(1)\n2,+1\n3,-1\n", Options{}, "line 2, column \"tag\" (B): begins like a formula; if it is text, put ' in front\nline 3, column \"tag\" (B): begins like a formula; if it is text, put ' in front\nline 4, column \"tag\" (B): begins like a formula; if it is text, put ' in front"},
		{"a line break in a cell", "serial,tag\n1,\"a\nb\"\n2,x\n2,\"y\"\n", Options{}, "line 2, column \"tag\" (B): contains a line break\nline 5, column \"serial\" (A): is the same as in line 4"},
		{"NUL", "serial,tag\n1,a\x00b\n", Options{}, `line 2, column "tag" (B): contains the unprintable character U+0000`},
		{"a control character", "serial,tag\n1,\x1b[2J\n", Options{}, `line 2, column "tag" (B): contains the unprintable character U+001B`},
		{"a bidirectional override", "serial,tag\n1,a\u202eb\n", Options{}, `line 2, column "tag" (B): contains the unprintable character U+202E`},
		{"a control character in the header", "serial,t\x1bag\n1,a\n", Options{}, "not a table that can be read: line 1: the name of column B is too long or not printable"},
		{"a serial that differs by zeros, spaces and case", "serial\n12345678\n0012 345 678\nAB-1\nab-1\n", Options{}, "line 3, column \"serial\" (A): is the same as in line 2\nline 5, column \"serial\" (A): is the same as in line 4"},
		{"a serial that a spreadsheet shortened", "serial\n1.23457E+07\n", Options{}, `line 2, column "serial" (A): is a number that a spreadsheet shortened; format the column as text and enter the serial again`},
		{"a serial of other characters", "serial\n1;DROP\n", Options{}, `line 2, column "serial" (A): serial may hold letters, digits and - . _ only`},
		{"a time in the future", "serial,since\n1,2026-06-02\n", Options{Now: now}, `line 2, column "since" (B): lies in the future`},
		{"a day that is two days", "serial,since\n1,3/4/2026\n", Options{}, `line 2, column "since" (B): is not a time such as 2006-01-02 or 2006-01-02T15:04:05Z`},
		{"a cell that is too long", "serial,tag\n1," + long + "\n", Options{}, `line 2, column "tag" (B): is longer than 4096 bytes`},
		{"a stray quote", "serial,tag\n1,a\"b\n", Options{}, `not a table that can be read: line 2: bare " in non-quoted-field`},
		{"a quote that never ends", "serial,tag\n1,\"a\n2,b\n", Options{}, `not a table that can be read: line 3: extraneous or missing " in quoted-field`},
		{"a record that is too long", "serial,tag\n1,\"" + strings.Repeat("a\n", maxRecord/2+1) + "\"\n", Options{}, "not a table that can be read: the record up to line 32769 is longer than 64 KiB"},
		{"a sheet of a CSV", "serial\n1\n", Options{Sheet: "x"}, "not a table that can be read: only a workbook has sheets"},
		{"JSON that breaks off", `[{"serial":"1"}`, Options{}, "not a table that can be read: byte 15: it is not valid JSON"},
		{"JSON and more", `[] []`, Options{}, "not a table that can be read: there is something after the end"},
		{"a name twice", `[{"serial":"1","serial":"2"}]`, Options{}, "not a table that can be read: byte 23: a name is there twice in one object"},
		{"a name twice in another case", `[{"serial":"1","Serial":"2"}]`, Options{}, `record 1, column "Serial": is a second column for serial`},
		{"another schema", `{"schema":"hwmfa.keys/v1","samples":[]}`, Options{}, "not a table that can be read: its schema is not hwmfa.export-samples/v1"},
		{"another list", `{"schema":"hwmfa.export-samples/v1","keys":[]}`, Options{}, "not a table that can be read: its members may be schema and the array samples only"},
		{"no list", `{"schema":"hwmfa.export-samples/v1"}`, Options{}, "not a table that can be read: it has no array samples"},
		{"a row that is none", `[1]`, Options{}, "not a table that can be read: record 1 is not an object"},
		{"an unknown member", `[{"serial":"1","tga":1}]`, Options{}, `record 1, column "tga": is not known; the nearest that is known is tag`},
		{"a member that is needed", `[{"tag":"1"}]`, Options{}, `record 1, column serial: is empty`},
		{"an array for a text", `[{"serial":["1"]}]`, Options{}, `record 1, column "serial": holds an array or an object`},
		{"a fraction", `[{"serial":1.5}]`, Options{}, `record 1, column "serial": is a fraction of a number; write it as text`},
		{"an exponent to fill memory with", `[{"serial":1e999999999}]`, Options{}, `record 1, column "serial": is a number with an exponent out of range`},
		{"a negative number", `[{"serial":-1}]`, Options{}, `record 1, column "serial": is a negative number`},
		{"JSON in another encoding", "[{\"serial\":\"\xff\"}]", Options{}, "not a table that can be read: it is not valid UTF-8"},
		{"depth", `[{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}]`, Options{IgnoreUnknown: true}, "not a table that can be read: record 1: more than 16 arrays and objects within each other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tt.in), sample, tt.opts)
			if err == nil || len(got.Records) > 0 {
				t.Fatalf("got %d rows and error %v", len(got.Records), err)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestRead_namesEveryProblemUpToABound(t *testing.T) {
	_, err := Read(strings.NewReader("serial,tag\n"+strings.Repeat(",a\n", 150)), sample, Options{})
	var p *Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	if len(p.List) != maxProblems || p.More != 50 || p.List[99].Row != 101 || !strings.HasSuffix(err.Error(), "\nand 50 more") {
		t.Errorf("%d named, %d more, the last %+v", len(p.List), p.More, p.List[len(p.List)-1])
	}
}

func TestRead_secrets(t *testing.T) {
	const seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	const awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	tests := []struct {
		name, in string
		opts     Options
		hidden   string
	}{
		{"a seed column", "serial,MFA Seed\n1,abc\n", Options{}, "abc"},
		{"a seed column that is to be ignored", "serial,mfaSeed\n1,abc\n", Options{IgnoreUnknown: true}, "abc"},
		{"a seed column that is mapped", "Secret\n1\n", Options{Columns: map[string]string{"serial": "Secret"}}, ""},
		{"an otpauth URL", "serial,tag\n1,otpauth://totp/x?secret=abc\n", Options{}, "totp/x"},
		{"an otpauth URL in a column that is left out", "serial,x\n1,see OTPAUTH-MIGRATION://offline?data=abc\n", Options{IgnoreUnknown: true}, "offline"},
		{"a private key", "serial,tag\n1,\"-----BEGIN EC PRIVATE KEY-----\nMHc\"\n", Options{}, "MHc"},
		{"a TOTP seed", "serial,tag\n1," + seed + "\n", Options{}, seed},
		{"a TOTP seed in groups", "serial,tag\n1,jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp\n", Options{}, "jbsw"},
		{"an AWS secret", "serial,tag\n1," + awsSecret + "\n", Options{}, awsSecret},
		{"a secret after a problem", "serial,tag\n,x\n2," + seed + "\n", Options{}, seed},
		{"a header that is a secret", "serial," + seed + "\n1,x\n", Options{}, seed},
		{"a member of JSON", `[{"serial":"1","password":"hunter2"}]`, Options{}, "hunter2"},
		{"a member further down", `[{"serial":"1","x":{"y":[{"totp_secret":"abc"}]}}]`, Options{IgnoreUnknown: true}, "abc"},
		{"a value further down", `[{"serial":"1","x":["` + seed + `"]}]`, Options{IgnoreUnknown: true}, seed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tt.in), sample, tt.opts)
			if !errors.Is(err, ErrSecret) || len(got.Records) > 0 {
				t.Fatalf("got %d rows and error %v", len(got.Records), err)
			}
			if tt.hidden != "" && strings.Contains(err.Error(), tt.hidden) {
				t.Errorf("the message quotes it: %v", err)
			}
		})
	}
}

func TestIsSecretHeader(t *testing.T) {
	for _, h := range []string{
		"Secret", "TOTP secret", "totpSecret", "shared_secret", "Client-Secret", "SECRETKEY", "mfa seed", "MFASeed", "Seed (base32)",
		"password", "Passwd", "PASSPHRASE", "pwd", "Kennwort", "PIN", "FIDO2 PIN", "user-pin", "pin code", "PUK", "PIV PUK",
		"private key", "PrivateKey", "Recovery codes", "backup-code", "Management Key", "mgmt_key", "otpauth", "otpauth URL", "OTP", "totp", "QR code",
		"AWS Secret Access Key", "aes key", "s e c r e t",
	} {
		if !isSecretHeader(h) {
			t.Errorf("%q passes", h)
		}
	}
	for _, h := range []string{
		"serial", "Serial No.", "shipping date", "spinning", "Secretary", "secretariat", "holder", "public key", "key", "key id", "device name",
		"TOTP serial", "opinion", "compass", "place", "", "passport no", "AAGUID", "since",
	} {
		if isSecretHeader(h) {
			t.Errorf("%q is refused", h)
		}
	}
}

// endless is a file of one line that does not end before n bytes.
type endless struct {
	head string
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = '7'
	}
	e.left -= int64(len(p))
	return len(p), nil
}

func TestRead_aLineOfOneGigabyte(t *testing.T) {
	for name, head := range map[string]string{
		"a cell":                "serial\n",
		"a cell in quotes":      "serial\n\"",
		"a header":              "serial",
		"a quote in the header": "\"serial",
	} {
		t.Run(name, func(t *testing.T) {
			file := &endless{head: head, left: 1 << 30}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Read(file, sample, Options{})
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), "longer than 64 KiB") {
				t.Errorf("got error %v", err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
				t.Errorf("%d bytes of memory were taken", used)
			}
			if file.left < 1<<30-1<<20 {
				t.Errorf("%d bytes were read", 1<<30-file.left)
			}
		})
	}
}

func TestRead_aFileThatIsTooLarge(t *testing.T) {
	for name, head := range map[string]string{"JSON": `["`, "XLSX": "PK\x03\x04"} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(&endless{head: head, left: 1 << 30}, sample, Options{})
			if want := "not a table that can be read: larger than 128 MiB"; err == nil || err.Error() != want {
				t.Errorf("got error %v, want %s", err, want)
			}
		})
	}
	t.Run("a CSV of many lines", func(t *testing.T) {
		mib := strings.Repeat("x,"+strings.Repeat(" ", 4093)+"\n", 1<<8)
		in := []io.Reader{strings.NewReader("id,a\n")}
		for range maxFile >> 20 {
			in = append(in, strings.NewReader(mib))
		}
		_, err := Read(io.MultiReader(in...), texts, Options{})
		if want := "not a table that can be read: larger than 128 MiB"; err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	})
	t.Run("a CSV of many rows", func(t *testing.T) {
		for _, row := range []string{"a,\n", ",\n"} {
			_, err := Read(strings.NewReader("id,a\n"+strings.Repeat(row, maxRows+1)), texts, Options{})
			if want := "not a table that can be read: more than 250000 rows"; err == nil || err.Error() != want {
				t.Errorf("%q: got error %v, want %s", row, err, want)
			}
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRead_aReaderThatFails(t *testing.T) {
	for _, head := range []string{"", "serial\n1\n", "[", "PK\x03\x04"} {
		if _, err := Read(io.MultiReader(bytes.NewReader([]byte(head)), broken{}), sample, Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %q: got error %v", head, err)
		}
	}
}
