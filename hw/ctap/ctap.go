// Package ctap speaks CTAPHID and CTAP2 to one security key over an
// hw.Stream: framing, getInfo, the silent assertion, one attested credential
// with a PIN, and Yubico's GET DEVICE INFO; and U2F to keys that have nothing
// else. Everything a key sends is hostile: bounded before it is kept, checked
// before it is believed.
//
// It opens no device, keeps no PIN, and never falls back to U2F: a key that is
// busy gives hw.ErrBusy and nothing else, and one whose INIT answer says that it
// speaks CTAP2 is asked nothing by U2F but its version.
package ctap

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"hwmfa/hw"
)

// Device is one key, reached over a channel of its own. The stream stays the
// caller's to close. It is not safe for concurrent use.
//
// When the context of a command ends, the key is told to cancel and given up
// to a second to say so; the error then wraps ctx.Err(), and the key can be
// used again.
type Device struct {
	// OnTouch, unless nil, is called when the key first asks for a touch in a
	// command, by the goroutine that waits for it.
	OnTouch func()

	stream  hw.Stream
	channel uint32
	caps    Caps
	version hw.Version
	// stale: the channel may still hold an answer that nobody waits for.
	stale bool
}

// Caps is what the key says it can do in its CTAPHID INIT answer (CTAP 2.1
// §11.2.9.1.3).
type Caps struct {
	WINK bool // it can blink
	CBOR bool // it speaks CTAP2
	NMSG bool // it does not speak U2F
}

// protocolVersion is that of CTAPHID, and of U2F HID before it.
const protocolVersion = 2

// Open allocates a channel on the key (CTAPHID INIT with a fresh nonce).
// Answers to other programs that do the same at that moment are passed over.
func Open(ctx context.Context, s hw.Stream) (*Device, error) {
	d := &Device{stream: s}
	var a initAnswer
	_, err := retry(ctx, func() (_ []byte, err error) {
		a, err = d.initialise(ctx, broadcast)
		return nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	d.channel, d.version, d.caps = a.channel, a.version, a.caps
	return d, nil
}

// Capabilities are those of the INIT answer.
func (d *Device) Capabilities() Caps { return d.caps }

// Version is the device version of the INIT answer: the firmware on Yubico's
// keys from 4 on, anything or zero on others.
func (d *Device) Version() hw.Version { return d.version }

// pingSize makes a ping of several packets, so that it tries continuations too.
const pingSize = 200

// Ping has the key echo random bytes; an echo that differs is hw.ErrMalformed.
func (d *Device) Ping(ctx context.Context) error {
	data := make([]byte, pingSize)
	rand.Read(data)
	echo, err := d.call(ctx, command{cmd: cmdPing, data: data, limit: quickLimit})
	if err != nil {
		return fmt.Errorf("pinging: %w", err)
	}
	if !bytes.Equal(echo, data) {
		return fmt.Errorf("pinging: echo differs: %w", hw.ErrMalformed)
	}
	return nil
}

// Wink has the key blink or beep; hw.ErrUnsupported where it cannot.
func (d *Device) Wink(ctx context.Context) error {
	if !d.caps.WINK {
		return fmt.Errorf("winking: %w", hw.ErrUnsupported)
	}
	if _, err := d.call(ctx, command{cmd: cmdWink, limit: quickLimit}); err != nil {
		return fmt.Errorf("winking: %w", err)
	}
	return nil
}

// DeviceInfo reads GET DEVICE INFO with Yubico's vendor command 0xC2. Send it
// to Yubico's keys only: other makers give that number other meanings. Keys
// that do not know it give hw.ErrUnsupported. Where the answer names no
// firmware, that of the INIT answer is taken.
func (d *Device) DeviceInfo(ctx context.Context) (*hw.DeviceInfo, error) {
	info, err := hw.ReadDeviceInfo(func(page byte) ([]byte, error) {
		return d.call(ctx, command{cmd: cmdDeviceInfo, data: []byte{page}, limit: vendorLimit})
	})
	if err != nil {
		return nil, fmt.Errorf("reading device info: %w", err)
	}
	if info.Version.IsZero() {
		info.Version = d.version
	}
	return info, nil
}

// Shape of the INIT answer (CTAP 2.1 §11.2.9.1.3).
const (
	nonceSize      = 8
	initAnswerSize = nonceSize + 9

	capWINK = 0x01
	capCBOR = 0x04
	capNMSG = 0x08
)

// initAnswer is the answer to CTAPHID INIT.
type initAnswer struct {
	channel uint32
	version hw.Version
	caps    Caps
}

// initialise sends INIT on a channel and waits for the answer with our nonce:
// on the broadcast channel it allocates a new one, on our own it aborts
// whatever the key was doing there and flushes it.
func (d *Device) initialise(ctx context.Context, channel uint32) (initAnswer, error) {
	limited, stop := context.WithTimeout(ctx, initLimit)
	defer stop()
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	packets, err := message{cmdInit, nonce}.packets(channel)
	if err != nil {
		return initAnswer{}, err
	}
	if err := d.stream.Write(limited, packets[0]); err != nil {
		return initAnswer{}, fmt.Errorf("sending to the key: %w", err)
	}
	for limited.Err() == nil {
		report, err := d.stream.Read(limited)
		if err != nil {
			if limited.Err() != nil {
				break
			}
			return initAnswer{}, fmt.Errorf("reading from the key: %w", err)
		}
		if len(report) != reportSize {
			return initAnswer{}, fmt.Errorf("report of %d bytes: %w", len(report), hw.ErrMalformed)
		}
		if binary.BigEndian.Uint32(report) != channel {
			continue
		}
		size, data := binary.BigEndian.Uint16(report[5:]), report[7:]
		// On our own channel an error may still be about what was aborted,
		// unless it is about the channel.
		if e := (&TransportError{data[0]}); report[4] == cmdError && (channel == broadcast || e.Code == errInvalidChannel) {
			return initAnswer{}, e
		}
		if report[4] != cmdInit || size < initAnswerSize || !bytes.Equal(data[:nonceSize], nonce) {
			continue
		}
		return parseInit(channel, data[nonceSize:initAnswerSize])
	}
	return initAnswer{}, ended(ctx, command{limit: initLimit}, false)
}

// parseInit reads what follows the nonce.
func parseInit(asked uint32, b []byte) (initAnswer, error) {
	a := initAnswer{
		channel: binary.BigEndian.Uint32(b),
		version: hw.Version{Major: b[5], Minor: b[6], Patch: b[7]},
		caps: Caps{
			WINK: b[8]&capWINK != 0,
			CBOR: b[8]&capCBOR != 0,
			NMSG: b[8]&capNMSG != 0,
		},
	}
	if b[4] != protocolVersion {
		return initAnswer{}, fmt.Errorf("CTAPHID protocol version %d: %w", b[4], hw.ErrUnsupported)
	}
	if a.channel == 0 || a.channel == broadcast || (asked != broadcast && a.channel != asked) {
		return initAnswer{}, fmt.Errorf("channel %08x given for %08x: %w", a.channel, asked, hw.ErrMalformed)
	}
	return a, nil
}
