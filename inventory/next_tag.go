package inventory

import (
	"fmt"
	"strconv"
	"strings"
)

// leastTagDigits is how wide the number in a tag is where no other tag says.
const leastTagDigits = 3

// NextTag is the tag that the key to be enrolled gets where tags are counted:
// the prefix and one more than the highest number that any key has behind it,
// as wide as that one is. A number that was given is not given again, whatever
// became of its key. "" for a key that has a tag already, which it keeps.
func NextTag(tx Tx, e Enrollment, prefix string) (string, error) {
	e, err := e.normalize()
	if err != nil {
		return "", err
	}
	before, err := e.refuseDuplicates(tx)
	if err != nil {
		return "", err
	}
	if before.Tag != "" {
		return "", nil
	}
	keys, err := tx.ListKeys(KeyFilter{})
	if err != nil {
		return "", fmt.Errorf("next tag: %w", err)
	}
	var highest uint64
	width := leastTagDigits
	for _, k := range keys {
		if len(k.Tag) <= len(prefix) || !strings.EqualFold(k.Tag[:len(prefix)], prefix) {
			continue
		}
		digits := k.Tag[len(prefix):]
		// Numbers of more than 9 digits are somebody's serials, not counted.
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || len(digits) > 9 || n < highest {
			continue
		}
		highest, width = n, max(leastTagDigits, len(digits))
	}
	return NormalizeTag(fmt.Sprintf("%s%0*d", prefix, width, highest+1))
}

// CheckTagPrefix says what is wrong with what tags are to begin with.
func CheckTagPrefix(prefix string) error {
	tag, err := NormalizeTag(prefix + strings.Repeat("9", leastTagDigits))
	if err == nil && !strings.HasPrefix(tag, prefix) {
		err = invalid("tag prefix", "has white space around it")
	}
	return err
}
