package awstest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) getCallerIdentity(w http.ResponseWriter, c *call) {
	c.sendXML(w, element("Arn", c.who.arn)+element("UserId", "AIDAEXAMPLE")+element("Account", c.who.account))
}

// privileged reports whether the caller may look into member accounts: one of the management or delegated account, and not
// root, whom STS refuses.
func (s *Server) privileged(c *call) bool {
	return c.who.kind != byRoot && s.org.Management != "" && (c.who.account == s.org.Management || c.who.account == s.org.Delegated)
}

func (s *Server) assumeRoot(w http.ResponseWriter, c *call) {
	target := c.args.Get("TargetPrincipal")
	policy := "arn:" + s.org.Partition + ":iam::aws:policy/root-task/IAMAuditRootUserCredentials"
	seconds := 900
	if d := c.args.Get("DurationSeconds"); d != "" {
		n, err := strconv.Atoi(d)
		if err != nil || n < 0 || n > 900 {
			c.fail(w, http.StatusBadRequest, "ValidationError", "DurationSeconds must be between 0 and 900")
			return
		}
		seconds = n
	}
	a := s.accounts[target]
	if !s.privileged(c) || a == nil || target == s.org.Management || !s.has(RootSessions) || !active(a) ||
		c.args.Get("TaskPolicyArn.arn") != policy {
		c.deny(w, c.who.arn+" is not authorized to perform: sts:AssumeRoot on resource: "+s.arn(target, "root"))
		return
	}
	if s.elsewhere(w, c, a) {
		return
	}
	s.sendSession(w, c, &principal{kind: byRoot, account: target, arn: s.arn(target, "root"), session: true}, seconds, "")
}

func (s *Server) assumeRole(w http.ResponseWriter, c *call) {
	role := c.args.Get("RoleArn")
	a := s.accounts[c.target()]
	if !s.privileged(c) || a == nil || a.Role == "" || role != s.arn(a.ID, "role/"+strings.TrimPrefix(a.Role, "/")) ||
		c.args.Get("ExternalId") != a.ExternalID || a.SessionName != "" && c.args.Get("RoleSessionName") != a.SessionName ||
		!c.brings(a.SessionTags) || !active(a) {
		c.deny(w, c.who.arn+" is not authorized to perform: sts:AssumeRole on resource: "+role)
		return
	}
	if s.elsewhere(w, c, a) {
		return
	}
	name := a.Role[strings.LastIndexByte(a.Role, '/')+1:]
	arn := "arn:" + s.org.Partition + ":sts::" + a.ID + ":assumed-role/" + name + "/" + c.args.Get("RoleSessionName")
	s.sendSession(w, c, &principal{kind: byRole, account: a.ID, name: name, arn: arn, session: true}, 3600,
		"<AssumedRoleUser>"+element("Arn", arn)+element("AssumedRoleId", "AROAEXAMPLE:session")+"</AssumedRoleUser>")
}

// sendSession mints a session and answers with its credentials.
func (s *Server) sendSession(w http.ResponseWriter, c *call, p *principal, seconds int, more string) {
	p.expires = time.Now().Add(time.Duration(seconds) * time.Second)
	k := s.mint(p, "ASIA")
	c.sendXML(w, "<Credentials>"+element("AccessKeyId", k.AccessKeyID)+element("SecretAccessKey", k.SecretAccessKey)+
		element("SessionToken", k.SessionToken)+date("Expiration", p.expires)+"</Credentials>"+more)
}

// active reports whether AWS lets anybody act in the account.
func active(a *Account) bool {
	return a.NoState || a.State != "SUSPENDED" && a.State != "CLOSED" && !strings.HasPrefix(a.State, "PENDING_")
}

// brings reports whether a request has these session tags among its own.
func (c *call) brings(tags map[string]string) bool {
	got := map[string]string{}
	for i := 1; c.args.Has(tagArg(i, "Key")); i++ {
		got[c.args.Get(tagArg(i, "Key"))] = c.args.Get(tagArg(i, "Value"))
	}
	for key, value := range tags {
		if has, ok := got[key]; !ok || has != value {
			return false
		}
	}
	return true
}

func tagArg(i int, name string) string { return "Tags.member." + strconv.Itoa(i) + "." + name }

// elsewhere refuses a session in a region where the account has STS switched off.
func (s *Server) elsewhere(w http.ResponseWriter, c *call, a *Account) bool {
	if len(a.Regions) == 0 || slices.Contains(a.Regions, c.region) {
		return false
	}
	c.fail(w, http.StatusForbidden, "RegionDisabledException", "STS is not activated in this region for account:"+a.ID+". Your account administrator can activate STS in this region using the IAM Console.")
	return true
}
