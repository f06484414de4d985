// Package udev is the rules that let people open their security keys: their
// text, putting them in place, and finding out which rules reach the keys that
// are plugged in. Debian's own rules open FIDO interfaces and card readers for
// the person at the seat; these add a group for everybody else, and do so on
// systems whose udev does not know keys by itself.
//
// It opens no key, and it changes one file: the one that has its marker.
package udev

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hwmfa/hw"
)

// FileName is what the rules are called under /etc/udev/rules.d: uaccess works
// only from files that sort before 73-seat-late.rules (systemd, sd-login's seat
// rules), and what usb_id and fido_id find out is known from 60 on.
const FileName = "70-hwmfa.rules"

// DefaultGroup is the group for people without a seat. Debian has it on every
// machine, for "access to pluggable devices" (base-passwd, users-and-groups).
const DefaultGroup = "plugdev"

// marker is the first line of our file, by which it is told from others'.
const marker = "# Written by hwmfa; \"hwmfa udev install --remove\" takes it away."

const header = marker + `
# Security keys: the person at the seat may open their HID interfaces and their
# card reader (TAG uaccess); where nobody has a seat, as over ssh, the group may.
ACTION=="remove", GOTO="hwmfa_end"
SUBSYSTEM=="hidraw", GOTO="hwmfa_hidraw"
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:0b????:*", GOTO="hwmfa_card"
GOTO="hwmfa_end"
`

const footer = `
LABEL="hwmfa_end"
`

// groupName is what useradd(8) takes for a name; anything else would need
// quoting in a rule.
var groupName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`) })

// Rules is the text of the rules file, sorted by vendor and product. A group
// that cannot be the name of one gives ErrGroup; "" stands for DefaultGroup.
func Rules(group string) (string, error) {
	group = cmp.Or(group, DefaultGroup)
	if !groupName().MatchString(group) {
		return "", fmt.Errorf("%q: %w", group, ErrGroup)
	}
	return render(hw.Makers(), group), nil
}

func render(makers []hw.Maker, group string) string {
	makers = slices.SortedFunc(slices.Values(makers), func(a, b hw.Maker) int { return cmp.Compare(a.Vendor, b.Vendor) })
	var b strings.Builder
	b.WriteString(header)
	hidraw := fmt.Sprintf(`TAG+="uaccess", GROUP="%s", MODE="0660"`, group)
	fmt.Fprintf(&b, "\nLABEL=\"hwmfa_hidraw\"\n# Whatever systemd's fido_id takes for a security key, also of makers not listed\n"+
		"ENV{ID_SECURITY_TOKEN}==\"1\", %s\n", hidraw)
	section(&b, makers, "ATTRS", hidraw)
	b.WriteString("GOTO=\"hwmfa_end\"\n\n# For programs that drive the card reader themselves; pcscd needs no rule\nLABEL=\"hwmfa_card\"\n")
	// Reading a USB node is everybody's (50-udev-default.rules), and stays so.
	section(&b, makers, "ATTR", fmt.Sprintf(`TAG+="uaccess", GROUP="%s", MODE="0664"`, group))
	b.WriteString(footer)
	return b.String()
}

// section writes a rule for each maker, or for each product where the vendor ID
// is shared. With ATTRS, udev wants vendor and product to be of one and the same
// parent device.
func section(b *strings.Builder, makers []hw.Maker, key, grant string) {
	rule := func(vendor uint16, product string) {
		fmt.Fprintf(b, "%s{idVendor}==\"%04x\", %s%s\n", key, vendor, product, grant)
	}
	for _, m := range makers {
		fmt.Fprintf(b, "# %s\n", m.Name)
		switch {
		case m.Shared:
			products := slices.SortedFunc(slices.Values(m.Products), func(a, b hw.Product) int { return cmp.Compare(a.ID, b.ID) })
			for _, p := range products {
				fmt.Fprintf(b, "# %s\n", p.Name)
				rule(m.Vendor, fmt.Sprintf(`%s{idProduct}=="%04x", `, key, p.ID))
			}
		case len(m.Except) > 0:
			var not []string
			for _, id := range slices.Sorted(slices.Values(m.Except)) {
				not = append(not, fmt.Sprintf("%04x", id))
			}
			rule(m.Vendor, fmt.Sprintf(`%s{idProduct}!="%s", `, key, strings.Join(not, "|")))
		default:
			rule(m.Vendor, "")
		}
	}
}
