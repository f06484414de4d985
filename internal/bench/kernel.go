package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// modules is what the guest needs of the kernel's modules: a disk-less root
// over 9p, the virtual USB bus, and HID devices on it. What they depend on
// comes with them.
var modules = []string{"virtio_pci", "9pnet_virtio", "9p", "overlay", "vhci-hcd", "usbhid", "hid-generic", "uhid"}

// Image is a kernel with its initial file system, ready to boot.
type Image struct {
	Kernel string // path of vmlinuz
	Initrd string // path of the initial file system
}

// Prepare returns the image of Debian's current stock kernel, from the cache
// (.cache/bench in the repository) or, the first time, through apt, which
// checks the package's signature. Programs that are missing give a
// *MissingError. Several processes may prepare at once.
func Prepare(ctx context.Context) (*Image, error) {
	if err := errors.Join(check(hostPrograms), check(guestPrograms)); err != nil {
		return nil, err
	}
	root, err := Root()
	if err != nil {
		return nil, err
	}
	cache := filepath.Join(root, ".cache", "bench")
	unlock, err := lock(cache)
	if err != nil {
		return nil, err
	}
	defer unlock()
	dir, err := kernel(ctx, cache)
	if err != nil {
		return nil, err
	}
	initrd, err := initrd(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &Image{Kernel: filepath.Join(dir, "vmlinuz"), Initrd: initrd}, nil
}

// lock keeps other processes out of the cache until unlock is called.
func lock(cache string) (unlock func(), err error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the kernel cache: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the kernel cache: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking the kernel cache: %w", err)
	}
	return func() { f.Close() }, nil
}

// kernel returns the folder of the current kernel: vmlinuz and lib/modules.
func kernel(ctx context.Context, cache string) (string, error) {
	name, version, err := currentKernel(ctx)
	if err != nil {
		return cachedKernel(cache, err)
	}
	// The list of modules is part of the name, so that a changed list is unpacked anew.
	sum := sha256.Sum256([]byte(strings.Join(modules, " ")))
	dir := filepath.Join(cache, name+"_"+version+"_"+hex.EncodeToString(sum[:4]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := sweep(cache); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return "", fmt.Errorf("unpacking the kernel: %w", err)
	}
	defer os.RemoveAll(tmp)
	if _, err := run(ctx, tmp, "apt-get", "-o", "Acquire::Retries=5", "download", "-q", name+"="+version); err != nil {
		return cachedKernel(cache, err)
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return "", fmt.Errorf("downloading %s: %d packages came", name, len(debs))
	}
	full := filepath.Join(tmp, "full")
	if _, err := run(ctx, tmp, "dpkg", "-x", debs[0], full); err != nil {
		return "", err
	}
	small := filepath.Join(tmp, "small")
	if err := shrink(ctx, full, small); err != nil {
		return "", err
	}
	if err := os.Rename(small, dir); err != nil {
		return "", fmt.Errorf("keeping the kernel: %w", err)
	}
	return dir, nil
}

// sweep removes what killed runs left half unpacked; the lock is ours.
func sweep(cache string) error {
	left, err := filepath.Glob(filepath.Join(cache, "new-*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return fmt.Errorf("cleaning the kernel cache: %w", err)
	}
	return nil
}

// cachedKernel is the newest kernel of earlier runs, for a machine that cannot
// reach its package archive now.
func cachedKernel(cache string, cause error) (string, error) {
	dirs, err := filepath.Glob(filepath.Join(cache, "linux-image-*_*"))
	if err != nil || len(dirs) == 0 {
		return "", fmt.Errorf("getting a kernel (apt-get update may help): %w", cause)
	}
	return slices.Max(dirs), nil
}

var dependsLine = regexp.MustCompile(`(?m)^Depends: (linux-image-[0-9][^ ,]*) \(= ([^)\s]+)\)`)

// currentKernel asks apt what the meta package depends on.
func currentKernel(ctx context.Context) (name, version string, err error) {
	out, err := run(ctx, "", "apt-cache", "show", "--no-all-versions", "linux-image-amd64")
	if err != nil {
		return "", "", err
	}
	m := dependsLine.FindStringSubmatch(out)
	if m == nil {
		return "", "", errors.New("apt knows no kernel package behind linux-image-amd64")
	}
	return m[1], m[2], nil
}

// shrink keeps of an unpacked kernel package what the guest needs: 400 MB
// become about 12.
func shrink(ctx context.Context, full, small string) error {
	images, err := filepath.Glob(filepath.Join(full, "boot", "vmlinuz-*"))
	if err != nil || len(images) != 1 {
		return fmt.Errorf("unpacking the kernel: %d images in the package", len(images))
	}
	release := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	if _, err := run(ctx, "", "depmod", "-b", full, release); err != nil {
		return err
	}
	lib := filepath.Join("lib", "modules", release)
	keep := []string{filepath.Join(lib, "modules.builtin"), filepath.Join(lib, "modules.builtin.modinfo"), filepath.Join(lib, "modules.order")}
	for _, m := range modules {
		out, err := run(ctx, "", "modprobe", "-d", full, "-S", release, "--show-depends", m)
		if err != nil {
			return err
		}
		for line := range strings.Lines(out) {
			path, ok := strings.CutPrefix(strings.TrimSpace(line), "insmod ")
			if !ok {
				continue
			}
			rel, err := filepath.Rel(full, filepath.Clean(path))
			if err != nil {
				return fmt.Errorf("unpacking the kernel: %w", err)
			}
			keep = append(keep, rel)
		}
	}
	for _, rel := range keep {
		if err := move(filepath.Join(full, rel), filepath.Join(small, rel)); err != nil {
			return err
		}
	}
	if err := move(images[0], filepath.Join(small, "vmlinuz")); err != nil {
		return err
	}
	_, err = run(ctx, "", "depmod", "-b", small, release)
	return err
}

// move renames a file into a folder that may not exist yet; a file that was
// moved before (a module several others need) stays where it is.
func move(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("unpacking the kernel: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("unpacking the kernel: %w", err)
	}
	return nil
}

// run runs one program of the host and returns its output; what it said on
// standard error is part of the error.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	path, err := lookup(name)
	if err != nil {
		return "", fmt.Errorf("running %s: %w", name, err)
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
