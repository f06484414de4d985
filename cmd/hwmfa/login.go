package main

import (
	"os"
	"os/user"
	"strconv"
)

// testOnlyUser replaces the user of this machine. Only TestMain assigns it: the
// shipped program has no switch by which somebody acts as another.
var testOnlyUser func() string

// login names the user of this machine, by the number that the kernel knows the
// process by and not by what the environment says. Somebody who became root by
// sudo is still named: root tells an auditor nothing.
func (a *app) login() (string, error) {
	if testOnlyUser != nil {
		if name := testOnlyUser(); name != "" {
			return name, nil
		}
	}
	uid := os.Getuid()
	if uid < 0 { // no Unix
		u, err := user.Current()
		if err != nil {
			return "", err
		}
		return u.Username, nil
	}
	name := "uid " + strconv.Itoa(uid)
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		name = u.Username
	}
	if behind := a.getenv("SUDO_USER"); uid == 0 && behind != "" && behind != name {
		name = behind + " as " + name
	}
	return name, nil
}
