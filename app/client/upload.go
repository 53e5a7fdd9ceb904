package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"sync"
	"time"

	"guichet/platform/wire"
)

// transferPause is how long a file may stand still on its way before the
// connection counts as dead.
const transferPause = 40 * time.Second

// form is a multipart body with one file in it.
type form struct {
	path        string
	fields      [][2]string
	part, name  string
	content     io.Reader
	size        int64 // 0 when not known
	transaction string
	progress    func(int64)
}

// upload sends a form and decodes the answer into out, which may be nil. The
// body waits for the server's consent (RFC 9110, section 10.1.1), so that what
// is refused anyway is not sent. again tells whether the content can be sent
// once more.
func (c *Client) upload(ctx context.Context, f form, out any) (again bool, err error) {
	seeker, rewinds := f.content.(io.Seeker)
	for try := 0; ; try++ {
		token, err := c.cfg.Token(ctx)
		if err != nil {
			return true, err
		}
		read, err := c.uploadOnce(ctx, f, token, out)
		again := read == 0
		if read > 0 && rewinds {
			_, failed := seeker.Seek(0, io.SeekStart)
			again = failed == nil
		}
		if code(err) != wire.CodeUnauthorized {
			return again, err
		}
		c.cfg.Refused(token)
		if try > 0 || !again {
			return false, err
		}
	}
}

func (c *Client) uploadOnce(ctx context.Context, f form, token string, out any) (read int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(transferPause, func() { cancel(errStalled) })
	defer stall.Stop()
	var head bytes.Buffer
	m := multipart.NewWriter(&head)
	for _, one := range f.fields {
		_ = m.WriteField(one[0], one[1]) // a buffer takes everything
	}
	_, _ = m.CreateFormFile(f.part, f.name)
	body := &outgoing{content: f.content, closed: make(chan struct{}), moved: func(n int64) {
		stall.Reset(transferPause)
		if f.progress != nil {
			f.progress(n)
		}
	}}
	before := head.Len()
	_ = m.Close()
	begin, end := bytes.Clone(head.Bytes()[:before]), bytes.Clone(head.Bytes()[before:])
	body.all = io.MultiReader(bytes.NewReader(begin), readerFunc(body.readContent), bytes.NewReader(end))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.String()+f.path, body)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.path, err)
	}
	r.ContentLength = -1
	if f.size > 0 {
		r.ContentLength = int64(len(begin)) + f.size + int64(len(end))
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Expect", "100-continue")
	if f.transaction != "" {
		r.Header.Set(wire.HeaderTransactionID, f.transaction)
	}
	status, raw, err := c.roundTrip(r)
	<-body.closed // the transport may read on for a moment; the content is ours again now
	switch {
	case err != nil:
		return body.read, c.explain(ctx, err)
	case status/100 != 2:
		return body.read, refusal(status, raw)
	case out == nil:
		return body.read, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return body.read, fmt.Errorf("%s: answer: %w", f.path, err)
	}
	return body.read, nil
}

// roundTrip reads the whole answer and lets it go: a body that the server did
// not want is given up with it.
func (c *Client) roundTrip(r *http.Request) (status int, body []byte, err error) {
	answer, err := c.cfg.HTTP.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, body, err
}

var errStalled = errors.New("the network stands still")

// explain takes what must not be logged out of an error, and says why a request
// was given up.
func (c *Client) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		failed.URL = c.server.String()
	}
	return err
}

// outgoing is the body of an upload. The transport reads it on a goroutine of
// its own, and closes it when it reads no more.
type outgoing struct {
	all     io.Reader
	content io.Reader
	read    int64 // of the content; ours again when closed is
	moved   func(int64)
	closed  chan struct{}
	once    sync.Once
}

// Read implements io.Reader.
func (o *outgoing) Read(p []byte) (int, error) { return o.all.Read(p) }

func (o *outgoing) readContent(p []byte) (int, error) {
	n, err := o.content.Read(p)
	if n > 0 {
		o.read += int64(n)
		o.moved(o.read)
	}
	return n, err
}

// Close implements io.Closer.
func (o *outgoing) Close() error {
	o.once.Do(func() { close(o.closed) })
	return nil
}

type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
