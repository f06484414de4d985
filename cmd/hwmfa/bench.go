package main

import (
	"context"

	"hwmfa/hw"
	"hwmfa/hw/local"
)

// testOnlyOpenBench replaces this machine's keys. Only TestMain assigns it: the
// shipped program has no switch that leads to a software key.
var testOnlyOpenBench func(context.Context) (hw.Bench, error)

// openBench gives access to the keys that are plugged in.
func (a *app) openBench(ctx context.Context) (hw.Bench, error) {
	if a.bench != nil {
		return a.bench(ctx)
	}
	if testOnlyOpenBench != nil {
		return testOnlyOpenBench(ctx)
	}
	return local.Open()
}
