package bench

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// prepared is the image, or the end of the test: a failure where the tests
// were asked for (HWMFA_BENCH=1, as make test does), a skip otherwise.
func prepared(t testing.TB) *Image {
	t.Helper()
	if Inside() {
		t.Skip("already inside the virtual machine")
	}
	wanted := os.Getenv("HWMFA_BENCH") == "1"
	if !wanted {
		t.Skip("the virtual machine is started by make test (or HWMFA_BENCH=1)")
	}
	image, err := Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestRun(t *testing.T) {
	image := prepared(t)
	tests := []struct {
		name    string
		command []string
		timeout time.Duration
		status  int
		output  string
		err     error
	}{
		{"the command's output and status come back", []string{"sh", "-c", `echo "$WORD in $PWD"; exit 7`}, 0, 7, "it's in /usr/share\n", nil},
		{"a guest that powers off in the middle is a failure", []string{"busybox", "poweroff", "-f"}, 0, 0, "", ErrNoReport},
		{"a guest that hangs is stopped", []string{"sleep", "600"}, 10 * time.Second, 0, "", ErrTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := Spec{Share: t.TempDir(), Dir: "/usr/share", Env: []string{"WORD=it's"}, Command: tt.command, Timeout: tt.timeout}
			got, err := Run(t.Context(), image, spec)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				return
			}
			if got.Status != tt.status || string(got.Output) != tt.output {
				t.Errorf("got status %d and output %q, want %d and %q", got.Status, got.Output, tt.status, tt.output)
			}
			t.Logf("took %v", got.Took)
		})
	}
}

func TestRun_cancelled(t *testing.T) {
	image := prepared(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, image, Spec{Share: t.TempDir(), Command: []string{"true"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestMissingError(t *testing.T) {
	err := check([]program{{"sh", "dash"}, {"no-such-program", "some-package"}, {"/no/such/file.bundle", "some-package"}})
	want := "the virtual machine needs no-such-program, file.bundle: apt-get install some-package"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if err := check([]program{{"sh", "dash"}}); err != nil {
		t.Errorf("got %v for a program that is there", err)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"": "''", "a b": "'a b'", "it's": `'it'\''s'`} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
	if strings.Contains(kernelArguments, "\n") {
		t.Error("the kernel's arguments are one line")
	}
}
