package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// module is this repository's, in front of every package of ours.
const module = "hwmfa"

// guestPackage is one whose tests run in the machine. A test there that needs
// the virtual bus skips itself where Inside says no.
type guestPackage struct {
	path string
	run  string // which of its tests, as for -run
}

// guest has the tests that look at keys with other programs.
var guest = guestPackage{module + "/internal/bench/guest", ""}

var inGuest = []guestPackage{{module + "/hw/local", "^TestBench"}, guest}

// compile builds the program and the tests of the packages into the share's
// bin folder: the guest is too slow to compile.
func compile(ctx context.Context, root, share string, packages []guestPackage) error {
	for _, dir := range []string{"bin", "tests"} {
		if err := os.MkdirAll(filepath.Join(share, dir), 0o755); err != nil {
			return fmt.Errorf("making the share: %w", err)
		}
	}
	builds := [][]string{{"build", "-o", filepath.Join(share, "bin", "hwmfa"), "./cmd/hwmfa"}}
	for _, p := range packages {
		builds = append(builds, []string{"test", "-c", "-o", filepath.Join(share, "bin", testName(p.path)), p.path})
	}
	for _, args := range builds {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("running go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// testName is a package's test program, such as internal-bench-guest.
func testName(pkg string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pkg, module+"/"), "/", "-")
}

// script runs every package's tests in its own folder, as go test does, and
// leaves output and exit status of each on the share. A pattern replaces the
// packages' own.
func script(root string, packages []guestPackage, pattern string) string {
	var b strings.Builder
	for _, p := range packages {
		dir := path.Join(root, strings.TrimPrefix(p.path, module+"/"))
		base := Share + "/tests/" + testName(p.path)
		tests := cmp.Or(pattern, p.run)
		fmt.Fprintf(&b, "cd %s || exit 125\n", quote(dir))
		fmt.Fprintf(&b, "echo 'bench: %s'\n", p.path)
		fmt.Fprintf(&b, "%s -test.v=test2json -test.timeout 30m -test.run %s -test.skip %s >%s.out 2>&1 </dev/null\n", testName(p.path), quote(tests), quote(skipped(pattern)), base)
		fmt.Fprintf(&b, "echo $? >%s.status\n", base)
	}
	return b.String()
}

// skipped are the tests that run only where HWMFA_BENCH_RUN names some: they
// unplug keys under the card service dozens of times, take minutes, and pcscd
// 1.9.9 does not always survive that, with which every test after them fails.
func skipped(pattern string) string {
	if pattern == "" {
		return "_pulledOut$"
	}
	return "^$"
}
