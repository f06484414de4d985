package attest

import (
	"fmt"
	"strings"
	"testing"

	"hwmfa/hw"
)

func TestHistory(t *testing.T) {
	id := hw.AAGUID{1}
	tests := []struct {
		name    string
		reports []statusReport
		levels  string
		fips    bool
	}{
		{"nothing was said", nil, "", false},
		{"levels in the order of their days", []statusReport{{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2022-01-01"}, {Status: "FIDO_CERTIFIED", EffectiveDate: "2018-01-01"}}, "2018-01-01:1 2022-01-01:2", false},
		{"of one day the lower first", []statusReport{{Status: "FIDO_CERTIFIED_L3plus", EffectiveDate: "2022-01-01"}, {Status: "FIDO_CERTIFIED_L1plus", EffectiveDate: "2022-01-01"}}, "2022-01-01:1 2022-01-01:3", false},
		{"taken away", []statusReport{{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2018-01-01"}, {Status: "REVOKED", EffectiveDate: "2020-01-01"}}, "2018-01-01:1 2020-01-01:0", false},
		{"never given", []statusReport{{Status: "NOT_FIDO_CERTIFIED"}}, "0001-01-01:0", false},
		{"until a day", []statusReport{{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2018-01-01", SunsetDate: "2023-01-01"}}, "2018-01-01:2 2023-01-01:0", false},
		{"FIPS is no level", []statusReport{{Status: "FIPS140_CERTIFIED_L2", EffectiveDate: "2018-01-01"}, {Status: "UPDATE_AVAILABLE"}}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &Metadata{byAAGUID: map[hw.AAGUID][]*model{id: {{description: "A key", reports: tt.reports}}}}
			got, ok := m.History(id)
			var levels []string
			for _, l := range got.Levels {
				levels = append(levels, fmt.Sprintf("%s:%d", l.Since.Format("2006-01-02"), l.Level))
			}
			if !ok || got.Model != "A key" || got.FIPS != tt.fips || strings.Join(levels, " ") != tt.levels {
				t.Errorf("got %+v, want %s", got, tt.levels)
			}
		})
	}
	two := &Metadata{byAAGUID: map[hw.AAGUID][]*model{id: {{}, {}}}}
	for name, m := range map[string]*Metadata{"no metadata": nil, "none of that number": {}, "two of it": two} {
		if _, ok := m.History(id); ok {
			t.Errorf("%s: there is a history", name)
		}
	}
	for _, word := range certifications {
		if level, ok := levelOf(word); !ok || level < 0 || level > 3 {
			t.Errorf("%s is level %d, %v", word, level, ok)
		}
	}
}
