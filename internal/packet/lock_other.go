//go:build !unix || solaris || aix

package packet

import (
	"io"
	"os"
)

// lockFolder cannot keep another process from writing to the folder here.
func lockFolder(dir string) (io.Closer, error) { return os.Open(dir) }
