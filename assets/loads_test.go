package assets

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"testing"
)

// loads finds the files that a page needs at once: itself, what its markup names
// and what its modules import; and those that it may need later: what its
// modules import while they run, or name.
func loads(t *testing.T, page string) (first, later map[string]bool) {
	t.Helper()
	named := regexp.MustCompile(`/assets/([a-z/.-]+\.[a-z]+)`)
	first, later = map[string]bool{page: true}, map[string]bool{}
	for _, m := range named.FindAllSubmatch(read(t, page), -1) {
		imports(t, string(m[1]), first)
	}
	// The picture of the help is named by the browser.
	help, err := fs.Glob(FS(), path.Dir(page)+"/help-*.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range help {
		later[name] = true
	}
	dynamic := regexp.MustCompile(`import\('([^']+)'\)`)
	for known := 0; known < len(first)+len(later); {
		known = len(first) + len(later)
		for _, names := range []map[string]bool{maps.Clone(first), maps.Clone(later)} {
			for name := range names {
				if path.Ext(name) != ".js" {
					continue
				}
				for _, m := range dynamic.FindAllSubmatch(read(t, name), -1) {
					imports(t, path.Join(path.Dir(name), string(m[1])), later)
				}
				for _, m := range named.FindAllSubmatch(read(t, name), -1) {
					later[string(m[1])] = true
				}
			}
		}
	}
	for name := range first {
		delete(later, name)
	}
	return first, later
}

// imports adds a file and, if it is a module, all that it imports at its top.
func imports(t *testing.T, name string, all map[string]bool) {
	t.Helper()
	if all[name] {
		return
	}
	all[name] = true
	if path.Ext(name) != ".js" {
		return
	}
	static := regexp.MustCompile(`(?m)^(?:import|export) [^;']*from '([^']+)'|^import '([^']+)'`)
	for _, m := range static.FindAllSubmatch(read(t, name), -1) {
		imports(t, path.Join(path.Dir(name), string(m[1])+string(m[2])), all)
	}
}

// zipped returns how large files are as they are sent.
func zipped(t *testing.T, names map[string]bool) int {
	t.Helper()
	var b bytes.Buffer
	for name := range names {
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(read(t, name)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Len()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := fs.ReadFile(FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
