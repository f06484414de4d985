package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// applicationID marks an SQLite file as an inventory of this program: "hwMF",
// in the field that SQLite keeps for it (file format, offset 68).
const applicationID = 0x68774d46

const (
	sqliteMagic  = "SQLite format 3\x00"
	headerLength = 100
)

// inspect reads the header of the file at path without SQLite, so that
// nothing is created beside it, and refuses all that is not an inventory.
// It returns ErrNoInventory where nothing is there.
func inspect(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoInventory
	}
	if err != nil {
		return plain(err)
	}
	if info.IsDir() {
		return fmt.Errorf("it is a directory: %w", ErrForeign)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file: %w", ErrForeign)
	}
	f, err := os.Open(path)
	if err != nil {
		return plain(err)
	}
	defer f.Close()
	header := make([]byte, headerLength)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read header: %w", plain(err))
	}
	return judge(header[:n], info.Size(), logged(path))
}

// logged says whether a write-ahead log with something in it lies beside the
// file: then the header is not the last word on the file's length.
func logged(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// judge says from its header (SQLite file format, §1.3) what is wrong with a
// file of the given size, nil when it is an inventory that can be opened.
func judge(header []byte, size int64, logged bool) error {
	if size == 0 {
		return fmt.Errorf("the file is empty: %w", ErrDamaged)
	}
	magic := header[:min(len(header), len(sqliteMagic))]
	if string(magic) != sqliteMagic[:len(magic)] {
		return fmt.Errorf("it is not an SQLite database: %w", ErrForeign)
	}
	if len(header) < headerLength {
		return fmt.Errorf("the file ends in its header: %w", ErrDamaged)
	}
	field := func(at int) uint32 { return binary.BigEndian.Uint32(header[at:]) }
	if field(68) != applicationID {
		return fmt.Errorf("it is an SQLite database of another program: %w", ErrForeign)
	}
	if version := int64(field(60)); version > schemaVersion {
		return fmt.Errorf("schema %d, this program knows %d: %w", version, schemaVersion, ErrNewer)
	}
	pageSize := int64(binary.BigEndian.Uint16(header[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	switch {
	case pageSize < 512 || pageSize&(pageSize-1) != 0:
		return fmt.Errorf("page size %d: %w", pageSize, ErrDamaged)
	case header[18] != 2 || header[19] != 2:
		// We write a write-ahead log from the first moment on.
		return fmt.Errorf("its journal mode is not the one it was made with: %w", ErrDamaged)
	case !logged && (size%pageSize != 0 || int64(field(28))*pageSize > size):
		return fmt.Errorf("the file is cut short: %w", ErrDamaged)
	}
	return nil
}

// plain takes the path out of a file error: the caller names it once.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
