package arch

// packages lists every package and which of ours it may import. Data goes down
// the list, imports go up it.
//
// The files of a package's own tests are held to the same row, and may import
// what lies below their package (its test support). Tests of an external
// package (foo_test) may import any of ours, because they stand where a caller
// stands: nothing can depend on them.
var packages = map[string][]string{
	"hw":            {},
	"hw/attest":     {"hw"},
	"hw/ctap":       {"hw"},
	"hw/card":       {"hw"},
	"hw/local":      {"hw", "hw/ctap", "hw/card"},
	"hw/softkey":    {"hw"},
	"udev":          {"hw"},
	"inventory":     {"hw"},
	"iamcheck":      {},
	"internal/arch": {},

	"inventory/exchange":        {"hw", "inventory"},
	"inventory/store":           {"hw", "inventory"},
	"inventory/store/storetest": {"hw", "inventory"},
	"inventory/store/pgtest":    {},
	"iamcheck/awsapi":           {"iamcheck"},
	"iamcheck/awstest":          {},
	"iamcheck/supplied":         {"iamcheck"},
	"internal/doctor":           {"hw", "iamcheck", "udev"},

	"internal/auditrole": {"iamcheck"},
	"internal/notify":    {"iamcheck"},
	"internal/notary":    {},

	"internal/notary/tsatest": {},

	"internal/config":  {},
	"internal/fetch":   {},
	"internal/label":   {},
	"internal/policy":  {},
	"internal/term":    {},
	"internal/packet":  {"iamcheck", "iamcheck/awsapi"},
	"internal/report":  {"iamcheck", "internal/term", "inventory/exchange"},
	"internal/custody": {"hw", "inventory", "internal/policy"},
	"internal/history": {"iamcheck", "inventory"},
	"internal/ceremony": {
		"hw", "hw/attest", "hw/ctap", "hw/card", "inventory", "iamcheck", "internal/custody", "internal/notary", "internal/policy",
	},

	"internal/bench":       {"hw", "hw/softkey"},
	"internal/bench/usbip": {"hw", "hw/softkey"},
	"internal/bench/guest": {
		"hw", "hw/attest", "hw/card", "hw/ctap", "hw/local", "hw/softkey", "internal/bench", "internal/bench/usbip",
	},

	// Hardware only through hw/local and, for the demo, hw/softkey; AWS only
	// through iamcheck/awsapi and, for the demo, iamcheck/awstest.
	"cmd/hwmfa": {
		"hw", "hw/attest", "hw/local", "hw/softkey", "udev",
		"inventory", "inventory/exchange", "inventory/store",
		"iamcheck", "iamcheck/awsapi", "iamcheck/supplied", "iamcheck/awstest",
		"internal/auditrole", "internal/ceremony", "internal/config", "internal/custody", "internal/doctor", "internal/fetch", "internal/history", "internal/label", "internal/notary", "internal/notify", "internal/packet", "internal/policy", "internal/report", "internal/term",
	},
}

// privileges names the packages that may import something with power or weight
// of its own; a row covers everything below its path. A foreign module without
// a row may be imported by nobody.
var privileges = map[string][]string{
	"C":                                  {"hw/local"},
	"github.com/keys-pub/go-libfido2":    {"hw/local"},
	"github.com/google/gousb":            {"hw/local"},
	"github.com/go-piv/piv-go":           {"hw/local"},
	"github.com/fxamacker/cbor":          {"hw/attest", "hw/ctap", "hw/local", "hw/softkey"},
	"github.com/go-webauthn/webauthn":    {"hw/attest"},
	"github.com/aws/aws-sdk-go-v2":       {"iamcheck/awsapi"},
	"github.com/aws/smithy-go":           {"iamcheck/awsapi"},
	"database/sql":                       {"inventory/store"},
	"modernc.org/sqlite":                 {"inventory/store"},
	"github.com/pressly/goose":           {"inventory/store"},
	"github.com/jackc/pgx":               {"inventory/store"},
	"os/exec":                            {"udev", "inventory/store/storetest", "inventory/store/pgtest", "internal/bench", "internal/bench/guest", "internal/notary/tsatest"},
	"net":                                {"iamcheck/awsapi", "iamcheck/awstest", "inventory/store", "internal/bench/usbip", "internal/fetch", "internal/notary", "internal/notary/tsatest", "internal/notify"},
	"net/url":                            anybody,
	"html/template":                      {},
	"plugin":                             {},
	"codeberg.org/go-pdf/fpdf":           {"internal/label"},
	"github.com/boombuler/barcode":       {"internal/label"},
	"github.com/spf13/cobra":             {"cmd/hwmfa"},
	"github.com/spf13/pflag":             {"cmd/hwmfa"},
	"github.com/rogpeppe/go-internal":    {"cmd/hwmfa"},
	"go.yaml.in/yaml/v3":                 {"internal/config", "internal/policy"},
	"github.com/jedib0t/go-pretty":       {"internal/term"},
	"github.com/nicholas-fedor/shoutrrr": {"internal/notify"},
	"golang.org/x/term":                  {"internal/term"},
	"golang.org/x/text":                  {"internal/term", "inventory", "inventory/exchange"},
	"golang.org/x/sys":                   {"cmd/hwmfa", "hw/local", "internal/bench/guest", "internal/bench/usbip", "internal/term"},
}

// anybody marks an import that is harmless below one that is not.
var anybody = allPackages()

func allPackages() []string {
	var all []string
	for pkg := range packages {
		all = append(all, pkg)
	}
	return all
}

// testSupport are packages of ours that any test may import, and nothing else.
var testSupport = []string{"internal/notary/tsatest", "inventory/store/pgtest"}

// testPrivileges are what only tests may import beside that: tools that we did
// not write, loopback servers, and libraries that stand as witnesses against
// our own code.
var testPrivileges = map[string][]string{
	"os/exec":                         anybody,
	"net":                             anybody,
	"github.com/go-webauthn/webauthn": {"hw/softkey"},
	"github.com/fxamacker/cbor":       {"internal/ceremony"}, // to rewrite what a key attested
	"github.com/google/uuid":          {"hw/attest"},
	"github.com/go-piv/piv-go":        {"internal/bench/guest"},
	"github.com/keys-pub/go-libfido2": {"internal/bench/guest"},
	"github.com/google/gousb":         {"internal/bench/guest"},
	"github.com/xuri/excelize":        {"inventory/exchange"},
	// Only the types that Security Hub's own client takes a finding for.
	"github.com/aws/aws-sdk-go-v2/service/securityhub": {"internal/report"},
}
