package udev

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const rulesFile = "etc/udev/rules.d/" + FileName

// packagedFile is where a distribution's package has our rules, for the default
// group; the file of the same name in /etc takes its place.
const packagedFile = "usr/lib/udev/rules.d/" + FileName

// Change is what Install or Remove did.
type Change struct {
	File string // "/etc/udev/rules.d/70-hwmfa.rules"
	// Changed: the file was written or taken away.
	Changed bool
	// Told: udev was told of it. It is not where Root is not /.
	Told bool
	// Triggered are the nodes to which udev was made to apply its rules.
	Triggered []string
}

// Install puts the rules in place, for the group, and has udev apply them to the
// keys that are plugged in; "" stands for DefaultGroup. Where they are in place
// it only does the latter, so that what was cut off is made good. A file of our
// name that is not ours gives ErrForeign, but with force is replaced.
//
// With ErrNoUdevadm and ErrUdevadm the rules are in place all the same.
func (m *Machine) Install(ctx context.Context, groupName string, force bool) (Change, error) {
	c := Change{File: "/" + rulesFile}
	groupName = cmp.Or(groupName, DefaultGroup)
	text, err := Rules(groupName)
	if err != nil {
		return c, err
	}
	groups, err := m.groups()
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%s: %w: %w", groupName, ErrGroup, err)
	}
	if err != nil {
		return c, err
	}
	if _, ok := findGroup(groups, groupName); !ok {
		return c, fmt.Errorf("%s: %w", groupName, ErrGroup)
	}
	if err := m.refuseForeign(force); err != nil {
		return c, err
	}
	if c.Changed, err = m.write([]byte(text)); err != nil {
		return c, fmt.Errorf("install udev rules: %w", named(err))
	}
	return c, m.tell(ctx, &c)
}

// Remove takes our rules away. Nodes keep what the rules gave them until their
// key is plugged in again: udev takes nothing back.
func (m *Machine) Remove(ctx context.Context, force bool) (Change, error) {
	c := Change{File: "/" + rulesFile}
	if err := m.refuseForeign(force); err != nil {
		return c, err
	}
	err := os.Remove(m.path(rulesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("remove udev rules: %w", named(err))
	}
	c.Changed = true
	return c, m.tell(ctx, &c)
}

// named gives the reasons that people meet a name.
func named(err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrPermission, err)
	}
	return err
}

// fileStatus looks at what stands where our rules belong.
func (m *Machine) fileStatus() (FileStatus, error) {
	info, err := os.Lstat(m.path(rulesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return FileAbsent, nil
	}
	if err != nil {
		return FileAbsent, err
	}
	if !info.Mode().IsRegular() { // a link to /dev/null takes rules of this name out
		return FileForeign, nil
	}
	text, err := readBounded(m.path(rulesFile), maxRulesFile)
	if err != nil {
		return FileForeign, err
	}
	if first, _, _ := bytes.Cut(text, []byte("\n")); string(first) != marker {
		return FileForeign, nil
	}
	// Ours, for whatever group it was made.
	if _, after, ok := strings.Cut(string(text), `GROUP="`); ok {
		name, _, _ := strings.Cut(after, `"`)
		if same, err := Rules(name); err == nil && same == string(text) {
			return FileInstalled, nil
		}
	}
	return FileOutdated, nil
}

// packaged says whether a package has put this version's rules in place. Its
// first line is another one: hwmfa takes none of its files away.
func (m *Machine) packaged() bool {
	text, err := readBounded(m.path(packagedFile), maxRulesFile)
	if err != nil {
		return false
	}
	ours, err := Rules("")
	_, rules, _ := strings.Cut(ours, "\n")
	_, there, _ := strings.Cut(string(text), "\n")
	return err == nil && there == rules
}

func (m *Machine) refuseForeign(force bool) error {
	if force {
		return nil
	}
	state, err := m.fileStatus()
	if err != nil {
		return named(err)
	}
	if state == FileForeign {
		return fmt.Errorf("/%s: %w", rulesFile, ErrForeign)
	}
	return nil
}

// write puts the file in place whole or not at all, and says whether anything
// changed.
func (m *Machine) write(text []byte) (changed bool, err error) {
	const mode = 0o644
	file := m.path(rulesFile)
	if info, err := os.Lstat(file); err == nil && info.Mode() == mode {
		if old, err := readBounded(file, maxRulesFile); err == nil && bytes.Equal(old, text) {
			return false, nil
		}
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	// udevd reads what ends in .rules: not this.
	draft, err := os.CreateTemp(dir, "."+FileName+".*")
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(draft.Name()))
		}
	}()
	_, err = draft.Write(text)
	err = errors.Join(err, draft.Chmod(mode), draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), file)
	}
	return err == nil, err
}

// tell tells udev where the rules are its own.
func (m *Machine) tell(ctx context.Context, c *Change) error {
	if m.Root != "/" {
		return nil
	}
	return m.tellUdev(ctx, c)
}

// tellUdev has udevd read its rules again, and apply them to the nodes that they
// are about.
func (m *Machine) tellUdev(ctx context.Context, c *Change) error {
	if err := m.udevadm(ctx, "control", "--reload"); err != nil {
		return err
	}
	c.Told = true
	devices, err := m.devices()
	if err != nil {
		return fmt.Errorf("look for keys that are plugged in: %w", err)
	}
	if len(devices) == 0 {
		return nil
	}
	args := []string{"trigger", "--action=change", "--settle"}
	for _, d := range devices {
		args = append(args, d.dir)
	}
	if err := m.udevadm(ctx, args...); err != nil {
		return err
	}
	for _, d := range devices {
		c.Triggered = append(c.Triggered, d.node)
	}
	return nil
}

func (m *Machine) udevadm(ctx context.Context, args ...string) error {
	out, err := m.Run(ctx, "udevadm", args...)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("udevadm %s: %w", args[0], ErrNoUdevadm)
	}
	said := strings.Join(strings.Fields(string(bytes.ToValidUTF8(out[:min(len(out), 400)], []byte("?")))), " ")
	return fmt.Errorf("udevadm %s: %w: %w: %s", args[0], ErrUdevadm, err, said)
}
