package notify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const secret = "s3cr3t-T0KEN"

func parse(t *testing.T, address string) Target {
	t.Helper()
	target, err := Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

var sent = Message{Title: "a title", Text: "a title\nand more\n"}

func TestAWebhookGetsTheMessage(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.URL.Path + " " + string(body)
	}))
	defer s.Close()
	plain := parse(t, "generic+"+s.URL+"/hook/"+secret)
	structured := parse(t, "generic+"+s.URL+"/hook?template=json")
	for _, c := range []struct {
		target Target
		want   string
	}{
		{plain, "/hook/" + secret + " " + sent.Text},
		{structured, `/hook {"message":"a title\nand more\n","title":"a title"}`},
	} {
		if err := Send(context.Background(), []Target{c.target}, sent, MaxWait); err != nil || got != c.want {
			t.Errorf("got %q, want %q; %v", got, c.want, err)
		}
	}
}

func TestMailGoesEncryptedOnly(t *testing.T) {
	address := func(s *mailServer) string {
		return "smtp://ada:" + secret + "@" + s.address + "/?from=a@example.com&to=b@example.com"
	}
	t.Run("a server with STARTTLS and a certificate that is believed gets it", func(t *testing.T) {
		s := serveMail(t, &believed)
		if err := Send(context.Background(), []Target{parse(t, address(s))}, sent, MaxWait); err != nil {
			t.Fatal(err)
		}
		mail, _ := s.got()
		if len(mail) != 1 || !strings.HasPrefix(mail[0], "tls=true: ") || !strings.Contains(mail[0], "Subject: a title\r\n") || !strings.HasSuffix(mail[0], "\r\n\r\na title\r\nand more\r\n") {
			t.Errorf("got %q", mail)
		}
	})
	for name, certificate := range map[string]*struct{ s *mailServer }{
		"one without STARTTLS gets neither mail nor password":                  {serveMail(t, nil)},
		"one whose certificate nobody believes gets neither mail nor password": {serveMail(t, &stranger)},
	} {
		t.Run(name, func(t *testing.T) {
			err := Send(context.Background(), []Target{parse(t, address(certificate.s))}, sent, MaxWait)
			if !errors.Is(err, ErrNotSent) {
				t.Errorf("got %v", err)
			}
			mail, said := certificate.s.got()
			if len(mail) > 0 || strings.Contains(strings.Join(said, "\n"), "AUTH") {
				t.Errorf("it got %q after %q", mail, said)
			}
		})
	}
}

