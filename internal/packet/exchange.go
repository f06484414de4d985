package packet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"hwmfa/iamcheck/awsapi"
)

// line is an exchange as a packet keeps it: one JSON object on a line. An answer that is no UTF-8 is kept in base64, so that
// every byte of it stays as it came.
type line struct {
	awsapi.Exchange
	Text  *string `json:"answer"`
	Bytes []byte  `json:"answer_base64,omitempty"`
}

// encode writes one exchange.
func encode(x awsapi.Exchange) ([]byte, error) {
	l := line{Exchange: x}
	if text := string(x.Answer); utf8.ValidString(text) {
		l.Text = &text
	} else {
		l.Bytes = x.Answer
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return nil, fmt.Errorf("encode %s: %w", x.Action, err)
	}
	return b.Bytes(), nil
}

const (
	// minLine is less than any line of encode's has, in bytes: by it a file's size bounds the memory that it takes.
	minLine = 128
	// maxLine bounds a line, in bytes: an answer of eight million, of which each is written as six.
	maxLine = 64 << 20
)

// decode reads what encode wrote, one exchange a line.
func decode(data []byte) ([]awsapi.Exchange, error) {
	most := len(data) / minLine
	exchanges := make([]awsapi.Exchange, 0, min(bytes.Count(data, []byte("\n")), most))
	for len(data) > 0 {
		doc, rest, whole := bytes.Cut(data, []byte("\n"))
		var l line
		err := errors.New("it has no end")
		switch {
		case len(doc) > maxLine:
			err = fmt.Errorf("a line of %d bytes", len(doc))
		case whole:
			err = json.Unmarshal(doc, &l)
		}
		if err == nil && len(exchanges) == most {
			err = errors.New("more exchanges than so many bytes can hold")
		}
		if err != nil {
			return nil, fmt.Errorf("exchange %d: %w", len(exchanges)+1, err)
		}
		l.Answer = l.Bytes
		if l.Text != nil {
			l.Answer = []byte(*l.Text)
		}
		exchanges, data = append(exchanges, l.Exchange), rest
	}
	return exchanges, nil
}
