package awsapi

import (
	"errors"
	"fmt"
	"strconv"
)

// pageError is a list that broke off at a page.
type pageError struct {
	page int
	err  error
}

func (e *pageError) Error() string  { return e.prefix() + e.err.Error() }
func (e *pageError) Unwrap() error  { return e.err }
func (e *pageError) prefix() string { return "page " + strconv.Itoa(e.page) + ": " }

// errStop ends a walk over pages early and without an error.
var errStop = errors.New("enough")

// pages walks over a list: fetch gets the page at a marker ("" is the first) and names the next one. It refuses a list that
// says there is more and not where, comes back to a marker, or has more than limit pages, all of which would never end or
// end too early.
func pages(limit int, fetch func(marker string) (next string, more bool, err error)) error {
	seen := map[string]struct{}{}
	marker := ""
	for page := 1; ; page++ {
		if page > limit {
			return &pageError{page, &malformedError{what: fmt.Sprintf("more than %d pages", limit)}}
		}
		next, more, err := fetch(marker)
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return &pageError{page, err}
		}
		if !more {
			return nil
		}
		if next == "" {
			return &pageError{page, &malformedError{what: "more pages, but no marker"}}
		}
		if _, again := seen[next]; again {
			return &pageError{page, &malformedError{what: "the page marker repeats"}}
		}
		seen[next] = struct{}{}
		marker = next
	}
}
