package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/inventory/exchange"
)

// tableFile is a CSV, JSON or XLSX file that a command reads, and what its
// flags say of it.
type tableFile struct {
	path          string
	columns       []string
	ignoreUnknown bool
	sheet         string
}

func (f *tableFile) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.columns, "column", nil, "`NAME=HEADER`: what the file calls a column; may be repeated")
	cmd.Flags().BoolVar(&f.ignoreUnknown, "ignore-unknown-columns", false, "leave out columns that are not known")
	cmd.Flags().StringVar(&f.sheet, "sheet", "", "`NAME` of the sheet of a workbook that has several")
}

// read opens the file and hands it to read.
func (f *tableFile) read(a *app, read func(io.Reader, exchange.Options) error) (err error) {
	columns, err := columnMap(f.columns)
	if err != nil {
		return usageError{err}
	}
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = read(file, exchange.Options{Columns: columns, IgnoreUnknown: f.ignoreUnknown, Sheet: f.sheet, Now: a.now()})
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// columnMap reads what --column was given.
func columnMap(flags []string) (map[string]string, error) {
	columns := map[string]string{}
	for _, f := range flags {
		name, header, ok := strings.Cut(f, "=")
		if _, twice := columns[name]; !ok || name == "" || header == "" || twice {
			return nil, errors.New("--column wants NAME=HEADER, once for each name")
		}
		columns[name] = header
	}
	return columns, nil
}
