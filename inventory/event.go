package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// Kinds of events.
const (
	KindKeyEnrolled    = "key.enrolled"
	KindKeyProved      = "key.proved"
	KindPlaceMade      = "place.made"
	KindAnchorAdded    = "anchor.added"
	KindAnchorRemoved  = "anchor.removed"
	KindMetadataSet    = "metadata.set"
	KindAccountSaved   = "account.saved"
	KindBindingAdded   = "binding.added"
	KindBindingRemoved = "binding.removed"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String is the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what Hash.String wrote, and nothing else.
func ParseHash(s string) (Hash, error) {
	var h Hash
	bad := len(s) != hex.EncodedLen(len(h))
	for i := 0; i < len(s) && !bad; i++ {
		bad = s[i] >= 'A' && s[i] <= 'F'
	}
	if !bad {
		_, err := hex.Decode(h[:], []byte(s))
		bad = err != nil
	}
	if bad {
		return Hash{}, invalid("hash", "is not 64 lower-case hexadecimal digits")
	}
	return h, nil
}

// Event is one entry of the journal.
type Event struct {
	Seq     int64 // 1, 2, 3, … without gaps
	Time    time.Time
	Actor   string
	Kind    string
	Subject string // the ID of the key, place or account, the hash of the anchor, "fido-metadata"
	// Payload is a JSON object with sorted names and no spaces; its bytes are
	// kept and hashed as they are.
	Payload  string
	PrevHash Hash // of the event before; zeros in the first
	Hash     Hash
}

// eventDomain begins what is hashed, so that no other use of SHA-256 here can
// give the same bytes a meaning as an event.
const eventDomain = "hwmfa.journal/v1\x00"

// Digest computes the event's hash from everything but Hash itself.
func (e Event) Digest() Hash {
	raw := RawEvent{Seq: e.Seq, Time: FormatTime(e.Time), Actor: e.Actor, Kind: e.Kind, Subject: e.Subject, Payload: e.Payload}
	var room [1 << 10]byte
	h := sha256.New()
	h.Write(raw.appendFront(room[:0]))
	for rest := e.Payload; rest != ""; { // which can be of many megabytes: no copy is made of it
		n := copy(room[:], rest)
		h.Write(room[:n])
		rest = rest[n:]
	}
	h.Write(e.PrevHash[:])
	return Hash(h.Sum(nil))
}

// RawEvent is an event as it is stored: its texts, and its hashes in
// hexadecimal, none of them checked.
type RawEvent struct {
	Seq                                                 int64
	Time, Actor, Kind, Subject, Payload, PrevHash, Hash string
}

// appendPreimage adds to b what is hashed, in the form that docs/journal.md
// lays down: numbers as 8 bytes big-endian, each text after its length in bytes.
func (e *RawEvent) appendPreimage(b []byte, prev Hash) []byte {
	return append(append(e.appendFront(b), e.Payload...), prev[:]...)
}

// appendFront is what is hashed before the bytes of the payload.
func (e *RawEvent) appendFront(b []byte) []byte {
	b = append(b, eventDomain...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	for _, s := range [...]string{e.Time, e.Actor, e.Kind, e.Subject} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return binary.BigEndian.AppendUint64(b, uint64(len(e.Payload)))
}

// Head is the last event's number and hash: what to anchor outside.
type Head struct {
	Seq  int64 // 0: the journal is empty
	Hash Hash
}

// String is "42:" and the hash.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }
