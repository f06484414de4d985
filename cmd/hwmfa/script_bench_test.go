package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/hw"
)

// The keys of a script live in the test's own process, so that they stay what
// they are from one command to the next; the commands reach them over a Unix
// socket. A connection begins with a line that says what is wanted and a line
// that answers. Behind an opened interface follow its bytes: HID reports of 64
// bytes each way, or APDUs and answers with their lengths in front. A handle
// that ends ends the connection, which the other side knows as unplugging.

const benchVariable = "HWMFA_SCRIPT_BENCH"

const reportSize = 64

type benchRequest struct {
	Do       string // sightings, check, fido or card
	Sighting wireSighting
}

type benchAnswer struct {
	Err       string
	Sightings []wireSighting
}

// wireSighting carries the error, which JSON cannot.
type wireSighting struct {
	hw.Sighting
	Err string
}

// wireErrors are the facts that cross the socket.
var wireErrors = []error{
	hw.ErrGone, hw.ErrReplaced, hw.ErrPermission, hw.ErrBusy, hw.ErrUnsupported, hw.ErrNoDevice, hw.ErrService,
}

func errorToWire(err error) string {
	if err == nil {
		return ""
	}
	for _, known := range wireErrors {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return err.Error()
}

func errorFromWire(s string) error {
	if s == "" {
		return nil
	}
	for _, known := range wireErrors {
		if s == known.Error() {
			return known
		}
	}
	return errors.New(s)
}

func serveBench(env *testscript.Env, bench hw.Bench) error {
	socket := filepath.Join(env.WorkDir, ".bench")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	env.Setenv(benchVariable, socket)
	env.Defer(func() {
		cancel()
		listener.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				defer stop()
				defer conn.Close()
				serveConnection(ctx, conn, bench)
			})
		}
	})
	return nil
}

func serveConnection(ctx context.Context, conn net.Conn, bench hw.Bench) {
	from := bufio.NewReader(conn)
	var asked benchRequest
	line, err := from.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &asked) != nil {
		return
	}
	at := asked.Sighting.Sighting
	at.Err = errorFromWire(asked.Sighting.Err)
	answer := func(err error, sightings ...wireSighting) {
		// The other side sees a connection that ends.
		_ = json.NewEncoder(conn).Encode(benchAnswer{Err: errorToWire(err), Sightings: sightings})
	}
	switch asked.Do {
	case "sightings":
		seen, err := bench.Sightings(ctx)
		var wire []wireSighting
		for _, s := range seen {
			code := errorToWire(s.Err)
			s.Err = nil
			wire = append(wire, wireSighting{s, code})
		}
		answer(err, wire...)
	case "check":
		answer(bench.Check(ctx, at))
	case "fido":
		stream, err := bench.OpenFIDO(ctx, at)
		answer(err)
		if err == nil {
			serveStream(ctx, conn, from, stream)
		}
	case "card":
		card, err := bench.OpenCard(ctx, at)
		answer(err)
		if err == nil {
			serveCard(ctx, conn, from, card)
		}
	}
}

func serveStream(ctx context.Context, conn net.Conn, from io.Reader, stream hw.Stream) {
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer stream.Close()
	defer cancel()
	reading.Go(func() {
		defer conn.Close()
		for {
			report, err := stream.Read(ctx)
			if err != nil {
				return
			}
			if _, err := conn.Write(report); err != nil {
				return
			}
		}
	})
	for {
		report := make([]byte, reportSize)
		if _, err := io.ReadFull(from, report); err != nil {
			return
		}
		if err := stream.Write(ctx, report); err != nil {
			return
		}
	}
}

func serveCard(ctx context.Context, conn net.Conn, from io.Reader, card hw.Channel) {
	defer card.Close()
	for {
		command, err := readSized(from)
		if err != nil {
			return
		}
		answer, err := card.Transmit(ctx, command)
		if err != nil {
			return
		}
		if err := writeSized(conn, answer); err != nil {
			return
		}
	}
}

func readSized(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.BigEndian.Uint32(size[:])&0xfffff)
	_, err := io.ReadFull(r, data)
	return data, err
}

func writeSized(w io.Writer, data []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}

// socketBench is the commands' side. Without a socket the machine has no keys.
type socketBench struct{ socket string }

func dialBench(context.Context) (hw.Bench, error) {
	return socketBench{os.Getenv(benchVariable)}, nil
}

func (b socketBench) ask(ctx context.Context, do string, s hw.Sighting) (net.Conn, *bufio.Reader, benchAnswer, error) {
	var answer benchAnswer
	conn, err := new(net.Dialer).DialContext(ctx, "unix", b.socket)
	if err != nil {
		return nil, nil, answer, fmt.Errorf("reach the script's keys: %w", err)
	}
	code := errorToWire(s.Err)
	s.Err = nil
	from := bufio.NewReader(conn)
	err = json.NewEncoder(conn).Encode(benchRequest{do, wireSighting{s, code}})
	if err == nil {
		var line []byte
		if line, err = from.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &answer)
		}
	}
	if err == nil {
		err = errorFromWire(answer.Err)
	}
	if err != nil {
		return nil, nil, answer, errors.Join(err, conn.Close())
	}
	return conn, from, answer, nil
}

func (b socketBench) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	if b.socket == "" {
		return nil, nil
	}
	conn, _, answer, err := b.ask(ctx, "sightings", hw.Sighting{})
	if err != nil {
		return nil, err
	}
	var seen []hw.Sighting
	for _, s := range answer.Sightings {
		s.Sighting.Err = errorFromWire(s.Err)
		seen = append(seen, s.Sighting)
	}
	return seen, conn.Close()
}

func (b socketBench) Check(ctx context.Context, s hw.Sighting) error {
	conn, _, _, err := b.ask(ctx, "check", s)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (b socketBench) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	conn, from, _, err := b.ask(ctx, "fido", s)
	if err != nil {
		return nil, err
	}
	stream := &socketStream{conn: conn, reports: make(chan []byte, 64)}
	go func() {
		defer close(stream.reports)
		for {
			report := make([]byte, reportSize)
			if _, err := io.ReadFull(from, report); err != nil {
				return
			}
			stream.reports <- report
		}
	}()
	return stream, nil
}

func (b socketBench) OpenCard(ctx context.Context, s hw.Sighting) (hw.Channel, error) {
	conn, from, _, err := b.ask(ctx, "card", s)
	if err != nil {
		return nil, err
	}
	return &socketCard{conn, from}, nil
}

type socketStream struct {
	conn    net.Conn
	reports chan []byte
}

func (s *socketStream) Write(_ context.Context, report []byte) error {
	if _, err := s.conn.Write(append(report[:len(report):len(report)], make([]byte, reportSize-len(report))...)); err != nil {
		return fmt.Errorf("%w: %w", hw.ErrGone, err)
	}
	return nil
}

func (s *socketStream) Read(ctx context.Context) ([]byte, error) {
	select {
	case report, ok := <-s.reports:
		if !ok {
			return nil, hw.ErrGone
		}
		return report, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *socketStream) Close() error { return s.conn.Close() }

type socketCard struct {
	conn net.Conn
	from io.Reader
}

func (c *socketCard) Transmit(_ context.Context, apdu []byte) ([]byte, error) {
	if err := writeSized(c.conn, apdu); err != nil {
		return nil, fmt.Errorf("%w: %w", hw.ErrGone, err)
	}
	answer, err := readSized(c.from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hw.ErrGone, err)
	}
	return answer, nil
}

func (c *socketCard) Close() error { return c.conn.Close() }
