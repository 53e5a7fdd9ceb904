package server

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

// TestLinksToFiles opens a link as browsers do, and as people do who are not
// meant to.
func TestLinksToFiles(t *testing.T) {
	var ahead atomic.Int64
	m := serve(t, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load()) * time.Second) }
	}).meet()
	var v, other wire.FileTransfer
	m.give(m.agent, m.a, "a.txt", "0123456789").into(&v)
	m.give(m.agent, m.a, "b.txt", "b").into(&other)
	nobody := caller{m.running, ""}
	path := m.agent.url(transfers + "/" + v.FileTransferID + "/signedUrl")

	head := nobody.send("HEAD", path, "", nil)
	if head.status != 200 || head.header.Get("Content-Length") != "10" || len(head.body) > 0 {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	for _, tc := range []struct {
		key, value string
		status     int
		body       string
	}{
		{"Range", "bytes=2-4", 206, "234"}, {"Range", "bytes=-3", 206, "789"}, {"Range", "bytes=20-", 416, "invalid range: failed to overlap\n"},
		{"If-None-Match", head.header.Get("ETag"), 304, ""}, {"Range", "nonsense", 416, "invalid range\n"},
	} {
		r, err := http.NewRequest("GET", m.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(tc.key, tc.value)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != tc.status || b.String() != tc.body {
			t.Errorf("%s %s: %d %q %v", tc.key, tc.value, response.StatusCode, b.String(), err)
		}
	}

	link, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	q := link.Query()
	for name, bad := range map[string]string{
		"another file":      "/files/" + other.FileTransferID + "?" + link.RawQuery,
		"no such file":      "/files/x?" + link.RawQuery,
		"up":                "/files/..%2Fguichet.db?" + link.RawQuery,
		"no signature":      link.Path + "?expires=" + q.Get("expires"),
		"empty signature":   link.Path + "?expires=" + q.Get("expires") + "&signature=",
		"cut signature":     link.Path + "?expires=" + q.Get("expires") + "&signature=" + q.Get("signature")[:20],
		"later":             link.Path + "?expires=" + q.Get("expires") + "0&signature=" + q.Get("signature"),
		"expiry of a shape": link.Path + "?expires=%2B" + q.Get("expires") + "&signature=" + q.Get("signature"),
		"nothing":           link.Path,
	} {
		nobody.get(bad).refused(name, 403, wire.CodeForbidden)
	}
	nobody.send("POST", path, "", nil).refused("POST", 405, wire.CodeMethod)
	ahead.Add(299)
	if a := nobody.get(path); a.status != 200 {
		t.Errorf("a second before: %d", a.status)
	}
	ahead.Add(1)
	nobody.get(path).refused("after five minutes", 410, wire.CodeGone)
}

// TestUploadsThatAreTriedAgain makes one file of many tries.
func TestUploadsThatAreTriedAgain(t *testing.T) {
	m := serve(t, nil).meet()
	events := m.customer.overhear(wire.EndpointTopic(m.g))
	try := func(c caller, endpoint, content string) answer {
		return c.form(transfers+"?targetType=user", "try-1", field{wire.FormUserEndpointID, endpoint, ""}, field{wire.FormConferenceID, m.id, ""},
			field{wire.FormFile, content, "a.txt"})
	}
	const tries = 4
	ids := make([]string, tries)
	var wg sync.WaitGroup
	for i := range tries {
		wg.Go(func() {
			var v wire.FileTransfer
			try(m.agent, m.a, "hello").into(&v)
			ids[i] = v.FileTransferID
		})
	}
	wg.Wait()
	if len(slices.Compact(ids)) != 1 || len(m.stored()) != 1 {
		t.Errorf("ids %v, stored %v", ids, m.stored())
	}
	try(m.agent, m.a, "another").refused("another file", 409, wire.CodeConflict)
	if a := try(m.customer, m.g, "of somebody else"); a.status != 200 {
		t.Errorf("the same word of somebody else: %d %s", a.status, a.body)
	}
	first := await[wire.FileEvent](t, events, wire.EventFileTransferred)
	second := await[wire.FileEvent](t, events, wire.EventFileTransferred)
	if first.UserID != "test" || second.UserID != m.guest {
		t.Errorf("events of %s and %s, want one each", first.UserID, second.UserID)
	}
	if len(m.stored()) != 2 {
		t.Errorf("stored: %v", m.stored())
	}
}

// TestUploadsThatAreCutOff ends connections in the middle of a file.
func TestUploadsThatAreCutOff(t *testing.T) {
	m := serve(t, func(c *Config) { c.FilesTotal = 1 << 20 }).meet()
	kind, content := body(t, field{wire.FormUserEndpointID, m.g, ""}, field{wire.FormConferenceID, m.id, ""},
		field{wire.FormFile, strings.Repeat("x", 900<<10), "a.txt"})
	for range 3 { // more in all than there is room for
		c, err := net.Dial("tcp", strings.TrimPrefix(m.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			transfers, m.customer.token, kind, len(content), content[:len(content)-(100<<10)]); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != 400 {
			t.Errorf("status %d", response.StatusCode)
		}
		response.Body.Close()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if left := m.stored(); len(left) > 0 {
			t.Fatalf("stored %v", left)
		}
	}
	if a := m.give(m.customer, m.g, "a.txt", strings.Repeat("x", 900<<10)); a.status != 200 {
		t.Errorf("the whole file: %d %s", a.status, a.body)
	}
}

// TestFilesOutliveTheServer stops a server, leaves behind what a crash would,
// and starts another on the same folder.
func TestFilesOutliveTheServer(t *testing.T) {
	data := t.TempDir()
	config := func(c *Config) { c.Data, c.FilesTotal = data, 1000 }
	var v wire.FileTransfer
	var conference, endpoint string
	t.Run("before", func(t *testing.T) {
		m := serve(t, config).meet()
		conference, endpoint = m.id, m.a
		m.give(m.customer, m.g, "a.txt", strings.Repeat("x", 600)).into(&v)
		m.give(m.customer, m.g, "b.txt", strings.Repeat("x", 600)).refused("more than there is room for", 507, wire.CodeNoSpace)
		if left := m.stored(); len(left) != 1 {
			t.Errorf("stored %v", left)
		}
	})
	for _, orphan := range []string{"files/3f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", "files/incoming/123"} {
		if err := os.WriteFile(filepath.Join(data, orphan), []byte(strings.Repeat("x", 600)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("after", func(t *testing.T) {
		r := serve(t, config)
		if left := r.stored(); len(left) != 1 || left[0] != v.FileTransferID {
			t.Fatalf("stored %v, want %s alone", left, v.FileTransferID)
		}
		agent := r.application("test", "secret")
		if a := (caller{r, ""}).get(agent.url(transfers + "/" + v.FileTransferID + "/signedUrl")); string(a.body) != strings.Repeat("x", 600) {
			t.Errorf("%d %s", a.status, a.body)
		}
		e := await[wire.FileEvent](t, agent.overhear(wire.EndpointTopic(endpoint)), wire.EventFileTransferred)
		if e.FileTransferID != v.FileTransferID {
			t.Errorf("event of %s, want %s", e.FileTransferID, v.FileTransferID)
		}
		send := func(size int) answer {
			return agent.form(transfers, "", field{wire.FormUserEndpointID, endpoint, ""}, field{wire.FormConferenceID, conference, ""},
				field{wire.FormFile, strings.Repeat("x", size), "c.txt"})
		}
		send(401).refused("room is still taken", 507, wire.CodeNoSpace)
		if a := send(400); a.status != 200 {
			t.Errorf("the last bytes: %d %s", a.status, a.body)
		}
	})
}
