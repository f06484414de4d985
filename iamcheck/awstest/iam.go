package awstest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// actions are what the server can do: reads only, and the two that mint sessions to read with.
func (s *Server) actions() map[string]func(http.ResponseWriter, *call) {
	return map[string]func(http.ResponseWriter, *call){
		"iam:GetAccountSummary":              s.getAccountSummary,
		"iam:ListMFADevices":                 s.listMFADevices,
		"iam:ListVirtualMFADevices":          s.listVirtualMFADevices,
		"iam:GetMFADevice":                   s.getMFADevice,
		"iam:GetLoginProfile":                s.getLoginProfile,
		"iam:ListAccessKeys":                 s.listAccessKeys,
		"iam:ListSigningCertificates":        s.listSigningCertificates,
		"iam:ListOrganizationsFeatures":      s.listOrganizationsFeatures,
		"sts:GetCallerIdentity":              s.getCallerIdentity,
		"sts:AssumeRole":                     s.assumeRole,
		"sts:AssumeRoot":                     s.assumeRoot,
		"organizations:DescribeOrganization": s.describeOrganization,
		"organizations:ListAccounts":         s.listAccounts,
		"organizations:ListRoots":            s.listRoots,
		"organizations:ListTagsForResource":  s.listTags,

		"organizations:ListAccountsForParent":            s.listAccountsOfUnit,
		"organizations:ListOrganizationalUnitsForParent": s.listUnits,
	}
}

// of is the account a caller is in; one the organization does not describe is empty.
func (s *Server) of(c *call) *Account {
	if a := s.accounts[c.who.account]; a != nil {
		return a
	}
	return &Account{ID: c.who.account}
}

func (s *Server) getAccountSummary(w http.ResponseWriter, c *call) {
	a := s.of(c)
	counters := map[string]int{
		"Users": len(a.Users), "UsersQuota": 5000, "Roles": 12, "MFADevices": len(a.Root.Devices),
		"AccountMFAEnabled":                 min(len(a.Root.Devices), 1),
		"AccountPasswordPresent":            presence(a.Root.Password),
		"AccountAccessKeysPresent":          min(a.Root.AccessKeys, 1),
		"AccountSigningCertificatesPresent": min(a.Root.Certificates, 1),
	}
	maps.Copy(counters, a.Summary)
	for _, name := range a.Omit {
		delete(counters, name)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		b.WriteString("<entry>" + element("key", name) + element("value", strconv.Itoa(counters[name])) + "</entry>")
	}
	c.sendXML(w, "<SummaryMap>"+b.String()+"</SummaryMap>")
}

func (s *Server) listMFADevices(w http.ResponseWriter, c *call) {
	a := s.of(c)
	user, devices := "", a.Root.Devices
	if name := c.args.Get("UserName"); name != "" || c.who.kind == byUser {
		if name == "" {
			name = c.who.name
		}
		i := slices.IndexFunc(a.Users, func(u User) bool { return u.Name == name })
		if i < 0 && name != c.who.name {
			c.fail(w, http.StatusNotFound, "NoSuchEntity", "The user with name "+name+" cannot be found.")
			return
		}
		user, devices = name, nil
		if i >= 0 {
			devices = a.Users[i].Devices
		}
	} else if c.who.kind == byRole {
		c.fail(w, http.StatusBadRequest, "ValidationError", "Must specify userName when calling with non-User credentials")
		return
	}
	s.list(w, c, "MFADevices", len(devices), func(i int) string {
		d := devices[i]
		out := element("SerialNumber", s.serial(a, d)) + date("EnableDate", d.Enabled) + element("FutureField", "x")
		if user != "" {
			out += element("UserName", user)
		}
		return out
	})
}

// owned is a virtual device of an account and its owner's element, which is written only for the page that is asked for: an
// account may have a hundred thousand.
type owned struct {
	*Device
	owner func() string
}

