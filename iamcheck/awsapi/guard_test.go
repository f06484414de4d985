package awsapi

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
)

func TestCheckAnswer(t *testing.T) {
	xmlOf := func(result string) string {
		return "<ListMFADevicesResponse><ListMFADevicesResult>" + result + "</ListMFADevicesResult><ResponseMetadata/></ListMFADevicesResponse>"
	}
	for _, c := range []struct {
		name, operation, body, says string
	}{
		{"an empty list", "ListMFADevices", xmlOf("<MFADevices/><IsTruncated>false</IsTruncated>"), ""},
		{"with a declaration, comments and elements nobody knows", "ListMFADevices",
			`<?xml version="1.0"?><!-- x -->` + xmlOf("<New><MFADevices/></New><MFADevices/><IsTruncated>false</IsTruncated>") + "\n", ""},
		{"a list that does not say whether there is more", "ListMFADevices", xmlOf("<MFADevices/>"), ""},
		{"a marker on the last page", "ListMFADevices", xmlOf("<Marker>x</Marker><IsTruncated>false</IsTruncated><MFADevices/>"), ""},
		{"a marker without a word on whether there is more", "ListMFADevices", xmlOf("<MFADevices/><Marker>x</Marker>"), "a marker, but"},
		{"white space between the entries", "ListMFADevices", xmlOf("<MFADevices>\n <member><SerialNumber>x</SerialNumber></member>\n</MFADevices>"), ""},
		{"entries under another name", "ListMFADevices", xmlOf("<MFADevices><item><SerialNumber>x</SerialNumber></item></MFADevices>"), "MFADevices holds <item>"},
		{"a list without entries around its fields", "ListMFADevices", xmlOf("<MFADevices><SerialNumber>x</SerialNumber></MFADevices>"), "MFADevices holds <SerialNumber>"},
		{"text where entries belong", "ListMFADevices", xmlOf("<MFADevices>null</MFADevices>"), "MFADevices holds text"},
		{"a map of entries", "GetAccountSummary", "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry/></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>", ""},
		{"a map of members", "GetAccountSummary", "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><member/></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>", "SummaryMap holds <member>"},
		{"no list", "ListMFADevices", xmlOf("<IsTruncated>false</IsTruncated>"), "no MFADevices"},
		{"a list in the wrong place", "ListMFADevices", xmlOf("<x><MFADevices/></x><IsTruncated>false</IsTruncated>"), "no MFADevices"},
		{"the answer of another operation", "ListVirtualMFADevices", xmlOf("<MFADevices/><IsTruncated>false</IsTruncated>"), "not ListVirtualMFADevicesResponse"},
		{"no document", "ListMFADevices", "", "no document"},
		{"white space", "ListMFADevices", " \n", "no document"},
		{"a web page", "ListMFADevices", "<!DOCTYPE html><html></html>", "document type"},
		{"a web page without a type", "ListMFADevices", "<html><body>Sign in</body></html>", "the document is <html>"},
		{"a document that ends early", "ListMFADevices", xmlOf("<MFADevices/><IsTruncated>false</IsTruncated>")[:90], "not XML"},
		{"two documents", "ListMFADevices", xmlOf("<MFADevices/><IsTruncated>false</IsTruncated>") + "<x/>", "the document is <x>"},
		{"an account list", "ListAccounts", `{"Accounts":[]}`, ""},
		{"an empty page of the account list that says where the next one is", "ListAccounts", `{"NextToken":"x"}`, ""},
		{"a page of nothing, with a token that is null", "ListAccounts", `{"NextToken":null}`, "no Accounts"},
		{"an account list that is null", "ListAccounts", `{"Accounts":null}`, "no Accounts"},
		{"a token of another protocol in the place of the list", "ListMFADevices", xmlOf("<NextToken>x</NextToken>"), "no MFADevices"},
		{"an object with nothing in it", "ListAccounts", `{}`, "no Accounts"},
		{"a list where an object belongs", "ListAccounts", `[]`, "not a JSON object"},
		{"half an object", "ListAccounts", `{"Accounts":[`, "not a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkAnswer(c.operation, []byte(c.body))
			var malformed *malformedError
			switch {
			case c.says == "" && err != nil:
				t.Errorf("got %v", err)
			case c.says != "" && (!errors.As(err, &malformed) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, want an error that says %q", err, c.says)
			case c.says != "" && malformed.RetryableError():
				t.Error("a whole answer that is none is asked for again")
			}
		})
	}
}

