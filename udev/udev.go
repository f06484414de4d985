// Package udev says which rules let people at the machine open their security
// keys. Debian's rules open the ones that libfido2 knows; these open every
// product of the makers in hw.Makers. It refuses to open anything that is not
// a HID node: cards are pcscd's, and the USB device itself is nobody's.
package udev

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hwmfa/hw"
)

// FileName is what the rules are to be called under /etc/udev/rules.d: uaccess
// works only from files that sort before 73-seat-late.rules (systemd,
// sd-login's seat rules).
const FileName = "70-hwmfa.rules"

const header = `# Security keys: the person at the seat may open their FIDO interface (TAG uaccess);
# where nobody has a seat, as over ssh, the group plugdev may.
ACTION=="remove", GOTO="hwmfa_end"
SUBSYSTEM!="hidraw", GOTO="hwmfa_end"
KERNEL!="hidraw*", GOTO="hwmfa_end"
`

const footer = `
LABEL="hwmfa_end"
`

// Rules is the text of the rules file, sorted by vendor and product.
func Rules() string { return render(hw.Makers()) }

func render(makers []hw.Maker) string {
	makers = slices.SortedFunc(slices.Values(makers), func(a, b hw.Maker) int { return cmp.Compare(a.Vendor, b.Vendor) })
	var b strings.Builder
	b.WriteString(header)
	for _, m := range makers {
		fmt.Fprintf(&b, "\n# %s\n", m.Name)
		if !m.Shared {
			b.WriteString(rule(m.Vendor, ""))
			continue
		}
		products := slices.SortedFunc(slices.Values(m.Products), func(a, b hw.Product) int { return cmp.Compare(a.ID, b.ID) })
		for _, p := range products {
			fmt.Fprintf(&b, "# %s\n", p.Name)
			b.WriteString(rule(m.Vendor, fmt.Sprintf(`, ATTRS{idProduct}=="%04x"`, p.ID)))
		}
	}
	b.WriteString(footer)
	return b.String()
}

// rule is one line; udev wants the vendor and product of one line to match one
// and the same parent device.
func rule(vendor uint16, product string) string {
	return fmt.Sprintf(`ATTRS{idVendor}=="%04x"%s, TAG+="uaccess", GROUP="plugdev", MODE="0660"`+"\n", vendor, product)
}
