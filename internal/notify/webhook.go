package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// webhook posts a message to an address of one's own, written as the library
// would: generic+https://HOST/PATH, where template=json asks for an object and
// @NAME=VALUE adds a header.
type webhook struct {
	address string
	asJSON  bool
	headers map[string]string
}

func newWebhook(u *url.URL) (sender, error) {
	u.Scheme = strings.TrimPrefix(u.Scheme, "generic+")
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: want generic+https://HOST/PATH", ErrAddress)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("generic: %w", ErrPlain)
	}
	w := webhook{headers: map[string]string{}}
	query := u.Query()
	switch query.Get("template") {
	case "":
	case "json", "JSON":
		w.asJSON = true
		query.Del("template")
	default:
		return nil, fmt.Errorf("%w: the template is none but json", ErrAddress)
	}
	for name, values := range query {
		if header, ok := strings.CutPrefix(name, "@"); ok {
			w.headers[header] = values[0]
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	w.address = u.String()
	return w, nil
}

func (w webhook) send(ctx context.Context, m Message) error {
	body, kind := []byte(m.Text), "text/plain; charset=utf-8"
	if w.asJSON {
		var err error
		if body, err = json.Marshal(map[string]string{"title": m.Title, "message": m.Text}); err != nil {
			return err
		}
		kind = "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	for name, value := range w.headers {
		r.Header.Set(name, value)
	}
	// Whoever answers with another address would get the message, and could be anybody.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return errors.New(fmt.Sprint(answer.StatusCode, " ", http.StatusText(answer.StatusCode)))
	}
	return nil
}
