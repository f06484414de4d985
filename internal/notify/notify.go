// Package notify tells people about an audit through a service that they use
// already: a chat, a mailbox, a pager, a webhook. The addresses of services hold
// secrets. They come in here and never come out: not in an error, since what
// services and libraries say of a failure often repeats the address, and not in
// a message. What is sent goes encrypted, once, and in bounded time; nothing is
// decided by whether it arrives.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	// ErrAddress says that there is no service at an address.
	ErrAddress = errors.New("not the address of a notification service")
	// ErrPlain says that what is sent to an address would not be encrypted.
	ErrPlain = errors.New("would not be encrypted")
	// ErrNotSent says that a message did not arrive, as far as is known.
	ErrNotSent = errors.New("not sent")
)

// MaxWait is how long a service may take.
const MaxWait = 20 * time.Second

// maxAddress bounds an address, in bytes.
const maxAddress = 8 << 10

// Target is a service that can be written to. The zero value is none.
type Target struct {
	name   string // of the service, and nothing of its address
	sender sender
}

// String is the name of the service.
func (t Target) String() string { return t.name }

// Names are the services there are, sorted.
func Names() []string {
	var names []string
	for name := range services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Parse reads an address such as slack://…, smtp://… or generic+https://….
// It asks nobody. Its errors are ErrAddress and ErrPlain and repeat nothing of
// the address.
func Parse(address string) (Target, error) {
	if len(address) > maxAddress {
		return Target{}, fmt.Errorf("%w: more than %d bytes", ErrAddress, maxAddress)
	}
	u, err := url.Parse(address)
	if err != nil {
		return Target{}, fmt.Errorf("%w: it cannot be parsed", ErrAddress)
	}
	name, _, custom := strings.Cut(u.Scheme, "+")
	open, known := services[name]
	if !known || custom && name != "generic" {
		return Target{}, fmt.Errorf("%w: want one of %s", ErrAddress, strings.Join(Names(), ", "))
	}
	s, err := open(u)
	return Target{name, s}, err
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send sends a message to all targets at once, each of which may take so long.
// Its error, ErrNotSent, names every target that did not take it, and is nil
// where all did.
func Send(ctx context.Context, targets []Target, m Message, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	errs := make([]error, len(targets))
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			if err := t.sender.send(ctx, m); err != nil {
				errs[i] = fmt.Errorf("%s: %w: %s", t.name, ErrNotSent, reason(err))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
