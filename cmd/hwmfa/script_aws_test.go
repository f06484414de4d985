package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// standInAWS is the aws command, as far as scripts need it: the same arguments,
// the same calls, the same JSON.
func standInAWS() {
	if err := runStandInAWS(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(254)
	}
}

func runStandInAWS(args []string) error {
	calls := map[string]struct{ action, version string }{
		"sts get-caller-identity":      {"GetCallerIdentity", "2011-06-15"},
		"iam get-account-summary":      {"GetAccountSummary", "2010-05-08"},
		"iam list-virtual-mfa-devices": {"ListVirtualMFADevices", "2010-05-08"},
		"iam list-mfa-devices":         {"ListMFADevices", "2010-05-08"},
		"iam get-mfa-device":           {"GetMFADevice", "2010-05-08"},
	}
	if len(args) < 2 {
		return fmt.Errorf("usage: aws SERVICE COMMAND")
	}
	c, ok := calls[args[0]+" "+args[1]]
	if !ok {
		return fmt.Errorf("no such command: %s", strings.Join(args, " "))
	}
	form := url.Values{"Action": {c.action}, "Version": {c.version}}
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		switch {
		case len(rest) < 2:
			return fmt.Errorf("%s lacks a value", rest[0])
		case rest[0] == "--serial-number":
			form.Set("SerialNumber", rest[1])
		case rest[0] != "--output" || rest[1] != "json":
			return fmt.Errorf("unknown option %s %s", rest[0], rest[1])
		}
	}
	request, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+os.Getenv("AWS_ACCESS_KEY_ID")+"/20260301/us-east-1/"+args[0]+"/aws4_request, SignedHeaders=host, Signature=x")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("An error occurred: %s", body)
	}
	var answer struct {
		Result node `xml:",any"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil {
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "    ")
	e.SetEscapeHTML(false)
	return e.Encode(answer.Result.value())
}

// node is any XML element.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

// value is what the aws command makes of an element.
func (n node) value() any {
	lists := map[string]bool{"MFADevices": true, "VirtualMFADevices": true}
	switch {
	case lists[n.XMLName.Local]:
		list := []any{}
		for _, m := range n.Nodes {
			list = append(list, m.value())
		}
		return list
	case n.XMLName.Local == "SummaryMap" || n.XMLName.Local == "Certifications":
		object := map[string]any{}
		for _, entry := range n.Nodes {
			var value any = entry.Nodes[1].Text
			if n.XMLName.Local == "SummaryMap" {
				value = json.Number(entry.Nodes[1].Text)
			}
			object[entry.Nodes[0].Text] = value
		}
		return object
	case len(n.Nodes) == 0:
		return n.Text
	}
	object := map[string]any{}
	for _, m := range n.Nodes {
		if m.XMLName.Local != "IsTruncated" { // the aws command follows the pages
			object[m.XMLName.Local] = m.value()
		}
	}
	return object
}
