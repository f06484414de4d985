// Package ceremony is where hardware, inventory and AWS meet: reading the keys
// on a bench, enrolling one with a touch, verifying evidence again, turning
// bindings into what an audit compares with. It asks people through the small
// functions it is given and prints nothing.
package ceremony
