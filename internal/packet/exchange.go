package packet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// minLine is less than any line of encode's has, in bytes: by it a file's size bounds the memory that it takes.
const minLine = 128

// decode reads what encode wrote, one exchange after the other.
func decode(data []byte) ([]awsapi.Exchange, error) {
	most := len(data) / minLine
	exchanges := make([]awsapi.Exchange, 0, min(bytes.Count(data, []byte("\n")), most))
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var l line
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return exchanges, nil
		}
		if err != nil {
			return nil, fmt.Errorf("exchange %d: %w", len(exchanges)+1, err)
		}
		if len(exchanges) == most {
			return nil, fmt.Errorf("more exchanges than %d bytes can hold", len(data))
		}
		l.Answer = l.Bytes
		if l.Text != nil {
			l.Answer = []byte(*l.Text)
		}
		exchanges = append(exchanges, l.Exchange)
	}
}
