package awstest

import (
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

func (s *Server) listAccounts(w http.ResponseWriter, c *call) {
	if !s.privileged(c) && (c.who.kind != byRoot || c.who.account != s.org.Management) {
		c.deny(w, c.who.arn+" is not authorized to perform: organizations:ListAccounts")
		return
	}
	size := s.org.AccountPageSize
	if size <= 0 || size > 20 {
		size = 20
	}
	from, to, more := c.window(len(s.org.Accounts), size)
	if s.org.EmptyPages && c.page()%2 == 1 {
		to, more = from, true
	}
	accounts := []map[string]string{}
	for _, a := range s.org.Accounts[from:to] {
		entry := map[string]string{
			"Id": a.ID, "Name": a.Name, "Email": "aws+" + a.ID + "@example.com", "JoinedMethod": "CREATED",
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
		accounts = append(accounts, entry)
	}
	answer := map[string]any{"Accounts": accounts}
	if more && c.fault != NoMarker {
		answer["NextToken"] = c.nextMarker(to)
	}
	c.sendJSON(w, answer)
}
