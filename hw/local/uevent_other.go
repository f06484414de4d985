//go:build !linux

package local

import (
	"context"
	"fmt"
	"runtime"

	"hwmfa/hw"
)

// listenUdev: there is no udevd on other systems.
func listenUdev(context.Context) (<-chan []byte, error) {
	return nil, fmt.Errorf("udev on %s: %w", runtime.GOOS, hw.ErrNotBuilt)
}
