package ctap

import (
	"context"
	"fmt"

	"hwmfa/hw"
)

// Reset erases everything that FIDO keeps on the key: every registration, the
// PIN, the settings (CTAP 2.1 §6.6). It waits for a touch. Most keys take it
// only within seconds of being plugged in and give hw.ErrResetWindow after.
func (d *Device) Reset(ctx context.Context) error {
	_, err := d.cbor(ctx, ctapReset, nil, command{limit: touchLimit})
	if isStatus(err, statusNotAllowed) {
		err = fmt.Errorf("%w: %w", hw.ErrResetWindow, err)
	}
	if err != nil {
		return fmt.Errorf("resetting FIDO: %w", err)
	}
	return nil
}