// virtual are an account's virtual devices, put together once.
func (s *Server) virtual(a *Account) []owned {
	s.mu.Lock()
	defer s.mu.Unlock()
	if devices, ok := s.owned[a.ID]; ok {
		return devices
	}
	var devices []owned
	add := func(list []Device, owner func() string) {
		devices = slices.Grow(devices, len(list))
		for i := range list {
			d := &list[i]
			if strings.HasPrefix(d.Serial, "mfa/") || strings.Contains(d.Serial, ":mfa/") {
				devices = append(devices, owned{d, owner})
			}
		}
	}
	add(a.Root.Devices, func() string { return element("Arn", s.arn(a.ID, "root")) + element("UserId", a.ID) })
	for _, u := range a.Users {
		add(u.Devices, func() string {
			return element("Path", u.path()) + element("UserName", u.Name) + element("UserId", "AIDAEXAMPLE") +
				element("Arn", s.arn(a.ID, "user"+u.path()+u.Name))
		})
	}
	add(a.Unassigned, nil)
	s.owned[a.ID] = devices
	return devices
}

func (s *Server) listVirtualMFADevices(w http.ResponseWriter, c *call) {
	a := s.of(c)
	devices := s.virtual(a)
	s.list(w, c, "VirtualMFADevices", len(devices), func(i int) string {
		d := devices[i]
		serial := element("SerialNumber", s.serial(a, *d.Device))
		switch {
		case d.owner != nil:
			return serial + date("EnableDate", d.Enabled) + "<User>" + d.owner() + "</User>"
		case d.Owner != "":
			return serial + date("EnableDate", d.Enabled) + "<User>" + element("Arn", d.Owner) + "</User>"
		}
		return serial
	})
}

func (s *Server) getMFADevice(w http.ResponseWriter, c *call) {
	a, want := s.of(c), c.args.Get("SerialNumber")
	for _, d := range a.Root.Devices {
		if s.serial(a, d) != want {
			continue
		}
		if !strings.Contains(want, ":u2f/") {
			break
		}
		var b strings.Builder
		for _, scheme := range slices.Sorted(maps.Keys(d.Certifications)) {
			b.WriteString("<entry>" + element("key", scheme) + element("value", d.Certifications[scheme]) + "</entry>")
		}
		c.sendXML(w, element("SerialNumber", want)+date("EnableDate", d.Enabled)+"<Certifications>"+b.String()+"</Certifications>")
		return
	}
	c.fail(w, http.StatusNotFound, "NoSuchEntity", "MFA Device with serial number "+want+" not found.")
}

func (s *Server) getLoginProfile(w http.ResponseWriter, c *call) {
	a := s.of(c)
	if c.who.kind != byRoot || !a.Root.Password {
		c.fail(w, http.StatusNotFound, "NoSuchEntity", "Login Profile for User "+a.ID+" cannot be found.")
		return
	}
	c.sendXML(w, "<LoginProfile>"+date("CreateDate", enabled)+element("PasswordResetRequired", "false")+"</LoginProfile>")
}

func (s *Server) listAccessKeys(w http.ResponseWriter, c *call) {
	s.list(w, c, "AccessKeyMetadata", s.of(c).Root.AccessKeys, func(i int) string {
		return element("AccessKeyId", "AKIAEXAMPLEROOT"+strconv.Itoa(i)) + element("Status", "Active") + date("CreateDate", enabled)
	})
}

func (s *Server) listSigningCertificates(w http.ResponseWriter, c *call) {
	s.list(w, c, "Certificates", s.of(c).Root.Certificates, func(i int) string {
		return element("CertificateId", "EXAMPLECERTIFICATE"+strconv.Itoa(i)) + element("Status", "Active") +
			element("CertificateBody", "example") + element("UserName", "root") + date("UploadDate", enabled)
	})
}

// list answers with one page of a list.
func (s *Server) list(w http.ResponseWriter, c *call, name string, n int, member func(int) string) {
	size := s.org.PageSize
	if size <= 0 {
		size = 100
	}
	from, to, more := c.window(n, size)
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString("<member>" + member(i) + "</member>")
	}
	out := "<" + name + ">" + b.String() + "</" + name + ">" + element("IsTruncated", strconv.FormatBool(more))
	if more && c.fault != NoMarker {
		out += element("Marker", c.nextMarker(to))
	}
	c.sendXML(w, out)
}

// serial completes a device's serial.
func (s *Server) serial(a *Account, d Device) string {
	for _, kind := range []string{"u2f/", "mfa/", "sms-mfa/"} {
		if strings.HasPrefix(d.Serial, kind) {
			return s.arn(a.ID, d.Serial)
		}
	}
	return d.Serial
}

func date(name string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return element(name, t.UTC().Format(time.RFC3339))
}

func presence(is bool) int {
	if is {
		return 1
	}
	return 0
}
