package assets

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// budget is the most that a customer's first visit may load, in bytes of gzip.
const budget = 50_000

func TestTree(t *testing.T) {
	err := fstest.TestFS(FS(), "admin/index.html", "customer/index.html", "customer/main.js", "docs/index.html", "lib/call.js", "lib/tokens.css", "mark.svg")
	if err != nil {
		t.Fatal(err)
	}
}

func TestCustomerPageFitsItsBudget(t *testing.T) {
	total := 0
	each(t, func(name string, body []byte) {
		if strings.HasPrefix(name, "admin/") || strings.HasPrefix(name, "docs/") {
			return
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(body); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		total += b.Len()
	})
	t.Logf("%d bytes", total)
	if total > budget {
		t.Errorf("the customer's page has %d bytes, %d are allowed", total, budget)
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
	imported := regexp.MustCompile(`(?m)^(?:import|export) .*from '([^']+)'|^import '([^']+)'`)
	each(t, func(name string, body []byte) {
		for _, m := range reference.FindAllSubmatch(body, -1) {
			exists(t, name, string(m[1]))
		}
		for _, m := range imported.FindAllSubmatch(body, -1) {
			exists(t, name, path.Join(path.Dir(name), string(m[1])+string(m[2])))
		}
	})
}

// Modules load one after the other unless the page names them all. The
// customer's page uses the whole library, the others a part of it.
func TestPagesPreloadTheirModules(t *testing.T) {
	for _, tc := range []struct{ page, modules string }{{"customer", `^(customer|lib)/`}, {"admin", `^(admin/|lib/(rest|wire)\.js)`}, {"docs", `^(docs/|admin/dom\.js)`}} {
		page, err := fs.ReadFile(FS(), tc.page+"/index.html")
		if err != nil {
			t.Fatal(err)
		}
		module := regexp.MustCompile(tc.modules)
		each(t, func(name string, _ []byte) {
			if path.Ext(name) == ".js" && module.MatchString(name) && name != "customer/old.js" && !bytes.Contains(page, []byte(`<link rel="modulepreload" href="/assets/`+name+`">`)) {
				t.Errorf("%s/index.html does not preload %s", tc.page, name)
			}
		})
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
		"code before":         {[]string{"a(); // b"}, []string{"a(); // b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := strip([]byte(strings.Join(tc.source, "\n") + "\n"))
			if lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n"); !slices.Equal(lines, tc.want) {
				t.Errorf("got %q, want %q", lines, tc.want)
			}
		})
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
