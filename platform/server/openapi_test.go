package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/api"
)

// described is the API's document, and what was seen of its operations.
type described struct {
	root  map[string]any
	under http.RoundTripper

	mu     sync.Mutex
	faults map[string]bool
	seen   map[string]map[int]bool // of each operation: the statuses that came
}

// describe reads the document and from now on, until the test ends, holds every
// answer that comes to a client of this process against it.
func describe(t *testing.T) *described {
	t.Helper()
	text, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	d := &described{under: http.DefaultTransport, faults: map[string]bool{}, seen: map[string]map[int]bool{}}
	if err := json.Unmarshal(text, &d.root); err != nil {
		t.Fatal(err)
	}
	http.DefaultTransport = d
	t.Cleanup(func() { http.DefaultTransport = d.under })
	return d
}

// RoundTrip implements http.RoundTripper.
func (d *described) RoundTrip(r *http.Request) (*http.Response, error) {
	var asked []byte
	if r.Body != nil && r.ContentLength < 1<<20 && r.Header.Get("Content-Type") == "application/json" {
		var err error
		if asked, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(asked))
	}
	a, err := d.under.RoundTrip(r)
	if err != nil || a.StatusCode == http.StatusSwitchingProtocols {
		return a, err
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return a, err
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	d.judge(r, asked, a, body)
	return a, nil
}

// CloseIdleConnections is what http.Client asks its transport for.
func (d *described) CloseIdleConnections() {
	if u, ok := d.under.(interface{ CloseIdleConnections() }); ok {
		u.CloseIdleConnections()
	}
}

func (d *described) fault(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[fmt.Sprintf(format, args...)] = true
}

func (d *described) judge(r *http.Request, asked []byte, a *http.Response, body []byte) {
	path, operation := d.find(r.Method, r.URL.Path)
	if operation == nil {
		return
	}
	name := r.Method + " " + path
	d.mu.Lock()
	if d.seen[name] == nil {
		d.seen[name] = map[int]bool{}
	}
	d.seen[name][a.StatusCode] = true
	d.mu.Unlock()
	at := fmt.Sprintf("%s: %d", name, a.StatusCode)
	promised := d.resolve(operation["responses"].(map[string]any)[strconv.Itoa(a.StatusCode)])
	if promised == nil {
		d.fault("%s is not described: %s", at, body[:min(len(body), 200)])
		return
	}
	if content, _ := promised["content"].(map[string]any); content == nil {
		if len(body) > 0 {
			d.fault("%s has a body: %s", at, body)
		}
	} else if s, ok := d.schemaFor(at, content, a.Header.Get("Content-Type")); ok && s != nil {
		d.fitsText(at, s, body, true)
	}
	if asked == nil || a.StatusCode >= 300 {
		return
	}
	taken, _ := operation["requestBody"].(map[string]any)
	if taken == nil {
		return // a body that nobody reads
	}
	if s, ok := d.schemaFor(at+", request", taken["content"].(map[string]any), "application/json"); ok {
		d.fitsText(at+", request", s, asked, false)
	}
}

// find returns the operation of a request; literal paths go before patterns.
func (d *described) find(method, path string) (pattern string, operation map[string]any) {
	best := -1
	for p, item := range d.root["paths"].(map[string]any) {
		o, _ := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
		want, got := strings.Split(p, "/"), strings.Split(path, "/")
		if o == nil || len(want) != len(got) {
			continue
		}
		literal := 0
		for i := range want {
			switch {
			case want[i] == got[i]:
				literal++
			case !strings.HasPrefix(want[i], "{") || got[i] == "":
				literal = -1 << 10
			}
		}
		if literal > best {
			best, pattern, operation = literal, p, o
		}
	}
	return pattern, operation
}

// resolve follows references.
func (d *described) resolve(v any) map[string]any {
	m, _ := v.(map[string]any)
	for m != nil && m["$ref"] != nil {
		at := any(d.root)
		for step := range strings.SplitSeq(strings.TrimPrefix(m["$ref"].(string), "#/"), "/") {
			at = at.(map[string]any)[step]
		}
		m = at.(map[string]any)
	}
	return m
}

// schemaFor is the schema of a media type, nil where any bytes will do.
func (d *described) schemaFor(at string, content map[string]any, kind string) (s map[string]any, ok bool) {
	kind, _, err := mime.ParseMediaType(kind)
	m, found := content[kind].(map[string]any)
	if !found {
		m, found = content["*/*"].(map[string]any)
	}
	if err != nil || !found {
		d.fault("%s: the content type %q is not described", at, kind)
		return nil, false
	}
	if kind != "application/json" {
		return nil, true
	}
	s, _ = m["schema"].(map[string]any)
	return s, true
}

