package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/platform/file"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// noFiles is a store that knows of no file, which is all that receiving asks.
type noFiles struct{ file.Store }

func (noFiles) KeptFiles(context.Context) (map[string]int64, error) { return nil, nil }

func receiver(t testing.TB, size int64) *file.Service {
	t.Helper()
	s, err := file.New(context.Background(), file.Config{Folder: t.TempDir(), Store: noFiles{}, Key: bytes.Repeat([]byte{1}, 32), PublicURL: "http://x", MaxSize: size})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzUploadForm sends any bytes as the form of an upload: what comes out is a
// form within its bounds or an answer that names the sender's fault, and nothing
// stays on disk.
func FuzzUploadForm(f *testing.F) {
	const size = 64
	s := receiver(f, size)
	part := func(disposition, content string) string {
		return "--b\r\nContent-Disposition: " + disposition + "\r\n\r\n" + content + "\r\n"
	}
	for _, seed := range []string{
		part(`form-data; name="conferenceId"`, "c1") + part(`form-data; name="file"; filename="a.txt"`, "hello") + "--b--\r\n",
		part(`form-data; name="file"; filename*=utf-8''%C3%BC.png`, "\x89PNG\r\n\x1a\n") + "--b--",
		part(`form-data; name="file"; filename="../a.pdf"`, "%PDF-1") + part(`form-data; name=x`, strings.Repeat("x", 1025)) + "--b--",
		part(`form-data; name="file"`, strings.Repeat("x", size+1)),
		"--b\r\n" + strings.Repeat("X: y\r\n", 200),
		"--b--", "--b", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		reader := &patient{body: http.MaxBytesReader(w, io.NopCloser(bytes.NewReader(body)), 4<<10), control: http.NewResponseController(w), until: time.Now().Add(time.Minute)}
		got, err := readForm(multipart.NewReader(reader, "b"), wire.FormFile, func(_ map[string]string, name string, content io.Reader) (*file.Upload, error) {
			return s.Receive(context.Background(), file.Caller{}, file.Document, name, content)
		})
		if err != nil {
			if e := translate(explainBody(err, s.TooLarge())); e.Code == wire.CodeInternal {
				t.Errorf("our fault: %v", err)
			}
		} else {
			if got.upload == nil || got.upload.Size < 1 || got.upload.Size > size || got.upload.Name == "" || got.upload.Kind == "" || len(got.fields) > maxFormFields {
				t.Errorf("%+v", got)
			}
			for key, value := range got.fields {
				if len(value) > maxFormField {
					t.Errorf("%s has %d bytes", key, len(value))
				}
			}
			got.upload.Discard()
		}
		if left, err := os.ReadDir(filepath.Join(s.Folder, "incoming")); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// clockwork is a connection that tells which deadline it was given.
type clockwork struct {
	http.ResponseWriter
	deadline time.Time
}

func (c *clockwork) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }

// TestSlowUploads gives a sender time as long as it sends, but not for ever.
func TestSlowUploads(t *testing.T) {
	for name, tc := range map[string]struct {
		until time.Duration
		want  time.Duration
	}{"at first": {uploadTime, uploadPause}, "near the end": {time.Second, time.Second}, "past it": {-time.Second, -time.Second}} {
		c := &clockwork{ResponseWriter: httptest.NewRecorder()}
		now := time.Now()
		p := &patient{body: strings.NewReader("x"), control: http.NewResponseController(c), until: now.Add(tc.until)}
		if _, err := p.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if got := c.deadline.Sub(now); got < tc.want || got > tc.want+10*time.Second {
			t.Errorf("%s: deadline in %v, want %v", name, got, tc.want)
		}
	}
}

// TestFaultsOfUploads keeps the sender's faults and ours apart.
func TestFaultsOfUploads(t *testing.T) {
	ours := errors.New("disk is gone")
	for name, tc := range map[string]struct {
		err  error
		code wire.Code
	}{
		"ours":        {ours, wire.CodeInternal},
		"line":        {errors.Join(errBody, io.ErrUnexpectedEOF), wire.CodeInvalid},
		"too much":    {errors.Join(errBody, &http.MaxBytesError{}), wire.CodeTooLarge},
		"ended early": {errors.Join(errBody, context.DeadlineExceeded), wire.CodeInvalid},
		"no room":     {file.ErrNoSpace, wire.CodeNoSpace},
	} {
		if got := translate(explainBody(tc.err, file.ErrTooLarge)); got.Code != tc.code {
			t.Errorf("%s: %s, want %s", name, got.Code, tc.code)
		}
	}
}

// TestStaff keeps guests, and kiosks that guests stand before, out of what is
// for staff.
func TestStaff(t *testing.T) {
	for name, tc := range map[string]struct {
		roles []string
		code  wire.Code
	}{
		"agent":      {[]string{oauth.RoleUser, oauth.RoleAgent}, ""},
		"service":    {[]string{oauth.RoleService}, ""},
		"no roles":   {nil, ""},
		"guest":      {[]string{oauth.RoleCustomer}, wire.CodeForbidden},
		"kiosk":      {[]string{oauth.RoleKiosk}, wire.CodeForbidden},
		"both sides": {[]string{oauth.RoleAgent, oauth.RoleKiosk}, wire.CodeForbidden},
	} {
		id := oauth.Identity{Roles: tc.roles}
		err := staff(func(http.ResponseWriter, *http.Request, oauth.Identity) error { return nil })(nil, nil, id)
		var e *wire.Error
		if errors.As(err, &e); (e == nil) != (tc.code == "") || e != nil && e.Code != tc.code {
			t.Errorf("%s: %v, want %q", name, err, tc.code)
		}
		if got := fileCaller(id).Customer; got != (tc.code != "") {
			t.Errorf("%s: on the customer's side %v", name, got)
		}
	}
}
