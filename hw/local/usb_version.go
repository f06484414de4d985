//go:build cgo && !nousb

package local

// #cgo pkg-config: libusb-1.0
// #include <libusb.h>
import "C"

import "fmt"

// usbVersion is that of the library that is loaded, which gousb does not ask
// for.
func usbVersion() (version string, built bool) {
	v := C.libusb_get_version()
	return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.micro), true
}
