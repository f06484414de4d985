package inventory

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// crockford leaves out I, L, O and U: an ID is read aloud and copied by hand.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// idLength is the number of characters after the prefix: 40 bits, and a
// collision is looked for before an ID is given out.
const idLength = 8

// newID makes an ID that nothing has yet, "K-7Q2M4XRD". It follows from the
// head of the journal, which no two changes share, and from what the change
// is about, so that no source of randomness is needed; attempts beyond the
// first happen only on a collision.
func newID(tx Tx, prefix string, taken func(id string) (bool, error), seeds ...[]byte) (string, error) {
	head, err := JournalHead(tx)
	if err != nil {
		return "", err
	}
	for attempt := range uint64(16) {
		h := sha256.New()
		h.Write([]byte("hwmfa.id/v1\x00" + prefix))
		h.Write(head.Hash[:])
		h.Write(binary.BigEndian.AppendUint64(nil, attempt))
		for _, s := range seeds {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
			h.Write(s)
		}
		id := prefix + "-" + crockford.EncodeToString(h.Sum(nil))[:idLength]
		used, err := taken(id)
		if err != nil {
			return "", err
		}
		if !used {
			return id, nil
		}
	}
	return "", fmt.Errorf("no free %s-… ID in 16 attempts", prefix)
}

// found turns the error of a look-up into an answer.
func found(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrNotFound):
		return false, nil
	default:
		return false, err
	}
}

// normalizeKeyID reads a key ID as people type it, in any letter case and with
// O, I and L for 0, 1 and 1, and says whether it is one.
func normalizeKeyID(s string) (string, bool) {
	s = strings.ToUpper(s)
	rest, ok := strings.CutPrefix(s, "K-")
	if !ok || len(rest) != idLength {
		return "", false
	}
	rest = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(rest)
	if _, err := crockford.DecodeString(rest); err != nil {
		return "", false
	}
	return "K-" + rest, true
}
