// Package awstest is a loopback AWS: it speaks enough of the wire protocols of IAM, STS and Organizations for the real SDK
// to audit an organization that is described by hand, with the faults AWS and the networks before it show. It listens on
// 127.0.0.1 only and grants nothing that is not described.
package awstest

// Organization is the described world. It is not changed by the server.
type Organization struct {
	Partition  string // "" is aws
	ID         string // "" is o-exampleorgid
	Management string // the management account's ID
	// Features are those of iam:ListOrganizationsFeatures: RootCredentialsManagement, RootSessions.
	Features []string
	Accounts []Account
}

// Account is one account of the organization.
type Account struct {
	ID, Name string
}

// Demo is an organization of a dozen telling accounts.
func Demo() Organization { return Organization{} }
