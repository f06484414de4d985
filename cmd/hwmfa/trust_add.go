package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

type trustAddOptions struct {
	file, name string
	json       bool
}

func newTrustAddCommand(a *app) *cobra.Command {
	var opts trustAddOptions
	cmd := &cobra.Command{
		Use:   "add FILE",
		Short: "Believe attestations that reach a certificate",
		Long: `Believe attestations that reach the CA certificates of a PEM file, beside those
built in. The file may hold one maker's chain; a private key, a certificate that
is no CA or one that is not valid now is refused. What was enrolled before keeps
the verdict it got then.` + exitStatusHelp(),
		Example: `  hwmfa trust add maker-root.pem
  hwmfa trust add chain.pem --name "Example Keys"`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.file = args[0]
			return runTrustAdd(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.name, "name", "", "what to call it (default the file's `name`)")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.trust-add/v1)")
	return cmd
}

// maxTrustFile bounds the file, in bytes; the packages that parse it have limits
// of their own.
const maxTrustFile = 1 << 20

func runTrustAdd(ctx context.Context, a *app, opts trustAddOptions) error {
	file, err := readBounded(opts.file, maxTrustFile)
	if err != nil {
		return err
	}
	name := cmp.Or(opts.name, filepath.Base(opts.file))
	var added []inventory.Anchor
	err = a.update(ctx, func(tx inventory.Tx, act inventory.Act) error {
		anchors, err := ceremony.Anchors(tx, act.At)
		if err != nil {
			return err
		}
		if err := anchors.AddPEM(name, file); err != nil {
			return err
		}
		added, err = inventory.AddAnchor(tx, act, name, file)
		return err
	})
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(struct {
			Schema string        `json:"schema"`
			Added  []addedAnchor `json:"added"`
		}{"hwmfa.trust-add/v1", addedAnchors(added)})
	}
	for _, anchor := range added {
		if err := a.streams.Printf("trusted: %s, SHA-256 %s\n", anchor.Name, anchor.SHA256); err != nil {
			return err
		}
	}
	return nil
}

// readBounded reads a whole file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err // it names the file
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: larger than %d bytes", path, limit)
	}
	return data, nil
}
