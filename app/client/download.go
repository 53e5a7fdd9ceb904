package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guichet/platform/wire"
)

// ErrDamaged says that a file is not what its sender sent.
var ErrDamaged = errors.New("the file was damaged on its way")

// fetching is a file on its way to us.
type fetching struct {
	link     string // where a signed address is made
	size     int64
	sha256   string
	to       io.Writer
	progress func(int64)

	got  int64
	hash hash.Hash
}

// errWrite marks the errors of what the caller gave us to write to.
var errWrite = errors.New("file cannot be written")

// download fetches a file through signed addresses, each worth a few minutes,
// and goes on where an outage broke it off.
func (c *Client) download(ctx context.Context, f fetching) error {
	if f.size <= 0 || len(f.sha256) != 2*sha256.Size {
		return fmt.Errorf("download: %w: size or hash is not known", ErrDamaged)
	}
	f.hash = sha256.New()
	var tries backoff
	for tries.next(); ; {
		before := f.got
		err := c.fetchPart(ctx, &f)
		switch {
		case err == nil && f.got == f.size:
			if hex.EncodeToString(f.hash.Sum(nil)) != strings.ToLower(f.sha256) {
				return ErrDamaged
			}
			return nil
		case errors.Is(err, errWrite), errors.Is(err, ErrDamaged), err != nil && Permanent(err):
			return err
		case f.got > before:
			tries.reset()
		}
		if !tries.wait(ctx, nil) {
			return cmp.Or(err, ctx.Err())
		}
	}
}

// fetchPart fetches as much as one connection brings.
func (c *Client) fetchPart(ctx context.Context, f *fetching) error {
	var signed wire.SignedURL
	if err := c.post(ctx, f.link, struct{}{}, &signed); err != nil {
		return err
	}
	from, err := url.Parse(signed.URL)
	if err != nil || from.Scheme != "http" && from.Scheme != "https" {
		return fmt.Errorf("download: %w: the link is none", ErrDamaged)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(transferPause, func() { cancel(errStalled) })
	defer stall.Stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	r.Header.Set("Accept-Encoding", "identity") // the hash is of the file itself
	if f.got > 0 {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(f.got, 10)+"-")
	}
	answer, err := c.cfg.HTTP.Do(r)
	if err != nil {
		return c.explain(ctx, err)
	}
	defer answer.Body.Close()
	want := http.StatusOK
	if f.got > 0 {
		want = http.StatusPartialContent
	}
	switch {
	case answer.StatusCode/100 != 2:
		raw, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status tells enough
		return refusal(answer.StatusCode, raw)
	case answer.StatusCode != want:
		return fmt.Errorf("download: %w: the server cannot go on where it broke off", ErrDamaged)
	}
	for buffer := make([]byte, 64<<10); ; {
		n, err := answer.Body.Read(buffer)
		stall.Reset(transferPause)
		if f.got+int64(n) > f.size {
			return ErrDamaged
		}
		if _, failed := f.to.Write(buffer[:n]); failed != nil {
			return fmt.Errorf("download: %w: %w", errWrite, failed)
		}
		f.hash.Write(buffer[:n]) // never fails
		if f.got += int64(n); n > 0 && f.progress != nil {
			f.progress(f.got)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return c.explain(ctx, err)
		}
	}
}
