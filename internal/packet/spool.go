package packet

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"hwmfa/iamcheck"
)

// spool keeps what was recorded of the accounts that are finished until the packet is: one after the other in one file. A file
// for each of ten thousand takes more of a processor to make than half of the calls that fill it. Its methods are for one
// goroutine at a time.
type spool struct {
	file *os.File
	out  *bufio.Writer
	size int64
	at   map[string]stretch
}

// stretch is where an account's exchanges stand in the file.
type stretch struct{ offset, size int64 }

// stretchHead is the line before an account's exchanges. It tells one that is whole from one that was being written when the
// process ended.
type stretchHead struct {
	Account string `json:"account"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
}

// maxHead bounds the line before an account's exchanges, in bytes.
const maxHead = 256

func newSpool(file *os.File) *spool {
	return &spool{file: file, out: bufio.NewWriterSize(file, 1<<16), at: map[string]stretch{}}
}

// openSpool opens a spool with what an earlier one of the same path held, as far as that is whole and check finds nothing wrong
// with it; what comes after is dropped, and asked again. The earlier file is copied and not written to: in a folder that
// somebody else made it may be a name of something else.
func openSpool(path string, check func([]byte) error) (_ *spool, err error) {
	fresh := path + ".new" + partial
	file, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	s := newSpool(file)
	err = s.takeUp(path, check)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// takeUp copies what an earlier spool holds.
func (s *spool) takeUp(path string, check func([]byte) error) error {
	earlier, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer earlier.Close()
	info, err := earlier.Stat()
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(earlier, 1<<16)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		var head stretchHead
		if err != nil || len(line) > maxHead || json.Unmarshal(line, &head) != nil || !iamcheck.IsAccountID(head.Account) ||
			head.Bytes < 0 || head.Bytes > min(maxPacketFile, info.Size()) {
			return nil
		}
		p := laterPart("")
		held := make([]byte, head.Bytes)
		if _, err := io.ReadFull(in, held); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		} else if err != nil {
			return err
		}
		p.held, p.size = [][]byte{held}, head.Bytes
		p.sum.Write(held)
		if hex.EncodeToString(p.sum.Sum(nil)) != head.SHA256 || check(held) != nil {
			return nil
		}
		if err := s.add(head.Account, p); err != nil {
			return err
		}
	}
}

// add appends an account. Of one that is there already the new exchanges count.
func (s *spool) add(account string, p *part) error {
	head, err := json.Marshal(stretchHead{account, p.size, hex.EncodeToString(p.sum.Sum(nil))})
	if err != nil {
		return err
	}
	head = append(head, '\n')
	begin := s.size + int64(len(head))
	// Flushed, because the process may end before the next account does.
	if _, err := s.out.Write(head); err != nil {
		return err
	}
	if err := errors.Join(p.copyTo(s.out), s.out.Flush(), p.discard()); err != nil {
		return err
	}
	s.at[account] = stretch{begin, p.size}
	s.size = begin + p.size
	return nil
}

// read is what was recorded of an account.
func (s *spool) read(account string) ([]byte, bool, error) {
	where, ok := s.at[account]
	if !ok {
		return nil, false, nil
	}
	data := make([]byte, where.size)
	if _, err := s.file.ReadAt(data, where.offset); err != nil {
		return nil, false, fmt.Errorf("evidence of account %s: %w", account, err)
	}
	return data, true, nil
}

// accounts are those that are finished, sorted.
func (s *spool) accounts() []string {
	ids := make([]string, 0, len(s.at))
	for id := range s.at {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
