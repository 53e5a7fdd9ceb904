package page

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := New(fstest.MapFS{
		"customer/index.html": {Data: []byte("<!doctype html><title>Guichet</title>")},
		"customer/main.js":    {Data: []byte(strings.Repeat("export const a = 1;\n", 100))},
		"tiny.css":            {Data: []byte("a{}")},
		"lib/guichet.js":      {Data: []byte("export const b = 2;\n")},
	}, "ws://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(p http.Handler, path string, header ...string) *http.Response {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

func TestFilesAreServedWhole(t *testing.T) {
	p := pages(t)
	plain := get(p, "/assets/customer/main.js")
	body, err := io.ReadAll(plain.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain.StatusCode != 200 || plain.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("status %d, type %q", plain.StatusCode, plain.Header.Get("Content-Type"))
	}
	zipped := get(p, "/assets/customer/main.js", "Accept-Encoding", "br, gzip;q=0.8")
	if zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(body) {
		t.Error("compressed and plain differ")
	}
	if zipped.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Error("two representations share an ETag")
	}
	if got := get(p, "/assets/customer/main.js", "Accept-Encoding", "gzip;q=0").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("compressed for a client that refuses it: %s", got)
	}
	if got := get(p, "/assets/tiny.css", "Accept-Encoding", "gzip").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("a file that compression enlarges was compressed")
	}
}

func TestOnlyTheLibraryIsForPagesOfOtherOrigins(t *testing.T) {
	p := pages(t)
	for path, want := range map[string]string{"/assets/lib/guichet.js": "*", "/assets/customer/main.js": ""} {
		if got := get(p, path).Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: Access-Control-Allow-Origin %q, want %q", path, got, want)
		}
	}
}

func TestNotModified(t *testing.T) {
	p := pages(t)
	etag := get(p, "/assets/tiny.css").Header.Get("ETag")
	for _, header := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		if got := get(p, "/assets/tiny.css", "If-None-Match", header).StatusCode; got != http.StatusNotModified {
			t.Errorf("If-None-Match %s: %d", header, got)
		}
	}
	if got := get(p, "/assets/tiny.css", "If-None-Match", `"x"`).StatusCode; got != 200 {
		t.Errorf("other ETag: %d", got)
	}
}

func TestUnknownFiles(t *testing.T) {
	p := pages(t)
	for _, path := range []string{"/assets/", "/assets/none.js", "/assets/../page.go", "/assets/customer/index.html", "/assets/customer"} {
		if got := get(p, path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got)
		}
	}
}

func TestSendKeepsTheStatusAndThePolicy(t *testing.T) {
	p := pages(t)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/t/abc-def", nil)
	r.Header.Set("If-None-Match", "*")
	p.Send(w, r, "customer/index.html", http.StatusGone)
	if w.Code != http.StatusGone || w.Body.Len() == 0 {
		t.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "ws://127.0.0.1:8080"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy lacks %s", want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Error("policy allows something unsafe")
	}
}
