package api

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/page"
	"guichet/platform/preview"
	"guichet/platform/queue"
	"guichet/platform/report"
	"guichet/platform/room"
	"guichet/platform/ticket"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// described is the document, read back.
func described(t *testing.T) map[string]any {
	t.Helper()
	text, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// operationsOf lists "METHOD /path" of a document.
func operationsOf(d map[string]any) []string {
	var list []string
	for path, item := range d["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

// belongsTo tells whose a described path is.
func belongsTo(path string) string {
	for _, pattern := range (&oauth.Service{}).Paths() {
		if path == pattern || strings.HasSuffix(pattern, "/") && strings.HasPrefix(path, pattern) {
			return "oauth"
		}
	}
	if slices.Contains([]string{"/ws", "/healthz", "/readyz"}, path) {
		return "server"
	}
	return "api"
}

func TestEveryRouteIsDescribed(t *testing.T) {
	a, err := New(Config{Verify: func(string) (oauth.Identity, error) { return oauth.Identity{}, nil },
		VerifyBasic: func(*http.Request) (oauth.Identity, error) { return oauth.Identity{}, nil }, Renew: func(string, oauth.Access) {},
		OAuth: &oauth.Service{}, Endpoints: &endpoint.Registry{}, Conferences: &conference.Directory{}, Calls: &call.Exchange{}, Interactions: &interaction.Service{},
		Files: &file.Service{}, Chat: &chat.Service{}, Tickets: &ticket.Service{}, Reports: &report.Service{}, Rooms: &room.Service{}, Previews: &preview.Service{}, Queues: &queue.Service{}, Pages: &page.Pages{}, ICEServers: func(string) []wire.ICEServer { return nil },
		SignRoomToken: func(context.Context, oauth.Identity, string, any) (string, error) { return "", nil }})
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, pattern := range a.mux.patterns {
		method, path, found := strings.Cut(pattern, " ")
		if !found || path == "/assets/" {
			continue // catch-alls and the files of the pages
		}
		routes = append(routes, method+" "+strings.TrimSuffix(path, "{$}"))
	}
	slices.Sort(routes)
	ours := slices.DeleteFunc(operationsOf(described(t)), func(o string) bool {
		_, path, _ := strings.Cut(o, " ")
		return belongsTo(path) != "api"
	})
	if d := cmp.Diff(routes, ours); d != "" {
		t.Errorf("the table differs (-routes +described):\n%s", d)
	}
}

// TestEveryPathOfTheTokenServiceIsDescribed reads its paths from its source: it
// tells others only the folders that it serves.
func TestEveryPathOfTheTokenServiceIsDescribed(t *testing.T) {
	known := map[string]bool{}
	for _, list := range constants(t, "../oauth/*.go") {
		for _, c := range list {
			if strings.Contains(c.name, "Path") || c.name == "devicePage" {
				known[c.value] = false
			}
		}
	}
	known["/.well-known/openid-configuration"] = false // the library's name for it
	for _, o := range operationsOf(described(t)) {
		_, path, _ := strings.Cut(o, " ")
		if belongsTo(path) != "oauth" {
			continue
		}
		path = strings.TrimSuffix(path, "{provider}")
		if _, ok := known[path]; !ok {
			t.Errorf("%s is described, the token service has no such path", o)
		}
		known[path] = true
	}
	for path, described := range known {
		if !described {
			t.Errorf("%s is not described", path)
		}
	}
	if len(known) < 15 {
		t.Errorf("only %d paths found", len(known))
	}
}

func TestEnumsAreComplete(t *testing.T) {
	declared := map[string][]string{}
	for kind, list := range constants(t, "../wire/*.go") {
		for _, c := range list {
			declared[kind] = append(declared[kind], c.value)
		}
	}
	for kind, told := range enums() {
		if kind.PkgPath() == reflect.TypeFor[API]().PkgPath() {
			for _, v := range told { // of our own types, which stand for plain constants
				if !slices.Contains(declared[""], v) {
					t.Errorf("%s: %s is declared nowhere", kind.Name(), v)
				}
			}
			continue
		}
		got, want := slices.Clone(told), declared[kind.Name()]
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
			t.Errorf("%s (-declared +told):\n%s", kind.Name(), d)
		}
		delete(declared, kind.Name())
	}
	delete(declared, "")          // plain constants
	delete(declared, "EventType") // events do not come by HTTP
	for kind := range declared {
		t.Errorf("the values of %s are not told", kind)
	}
}

type constant struct{ name, value string }

// constants finds the string constants of a package by the name of their type.
func constants(t *testing.T, glob string) map[string][]constant {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]constant{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			kind := ""
			if id, ok := spec.Type.(*ast.Ident); ok {
				kind = id.Name
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[kind] = append(found[kind], constant{spec.Names[0].Name, value})
			return true
		})
	}
	return found
}

