package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"hwmfa/internal/term"
)

// checkDescriptors refuses, before anything is opened, descriptors of secrets
// that are not open: the inventory or a key would get that number, be read in
// its place, and be closed. For the same reason none is read twice.
func checkDescriptors(flags *pflag.FlagSet) (err error) {
	by := map[int]string{}
	flags.Visit(func(f *pflag.Flag) {
		if !strings.HasSuffix(f.Name, "-fd") || err != nil {
			return
		}
		fd, no := strconv.Atoi(f.Value.String())
		if no != nil {
			return // a flag of another type
		}
		if err = term.CheckDescriptor(fd); err != nil {
			err = usageError{fmt.Errorf("--%s: %w", f.Name, err)}
		} else if other, twice := by[fd]; twice {
			err = usageError{fmt.Errorf("--%s and --%s are both descriptor %d, which is read once", other, f.Name, fd)}
		}
		by[fd] = f.Name
	})
	return err
}
