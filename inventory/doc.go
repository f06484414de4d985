// Package inventory is the register of security keys: which keys there are,
// what was proved about them, where they lie, which AWS accounts they open,
// and a journal of everything that was done, each entry hashed over the one
// before.
//
// The rules live here as functions over a Tx (EnrollKey, BindKey, …); what
// keeps the rows is behind Store. The package opens no file, reads no clock
// and draws no random numbers: who acts and when comes in with an Act.
package inventory
