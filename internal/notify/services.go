package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/googlechat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/rocketchat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/pagerduty"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// sender is a service at an address.
type sender interface {
	send(ctx context.Context, m Message) error
}

// services are those that teams write to, by the scheme of their addresses. Each
// of the library's is imported by itself, and used through librarian alone: the
// library's own list and its interface for services lead to text/template, with
// which the linker can leave no method out, and the program is a third larger.
// Its mail and its web hook do so too, and are our own here.
var services = map[string]func(*url.URL) (sender, error){
	"discord":    by[discord.Service],
	"generic":    newWebhook,
	"googlechat": by[googlechat.Service],
	"gotify":     by[gotify.Service],
	"mattermost": by[mattermost.Service],
	"ntfy":       by[ntfy.Service],
	"opsgenie":   by[opsgenie.Service],
	"pagerduty":  by[pagerduty.Service],
	"rocketchat": by[rocketchat.Service],
	"slack":      by[slack.Service],
	"smtp":       newMail,
	"teams":      by[teams.Service],
}

// librarian is the part of a service of the library's that is used.
type librarian interface {
	Initialize(address *url.URL, log types.StdLogger) error
	Send(message string, params *types.Params) error
}

// library is a service of the library's.
type library struct{ service librarian }

func by[S any, P interface {
	*S
	librarian
}](u *url.URL) (sender, error) {
	service := P(new(S))
	if err := service.Initialize(u, nil); err != nil {
		return nil, fmt.Errorf("%w: %s does not take it", ErrAddress, u.Scheme)
	}
	if !encrypts(service) && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("%s: %w", u.Scheme, ErrPlain)
	}
	return library{service}, nil
}

// encrypts reports whether a service speaks TLS and checks whom it speaks to. Of
// those that are not named here the library offers no other way.
func encrypts(service librarian) bool {
	switch s := service.(type) {
	case *gotify.Service:
		return !s.Config.DisableTLS && !s.Config.InsecureSkipVerify
	case *mattermost.Service:
		return !s.Config.DisableTLS
	case *ntfy.Service:
		return !s.Config.DisableTLS && !s.Config.DisableTLSVerification && s.Config.Scheme == "https"
	}
	return true
}

// send waits for the service until the context ends, which the library knows
// nothing of: what is given up may still go on in the background.
func (l library) send(ctx context.Context, m Message) error {
	done := make(chan error, 1)
	go func() {
		// A library that stumbles over an odd answer must not end an audit.
		defer func() {
			if recover() != nil {
				done <- errors.New("")
			}
		}()
		done <- l.service.Send(m.Text, &types.Params{})
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
