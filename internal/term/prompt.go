package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	xterm "golang.org/x/term"
)

var (
	// ErrNoInput: a question had to be asked and there is no terminal to ask
	// it on, or --no-input forbids it.
	ErrNoInput = errors.New("no terminal to ask on")
	// ErrNotConfirmed: the person did not type what would have confirmed.
	ErrNotConfirmed = errors.New("not confirmed")
)

// terminal is an open controlling terminal.
type terminal interface {
	io.ReadWriteCloser
	// readSecret reads one line without echo.
	readSecret() ([]byte, error)
	// reset brings the echo back after an interrupted readSecret.
	reset()
}

// devTTY is /dev/tty and the state it was found in.
type devTTY struct {
	*os.File
	state *xterm.State
}

func openDevTTY() (terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoInput, err)
	}
	state, err := xterm.GetState(int(f.Fd()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoInput, err), f.Close())
	}
	return &devTTY{File: f, state: state}, nil
}

func (d *devTTY) readSecret() ([]byte, error) { return xterm.ReadPassword(int(d.Fd())) }

func (d *devTTY) reset() {
	// Nothing better can be done about a terminal that went away.
	_ = xterm.Restore(int(d.Fd()), d.state)
}

// ignored is what the terminal shows after a line that a key typed.
const ignored = "(that was a one-time password from a touched key; ignored)\n"

// ask opens the terminal, writes the question and hands it to read, asking
// again as long as the answer is what a touched key types.
func (s *Streams) ask(ctx context.Context, question string, read func(terminal) ([]byte, error)) ([]byte, error) {
	if s.NoInput {
		return nil, fmt.Errorf("--no-input: %w", ErrNoInput)
	}
	tty, err := s.openTTY()
	if err != nil {
		return nil, err
	}
	words := question
	for {
		if _, err := io.WriteString(tty, words); err != nil {
			return nil, errors.Join(fmt.Errorf("write to terminal: %w", err), tty.Close())
		}
		line, err := readInterruptibly(ctx, tty, read)
		if ctx.Err() != nil {
			// The terminal stays open for the reader left behind.
			clear(line)
			return nil, fmt.Errorf("read from terminal: %w", ctx.Err())
		}
		if err != nil || !typedByKey(line) {
			return line, errors.Join(err, tty.Close())
		}
		clear(line)
		words = ignored + question
	}
}

// readInterruptibly lets an interrupt end a blocking read of the terminal. The
// reading goroutine then stays behind in the kernel until the process ends,
// which an interrupt brings about; its descriptor is not closed under it,
// because the number could come to mean another file.
func readInterruptibly(ctx context.Context, tty terminal, read func(terminal) ([]byte, error)) ([]byte, error) {
	type answer struct {
		line []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		line, err := read(tty)
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return nil, fmt.Errorf("read from terminal: %w", a.err)
		}
		return a.line, nil
	case <-ctx.Done():
		tty.reset()
		return nil, fmt.Errorf("read from terminal: %w", ctx.Err())
	}
}

// Ask puts one question and returns the line typed, without white space
// around it.
func (s *Streams) Ask(ctx context.Context, question string) (string, error) {
	line, err := s.ask(ctx, Escape(question)+" ", func(t terminal) ([]byte, error) {
		text, err := bufio.NewReader(io.LimitReader(t, maxAnswer)).ReadString('\n')
		return []byte(text), err
	})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(line)), nil
}

// maxAnswer bounds one typed line, in bytes; a terminal in line mode gives no
// more than 4096 (termios(3)).
const maxAnswer = 4096

// ConfirmSerial says what is about to be lost and wants the key's serial typed
// back, or the ID of a key that has none; anything else is ErrNotConfirmed.
func (s *Streams) ConfirmSerial(ctx context.Context, loss, serial string) error {
	s.Notice("%s", loss)
	typed, err := s.Ask(ctx, fmt.Sprintf("type %s to go on:", serial))
	if err != nil {
		return err
	}
	if typed != serial {
		return fmt.Errorf("%s: %w", serial, ErrNotConfirmed)
	}
	return nil
}
