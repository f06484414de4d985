package awstest

// The demo's organization: the role every member account has, and the account whose two security keys carry the names of
// the keys that the demo enrolls.
const (
	DemoRole    = "hwmfa-audit"
	DemoAccount = "210000000001"
	DemoPrimary = "yk-primary"
	DemoBackup  = "yk-backup"
)

// Demo is an organization of telling accounts: each is one way a root user is protected, or only looks so.
func Demo() Organization {
	member := func(id, name string, root Root) Account {
		return Account{ID: id, Name: name, Role: DemoRole, Root: root}
	}
	hardware := func(devices ...Device) Root { return Root{Password: true, Devices: devices} }

	suspended := member("210000000007", "old-shop", hardware(Key("shop")))
	suspended.State = "SUSPENDED"
	closed := member("210000000008", "trial-2023", Root{})
	closed.State = "CLOSED"

	locked := member("210000000011", "regulated", hardware(Key("vault-a"), Key("vault-b")))
	locked.Faults = map[string]Fault{
		"root:iam:ListMFADevices":    {Kind: DenySCP},
		"root:iam:GetAccountSummary": {Kind: DenySCP},
	}
	abandoned := member("210000000012", "analytics", hardware(Key("an-1", "FIDO", "L1"), Key("an-2", "FIDO", "L1")))
	abandoned.Unassigned = []Device{Virtual("root-account-mfa-device")}

	innocent := member("210000000014", "build", hardware(Key("build-a", "FIDO", "L2"), Key("build-b", "FIDO-FIPS-140-2", "L2")))
	innocent.Users = []User{{Name: "rootadmin", Path: "/root/", Devices: []Device{Virtual("rootadmin-phone")}}}

	return Organization{
		Management: "210000000000",
		Features:   []string{RootCredentialsManagement, RootSessions},
		Accounts: []Account{
			{ID: "210000000000", Name: "management", Root: hardware(Key("mgmt-a"), Key("mgmt-b"))},
			member(DemoAccount, "payments", hardware(Key(DemoPrimary), Key(DemoBackup))),
			member("210000000002", "web", hardware(Virtual("root-account-mfa-device"))),
			member("210000000003", "data-lake", Root{Password: true, AccessKeys: 1}),
			member("210000000004", "mobile", hardware(Virtual("phone-of-the-founder"))),
			member("210000000005", "sandbox", Root{}),
			member("210000000006", "intranet", hardware(Key("in-1", "FIDO", "L2"), Virtual("break-glass"))),
			suspended,
			closed,
			member("210000000009", "treasury", hardware(Token("GAHT12345678"))),
			member("210000000010", "marketing", hardware(Key("my-laptop"))),
			locked,
			abandoned,
			member("210000000013", "identity", hardware(Key("id-1", "FIDO", "L2"), Key("id-2", "FIDO", "L3"))),
			innocent,
		},
	}
}
