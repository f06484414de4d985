package usbip

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hub is where the kernel's virtual host controllers are steered. All of them
// are reached through the first one's attach and detach files.
const hub = "/sys/devices/platform/vhci_hcd.0"

// errPortBusy: the port is in use, or was until a moment ago.
var errPortBusy = errors.New("virtual USB port in use")

// States of a port in the status file (enum usbip_device_status).
const (
	portFree = "004"
	portUsed = "006"
)

// port is one line of the status file.
type port struct {
	number int
	super  bool   // a port for USB 3 devices
	state  string // a number in decimal
	bus    string // "3-1", "0-0" while nobody is there
}

// parseStatus reads a status file: a heading, then hub, port, state, speed,
// device, socket and bus ID in columns.
func parseStatus(text string) ([]port, error) {
	var ports []port
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "hub" {
			continue
		}
		if len(f) != 7 {
			return nil, fmt.Errorf("port status %q: %w", strings.TrimSpace(line), errProtocol)
		}
		number, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, fmt.Errorf("port status %q: %w", strings.TrimSpace(line), err)
		}
		ports = append(ports, port{number: number, super: f[0] == "ss", state: f[2], bus: f[6]})
	}
	return ports, nil
}

// readPorts lists the ports of all controllers.
func readPorts() ([]port, error) {
	files, err := filepath.Glob(filepath.Join(hub, "status*"))
	if err != nil {
		return nil, fmt.Errorf("reading the virtual USB ports: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("reading the virtual USB ports: no %s: is vhci-hcd loaded?", hub)
	}
	var all []port
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the virtual USB ports: %w", err)
		}
		ports, err := parseStatus(string(text))
		if err != nil {
			return nil, fmt.Errorf("reading the virtual USB ports: %w", err)
		}
		all = append(all, ports...)
	}
	return all, nil
}

// plug hands the socket to a port: the wanted one, counted from 1, or with 0
// the lowest free one. A port just left needs a moment before it is free.
func plug(ctx context.Context, socket int, o Options) (int, error) {
	for {
		number, err := tryPlug(socket, o)
		if !errors.Is(err, errPortBusy) {
			return number, err
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return 0, fmt.Errorf("waiting for a port: %w: %w", err, ctx.Err())
		}
	}
}

func tryPlug(socket int, o Options) (int, error) {
	ports, err := readPorts()
	if err != nil {
		return 0, err
	}
	for _, p := range ports {
		if p.super || p.state != portFree || o.Port != 0 && o.Port != p.number+1 {
			continue
		}
		// The device ID is the exporting host's; the port number is as good as any.
		line := fmt.Sprintf("%d %d %d %d", p.number, socket, p.number+1, o.Speed)
		err := os.WriteFile(filepath.Join(hub, "attach"), []byte(line), 0)
		if errors.Is(err, syscall.EBUSY) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("handing over the socket: %w", err)
		}
		return p.number, nil
	}
	return 0, errPortBusy
}

// unplug frees the port. One that the kernel has given up already is no error.
func unplug(number int) error {
	err := os.WriteFile(filepath.Join(hub, "detach"), []byte(strconv.Itoa(number)), 0)
	if err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("detaching the port: %w", err)
	}
	return nil
}

// find returns the port's line.
func find(number int) (port, error) {
	ports, err := readPorts()
	if err != nil {
		return port{}, err
	}
	for _, p := range ports {
		if p.number == number {
			return p, nil
		}
	}
	return port{}, fmt.Errorf("port %d: %w", number, errProtocol)
}

// sleep waits, false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