func TestUnencryptedAddressesAreRefused(t *testing.T) {
	const mail = "/?from=a@example.com&to=b@example.com"
	for address, want := range map[string]error{
		"smtp://mail.example.com:587" + mail:                                  nil,
		"smtp://mail.example.com:465" + mail + "&subject=x":                   ErrAddress,
		"smtp://mail.example.com:587" + mail + "&encryption=ImplicitTLS":      ErrPlain,
		"smtp://mail.example.com:587" + mail + "&starttls=no":                 ErrPlain,
		"smtp://mail.example.com:465" + mail + "&starttls=no&encryption=None": ErrPlain,
		"smtp://mail.example.com:465" + mail + "&SkipTLSVerify=yes":           ErrPlain,
		"generic+https://hook.example.com/x":                                  nil,
		"generic+http://hook.example.com/x":                                   ErrPlain,
		"generic+http://127.0.0.1:8080/x":                                     nil,
		"generic://hook.example.com/x":                                        ErrAddress,
		"gotify://gotify.example.com/AzyoeNS.D4iJLVa":                         nil,
		"gotify://gotify.example.com/AzyoeNS.D4iJLVa?disabletls=yes":          ErrPlain,
		"gotify://gotify.example.com/AzyoeNS.D4iJLVa?insecureskipverify=yes":  ErrPlain,
		"mattermost://mm.example.com/token":                                   nil,
		"mattermost://mm.example.com/token?disabletls=yes":                    ErrPlain,
		"ntfy://ntfy.sh/topic":                                                nil,
		"ntfy://ntfy.example.com/topic?scheme=http":                           ErrPlain,
		"ntfy://ntfy.example.com/topic?disabletls=yes":                        ErrPlain,
		"ntfy://ntfy.example.com/topic?disabletlsverification=yes":            ErrPlain,
		"slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook":   nil,
		"discord://token@1234567890":                                          nil,
		"slack://short@webhook":                                               ErrAddress,
		"smtp://mail.example.com":                                             ErrAddress,
		"logger://":                                                           ErrAddress,
		"https://hook.example.com/x":                                          ErrAddress,
		"slack+https://hook.example.com/x":                                    ErrAddress,
		"":                                                                    ErrAddress,
		"generic+https://" + strings.Repeat("x", 1<<14):                       ErrAddress,
		"generic+https://hook.example.com/\x7f":                               ErrAddress,
	} {
		if _, err := Parse(address); !errors.Is(err, want) || err == nil != (want == nil) {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
	}
}

func TestFailuresAreBoundedAndTellNoSecret(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "hang"):
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		case strings.Contains(r.URL.Path, "elsewhere"):
			http.Redirect(w, r, "http://127.0.0.1:1/"+secret, http.StatusTemporaryRedirect)
		case strings.Contains(r.URL.Path, "drop"):
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "no such hook: "+r.URL.String())
		}
	}))
	defer func() { close(hang); s.Close() }()
	nowhere := strings.Repeat("x", 64) + ".invalid/" // no resolver asks anybody for a label of more than 63 bytes
	strange := httptest.NewTLSServer(nil)
	defer strange.Close()
	for path, want := range map[string]string{
		"generic+" + s.URL + "/error/" + secret:                    "generic: not sent: it answered 500 Internal Server Error",
		"generic+" + s.URL + "/hang/" + secret:                     "generic: not sent: no answer in time",
		"generic+" + s.URL + "/elsewhere/" + secret:                "generic: not sent: it answered 307 Temporary Redirect",
		"generic+" + s.URL + "/drop/" + secret:                     "generic: not sent: it broke the connection off",
		"generic+http://127.0.0.1:1/" + secret:                     "generic: not sent: nobody listens there",
		"generic+" + strange.URL + "/" + secret:                    "generic: not sent: its certificate is not believed",
		"generic+https://" + secret + "." + nowhere:                "generic: not sent: its host has no address",
		"smtp://u:" + secret + "@127.0.0.1:1/?from=a@x.y&to=b@x.y": "smtp: not sent: nobody listens there",
	} {
		wait := time.Minute
		if strings.Contains(path, "/hang/") {
			wait = time.Second
		}
		began := time.Now()
		err := Send(context.Background(), []Target{parse(t, path)}, sent, wait)
		if !errors.Is(err, ErrNotSent) || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		if spent := time.Since(began); spent > 30*time.Second {
			t.Errorf("%s took %v", path, spent)
		}
	}
}

func TestOneFailureHidesNoOther(t *testing.T) {
	got := make(chan struct{}, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- struct{}{}
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer s.Close()
	err := Send(context.Background(), []Target{parse(t, "generic+"+s.URL+"/bad"), parse(t, "generic+"+s.URL+"/good")}, sent, MaxWait)
	if len(got) != 2 || err == nil || err.Error() != "generic: not sent: it answered 403 Forbidden" {
		t.Errorf("%d calls, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Send(ctx, []Target{parse(t, "generic+http://127.0.0.1:1/")}, sent, MaxWait); !errors.Is(err, ErrNotSent) {
		t.Errorf("interrupted: %v", err)
	}
}

// FuzzParse holds that nothing of an address stands in its error.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		f.Add(name+"://", "@host/path?x=", "")
		f.Add(name+"+https://host/", "", "?disabletls=")
	}
	f.Fuzz(func(t *testing.T, before, between, after string) {
		const marked = "q7Zx9Kq7Zx9K"
		for _, address := range []string{before + marked + between + after, before + between + marked + after, before + between + after + marked} {
			if _, err := Parse(address); err != nil && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(marked)) {
				t.Errorf("%q: %v", address, err)
			}
		}
	})
}