func TestEveryOperationHasSomethingItMustHold(t *testing.T) {
	for operation, names := range mustHold {
		if len(names) == 0 {
			t.Errorf("%s: nothing", operation)
		}
		if strings.HasPrefix(operation, "List") && !inJSON[operation] && entries[names[0]] == "" {
			t.Errorf("%s: nothing tells the entries of %s", operation, names[0])
		}
	}
}

// What the guard lets through must be whole: the standard parsers reach its end, and cutting its last byte off is noticed.
func FuzzCheckAnswer(f *testing.F) {
	for _, body := range []string{
		"<ListMFADevicesResponse><ListMFADevicesResult><MFADevices/><IsTruncated>false</IsTruncated></ListMFADevicesResult></ListMFADevicesResponse>",
		"<!DOCTYPE html><html/>", `{"Accounts":[{}]}`, "{}", "", "<a", "<?xml version=\"1.0\" encoding=\"utf-16\"?><x/>",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if checkAnswer("ListMFADevices", []byte(body)) == nil {
			decoder := xml.NewDecoder(strings.NewReader(body))
			for {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%q: %v", body, err)
				}
			}
			if cut := strings.TrimRightFunc(body, func(r rune) bool { return r != '>' }); checkAnswer("ListMFADevices", []byte(cut[:len(cut)-1])) == nil {
				t.Fatalf("%q: a cut is not noticed", body)
			}
		}
		if checkAnswer("ListAccounts", []byte(body)) == nil && !json.Valid([]byte(body)) {
			t.Fatalf("%q is no JSON", body)
		}
		if text := clean(body, 50); len(text) > 50+len("…") || strings.ContainsFunc(text, unicode.IsControl) {
			t.Fatalf("%q becomes %q", body, text)
		}
	})
}

func TestPagesEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		next  []string // the marker each page names; the last page names none
		says  string
	}{
		{"one page", 3, nil, ""},
		{"as many as there may be", 3, []string{"a", "b"}, ""},
		{"one more than there may be", 2, []string{"a", "b"}, "more than 2 pages"},
		{"back to the page before", 9, []string{"a", "a"}, "page 2: malformed answer: the page marker repeats"},
		{"back to an early page", 9, []string{"a", "b", "a"}, "page 3: malformed answer: the page marker repeats"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			err := pages(c.limit, func(string) (string, bool, error) {
				n++
				if n > len(c.next) {
					return "", false, nil
				}
				return c.next[n-1], true, nil
			})
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// TestWithoutSecrets is every way in which an answer may hold a session's credentials.
func TestWithoutSecrets(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"nothing", "<a>b</a>", "<a>b</a>"},
		{"both", "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>", "<SecretAccessKey>(secret key)</SecretAccessKey><SessionToken>(session token)</SessionToken>"},
		{"the access key's ID stays", "<AccessKeyId>a</AccessKeyId>", "<AccessKeyId>a</AccessKeyId>"},
		{"an empty one", "<SessionToken></SessionToken>", "<SessionToken></SessionToken>"},
		{"in any case, with a prefix and attributes", `<x:sessiontoken a="b">t</x:sessiontoken>`, `<x:sessiontoken a="b">(session token)</x:sessiontoken>`},
		{"in letters that the SDK folds", "<Se\u017f\u017fionToken>t</Se\u017f\u017fionToken>", "<Se\u017f\u017fionToken>(session token)</Se\u017f\u017fionToken>"},
		{"broken off", "<SecretAccessKey>se", "<SecretAccessKey>(secret key)"},
		{"broken off in its tag", "<SecretAccessKey", "<SecretAccessKey"},
		{"as CDATA", "<SessionToken><![CDATA[<t>]]></SessionToken>", "<SessionToken>(session token)</SessionToken>"},
		{"as CDATA that is broken off", "<SessionToken><![CDATA[<t>", "<SessionToken>(session token)"},
		{"in CDATA after one that has ended", "</SessionToken><![CDATA[<SecretAccessKey>s", "</SessionToken><![CDATA[<SecretAccessKey>(secret key)"},
		{"after a tag that never ends", "<a<SessionToken>t", "<a<SessionToken>(session token)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(withoutSecrets("sts:AssumeRoot", []byte(tt.body))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
