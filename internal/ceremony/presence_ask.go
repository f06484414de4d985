package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/inventory"
)

// presence carries one plugged key through being asked. It is settled once it
// has a verdict, or has failed: then the whole command ends.
type presence struct {
	Presence
	bench   hw.Bench
	store   inventory.Store
	request PresenceRequest
	// credentials are those it may hold.
	credentials []inventory.Credential
	// wantsTouch and wantsPIN are what it wants before it answers; refused says
	// that it did not even say so.
	wantsTouch, wantsPIN, refused bool
	// claimed says that it called the credentials its own, by U2F and unsigned.
	claimed bool
	// theOnePIN says that the one PIN there is may be tried on it.
	theOnePIN bool
	failed    error
}

func (p *presence) settle(v Verdict, reason string, err error) {
	p.Verdict, p.Reason, p.Err = v, reason, err
	if err != nil {
		p.Detail = err.Error()
	}
}

// cannot settles a key that something kept from proving anything.
func (p *presence) cannot(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		p.failed = err
	case errors.Is(err, hw.ErrReplaced), errors.Is(err, hw.ErrGone):
		p.settle(Gone, reasonOf(err), err)
	default:
		p.settle(Unproved, reasonOf(err), err)
	}
}

// reasons are the words for what keeps a key from proving anything; the first
// that fits counts.
var reasons = []struct {
	is   error
	word string
}{
	{hw.ErrReplaced, "replaced"},
	{hw.ErrGone, "unplugged"},
	{hw.ErrPINBlocked, "pin_blocked"},
	{hw.ErrPINAuthBlocked, "pin_entry_blocked"},
	{hw.ErrPINChange, "pin_to_be_changed"},
	{errPINNotGiven, "pin_not_given"},
	{errSeveralPINs, "several_want_pin"},
	{hw.ErrPINRequired, "pin_required"},
	{hw.ErrTouchTimeout, "touch_not_given"},
	{hw.ErrTouchRequired, "touch_required"},
	{hw.ErrSerialsDisagree, "serials_disagree"},
	{hw.ErrPermission, "no_permission"},
	{hw.ErrBusy, "busy"},
	{hw.ErrMalformed, "malformed"},
	{hw.ErrUnsupported, "no_fido2"},
	{hw.ErrRefused, "refused"},
	{context.DeadlineExceeded, "no_answer"},
}

// errPINNotGiven: the key wants a PIN and nobody gave one.
var errPINNotGiven = errors.New("no PIN given")

func reasonOf(err error) string {
	if wrong := (*hw.PINError)(nil); errors.As(err, &wrong) && wrong.Retries != 0 {
		return "wrong_pin"
	}
	for _, r := range reasons {
		if errors.Is(err, r.is) {
			return r.word
		}
	}
	return "failed"
}

// askSilently looks up whose credentials the key may hold and asks for them
// with user presence off, unless it is known to want more.
func (p *presence) askSilently(ctx context.Context) {
	if err := p.store.View(ctx, p.lookUp); err != nil {
		p.failed = fmt.Errorf("look up %s: %w", p.Seen.Name(), err)
		return
	}
	err := enrollable(&p.Seen)
	switch {
	case errors.Is(err, hw.ErrUnsupported) && p.Key == nil: // no such key is ever enrolled
		p.settle(NotEnrolled, "not_enrolled", nil)
	case err != nil:
		p.cannot(ctx, err)
	case len(p.credentials) == 0 && p.Key == nil:
		p.settle(NotEnrolled, "not_enrolled", nil)
	case len(p.credentials) == 0:
		p.settle(Unproved, "no_credential_recorded", nil)
		p.Detail = "no identity credential was recorded when it was enrolled"
	case !p.Seen.FIDO2:
		p.checkU2F(ctx)
	case p.known(inventory.SilentNo):
		p.wantsTouch = true
	case p.known(inventory.SilentNeedsPIN):
		p.wantsPIN, p.wantsTouch = true, p.request.Touch
	case p.request.Touch:
		p.wantsTouch = true
	default:
		answer, err := askSilently(ctx, p.bench, &p.Seen, p.ids())
		p.judge(ctx, answer, err)
	}
}

