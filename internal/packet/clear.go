package packet

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrStranger says that a folder holds what no audit put there.
var ErrStranger = errors.New("no file of an audit: move it away")

// clear takes out of a folder that is to be resumed what is written anew, so that nothing of an earlier try is left in the
// packet, and nothing is written through a link: somebody else may have made the folder. The spool of the accounts stays.
func (w *Writer) clear() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == manifestFile && entry.Type().IsRegular():
		case name == spoolFile && entry.Type().IsRegular():
		case name == accountFolder, strings.HasSuffix(name, partial), name == populationFile, name == sumFile, name == Inventory, name == Policy, name == Report, name == Supplied:
			// Of a link it removes the link.
			if err := os.RemoveAll(w.path(name)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q: %w", name, ErrStranger)
		}
	}
	return nil
}
