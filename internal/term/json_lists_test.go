package term

import (
	"errors"
	"testing"
)

func TestJSONLists(t *testing.T) {
	type row struct {
		Name string   `json:"name"`
		Rows []string `json:"rows"`
	}
	type inner struct {
		Rows  []row   `json:"rows"`
		Text  string  `json:"text"`
		Other []*bool `json:"other"`
	}
	type outer struct {
		Schema string `json:"schema"`
		Report *inner `json:"report"`
		Last   []row  `json:"last"`
	}
	yes := true
	rows := []row{{"a \u202e\x9b <b>", []string{"x", "y"}}, {`"other": []`, []string{}}}
	for _, full := range []outer{
		{"s/v1", &inner{rows, `"rows": [], "last": []`, []*bool{nil, &yes}}, rows[:1]},
		{"s/v1", &inner{[]row{}, "", []*bool{&yes}}, []row{}},
		{"s/v1", &inner{rows, "", []*bool{}}, rows},
		{"s/v1", nil, rows},
	} {
		frame := full
		frame.Last = []row{}
		lists := []List{ListOf("last", full.Last)}
		if full.Report != nil {
			frame.Report = &inner{[]row{}, full.Report.Text, []*bool{}}
			lists = append(lists, ListOf("other", full.Report.Other), ListOf("rows", full.Report.Rows))
		} else {
			lists = append(lists, ListOf("rows", rows)) // which the object does not have
			full.Last, frame.Last = rows, []row{}
		}
		want, wantOut := Test()
		got, gotOut := Test()
		if err := errors.Join(want.JSON(full), got.JSONLists(frame, lists...)); err != nil {
			t.Fatal(err)
		}
		if got, want := gotOut.Out.String(), wantOut.Out.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestJSONListsSayThatAWriteFailed(t *testing.T) {
	s, _ := Test()
	s.Out = failing{}
	if err := s.JSONLists(struct{ L []int }{[]int{}}, ListOf("L", make([]int, 100_000))); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
