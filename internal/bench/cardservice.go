package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Where the guest's pcscd keeps what it needs, and where guest.sh has it write.
const (
	cardServicePID    = "/run/pcscd/pcscd.pid"
	cardServiceSocket = "/run/pcscd/pcscd.comm"
	cardServiceLog    = "/run/pcscd.log"
	// cardServiceWait bounds how long it takes to end or to start.
	cardServiceWait = 2 * time.Minute
)

// StopCardService ends the guest's pcscd with a signal, and waits until it has
// ended.
func StopCardService(how syscall.Signal) error {
	text, err := os.ReadFile(cardServicePID)
	if err != nil {
		return fmt.Errorf("stop pcscd: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimRight(string(text), "\n\x00"))
	if err != nil {
		return fmt.Errorf("stop pcscd: %w", err)
	}
	if err := syscall.Kill(pid, how); err != nil {
		return fmt.Errorf("stop pcscd: %w", err)
	}
	if !soon(func() bool { return syscall.Kill(pid, 0) != nil }) {
		return fmt.Errorf("pcscd did not end within %v", cardServiceWait)
	}
	for _, left := range []string{cardServicePID, cardServiceSocket} {
		if err := os.Remove(left); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("stop pcscd: %w", err)
		}
	}
	return nil
}

// StartCardService starts the guest's pcscd, which does not run, and waits until
// it can be asked.
func StartCardService() error {
	log, err := os.OpenFile(cardServiceLog, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	defer log.Close()
	service := exec.Command("pcscd", "--foreground") //nolint:noctx // it outlives the test
	service.Stdout, service.Stderr = log, log
	service.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := service.Start(); err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	go func() { _ = service.Wait() }() // takes the ended child away
	if !soon(func() bool { _, err := os.Stat(cardServiceSocket); return err == nil }) {
		return fmt.Errorf("pcscd did not start within %v", cardServiceWait)
	}
	return nil
}

// RestartCardService ends pcscd by force and starts it anew. On a host that is
// busy, pcscd 1.9.9 at times takes no notice any more of what is plugged in.
func RestartCardService() error {
	if err := StopCardService(syscall.SIGKILL); err != nil {
		return err
	}
	return StartCardService()
}

func soon(is func() bool) bool {
	for deadline := time.Now().Add(cardServiceWait); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
