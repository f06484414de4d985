// Package guest is the tests that need a real kernel's USB bus: they plug
// software keys into it and look at them with the programs that people use.
// They run inside the virtual machine, started by the tests of internal/bench,
// and skip themselves everywhere else.
package guest
