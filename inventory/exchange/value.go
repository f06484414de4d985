package exchange

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hwmfa/inventory"
)

// value is the one spelling of a cell, or what is wrong with it, in words that
// quote nothing of it.
func (b *builder) value(def Column, c cell) (value, fault string) {
	switch c.kind {
	case kindFormula:
		return "", "is a formula; put its value there"
	case kindFault:
		return "", "holds an error of the spreadsheet"
	case kindNested:
		return "", "holds an array or an object"
	case kindCSV:
		text, err := unguard(c.text)
		if err != nil {
			return "", err.Error()
		}
		c.text = text
	case kindNumber:
		text, err := wholeNumber(c.text)
		if err != nil {
			return "", err.Error()
		}
		c.text = text
	case kindSheetNumber:
		text, err := sheetNumber(c.text, def.Time, b.date1904)
		if err != nil {
			return "", err.Error()
		}
		c.text = text
	}
	text := inventory.Canonical(c.text)
	if fault := faultOfText(text); fault != "" || text == "" {
		return "", fault
	}
	if def.Time {
		t, err := parseTime(text)
		switch {
		case err != nil:
			return "", err.Error()
		case !def.Future && !b.opts.Now.IsZero() && t.After(b.opts.Now):
			return "", "lies in the future"
		}
		return t.Format(time.RFC3339Nano), ""
	}
	if def.Parse != nil {
		text, err := def.Parse(text)
		if err != nil {
			return "", err.Error()
		}
		return text, ""
	}
	return text, ""
}

// faultOfText says what keeps a text from being one printable line.
func faultOfText(s string) string {
	if len(s) > maxCell {
		return fmt.Sprintf("is longer than %d bytes", maxCell)
	}
	if !utf8.ValidString(s) {
		return "is not valid UTF-8; save the file as CSV UTF-8"
	}
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r':
			return "contains a line break"
		case !unicode.IsPrint(r):
			return fmt.Sprintf("contains the unprintable character %U", r)
		}
	}
	return ""
}

// wholeNumber writes the digits of a whole number out, whatever its exponent
// is. Fractions are refused: a firmware version 5.10 that became the number 5.1
// cannot be told from one that was 5.1.
func wholeNumber(s string) (string, error) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n < -64 || n > 64 {
			return "", fmt.Errorf("is a number with an exponent out of range")
		}
		mantissa, exponent = s[:i], n
	}
	if strings.HasPrefix(mantissa, "-") {
		return "", fmt.Errorf("is a negative number")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	for _, r := range digits {
		if r < '0' || r > '9' {
			return "", fmt.Errorf("is not a number")
		}
	}
	point := len(whole) + exponent // where the point stands in digits
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	if digits == "" || point < 0 || strings.Trim(digits[point:], "0") != "" {
		return "", fmt.Errorf("is a fraction of a number; write it as text")
	}
	digits = strings.TrimLeft(digits[:point], "0")
	if digits == "" {
		digits = "0"
	}
	return digits, nil
}

// sheetDigits is how many digits of a number a spreadsheet keeps.
const sheetDigits = 15

// sheetNumber reads a number that a spreadsheet kept: a day in a column of
// times, a whole number elsewhere, and only where no digit can have been lost.
func sheetNumber(s string, asTime, date1904 bool) (string, error) {
	if asTime {
		return sheetTime(s, date1904)
	}
	digits, err := wholeNumber(s)
	if err == nil && len(strings.TrimRight(digits, "0")) > sheetDigits {
		err = fmt.Errorf("is a number of more than %d digits, of which spreadsheets lose the last; write it as text", sheetDigits)
	}
	return digits, err
}

// sheetTime reads a spreadsheet's count of days. Day 60 of the 1900 system is a
// 29 February that never was (ECMA-376 §18.17.4.1); days up to it are refused.
func sheetTime(s string, date1904 bool) (string, error) {
	days, err := strconv.ParseFloat(s, 64)
	if err != nil || !(days > 60 && days < 2958466) { // 9999-12-31
		return "", fmt.Errorf("is not a date")
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	t := epoch.Add(time.Duration(int64(days)) * 24 * time.Hour)
	t = t.Add(time.Duration((days - float64(int64(days))) * float64(24*time.Hour))).Round(time.Second)
	return t.Format(time.RFC3339), nil
}

// timeForms are what is taken for a time; without a zone it is UTC. Days
// written with slashes or points are refused: 3/4 is two days.
var timeForms = []string{time.RFC3339Nano, "2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

func parseTime(s string) (time.Time, error) {
	for _, form := range timeForms {
		t, err := time.Parse(form, s)
		if err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("is not a time such as 2006-01-02 or 2006-01-02T15:04:05Z")
}

// mangled is a number as spreadsheets show one that is too wide for its column,
// and as they then write it into a CSV: the other digits are gone.
var mangled = regexp.MustCompile(`^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$`)

// parseSerial spells a serial number. Labels print groups, so spaces within it
// go.
func parseSerial(s string) (string, error) {
	if mangled.MatchString(s) {
		return "", fmt.Errorf("is a number that a spreadsheet shortened; format the column as text and enter the serial again")
	}
	return inventory.NormalizeSerial(strings.ReplaceAll(s, " ", ""))
}
