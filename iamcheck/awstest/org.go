package awstest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) has(feature string) bool { return slices.Contains(s.org.Features, feature) }

func (s *Server) listOrganizationsFeatures(w http.ResponseWriter, c *call) {
	if !s.privileged(c) {
		c.fail(w, http.StatusBadRequest, "AccountNotManagementOrDelegatedAdministratorException",
			"The request was rejected because the account making the request is not the management account or delegated administrator account for centralized root access.")
		return
	}
	var b strings.Builder
	for _, f := range s.org.Features {
		b.WriteString(element("member", f))
	}
	c.sendXML(w, element("OrganizationId", s.org.ID)+"<EnabledFeatures>"+b.String()+"</EnabledFeatures>")
}

func (s *Server) describeOrganization(w http.ResponseWriter, c *call) {
	if s.org.Management == "" {
		c.fail(w, http.StatusBadRequest, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
		return
	}
	c.sendJSON(w, map[string]any{"Organization": map[string]any{
		"Id": s.org.ID, "FeatureSet": "ALL", "MasterAccountId": s.org.Management,
		"Arn":              "arn:" + s.org.Partition + ":organizations::" + s.org.Management + ":organization/" + s.org.ID,
		"MasterAccountArn": "arn:" + s.org.Partition + ":organizations::" + s.org.Management + ":account/" + s.org.ID + "/" + s.org.Management,
	}})
}

// reader answers a caller who may not read the organization and reports false.
func (s *Server) reader(w http.ResponseWriter, c *call) bool {
	if s.privileged(c) || c.who.kind == byRoot && c.who.account == s.org.Management {
		return true
	}
	c.deny(w, c.who.arn+" is not authorized to perform: "+c.action)
	return false
}

func (s *Server) listAccounts(w http.ResponseWriter, c *call) {
	if !s.reader(w, c) {
		return
	}
	s.sendPage(w, c, "Accounts", len(s.org.Accounts), func(i int) any { return s.entry(&s.org.Accounts[i]) })
}

// sendPage answers with one page of a list of Organizations'.
func (s *Server) sendPage(w http.ResponseWriter, c *call, name string, n int, entry func(int) any) {
	size := s.org.AccountPageSize
	if size <= 0 || size > 20 {
		size = 20
	}
	from, to, more := c.window(n, size)
	if s.org.EmptyPages && c.page()%2 == 1 {
		to, more = from, true
	}
	entries := []any{}
	for i := from; i < to; i++ {
		entries = append(entries, entry(i))
	}
	answer := map[string]any{name: entries}
	if more && c.fault != NoMarker {
		answer["NextToken"] = c.nextMarker(to)
	}
	c.sendJSON(w, answer)
}

// entry is an account as the lists of accounts show it.
func (s *Server) entry(a *Account) map[string]string {
	entry := map[string]string{
		"Id": a.ID, "Name": a.Name, "Email": cmp.Or(a.Email, "aws+"+a.ID+"@example.com"), "JoinedMethod": "CREATED",
		"Arn": "arn:" + s.org.Partition + ":organizations::" + s.org.Management + ":account/" + s.org.ID + "/" + a.ID,
	}
	if a.Status != "" {
		entry["Status"] = a.Status
	}
	if !a.NoState {
		entry["State"] = a.State
		if a.State == "" {
			entry["State"] = "ACTIVE"
		}
	}
	return entry
}
