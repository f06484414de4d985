package awstest

import (
	"net/http"
	"strings"
)

// FaultKind is a way an answer goes wrong.
type FaultKind string

// The faults.
const (
	// Deny is AccessDenied, as IAM words it; DenySCP names a service control policy.
	Deny    FaultKind = "deny"
	DenySCP FaultKind = "deny_scp"
	// Throttle is the throttling error of the service.
	Throttle FaultKind = "throttle"
	// Internal is an error of AWS's own, status 500.
	Internal FaultKind = "internal"
	// Expired says that the caller's token has expired.
	Expired FaultKind = "expired"
	// HTML is a proxy's page with status 200; HTMLError one with status 502.
	HTML      FaultKind = "html"
	HTMLError FaultKind = "html_error"
	// Truncate breaks the body off in the middle; Cut ends the document early but well within the announced length.
	Truncate FaultKind = "truncate"
	Cut      FaultKind = "cut"
	// Empty is status 200 without a body; Hollow a well-formed answer of the right name with nothing in it.
	Empty  FaultKind = "empty"
	Hollow FaultKind = "hollow"
	// Huge is an answer that never ends.
	Huge FaultKind = "huge"
	// Drop closes the connection.
	Drop FaultKind = "drop"
	// Loop answers the same page with the same marker for ever; Endless the same page with a new marker each time;
	// NoMarker says that there is more, and not where.
	Loop     FaultKind = "loop"
	Endless  FaultKind = "endless"
	NoMarker FaultKind = "no_marker"
)

// Fault is a fault of one action.
type Fault struct {
	Kind FaultKind
	// Page is the first page it hits, from 1; 0 is every page.
	Page int
	// Times is how many calls it hits before the action works; 0 is all.
	Times int
}

// fault is the fault that hits this call, if one does.
func (s *Server) fault(c *call) FaultKind {
	faults, scope := s.org.Faults, ""
	if a := s.accounts[c.who.account]; a != nil && strings.HasPrefix(c.action, "iam:") {
		faults, scope = a.Faults, a.ID
		if c.action == "iam:ListOrganizationsFeatures" {
			faults, scope = s.org.Faults, ""
		}
	} else if a := s.accounts[c.target()]; a != nil {
		faults, scope = a.Faults, a.ID
	} else if u := s.tree.unit[c.args.Get("ParentId")]; u != nil && u.Faults != nil {
		faults, scope = u.Faults, u.ID
	}
	for _, name := range []string{string(c.who.kind) + ":" + c.action, c.action} {
		f, ok := faults[name]
		if !ok || c.page() < f.Page {
			continue
		}
		s.mu.Lock()
		hits := s.hits[scope+" "+name]
		s.hits[scope+" "+name] = hits + 1
		s.mu.Unlock()
		if f.Times == 0 || hits < f.Times {
			return f.Kind
		}
	}
	return ""
}

// answerFault answers with a fault that needs no look at the world; false leaves the call to its handler.
func (s *Server) answerFault(w http.ResponseWriter, c *call, kind FaultKind) bool {
	switch kind {
	case Deny:
		c.deny(w, c.who.arn+" is not authorized to perform: "+c.action+" because no identity-based policy allows the "+c.action+" action")
	case DenySCP:
		c.deny(w, c.who.arn+" is not authorized to perform: "+c.action+" with an explicit deny in a service control policy")
	case Throttle:
		if c.json {
			c.fail(w, http.StatusBadRequest, "TooManyRequestsException", "AWS Organizations can't complete your request because another request is already in progress. Try again later.")
		} else {
			c.fail(w, http.StatusBadRequest, "Throttling", "Rate exceeded")
		}
	case Internal:
		c.fail(w, http.StatusInternalServerError, "InternalFailure", "We encountered an internal error. Please try again.")
	case Expired:
		c.expired(w)
	case HTML, HTMLError:
		status := http.StatusOK
		if kind == HTMLError {
			status = http.StatusBadGateway
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		write(w, "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in to the network</p></body></html>")
	case Empty:
		w.WriteHeader(http.StatusOK)
	case Hollow:
		if c.json {
			c.sendJSON(w, map[string]any{})
		} else {
			c.sendXML(w, "")
		}
	case Huge:
		w.Header().Set("Content-Type", "text/xml")
		write(w, "<"+c.name()+"Response><"+c.name()+"Result><!--")
		for block := strings.Repeat("x", 1<<16); write(w, block); {
		}
	case Drop:
		// The server's way to break a connection off without an answer.
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}
