package bench

import (
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

// inGuest lists the packages whose tests run in the machine. A test there that
// needs the virtual bus skips itself where Inside says no.
var inGuest = []string{module + "/internal/bench/guest"}

// compile builds the program and the tests of the packages into the share's
// bin folder: the guest is too slow to compile.
func compile(ctx context.Context, root, share string, packages []string) error {
	for _, dir := range []string{"bin", "tests"} {
		if err := os.MkdirAll(filepath.Join(share, dir), 0o755); err != nil {
			return fmt.Errorf("making the share: %w", err)
		}
	}
	builds := [][]string{{"build", "-o", filepath.Join(share, "bin", "hwmfa"), "./cmd/hwmfa"}}
	for _, p := range packages {
		builds = append(builds, []string{"test", "-c", "-o", filepath.Join(share, "bin", testName(p)), p})
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
// leaves output and exit status of each on the share.
func script(root string, packages []string, pattern string) string {
	var b strings.Builder
	for _, p := range packages {
		dir := path.Join(root, strings.TrimPrefix(p, module+"/"))
		base := Share + "/tests/" + testName(p)
		fmt.Fprintf(&b, "cd %s || exit 125\n", quote(dir))
		fmt.Fprintf(&b, "echo 'bench: %s'\n", p)
		fmt.Fprintf(&b, "%s -test.v=test2json -test.timeout 7m -test.run %s >%s.out 2>&1 </dev/null\n", testName(p), quote(pattern), base)
		fmt.Fprintf(&b, "echo $? >%s.status\n", base)
	}
	return b.String()
}
