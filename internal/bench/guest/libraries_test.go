//go:build cgo

package guest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/go-piv/piv-go/v2/piv"
	"github.com/google/gousb"
	"github.com/keys-pub/go-libfido2"

	"hwmfa/hw/softkey"
)

const serial = 12345678

func TestGousb(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial})
	usb := gousb.NewContext()
	defer usb.Close()
	bus, address, err := k.Address()
	if err != nil {
		t.Fatal(err)
	}
	var seen []gousb.DeviceDesc
	devices, err := usb.OpenDevices(func(d *gousb.DeviceDesc) bool {
		if d.Vendor != 0x1050 {
			return false
		}
		seen = append(seen, *d)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		defer d.Close()
	}
	if len(seen) != 1 || seen[0].Product != 0x0407 || seen[0].Bus != bus || seen[0].Address != address || seen[0].Device != 0x0543 {
		t.Fatalf("gousb sees %+v, want 1050:0407 release 5.43 at %d:%d", seen, bus, address)
	}
	if name, err := devices[0].Product(); err != nil || name != k.Config().Product {
		t.Errorf("gousb reads product %q, %v", name, err)
	}
}

func TestGoLibfido2(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial})
	found, err := libfido2.DeviceLocations()
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Path != k.Hidraw() || uint16(found[0].VendorID) != 0x1050 || uint16(found[0].ProductID) != 0x0407 {
		t.Fatalf("go-libfido2 sees %+v, want %s", found, k.Hidraw())
	}
	d, err := libfido2.NewDevice(found[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := d.Info()
	if err != nil {
		t.Fatal(err)
	}
	if aaguid := k.Config().AAGUID; !bytes.Equal(info.AAGUID, aaguid[:]) {
		t.Errorf("go-libfido2 reads AAGUID %x, want %s", info.AAGUID, aaguid)
	}
	credential, err := d.MakeCredential(make([]byte, 32), libfido2.RelyingParty{ID: "example.org", Name: "example"},
		libfido2.User{ID: []byte("user"), Name: "user"}, libfido2.ES256, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := d.Assertion("example.org", make([]byte, 32), [][]byte{credential.CredentialID}, "", &libfido2.AssertionOpts{UP: libfido2.False})
	if err != nil || len(assertion.Sig) == 0 {
		t.Errorf("a silent assertion gave %+v, %v", assertion, err)
	}
}

// openPIV opens the one card through pcscd.
func openPIV(t *testing.T) *piv.YubiKey {
	t.Helper()
	names, err := piv.Cards()
	if err != nil || len(names) != 1 {
		t.Fatalf("readers %q, %v: want one", names, err)
	}
	t.Logf("reader %q", names[0])
	card, err := piv.Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := card.Close(); err != nil {
			t.Errorf("closing the card: %v", err)
		}
	})
	return card
}

func TestPivGo(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}, {Slot: 0x82, Algorithm: softkey.ECCP384}, {Slot: 0x9c, Imported: true}}})
	card := openPIV(t)
	if v := card.Version(); v != (piv.Version{Major: 5, Minor: 4, Patch: 3}) {
		t.Errorf("version %+v", v)
	}
	if n, err := card.Serial(); err != nil || n != serial {
		t.Errorf("serial %d, %v", n, err)
	}
	f9, err := card.AttestationCertificate()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(k.ca.PIVRootPEM())
	verifier := piv.Verifier{Roots: roots}
	retired, ok := piv.RetiredKeyManagementSlot(0x82)
	if !ok {
		t.Fatal("piv-go knows no slot 82")
	}
	check := func(slot piv.Slot) {
		t.Helper()
		cert, err := card.Attest(slot)
		if err != nil {
			t.Errorf("attesting slot %v: %v", slot, err)
			return
		}
		got, err := verifier.Verify(f9, cert)
		if err != nil || got.Serial != serial || got.Slot != slot || got.Version != card.Version() {
			t.Errorf("slot %v attests %+v, %v", slot, got, err)
		}
	}
	check(piv.SlotAuthentication)
	check(retired)
	for _, slot := range []piv.Slot{piv.SlotSignature, piv.SlotKeyManagement} {
		if _, err := card.Attest(slot); err == nil {
			t.Errorf("slot %v, imported or empty, was attested", slot)
		}
	}
	public, err := card.GenerateKey(piv.DefaultManagementKey, piv.SlotKeyManagement,
		piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever})
	if err != nil {
		t.Fatal(err)
	}
	check(piv.SlotKeyManagement)
	sign(t, card, public)
}

// sign has the key in slot 9d sign with the default PIN.
func sign(t *testing.T, card *piv.YubiKey, public crypto.PublicKey) {
	t.Helper()
	private, err := card.PrivateKey(piv.SlotKeyManagement, public, piv.KeyAuth{PIN: piv.DefaultPIN})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("challenge"))
	signature, err := private.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature) {
		t.Error("the signature does not hold")
	}
}
