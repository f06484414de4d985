package packet

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"hwmfa/iamcheck/awsapi"
)

// Whatever reads as exchanges can be written, and reads as the same again.
func FuzzDecode(f *testing.F) {
	for _, x := range []awsapi.Exchange{
		{Account: "111122223333", Actor: "root", Action: "iam:ListMFADevices", Request: "Action=ListMFADevices", Status: 200, Answer: []byte("<a/>")},
		{Action: "sts:AssumeRoot", Error: "EOF", Answer: []byte{0xff, 0xfe}},
	} {
		doc, err := encode(x)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(doc, doc...))
	}
	f.Add([]byte("{\"answer\":null,\"answer_base64\":\"AA==\"}\n{\"time\":\"2026-03-01T11:00:00Z\"}\n"))
	f.Add([]byte("\n\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := decode(data)
		if err != nil {
			return
		}
		var again []byte
		for _, x := range first {
			doc, err := encode(x)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(doc, []byte("\n")) != 1 {
				t.Errorf("more than a line: %q", doc)
			}
			again = append(again, doc...)
		}
		second, err := decode(again)
		if err != nil {
			t.Fatal(err)
		}
		for i := range first {
			// JSON knows no difference between nothing and an empty map or list.
			if len(first[i].Headers) == 0 && len(second[i].Headers) == 0 {
				first[i].Headers, second[i].Headers = nil, nil
			}
			if !first[i].Time.Equal(second[i].Time) || !bytes.Equal(first[i].Answer, second[i].Answer) {
				t.Errorf("got %+v, want %+v", second[i], first[i])
			}
			first[i].Time = second[i].Time
			first[i].Answer, second[i].Answer = nil, nil
			if !reflect.DeepEqual(first[i], second[i]) {
				t.Errorf("got %+v, want %+v", second[i], first[i])
			}
		}
	})
}

// Whatever reads as a manifest can be written and reads as one again.
func FuzzParseManifest(f *testing.F) {
	doc, err := manifestText(Manifest{Schema: Schema, Options: json.RawMessage(`{"org":true}`), Rules: json.RawMessage("null"), Files: []File{{"a", 1, "x"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte(`{"schema":"hwmfa.packet/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		text, err := manifestText(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseManifest(text); err != nil {
			t.Errorf("%v in %s", err, text)
		}
	})
}
