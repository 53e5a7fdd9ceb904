package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write words.json anew")

// TestWords proves that the comments which the document repeats are those of the
// source.
func TestWords(t *testing.T) {
	found := map[string]string{}
	for _, glob := range []string{"../wire/*.go", "spec_*.go"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
					wordsOf(g, found)
				}
			}
		}
	}
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(found); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("words.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("words.json")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), string(got)); d != "" {
		t.Errorf("comments have changed: run go test ./platform/api -run TestWords -update (-source +words.json):\n%s", d)
	}
	if len(found) < 100 {
		t.Errorf("only %d comments found", len(found))
	}
}

func wordsOf(g *ast.GenDecl, into map[string]string) {
	for _, spec := range g.Specs {
		spec := spec.(*ast.TypeSpec)
		doc := spec.Doc
		if doc == nil && !g.Lparen.IsValid() {
			doc = g.Doc
		}
		keep(into, spec.Name.Name, doc)
		structure, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range structure.Fields.List {
			for _, name := range f.Names {
				if f.Doc != nil {
					keep(into, spec.Name.Name+"."+name.Name, f.Doc)
				} else {
					keep(into, spec.Name.Name+"."+name.Name, f.Comment)
				}
			}
		}
	}
}

// keep stores a comment as one line.
func keep(into map[string]string, key string, c *ast.CommentGroup) {
	if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
		into[key] = text
	}
}
