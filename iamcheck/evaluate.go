package iamcheck

import "time"

// Options are what the auditor asks for.
type Options struct {
	// Require is the weakest assurance a pass may have; "" asks for none.
	Require Assurance
	// Benchmark is the version of CIS AWS Foundations, such as 4.0.1; "" is the newest. Before 5.0 an account whose root
	// credentials are removed fails, with a compensating control.
	Benchmark string
	// NotRequired says that the account's tier does not demand Level 2.
	NotRequired bool
	// Exception is the account's exception, shown while it has not expired at Now.
	Exception *Exception
	// Now is the time of the audit; it decides whether the exception has expired.
	Now time.Time
}

// Evaluate decides on one account. Bound keys of other accounts are ignored.
func Evaluate(f Facts, bound []BoundKey, opts Options) Finding {
	return Finding{AccountID: f.AccountID}
}