func (d *described) fitsText(at string, s map[string]any, text []byte, strict bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		d.fault("%s is no JSON: %v", at, err)
		return
	}
	d.fits(at, s, v, strict)
}

// fits checks a value against a schema; strictly, members that the schema does
// not have are a fault.
func (d *described) fits(at string, s map[string]any, v any, strict bool) {
	s = d.resolve(s)
	if v == nil && !strict && s["type"] == "array" {
		return // Go sends a list without items so, and takes it
	}
	if kinds := typesOf(s["type"]); len(kinds) > 0 && !slices.Contains(kinds, kindOf(v)) && (kindOf(v) != "integer" || !slices.Contains(kinds, "number")) {
		d.fault("%s: %s for %v", at, kindOf(v), kinds)
		return
	}
	if list, ok := s["enum"].([]any); ok && !slices.Contains(list, v) {
		d.fault("%s: %v is not among %v", at, v, list)
	}
	switch v := v.(type) {
	case string:
		if s["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339, v); err != nil {
				d.fault("%s: %v", at, err)
			}
		}
	case json.Number:
		n, err := v.Int64()
		for name, wrong := range map[string]func(bound int64) bool{"minimum": func(b int64) bool { return n < b }, "maximum": func(b int64) bool { return n > b }} {
			if bound, ok := s[name].(float64); ok && (err != nil || wrong(int64(bound))) {
				d.fault("%s: %v is over its %s", at, v, name)
			}
		}
	case []any:
		items, _ := s["items"].(map[string]any)
		for _, item := range v {
			d.fits(at+"[]", items, item, strict)
		}
	case map[string]any:
		d.fitsObject(at, s, v, strict)
	}
}

func (d *described) fitsObject(at string, s, v map[string]any, strict bool) {
	properties, _ := s["properties"].(map[string]any)
	additional, _ := s["additionalProperties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			d.fault("%s: %s is missing", at, name)
		}
	}
	for name, member := range v {
		switch p, ok := properties[name].(map[string]any); {
		case ok:
			d.fits(at+"."+name, p, member, strict)
		case additional != nil:
			d.fits(at+".*", additional, member, strict)
		case strict && properties != nil:
			d.fault("%s: the member %s is not described", at, name)
		}
	}
}

func typesOf(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, kind := range v {
			list = append(list, kind.(string))
		}
	}
	return list
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return "number"
		}
		return "integer"
	}
	return "object"
}

// report tells what was wrong, and returns the operations that never succeeded.
func (d *described) report(t *testing.T) (unseen []string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for f := range d.faults {
		t.Error(f)
	}
	for path, item := range d.root["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			name, worked := strings.ToUpper(method)+" "+path, false
			for status := range d.seen[name] {
				worked = worked || status < 400
			}
			if !worked {
				unseen = append(unseen, name)
			}
		}
	}
	slices.Sort(unseen)
	return unseen
}

func TestTheValidatorFindsFaults(t *testing.T) {
	d := &described{root: map[string]any{"s": map[string]any{"type": "string", "enum": []any{"a"}}}, faults: map[string]bool{}}
	schema := map[string]any{"type": "object", "required": []any{"a"}, "properties": map[string]any{
		"a": map[string]any{"$ref": "#/s"}, "at": map[string]any{"type": "string", "format": "date-time"}, "n": map[string]any{"type": "integer", "minimum": 0.0, "maximum": 9.0},
		"l": map[string]any{"type": "array", "items": map[string]any{"type": []any{"boolean", "null"}}},
		"m": map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}}}
	d.fitsText("good", schema, []byte(`{"a":"a","at":"2026-01-02T03:04:05.000Z","n":9,"l":[true,null],"m":{"x":"y"}}`), true)
	d.fitsText("open", schema, []byte(`{"a":"a","x":1}`), false)
	if len(d.faults) > 0 {
		t.Errorf("faults where there are none: %v", d.faults)
	}
	for _, text := range []string{`{`, `[]`, `null`, `{}`, `{"a":"b"}`, `{"a":1}`, `{"a":"a","x":1}`, `{"a":"a","at":"today"}`, `{"a":"a","n":10}`, `{"a":"a","n":-1}`,
		`{"a":"a","n":1.5}`, `{"a":"a","l":[1]}`, `{"a":"a","l":null}`, `{"a":"a","m":{"x":1}}`} {
		d.faults = map[string]bool{}
		if d.fitsText("bad", schema, []byte(text), true); len(d.faults) != 1 {
			t.Errorf("%s: %v", text, d.faults)
		}
	}
}
