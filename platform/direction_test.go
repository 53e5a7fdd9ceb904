package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed is the direction of dependencies: what each package may import of
// ours, besides itself. A prefix ending in "/" stands for the whole subtree.
// Who is not listed may import nothing of ours.
var allowed = map[string][]string{
	"app":             {"app/", "media/"},
	"app/client":      {"platform/wire"},
	"app/client/echo": {"app/client", "platform/wire"},
	"app/config":      {},
	"app/signin":      {"platform/wire"},
	"app/session":     {"app/client", "app/config", "app/signin", "media/", "platform/wire"},
	"app/ui":          {"app/session", "app/config", "media/"},
	"app/e2e":         {"platform/wire", "media/"},
	"media/capture":   {"media/"},
	"media/playout":   {"media/"},
	"media/send":      {"media/"},
	"media/sound":     {"media/"},
	"media/codec":     {"media/"},
	"media/yuv":       {"media/"},
	"platform":        {"platform/"},
	"platform/server": {"platform/", "sfu", "assets"},
	// The floors below: main -> server -> api, store -> the domains -> wire,
	// relay, page, limit. A domain knows no other domain.
	"platform/api":           {"platform/limit", "platform/call", "platform/chat", "platform/conference", "platform/endpoint", "platform/file", "platform/interaction", "platform/oauth", "platform/report", "platform/ticket", "platform/openapi", "platform/preview", "platform/queue", "platform/room", "platform/page", "platform/wire", "sfu"},
	"platform/store":         {"platform/call", "platform/chat", "platform/conference", "platform/endpoint", "platform/file", "platform/interaction", "platform/oauth", "platform/quality", "platform/queue", "platform/report", "platform/room", "platform/ticket", "platform/broker", "platform/wire"},
	"platform/quality":       {"platform/wire"},
	"platform/queue":         {"platform/wire"},
	"platform/report":        {"platform/wire"},
	"platform/call":          {"platform/wire"},
	"platform/chat":          {"platform/limit", "platform/wire"},
	"platform/conference":    {"platform/wire"},
	"platform/endpoint":      {"platform/wire"},
	"platform/file":          {"platform/wire"},
	"platform/interaction":   {"platform/wire"},
	"platform/oauth":         {"platform/limit", "platform/oauth/", "platform/wire"},
	"platform/oauth/idp":     {"platform/wire"},
	"platform/oauth/keyring": {"platform/oauth/vault"},
	"platform/oauth/vault":   {},
	"platform/ticket":        {"platform/wire"},
	"platform/limit":         {},
	"platform/openapi":       {},
	"platform/room":          {"platform/wire"},
	"platform/preview":       {},
	"platform/broker":        {"platform/wire"},
}

// onlyIn names outside packages that belong to one place.
var onlyIn = map[string][]string{
	"fyne.io/fyne/v2":       {"app/ui"},
	"net/http":              {"app/", "platform/"},
	"github.com/gen2brain/": {"media/sound"},
	"github.com/zitadel/":   {"platform/oauth"},
	"modernc.org/sqlite":    {"platform/store"},
}

func TestDirectionOfDependencies(t *testing.T) {
	const format = `{{.ImportPath}}|{{join .Imports " "}}`
	out, err := exec.Command("go", "list", "-tags", "migrated_fynedo,nolibopusfile", "-f", format, "guichet/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		packages++
		path, imports, _ := strings.Cut(strings.TrimSpace(line), "|")
		from := strings.TrimPrefix(path, "guichet/")
		for _, to := range strings.Fields(imports) {
			if ours, ok := strings.CutPrefix(to, "guichet/"); ok && !covers(allowed[owner(from)], ours) {
				t.Errorf("%s must not import %s", from, ours)
			}
			for outside, places := range onlyIn {
				if strings.HasPrefix(to, outside) && !covers(places, from) {
					t.Errorf("%s must not import %s: it belongs to %v", from, to, places)
				}
			}
		}
	}
	if packages < 15 {
		t.Errorf("go list found %d packages only", packages)
	}
}

// owner is the entry of allowed that rules a package: its own or its parent's.
func owner(from string) string {
	for {
		if _, ok := allowed[from]; ok {
			return from
		}
		i := strings.LastIndexByte(from, '/')
		if i < 0 {
			return from
		}
		from = from[:i]
	}
}

func covers(list []string, path string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		return path == a || strings.HasPrefix(path, strings.TrimSuffix(a, "/")+"/") || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a)
	})
}