// TestDocumentIsValid checks the structure against the rules of OpenAPI 3.1.1,
// and that every reference leads somewhere and every component is used.
func TestDocumentIsValid(t *testing.T) {
	d := described(t)
	only(t, "document", d, "openapi", "info", "servers", "tags", "paths", "components")
	if v, _ := d["openapi"].(string); !regexp.MustCompile(`^3\.1\.\d+$`).MatchString(v) {
		t.Errorf("openapi: %v", d["openapi"])
	}
	components := d["components"].(map[string]any)
	unused := map[string]bool{}
	for kind, list := range components {
		for name := range list.(map[string]any) {
			if !regexp.MustCompile(`^[a-zA-Z0-9._-]+$`).MatchString(name) {
				t.Errorf("%s/%s is no name", kind, name)
			}
			if kind != "securitySchemes" {
				unused["#/components/"+kind+"/"+name] = true
			}
		}
	}
	references(d, func(ref string) {
		at := any(d)
		for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			m, _ := at.(map[string]any)
			at = m[step]
		}
		if at == nil {
			t.Errorf("%s leads nowhere", ref)
		}
		delete(unused, ref)
	})
	for name := range unused {
		t.Errorf("%s is not used", name)
	}
	for name, s := range components["schemas"].(map[string]any) {
		schemaIsValid(t, name, s.(map[string]any))
	}
	schemes := components["securitySchemes"].(map[string]any)
	ids := map[string]string{}
	for path, item := range d["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			operationIsValid(t, method+" "+path, path, o.(map[string]any), schemes, ids)
		}
	}
}

func operationIsValid(t *testing.T, at, path string, o, schemes map[string]any, ids map[string]string) {
	t.Helper()
	only(t, at, o, "tags", "summary", "description", "operationId", "parameters", "requestBody", "responses", "security")
	id := o["operationId"].(string)
	if other, taken := ids[id]; taken {
		t.Errorf("%s and %s are both called %s", at, other, id)
	}
	ids[id] = at
	inPath := map[string]bool{}
	parameters, _ := o["parameters"].([]any)
	for _, p := range parameters {
		p := p.(map[string]any)
		only(t, at, p, "name", "in", "description", "required", "schema")
		if p["in"] == "path" {
			inPath["{"+p["name"].(string)+"}"] = p["required"] == true
		}
		schemaIsValid(t, at, p["schema"].(map[string]any))
	}
	for _, m := range regexp.MustCompile(`\{[^}]+\}`).FindAllString(path, -1) {
		if !inPath[m] {
			t.Errorf("%s: %s is no required parameter", at, m)
		}
		delete(inPath, m)
	}
	if len(inPath) > 0 {
		t.Errorf("%s: %v are not in the path", at, inPath)
	}
	for status, r := range o["responses"].(map[string]any) {
		r := r.(map[string]any)
		if n, err := strconv.Atoi(status); err != nil || n < 100 || n > 599 || r["$ref"] == nil && r["description"] == "" {
			t.Errorf("%s: answer %s: %v", at, status, r)
		}
	}
	security, ok := o["security"].([]any)
	if !ok {
		t.Errorf("%s does not say who may call it", at)
	}
	for _, alternative := range security {
		for name := range alternative.(map[string]any) {
			if schemes[name] == nil {
				t.Errorf("%s: unknown scheme %s", at, name)
			}
		}
	}
}

func schemaIsValid(t *testing.T, at string, s map[string]any) {
	t.Helper()
	only(t, at, s, "$ref", "type", "format", "contentMediaType", "description", "enum", "minimum", "maximum", "items", "properties", "required", "additionalProperties", "anyOf")
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if properties[name.(string)] == nil {
			t.Errorf("%s requires %v, which it does not have", at, name)
		}
	}
	for name, p := range properties {
		schemaIsValid(t, at+"."+name, p.(map[string]any))
	}
	if items, ok := s["items"].(map[string]any); ok {
		schemaIsValid(t, at+"[]", items)
	}
	if (s["type"] == "array") != (s["items"] != nil) {
		t.Errorf("%s: a list and its items: %v", at, s)
	}
}

func only(t *testing.T, at string, m map[string]any, members ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(members, name) {
			t.Errorf("%s has %q, which is not among %v", at, name, members)
		}
	}
}

func references(v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			found(ref)
		}
		for _, child := range v {
			references(child, found)
		}
	case []any:
		for _, child := range v {
			references(child, found)
		}
	}
}

// TestEveryBodyOfTheContractIsDescribed: a type of the wire package that no
// operation has is an event, part of one, or forgotten.
func TestEveryBodyOfTheContractIsDescribed(t *testing.T) {
	elsewhere := []string{"Event", "CallEvent", "FileEvent", "SnapshotEvent", "MessageEvent", "NetworkEvent", "NetworkIndicator", "ViewEvent", "VisitEvent", "PresenceEvent", "QueueEvent", "Member", "Room", // over MQTT
		"Ready", // on standard output
		"ParticipantMetadata", "List", "Page", "VideoList", "VideoSettings", "Time"}
	schemas := described(t)["components"].(map[string]any)["schemas"].(map[string]any)
	files, err := filepath.Glob("../wire/*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if _, isStruct := spec.Type.(*ast.StructType); isStruct && schemas[spec.Name.Name] == nil && !slices.Contains(elsewhere, spec.Name.Name) {
				t.Errorf("%s is in no operation", spec.Name.Name)
			}
			seen++
			return true
		})
	}
	if seen < 50 {
		t.Errorf("only %d types found", seen)
	}
}

// TestMembersAreOfTheirTypes: what is told of a member that is none would be lost.
func TestMembersAreOfTheirTypes(t *testing.T) {
	for kind, told := range members() {
		names := map[string]bool{}
		for _, f := range reflect.VisibleFields(kind) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names[name] = true
		}
		for name := range told {
			if !names[name] {
				t.Errorf("%v has no member %s", kind, name)
			}
		}
	}
}