// lookUp finds the enrolled key with the serial that is shown, else every
// credential of the same model whose key may be this one.
func (p *presence) lookUp(tx inventory.Tx) error {
	if p.Key == nil && p.Seen.Serial != "" {
		keys, err := tx.KeysBySerial(p.Seen.Serial)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if u := p.Seen.Key.USB; u == nil || k.USBVendor == 0 || k.USBVendor == u.Vendor {
				p.Key = &k
				break
			}
		}
	}
	if p.Key != nil {
		all, err := tx.ListCredentials(p.Key.ID)
		p.credentials = slices.DeleteFunc(all, func(c inventory.Credential) bool { return c.RPID != RPID || !c.Current(*p.Key) })
		return errors.Join(err, p.readBindings(tx))
	}
	if p.Seen.FIDO == nil {
		return nil
	}
	all, err := tx.ListCredentials("")
	if err != nil {
		return err
	}
	keys, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return err
	}
	// A key that shows a serial is none of those that are known by another.
	may := map[string]inventory.Key{}
	for _, k := range keys {
		if k.Serial == "" || p.Seen.Serial == "" {
			may[k.ID] = k
		}
	}
	p.credentials = slices.DeleteFunc(all, func(c inventory.Credential) bool {
		k, ok := may[c.KeyID]
		return c.RPID != RPID || c.AAGUID != p.Seen.FIDO.AAGUID || !ok || !c.Current(k)
	})
	// Where each list takes a touch, the likely ones come first.
	slices.SortStableFunc(p.credentials, func(a, b inventory.Credential) int {
		return likely(b) - likely(a)
	})
	return nil
}

func likely(c inventory.Credential) int {
	if c.Silent == inventory.SilentYes {
		return 0
	}
	return 1
}

// known says whether the key was found by its name and is recorded to answer
// silent challenges so.
func (p *presence) known(s inventory.Silent) bool {
	return p.Key != nil && !slices.ContainsFunc(p.credentials, func(c inventory.Credential) bool { return c.Silent != s })
}

func (p *presence) ids() [][]byte {
	ids := make([][]byte, len(p.credentials))
	for i, c := range p.credentials {
		ids[i] = c.ID
	}
	return ids
}

// askPerson asks a key that wants more than silence, for as little as it
// takes: each refusal adds the touch or the PIN that it named.
func (p *presence) askPerson(ctx context.Context) {
	if p.request.NoTouch {
		switch {
		case p.refused:
			p.settle(SilentRefused, "refused", nil)
			p.Detail = "it refuses to answer without a touch"
		case p.wantsPIN:
			p.settle(Skipped, "pin_required", nil)
			p.Detail = "it wants a PIN"
		default:
			p.settle(Skipped, "touch_required", nil)
			p.Detail = "it wants a touch"
			if p.claimed {
				p.claim(ctx)
			}
		}
		p.skipped(ctx)
		return
	}
	var pin []byte
	defer func() { clear(pin) }()
	for p.unsettled() && !p.keptFromPIN() {
		var err error
		if p.wantsPIN && pin == nil {
			if pin, err = p.askPIN(ctx); err != nil {
				p.cannot(ctx, err)
				return
			}
		}
		// The node may be another key by now, and a PIN must not reach that one.
		if err := p.Seen.stillThere(ctx, p.bench); err != nil {
			p.cannot(ctx, err)
			return
		}
		if p.wantsTouch {
			p.request.Tell(StepTouch, p.Seen)
		}
		answer, err := askPerson(ctx, p.bench, &p.Seen, p.ids(), p.wantsTouch, pin)
		p.judge(ctx, answer, err)
	}
}

