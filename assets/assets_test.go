package assets

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// budget is the most that a customer's first visit may load before the call, in
// bytes of gzip, and whole that with all that the page may load later, be it for
// a customer in a call, for an agent or in a room.
const (
	budget = 50_000
	whole  = 100_000
)

func TestTree(t *testing.T) {
	err := fstest.TestFS(FS(), "admin/index.html", "customer/index.html", "customer/main.js", "docs/index.html", "lib/call.js", "lib/tokens.css", "mark.svg")
	if err != nil {
		t.Fatal(err)
	}
}

func TestCustomerPageFitsItsBudget(t *testing.T) {
	first, later := loads(t, "customer/index.html")
	before, after := zipped(t, first), zipped(t, later)
	t.Logf("%d bytes before the call, %d more in it", before, after)
	if before > budget {
		t.Errorf("the customer's page loads %d bytes before the call, %d are allowed", before, budget)
	}
	if before+after > whole {
		t.Errorf("the customer's page has %d bytes, %d are allowed", before+after, whole)
	}
}

// The policy that the page is served under allows nothing inline and nothing
// foreign; a browser would only say so in its console.
func TestPagesKeepThePolicy(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+="|<style|<script(>|[^>]*[^>]>[^<\s])|javascript:`)
	foreign := regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	each(t, func(name string, body []byte) {
		if path.Ext(name) == ".html" || path.Ext(name) == ".svg" {
			if m := forbidden.Find(body); m != nil {
				t.Errorf("%s has inline code or style: %q", name, m)
			}
		}
		if m := foreign.Find(body); m != nil {
			t.Errorf("%s refers to another host: %q", name, m)
		}
		if m := markup.Find(body); m != nil && path.Ext(name) == ".js" {
			t.Errorf("%s makes markup or code from text: %q", name, m)
		}
	})
}

// A page that refers to a file which is not there breaks only in the browser.
func TestEveryReferenceHasItsFile(t *testing.T) {
	reference := regexp.MustCompile(`/assets/([a-z/.-]+\.[a-z]+)`)
	imported := regexp.MustCompile(`(?m)^(?:import|export) [^;']*from '([^']+)'|^import '([^']+)'`)
	each(t, func(name string, body []byte) {
		for _, m := range reference.FindAllSubmatch(body, -1) {
			exists(t, name, string(m[1]))
		}
		for _, m := range imported.FindAllSubmatch(body, -1) {
			exists(t, name, path.Join(path.Dir(name), string(m[1])+string(m[2])))
		}
	})
}

// Modules load one after the other unless the page names them all; those that
// it imports when it needs them are not named.
func TestPagesPreloadTheirModules(t *testing.T) {
	named := regexp.MustCompile(`<link rel="modulepreload" href="/assets/([a-z/.-]+)">`)
	for _, name := range []string{"customer/index.html", "admin/index.html", "docs/index.html"} {
		page, err := fs.ReadFile(FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		preloaded := map[string]bool{}
		for _, m := range named.FindAllSubmatch(page, -1) {
			preloaded[string(m[1])] = true
		}
		needed := map[string]bool{}
		for _, m := range regexp.MustCompile(`<script type="module" src="/assets/([a-z/.-]+)">`).FindAllSubmatch(page, -1) {
			imports(t, string(m[1]), needed)
		}
		for module := range needed {
			if !preloaded[module] {
				t.Errorf("%s does not preload %s", name, module)
			}
		}
		for module := range preloaded {
			if !needed[module] {
				t.Errorf("%s preloads %s, which it does not need at once", name, module)
			}
		}
	}
}

func TestScriptsCanBeStripped(t *testing.T) {
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".js" {
			return err
		}
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		number := 0
		for line := range bytes.Lines(source) {
			number++
			if bytes.Count(line, []byte("`"))%2 != 0 {
				t.Errorf("%s:%d: a string spans lines", name, number)
			}
		}
		if got, want := bytes.Count(strip(source), []byte("\n")), bytes.Count(source, []byte("\n")); got != want {
			t.Errorf("%s: %d lines of %d are left", name, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStrip(t *testing.T) {
	for name, tc := range map[string]struct{ source, want []string }{
		"line comment":        {[]string{"// a", "b();"}, []string{"", "b();"}},
		"block comment":       {[]string{"/**", " * a", " */", "b();"}, []string{"", "", "", "b();"}},
		"block on one line":   {[]string{"  /** @type {X} */", "b();"}, []string{"", "b();"}},
		"code after a block":  {[]string{"/* a */ b();", "/* a", "*/ c();"}, []string{"b();", "", "c();"}},
		"two blocks":          {[]string{"/* a */ /* b */ c();"}, []string{"c();"}},
		"comment in a block":  {[]string{"/* // a", "*/", "b();"}, []string{"", "", "b();"}},
		"address in a string": {[]string{`f("http://x");`}, []string{`f("http://x");`}},
		"star in a string":    {[]string{`f("/*");`, "g();"}, []string{`f("/*");`, "g();"}},
		"comment after code":  {[]string{"a(); // b"}, []string{"a();"}},
		"type in the middle":  {[]string{"f((/** @type {X} */ x) => x);"}, []string{"f((x) => x);"}},
		"slashes in a string": {[]string{`f('a // b', "it's"); // c`, "f(`a // ${'b'}`);"}, []string{`f('a // b', "it's");`, "f(`a // ${'b'}`);"}},
		"escaped quote":       {[]string{`f('it\'s // a'); // b`}, []string{`f('it\'s // a');`}},
		"regular expression":  {[]string{`/^https?:\/\//.test(a); // b`, `/["]/.test(a); // b`}, []string{`/^https?:\/\//.test(a);`, `/["]/.test(a); // b`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := strip([]byte(strings.Join(tc.source, "\n") + "\n"))
			if lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n"); !slices.Equal(lines, tc.want) {
				t.Errorf("got %q, want %q", lines, tc.want)
			}
		})
	}
}

func TestStripPage(t *testing.T) {
	for source, want := range map[string]string{
		"<!doctype html><!-- a -->\n<p>b</p>": "<!doctype html>\n<p>b</p>",
		"<!-- a\n--><!-- b --><p>":            "<p>",
		"<p>a</p>":                            "<p>a</p>",
		"a<!-- without an end":                "a",
	} {
		if got := string(stripPage([]byte(source))); got != want {
			t.Errorf("%q became %q, want %q", source, got, want)
		}
	}
}

func each(t *testing.T, f func(name string, body []byte)) {
	t.Helper()
	root := FS()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		if err == nil {
			f(name, body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func exists(t *testing.T, from, name string) {
	t.Helper()
	if _, err := fs.Stat(FS(), name); err != nil {
		t.Errorf("%s refers to %s: %v", from, name, err)
	}
}
