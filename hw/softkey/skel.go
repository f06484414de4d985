package softkey

import (
	"context"
	"time"
)

const (
	minPINLength = 4
	maxPINBytes  = 63
	pivPINLength = 8
)

type fido struct{}

func newFIDO(ca *CA, cfg Config, t *toucher) (*fido, error)  { return &fido{}, nil }
func (f *fido) powerUp(now time.Time)                        {}
func (f *fido) cbor(c *call, data []byte) (r []byte, e byte) { return []byte{1}, 0 }
func (f *fido) u2f(data []byte) []byte                       { return []byte{0x6d, 0} }

type session struct{}
type piv struct{}

func newPIV(ca *CA, cfg Config, t *toucher) (*piv, error)      { return &piv{}, nil }
func (p *piv) forget()                                         {}
func (c *card) process(ctx context.Context, cmd []byte) []byte { return []byte{0x6d, 0} }