func (p *presence) askPIN(ctx context.Context) ([]byte, error) {
	if !p.Seen.FIDO.Options["clientPin"] {
		return nil, errPINNeverSet(p.Seen)
	}
	if p.Seen.FIDO.ForcePINChange { // until then the PIN is good for nothing
		return nil, fmt.Errorf("%s: %w", p.Seen.Name(), hw.ErrPINChange)
	}
	pin, err := askPIN(ctx, p.bench, p.Seen, p.request.PIN)
	if err != nil && reasonOf(err) == "failed" {
		err = fmt.Errorf("%w: %w", errPINNotGiven, err)
	}
	return pin, err
}

// judge settles what a key answered, or notes what it wants first.
func (p *presence) judge(ctx context.Context, a *answer, err error) {
	switch {
	case err == nil:
		p.believe(ctx, a)
	case errors.Is(err, hw.ErrNoCredential):
		p.diagnose(ctx)
	case errors.Is(err, hw.ErrPINRequired) && !p.wantsPIN:
		p.wantsPIN = true
	case errors.Is(err, hw.ErrTouchRequired) && !p.wantsTouch:
		p.wantsTouch = true
	case errors.Is(err, hw.ErrRefused) && !p.wantsTouch:
		p.wantsTouch, p.refused = true, true
	default:
		p.cannot(ctx, fmt.Errorf("%s: %w", p.Seen.Name(), err))
	}
}

// believe takes an answer for a proof if the stored public key verifies it.
func (p *presence) believe(ctx context.Context, a *answer) {
	i := slices.IndexFunc(p.credentials, func(c inventory.Credential) bool { return bytes.Equal(c.ID, a.CredentialID) })
	if i < 0 {
		p.cannot(ctx, fmt.Errorf("%s answers for another credential: %w", p.Seen.Name(), hw.ErrMalformed))
		return
	}
	c := p.credentials[i]
	forged := ctap.VerifyAssertion(c.PublicKey, a.challenge, RPID, &a.Assertion)
	if forged != nil && !errors.Is(forged, ctap.ErrBadSignature) {
		p.cannot(ctx, fmt.Errorf("%s: %w", p.Seen.Name(), forged))
		return
	}
	if err := p.Seen.stillThere(ctx, p.bench); err != nil {
		p.cannot(ctx, err)
		return
	}
	var err error
	if forged != nil {
		err = p.store.View(ctx, func(tx inventory.Tx) error { return p.readKey(tx, c.KeyID) })
		p.differs("bad_signature", "it claims the identity credential and signs with another key")
	} else {
		err = p.store.Update(ctx, func(tx inventory.Tx) error { return p.record(tx, c, a) })
		p.settle(Present, "", nil)
	}
	if err != nil {
		p.failed = fmt.Errorf("record what %s proved: %w", p.Seen.Name(), err)
	}
}

func (p *presence) record(tx inventory.Tx, c inventory.Credential, a *answer) error {
	act := inventory.Act{Actor: p.request.Actor, At: p.request.Now()}
	proof, err := inventory.ProveKey(tx, act, c.KeyID, inventory.Answer{
		CredentialID: c.ID, Challenge: a.challenge, AuthData: a.AuthData, Signature: a.Signature, Method: methodOf(a),
	})
	if err == nil && p.request.Record != nil {
		err = p.request.Record(tx, act, proof)
	}
	if err != nil {
		return err
	}
	p.Proof = &proof
	return p.readKey(tx, c.KeyID)
}

// methodOf is what the key itself signed that it asked for.
func methodOf(a *answer) inventory.Method {
	switch {
	case a.UserVerified:
		return inventory.MethodPIN
	case a.UserPresent:
		return inventory.MethodTouch
	}
	return inventory.MethodSilent
}

// readKey makes an enrolled key the one that this is about.
func (p *presence) readKey(tx inventory.Tx, id string) error {
	k, err := tx.KeyByID(id)
	if err != nil {
		return err
	}
	p.Key = &k
	return p.readBindings(tx)
}

func (p *presence) readBindings(tx inventory.Tx) (err error) {
	p.Bindings, err = tx.ListBindings("", p.Key.ID)
	return err
}
