package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"
)

// maxRecipients bounds who gets a mail.
const maxRecipients = 20

// mailbox sends mail, by an address as the library writes it:
// smtp://USER:PASSWORD@HOST:PORT/?from=ADDRESS&to=ADDRESS,ADDRESS. Port 465 is
// TLS from the first byte, any other begins it with STARTTLS. There is no way to
// do without, and none to believe a certificate that the system does not.
type mailbox struct {
	host, port     string
	user, password string
	from           string
	to             []string
}

func newMail(u *url.URL) (sender, error) {
	wrong := func(what string) (sender, error) { return nil, fmt.Errorf("%w: smtp %s", ErrAddress, what) }
	b := mailbox{host: u.Hostname(), port: u.Port(), user: u.User.Username()}
	b.password, _ = u.User.Password()
	if b.port == "" {
		b.port = "587"
	}
	query := u.Query()
	for name, values := range query {
		switch strings.ToLower(name) {
		case "from", "fromaddress":
			b.from = values[0]
		case "to", "toaddresses":
			b.to = strings.Split(values[0], ",")
		case "starttls", "usestarttls", "encryption", "skiptlsverify":
			return nil, fmt.Errorf("smtp: with TLS chosen by hand the mail %w; port 465 has TLS, and any other must offer STARTTLS", ErrPlain)
		default:
			return wrong("knows from and to alone")
		}
	}
	if u.Scheme != "smtp" || b.host == "" || len(b.to) > maxRecipients {
		return wrong("needs a host, and at most 20 recipients")
	}
	for _, address := range append([]string{b.from}, b.to...) {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			return wrong("needs from and to, each a plain address")
		}
	}
	return b, nil
}

func (b mailbox) send(ctx context.Context, m Message) error {
	letter, err := b.letter(m, time.Now())
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(b.host, b.port))
	if err != nil {
		return err
	}
	// Closing ends whatever waits for the server; at the end it is closed already.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = b.deliver(conn, letter)
	_ = conn.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (b mailbox) deliver(conn net.Conn, letter []byte) error {
	settings := &tls.Config{ServerName: b.host, MinVersion: tls.VersionTLS12}
	implicit := b.port == "465"
	if implicit {
		conn = tls.Client(conn, settings)
	}
	c, err := smtp.NewClient(conn, b.host)
	if err != nil {
		return err
	}
	if !implicit {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return errors.New("does not support starttls")
		}
		if err := c.StartTLS(settings); err != nil {
			return err
		}
	}
	if b.user != "" {
		if err := c.Auth(smtp.PlainAuth("", b.user, b.password, b.host)); err != nil {
			return fmt.Errorf("authenticating: %w", err)
		}
	}
	if err := c.Mail(b.from); err != nil {
		return err
	}
	for _, to := range b.to {
		if err := c.Rcpt(to); err != nil {
			return fmt.Errorf("rcpt: %w", err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	// It has the mail; how it says farewell makes no difference.
	_ = c.Quit()
	return nil
}

// letter is the mail as it goes over the wire.
func (b mailbox) letter(m Message, now time.Time) ([]byte, error) {
	var out bytes.Buffer
	for _, h := range [][2]string{
		{"From", b.from},
		{"To", strings.Join(b.to, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Title)},
		{"Date", now.Format(time.RFC1123Z)},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		out.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	out.WriteString("\r\n")
	w := quotedprintable.NewWriter(&out)
	if _, err := w.Write([]byte(m.Text)); err != nil {
		return nil, err
	}
	return out.Bytes(), w.Close()
}
