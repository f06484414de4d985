//go:build unix && !linux

package main

// clockSynchronized is nil where the kernel is not asked who keeps its clock.
var clockSynchronized func() (bool, error)
