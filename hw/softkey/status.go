package softkey

import (
	"context"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// status is a CTAP2 status code (CTAP 2.1 §8.2); as an error it is the answer.
type status byte

const (
	ctapOK                     status = 0x00
	ctapInvalidCommand         status = 0x01
	ctapInvalidParameter       status = 0x02
	ctapInvalidLength          status = 0x03
	ctapUnexpectedType         status = 0x11
	ctapInvalidCBOR            status = 0x12
	ctapMissingParameter       status = 0x14
	ctapLimitExceeded          status = 0x15
	ctapCredentialExcluded     status = 0x19
	ctapUnsupportedAlgorithm   status = 0x26
	ctapOperationDenied        status = 0x27
	ctapKeyStoreFull           status = 0x28
	ctapUnsupportedOption      status = 0x2b
	ctapInvalidOption          status = 0x2c
	ctapKeepaliveCancel        status = 0x2d
	ctapNoCredentials          status = 0x2e
	ctapUserActionTimeout      status = 0x2f
	ctapNotAllowed             status = 0x30
	ctapPINInvalid             status = 0x31
	ctapPINBlocked             status = 0x32
	ctapPINAuthInvalid         status = 0x33
	ctapPINAuthBlocked         status = 0x34
	ctapPINNotSet              status = 0x35
	ctapPUATRequired           status = 0x36
	ctapPINPolicyViolation     status = 0x37
	ctapRequestTooLarge        status = 0x39
	ctapUPRequired             status = 0x3b
	ctapInvalidSubcommand      status = 0x3e
	ctapUnauthorizedPermission status = 0x40
	ctapOther                  status = 0x7f
)

func (s status) Error() string { return fmt.Sprintf("CTAP2 status %#02x", byte(s)) }

// statusOf turns any error into what the key says.
func statusOf(err error) status {
	var s status
	var wrongType *cbor.UnmarshalTypeError
	switch {
	case err == nil:
		return ctapOK
	case errors.As(err, &s):
		return s
	case errors.Is(err, errTouchTimeout):
		return ctapUserActionTimeout
	case errors.Is(err, context.Canceled):
		return ctapKeepaliveCancel
	case errors.As(err, &wrongType):
		return ctapUnexpectedType
	}
	return ctapOther
}

// codec is CBOR as CTAP2 wants it: canonical when written, strict when read
// (CTAP 2.1 §8).
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newCodec() (codec, error) {
	enc, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return codec{}, fmt.Errorf("making the CBOR encoder: %w", err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  8,
		MaxArrayElements: 1024,
		MaxMapPairs:      256,
	}.DecMode()
	if err != nil {
		return codec{}, fmt.Errorf("making the CBOR decoder: %w", err)
	}
	return codec{enc, dec}, nil
}

// read decodes parameters; broken CBOR is told apart from a wrong type.
func (c codec) read(data []byte, v any) error {
	err := c.dec.Unmarshal(data, v)
	var wrongType *cbor.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrongType) {
		return ctapInvalidCBOR
	}
	return err
}
