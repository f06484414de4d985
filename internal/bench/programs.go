package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// program is something the host must have, and the Debian package it is in.
type program struct{ name, pkg string }

// hostPrograms prepare and run the machine.
var hostPrograms = []program{
	{"qemu-system-x86_64", "qemu-system-x86"},
	{"busybox", "busybox-static"},
	{"cpio", "cpio"},
	{"depmod", "kmod"},
	{"modprobe", "kmod"},
	{"apt-cache", "apt"},
	{"apt-get", "apt"},
	{"dpkg", "dpkg"},
}

// guestPrograms run inside, from the host's file system.
var guestPrograms = []program{
	{"udevadm", "udev"},
	{"pcscd", "pcscd"},
	{"/usr/lib/pcsc/drivers/ifd-ccid.bundle", "libccid"},
	{"fido2-token", "fido2-tools"},
	{"fido2-cred", "fido2-tools"},
	{"fido2-assert", "fido2-tools"},
	{"ykman", "yubikey-manager"},
	{"yubico-piv-tool", "yubico-piv-tool"},
}

// lookup finds a program in PATH or in the system folders that an ordinary
// user's PATH leaves out.
func lookup(name string) (string, error) {
	if filepath.IsAbs(name) {
		_, err := os.Stat(name)
		return name, err
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", err
}

// check returns a *MissingError naming everything in list that is not there.
func check(list []program) error {
	var missing MissingError
	for _, p := range list {
		if _, err := lookup(p.name); err == nil {
			continue
		}
		missing.Programs = append(missing.Programs, filepath.Base(p.name))
		if !slices.Contains(missing.Packages, p.pkg) {
			missing.Packages = append(missing.Packages, p.pkg)
		}
	}
	if missing.Programs != nil {
		return &missing
	}
	return nil
}
