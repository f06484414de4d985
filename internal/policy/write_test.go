package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsWrittenIsReadAsTheSame(t *testing.T) {
	for name, file := range map[string]string{
		"the default": "",
		"everything": `
keys_per_account: 3
tiers: {sandbox: {level2: not_required}, production: {level2: required}}
custody:
  sites_per_account: 3
  spares: [{model: 'YubiKey*', site: Berlin, level: 2}]
  replicas: [{kind: vault_copy, off_site: 1}]
  campaigns: [{name: swap, firmware_below: 5.7.0, advisories: [YSA-2024-03], deadline: 2026-12-31}]
enrollment: {firmware: {action: warn, minimum: 5.7.0}, advisories: {any: refuse}}
`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			sameAgain(t, p)
		})
	}
	t.Run("what docs/policy.md shows", func(t *testing.T) {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "policy.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(page), "```yaml\n")
		text, _, ok := strings.Cut(text, "```")
		p, err := Read(strings.NewReader(text))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		sameAgain(t, p)
	})
}

// sameAgain writes a policy, reads it, and writes it once more.
func sameAgain(t *testing.T, p Policy) {
	t.Helper()
	var first, second strings.Builder
	if err := p.Write(&first); err != nil {
		t.Fatal(err)
	}
	again, err := Read(strings.NewReader(first.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, first.String())
	}
	if err := again.Write(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("got\n%s\nwant\n%s", second.String(), first.String())
	}
}
