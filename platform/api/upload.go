package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"guichet/platform/file"
	"guichet/platform/wire"
)

// Bounds of a multipart body, besides that of its file.
const (
	maxFormFields = 32
	maxFormField  = 1 << 10  // bytes of one field
	maxFormRest   = 64 << 10 // bytes of all that is not the file
)

// How long an upload may take: each read waits for progress, and the whole has
// an end, so that a slow line can send and a silent one holds nothing.
const (
	uploadPause = 30 * time.Second
	uploadTime  = 15 * time.Minute
)

// form is what a multipart body held: its fields, and its file on disk.
type form struct {
	fields map[string]string
	upload *file.Upload
}

// readForm reads a multipart body as it comes in. receive gets the part called
// name, with the fields that came before it; only one such part may come. The
// caller discards the upload that it does not keep.
func readForm(parts *multipart.Reader, name string, receive func(fields map[string]string, filename string, content io.Reader) (*file.Upload, error)) (_ form, err error) {
	f := form{fields: map[string]string{}}
	defer func() {
		if err != nil {
			f.upload.Discard()
		}
	}()
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return form{}, fmt.Errorf("%w: %w", errBody, err)
		}
		switch {
		case n >= maxFormFields:
			return form{}, invalid("the form has more than %d fields", maxFormFields)
		case part.FormName() == name && f.upload != nil:
			return form{}, invalid("%s: one file at a time", name)
		case part.FormName() == name:
			if f.upload, err = receive(f.fields, part.FileName(), content{part}); err != nil {
				return form{}, err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormField+1))
		switch {
		case err != nil:
			return form{}, fmt.Errorf("%w: %w", errBody, err)
		case len(value) > maxFormField:
			return form{}, invalid("a field is longer than %d bytes", maxFormField)
		}
		if _, twice := f.fields[part.FormName()]; twice {
			return form{}, invalid("a field comes twice")
		}
		f.fields[part.FormName()] = string(value)
	}
	if f.upload == nil {
		return form{}, invalid("%s is missing", name)
	}
	return f, nil
}

// parts returns the parts of a request's multipart body, which may be as large
// as the files that are taken, and may take its time.
func (a *API) parts(w http.ResponseWriter, r *http.Request) (*multipart.Reader, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, &wire.Error{Code: wire.CodeMediaType, Message: "the body must be multipart/form-data"}
	}
	limit := a.Files.MaxSize + maxFormRest
	if r.ContentLength > limit {
		return nil, a.Files.TooLarge()
	}
	body := &patient{body: http.MaxBytesReader(w, r.Body, limit), control: http.NewResponseController(w), until: time.Now().Add(uploadTime)}
	return multipart.NewReader(body, parameters["boundary"]), nil
}

// patient reads a body whose sender may be slow but not silent. Its clock is the
// machine's, since it is about a connection.
type patient struct {
	body    io.Reader
	control *http.ResponseController
	until   time.Time
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	next := time.Now().Add(uploadPause)
	if p.until.Before(next) {
		next = p.until
	}
	if err := p.control.SetReadDeadline(next); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.body.Read(b)
}

// errBody marks the errors of a body, to tell them from those of our disk.
var errBody = errors.New("body cannot be read")

// content reads a part and marks its errors.
type content struct{ part io.Reader }

// Read implements io.Reader.
func (c content) Read(b []byte) (int, error) {
	n, err := c.part.Read(b)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errBody, err)
	}
	return n, err
}

// explainBody says what is wrong with a body that could not be read to its end;
// other errors it leaves alone.
func explainBody(err, tooLarge error) error {
	var large *http.MaxBytesError
	switch {
	case !errors.Is(err, errBody):
		return err
	case errors.As(err, &large):
		return tooLarge
	}
	return invalid("the body ended too early, or is not a form")
}
