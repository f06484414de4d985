package ceremony

import (
	"fmt"

	"hwmfa/inventory"
)

// Arrivals are the keys of a delivery as they were scanned and as they are
// plugged in; one that is both is one. Keys that show no serial are returned
// beside them, because they can only be counted. A key whose serial could not be
// read is an error: it may be any.
func Arrivals(scanned []string, plugged []Seen) (arrivals []inventory.Arrival, bare []Seen, err error) {
	first := map[string]int{} // by serial
	for i, code := range scanned {
		serial, err := inventory.NormalizeSerial(code)
		if err != nil {
			return nil, nil, fmt.Errorf("code %d: %w", i+1, err)
		}
		arrivals = append(arrivals, inventory.Arrival{Code: serial})
		if _, twice := first[serial]; !twice {
			first[serial] = i
		}
	}
	for _, s := range plugged {
		switch {
		case !s.isKey():
			continue // a badge in a reader
		case s.disagrees():
			return nil, nil, fmt.Errorf("%s: %w", s.Name(), s.disagreement())
		case s.Serial == "":
			if unread := s.serialUnread(); unread != nil {
				return nil, nil, fmt.Errorf("%s: %w: %w", s.Name(), ErrSerialUnread, unread)
			}
			bare = append(bare, s)
			continue
		}
		if i, known := first[s.Serial]; known {
			arrivals[i].Product = s.model()
			continue
		}
		arrivals = append(arrivals, inventory.Arrival{Code: s.Serial, Product: s.model()})
	}
	return arrivals, bare, nil
}

// model is the product as device info tells it, "" where there is none: the
// words of a USB descriptor are not those of a supplier's list.
func (s *Seen) model() string {
	if s.Device == nil {
		return ""
	}
	return s.Product
}
