package inventory

import "testing"

// TestCount: eleven of ten keys without a serial do not stand for one that is
// short.
func TestCount(t *testing.T) {
	d := Delivery{
		Keys: make([]Key, 3), Short: make([]Key, 1),
		Order: Order{Lines: []OrderLine{{Product: "Security Key NFC", Quantity: 10, Received: 11}, {Product: "Bio", Quantity: 4, Received: 2}}},
	}
	if received, announced := d.Count(); received != 14 || announced != 17 || d.Complete() {
		t.Errorf("received %d of %d, complete %v; want 14 of 17, false", received, announced, d.Complete())
	}
}
