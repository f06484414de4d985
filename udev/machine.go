package udev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Facts that callers act on.
var (
	// ErrPermission: this user may not write where the rules are kept.
	ErrPermission = errors.New("only root may do this")
	// ErrReadOnly: the file system with the rules cannot be written.
	ErrReadOnly = errors.New("the file system is read-only")
	// ErrForeign: a file of our name is there that we did not write.
	ErrForeign = errors.New("it is not a file of hwmfa")
	// ErrGroup: there is no such group on the machine.
	ErrGroup = errors.New("no such group")
	// ErrNoUdevadm: the rules are in place, and nobody could tell udev.
	ErrNoUdevadm = errors.New("udevadm is not installed")
	// ErrUdevadm: the rules are in place, and udev did not take the news.
	ErrUdevadm = errors.New("udev was not told")
)

// Machine is what rules are put into and looked for in. The zero value is of
// no use: see This.
type Machine struct {
	// Root is the directory that stands for /. udev is told of changes only
	// where it is / itself.
	Root string
	// Run runs a program and returns what it wrote to either output; not
	// finding it gives an error that wraps exec.ErrNotFound.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// Access says whether this user may read and write a file, nil for yes.
	Access func(file string) error
	// User is who asks, Groups the groups that its session is in.
	User   string
	Groups []int
}

// This is the machine that the program runs on, below root.
func This(root, user string) (*Machine, error) {
	groups, err := os.Getgroups()
	if err != nil {
		return nil, fmt.Errorf("read this user's groups: %w", err)
	}
	return &Machine{Root: filepath.Clean(root), Run: runProgram, Access: mayOpen, User: user, Groups: append(groups, os.Getgid())}, nil
}

func (m *Machine) path(elem ...string) string {
	return filepath.Join(append([]string{m.Root}, elem...)...)
}

// udevadmPatience bounds one call of udevadm; what it waits for is udevd.
const udevadmPatience = 20 * time.Second

// runProgram also looks where a user's PATH often does not lead.
func runProgram(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, udevadmPatience)
	defer cancel()
	file, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if err == nil {
			break
		}
		file, err = exec.LookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}

func mayOpen(file string) error {
	const readWrite = 4 | 2 // R_OK | W_OK
	return syscall.Access(file, readWrite)
}

// group is a line of /etc/group.
type group struct {
	name    string
	id      int
	members []string
}

// groups reads /etc/group and asks nobody else: udev needs the group before the
// network, and with it any directory of people, is there.
func (m *Machine) groups() ([]group, error) {
	text, err := readBounded(m.path("etc/group"), 16<<20)
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	var all []group
	for line := range bytes.Lines(text) {
		f := strings.Split(strings.TrimSpace(string(line)), ":")
		if len(f) != 4 {
			continue
		}
		id, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		all = append(all, group{f[0], id, strings.Split(f[3], ",")})
	}
	return all, nil
}

// findGroup is the group of a name; false where there is none.
func findGroup(all []group, name string) (group, bool) {
	i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
	if i < 0 {
		return group{}, false
	}
	return all[i], true
}
