package hw

// ParseDeviceInfo reads the pages of GET DEVICE INFO, each as the key sent it
// with its length byte in front.
func ParseDeviceInfo(pages [][]byte) (*DeviceInfo, error) { return nil, ErrUnsupported }
