package awstest

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Weather is what happens to calls by chance, the same with the same seed and the same order of calls.
type Weather struct {
	Seed uint64
	// Latency is how long every answer takes at the least.
	Latency time.Duration
	// Throttle and Drop are the shares of calls, 0 to 1, that are throttled and whose connection is closed.
	Throttle, Drop float64
	// PerSecond is how many sessions STS opens a second, and at once, before it throttles; 0 is any number.
	PerSecond int
	// Ahead is how far the server's clock is ahead of the machine's. Signatures that are off by more than five minutes are
	// refused, as AWS does.
	Ahead time.Duration
}

// sky draws the fate of each call.
type sky struct {
	Weather
	mu     sync.Mutex
	random *rand.Rand
	// left are the sessions that may be opened at the time filled.
	left   float64
	filled time.Time
}

func newSky(w Weather) *sky {
	return &sky{Weather: w, random: rand.New(rand.NewPCG(w.Seed, 0))}
}

// fault is what hits the next call, which opens a session or does not; "" is nothing.
func (s *sky) fault(session bool) FaultKind {
	if s.Throttle == 0 && s.Drop == 0 && s.PerSecond == 0 {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session && s.PerSecond > 0 {
		now := time.Now()
		if s.filled.IsZero() {
			s.left = float64(s.PerSecond)
		} else {
			s.left = min(s.left+now.Sub(s.filled).Seconds()*float64(s.PerSecond), float64(s.PerSecond))
		}
		s.filled = now
		if s.left < 1 {
			return Throttle
		}
		s.left--
	}
	switch x := s.random.Float64(); {
	case x < s.Throttle:
		return Throttle
	case x < s.Throttle+s.Drop:
		return Drop
	}
	return ""
}

// tolerance is how far a signature's time may be from AWS's.
const tolerance = 5 * time.Minute

// now is the server's time.
func (s *sky) now() time.Time { return time.Now().Add(s.Ahead) }

// timely reports whether a request was signed at about the server's time. One that does not say when is another's affair.
func (s *sky) timely(r *http.Request) bool {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	return err != nil || s.now().Sub(at).Abs() <= tolerance
}
