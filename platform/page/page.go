// Package page serves the embedded web pages: the files under /assets/ and the
// HTML documents that other handlers choose, each with its content-hash ETag,
// gzip where the browser takes it, and a strict content security policy.
//
// It owns the bytes and their headers, not the decision who may see what. All
// files are read and compressed once, in New; after that a Pages is read-only
// and safe for concurrent use.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// policy lets a page load, connect to and show nothing but this server's own;
// blob: is how a page shows what its own camera gives.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
	"media-src 'self' blob:; connect-src 'self' %s; font-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// permissions names the powerful features that the pages use and denies all
// other frames the same.
const permissions = "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), screen-wake-lock=(self), geolocation=()"

// Pages are the files of a site, ready to send.
type Pages struct {
	files  map[string]file
	policy string
}

type file struct {
	body, zipped []byte // zipped is nil when it is not smaller
	etag         string
	kind         string
}

// New reads all files below root. socket is the address of the MQTT WebSocket
// (ws://host:port or wss://host), which some browsers do not count as 'self'.
func New(root fs.FS, socket string) (*Pages, error) {
	p := &Pages{files: map[string]file{}, policy: fmt.Sprintf(policy, socket)}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := newFile(name, body)
		p.files[name] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	return p, nil
}

func newFile(name string, body []byte) (file, error) {
	sum := sha256.Sum256(body)
	f := file{body: body, etag: base64.RawURLEncoding.EncodeToString(sum[:12]), kind: kindOf(name)}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return f, err
	}
	if _, err := z.Write(body); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	if b.Len() < len(body) {
		f.zipped = b.Bytes()
	}
	return f, nil
}

// kindOf does not ask the operating system, whose table may lack types or call
// a script text/plain.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".webmanifest":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// ServeHTTP serves GET and HEAD of /assets/{name}. Pages of any origin may import
// the library below lib/.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/assets/")
	if _, ok := p.files[name]; !ok || path.Ext(name) == ".html" {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(name, "lib/") {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}
	p.Send(w, r, name, http.StatusOK)
}

// Send writes the file called name with the given status. Files change only
// with the server's version, so browsers keep them and ask whether they are
// current.
func (p *Pages) Send(w http.ResponseWriter, r *http.Request, name string, status int) {
	f, ok := p.files[name]
	if !ok {
		http.Error(w, "This page is missing from the server.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Permissions-Policy", permissions)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", f.kind)
	h.Add("Vary", "Accept-Encoding")
	body, etag := f.body, `"`+f.etag+`"`
	if f.zipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = f.zipped, `"`+f.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	h.Set("Cache-Control", "no-cache")
	if status == http.StatusOK && matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that went away is no fault of ours
	}
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, section 12.5.3).
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") {
			q, found := strings.CutPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !found || err == nil && v > 0
		}
	}
	return false
}

// matches compares weakly, as If-None-Match asks (RFC 9110, section 13.1.2).
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if v := strings.TrimPrefix(strings.TrimSpace(part), "W/"); v == etag || v == "*" {
			return true
		}
	}
	return false
}
