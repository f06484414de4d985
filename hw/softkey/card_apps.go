package softkey

import (
	"bytes"
	"context"
	"encoding/binary"
)

// maxChained bounds the data of a chained or extended command: the largest PIV
// object (3,052 bytes) with its tags.
const maxChained = 3072

// Instructions common to the applications (ISO 7816-4).
const (
	insSelect      = 0xa4
	insGetResponse = 0xc0
	claChaining    = 0x10
)

// Applications by their identifiers, which may be selected by a prefix.
var (
	aidManagement = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17}
	aidOTP        = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01}
	aidPIV        = []byte{0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00}
)

// minAID is the length from which a prefix of an identifier selects.
const minAID = 5

// session is what the card remembers until its power goes.
type session struct {
	selected func(context.Context, apdu) ([]byte, statusWord)
	chained  *apdu  // a command whose last part is still to come
	rest     []byte // of the answer, for GET RESPONSE
}

// process answers one command APDU with data and status word.
func (c *card) process(ctx context.Context, raw []byte) []byte {
	cmd, ok := parseAPDU(raw)
	s := &c.session
	switch {
	case !ok:
		return swWrongLength.bytes()
	case cmd.cla&^claChaining != 0:
		return swClass.bytes()
	case cmd.ins == insGetResponse && cmd.cla == 0:
		return s.reply(s.rest, cmd, swOK)
	}
	s.rest = nil
	if ch := s.chained; ch != nil {
		s.chained = nil
		if ch.ins == cmd.ins && ch.p1 == cmd.p1 && ch.p2 == cmd.p2 {
			cmd.data = append(bytes.Clone(ch.data), cmd.data...)
		}
	}
	if len(cmd.data) > maxChained {
		return swWrongLength.bytes()
	}
	if cmd.cla == claChaining {
		s.chained = &cmd
		return swOK.bytes()
	}
	var data []byte
	sw := swInstruction
	switch {
	case cmd.ins == insSelect && cmd.p1 == 0x04:
		data, sw = c.selectApplication(cmd.data)
	case s.selected != nil:
		data, sw = s.selected(ctx, cmd)
	}
	return s.reply(data, cmd, sw)
}

// reply cuts an answer to the length that was asked for; the rest is fetched
// with GET RESPONSE.
func (s *session) reply(data []byte, cmd apdu, sw statusWord) []byte {
	limit := cmd.le
	if limit == 0 {
		limit = 256
		if cmd.extended {
			limit = 65536
		}
	}
	if len(data) <= limit {
		s.rest = nil
		return append(bytes.Clone(data), sw.bytes()...)
	}
	s.rest = data[limit:]
	left := len(s.rest)
	if left > 0xff {
		left = 0
	}
	return append(bytes.Clone(data[:limit]), (swMore | statusWord(left)).bytes()...)
}

// selectApplication leaves the former application where the new one exists.
func (c *card) selectApplication(aid []byte) ([]byte, statusWord) {
	is := func(full []byte) bool { return len(aid) >= minAID && bytes.HasPrefix(full, aid) }
	q := c.cfg.Quirks
	var answer []byte
	switch {
	case is(aidPIV) && !q.NoPIV:
		c.session.selected = c.piv.command
		return pivSelectAnswer(), swOK
	case is(aidManagement) && !q.NoDeviceInfo:
		c.session.selected = c.management
		answer = []byte("Virtual mgr - FW version " + c.cfg.Version.String())
	case is(aidOTP) && !q.NoOTP:
		c.session.selected = c.otp
		answer = append(versionBytes(c.cfg.Version), 1, 5, 0) // one slot in use
	default:
		return nil, swNotFound
	}
	c.piv.forget()
	return answer, swOK
}

// management is the application that tells device info.
func (c *card) management(_ context.Context, cmd apdu) ([]byte, statusWord) {
	const insDeviceInfo = 0x1d
	if cmd.ins != insDeviceInfo {
		return nil, swInstruction
	}
	if info := c.cfg.deviceInfo(c.cfg.cardSerial(), cmd.p1); info != nil {
		return info, swOK
	}
	if c.cfg.Version.AtLeast(4, 1, 0) {
		return nil, swParameters // no such page
	}
	return nil, swInstruction
}

// otp is the OTP application as far as it tells the serial.
func (c *card) otp(_ context.Context, cmd apdu) ([]byte, statusWord) {
	const (
		insRequest     = 0x01
		slotSerial     = 0x10
		slotDeviceInfo = 0x13
	)
	if cmd.ins != insRequest {
		return nil, swInstruction
	}
	switch cmd.p1 {
	case slotSerial:
		if serial := c.cfg.cardSerial(); serial != 0 {
			return binary.BigEndian.AppendUint32(nil, serial), swOK
		}
		return nil, swConditions
	case slotDeviceInfo:
		if info := c.cfg.deviceInfo(c.cfg.cardSerial(), 0); info != nil {
			return info, swOK
		}
	}
	return nil, swParameters
}
