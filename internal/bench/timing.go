package bench

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Timing is how long a command took, run several times.
type Timing struct {
	Command string
	Runs    []time.Duration
}

// Median is the middle run, the slower of the two where their number is even.
func (t Timing) Median() time.Duration {
	if len(t.Runs) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(t.Runs))[len(t.Runs)/2]
}

// Time runs each command once unmeasured, to have its files in memory, and
// then so many times in turns, so that what slows the machine for a while
// slows them all. A command that fails ends it: its time would mean nothing.
func Time(ctx context.Context, runs int, commands ...[]string) ([]Timing, error) {
	timings := make([]Timing, len(commands))
	for i, c := range commands {
		timings[i].Command = strings.Join(c, " ")
		if _, err := timeOnce(ctx, c); err != nil {
			return nil, err
		}
	}
	for range runs {
		for i, c := range commands {
			took, err := timeOnce(ctx, c)
			if err != nil {
				return nil, err
			}
			timings[i].Runs = append(timings[i].Runs, took)
		}
	}
	return timings, nil
}

func timeOnce(ctx context.Context, command []string) (time.Duration, error) {
	start := time.Now()
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("timing %s: %w: %s", strings.Join(command, " "), err, tail(out))
	}
	return time.Since(start), nil
}
