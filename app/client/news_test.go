package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"guichet/platform/wire"
)

// pdf makes a file of a size that the server takes.
func pdf(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	copy(b, "%PDF-1.7\n")
	return b
}

// TestFiles: a file goes over with its progress, is whole, is told once to
// everybody, and to who comes later.
func TestFiles(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	content := pdf(3 << 20)
	path := filepath.Join(t.TempDir(), "Vertrag „Müller“.pdf")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	f, err := a.call.SendPath(t.Context(), path, Upload{Progress: func(n int64) { sent.Store(n) }})
	if err != nil {
		t.Fatal(err)
	}
	if f.Filename != "Vertrag „Müller“.pdf" || f.Size != int64(len(content)) || sent.Load() != f.Size {
		t.Errorf("sent %d bytes as %+v", sent.Load(), f)
	}
	for _, m := range []*member{a, b} {
		m.until("the file is told of", func(m *member) bool { return len(m.files) == 1 })
	}
	var got bytes.Buffer
	var come int64
	if err := b.client.Download(t.Context(), b.sent()[0], &got, func(n int64) { come = n }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), content) || come != f.Size {
		t.Errorf("%d bytes came, told %d", got.Len(), come)
	}
	damaged := f
	damaged.SHA256 = strings.Repeat("0", 64)
	if err := b.client.Download(t.Context(), damaged, io.Discard, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("another hash: %v", err)
	}
	// What is streamed goes without a size; it is the same transaction twice.
	for range 2 {
		if _, err := a.call.SendFile(t.Context(), Upload{Name: "note.txt", Content: io.LimitReader(strings.NewReader("hello there"), 5), Transaction: "twice"}); err != nil {
			t.Fatal(err)
		}
	}
	late := enter(t, h, h.URL, 'c').join(a.conferenceID)
	late.until("who comes later is told", func(m *member) bool { return len(m.files) == 2 && m.files[0].Filename == f.Filename })
	list, err := late.call.Files(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("%d files, %v", len(list), err)
	}
}

// TestFileIsRefused: before it is sent, and for good.
func TestFileIsRefused(t *testing.T) {
	h := startServer(t)
	a, _ := both(t, h, h.URL)
	var sent atomic.Int64
	u := Upload{Name: "large.pdf", Content: bytes.NewReader(pdf(26 << 20)), Size: 26 << 20, Progress: func(n int64) { sent.Store(n) }}
	if _, err := a.call.SendFile(t.Context(), u); code(err) != wire.CodeTooLarge || sent.Load() != 0 {
		t.Errorf("too large: %v after %d bytes", err, sent.Load())
	}
	if _, err := a.call.SendFile(t.Context(), Upload{Name: "run.exe", Content: strings.NewReader("MZ")}); code(err) != wire.CodeMediaType {
		t.Errorf("a program: %v", err)
	}
	if _, err := a.call.SendPath(t.Context(), t.TempDir(), Upload{}); !errors.Is(err, ErrNoFile) {
		t.Errorf("a folder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	u = Upload{Name: "slow.pdf", Content: endless{}, Progress: func(n int64) {
		if n > 1<<20 {
			cancel()
		}
	}}
	if _, err := a.call.SendFile(ctx, u); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled file: %v", err)
	}
	a.call.Close()
	if _, err := a.call.SendFile(t.Context(), u); !errors.Is(err, ErrCallEnded) {
		t.Errorf("after the call: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "%PDF-1.7\n"), nil }

// TestFilesOverAnOutage: what breaks off while it is sent or fetched goes on by
// itself, and nothing comes twice.
func TestFilesOverAnOutage(t *testing.T) {
	h := startServer(t)
	p := startProxy(t, h)
	a, b := both(t, h, p.url())
	content := pdf(8 << 20)
	var cuts atomic.Int64
	cut := func(n int64) {
		if n > 1<<20 && cuts.Add(1) == 1 {
			p.setBroken(true)
			p.setBroken(false)
		}
	}
	f, err := a.call.SendFile(t.Context(), Upload{Name: "a.pdf", Content: bytes.NewReader(content), Size: int64(len(content)), Progress: cut})
	if err != nil {
		t.Fatal(err)
	}
	b.until("the file is told of", func(m *member) bool { return len(m.files) == 1 })
	// The signed address is the server's own: the cut must be on the way to it.
	cuts.Store(0)
	var got bytes.Buffer
	through := &http.Transport{Proxy: nil, DialContext: p.dial}
	defer through.CloseIdleConnections()
	c, err := New(Config{Server: h.URL, HTTP: &http.Client{Transport: through}, Token: b.tokens.token})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Download(t.Context(), f, &got, cut); err != nil || !bytes.Equal(got.Bytes(), content) || cuts.Load() == 0 {
		t.Errorf("%d bytes came, %v, cuts %d", got.Len(), err, cuts.Load())
	}
	list, err := b.call.Files(t.Context())
	if err != nil || len(list) != 1 {
		t.Errorf("%d files, %v", len(list), err)
	}
}

// jpeg is a picture as far as the server looks.
func jpeg(n int) []byte { return append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{7}, n)...) }

// TestSnapshots: asked for, approved, there, and read back unchanged; another is
// declined; each step is told once, also to staff who comes later.
func TestSnapshots(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	s, err := a.call.RequestSnapshot(t.Context(), b.now().Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	b.until("b is asked", func(m *member) bool { return m.snapshots[s.SnapshotID].State == wire.SnapshotRequested })
	me := b.now().Endpoint
	if err := b.client.AnswerSnapshot(t.Context(), s.SnapshotID, true, wire.AnswerSnapshot{UserEndpointID: me}); err != nil {
		t.Fatal(err)
	}
	a.until("a yes", func(m *member) bool { return m.snapshots[s.SnapshotID].State == wire.SnapshotApproved })
	picture := jpeg(100_000)
	if err := b.client.UploadSnapshot(t.Context(), s.SnapshotID, me, bytes.NewReader(picture), int64(len(picture))); err != nil {
		t.Fatal(err)
	}
	a.until("the picture", func(m *member) bool { return m.snapshots[s.SnapshotID].State == wire.SnapshotAcquired })
	sum := sha256.Sum256(picture)
	there := a.snapshot(s.SnapshotID)
	if there.SHA256 != hex.EncodeToString(sum[:]) || there.Size != int64(len(picture)) || there.TargetUserEndpointID != me || there.CreatedAt.IsZero() {
		t.Errorf("the picture is %+v", there)
	}
	var got bytes.Buffer
	if err := a.client.DownloadSnapshot(t.Context(), there, &got, nil); err != nil || !bytes.Equal(got.Bytes(), picture) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	no, err := a.call.RequestSnapshot(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.client.AnswerSnapshot(t.Context(), no.SnapshotID, false, wire.AnswerSnapshot{UserEndpointID: me}); err != nil {
		t.Fatal(err)
	}
	a.until("a no", func(m *member) bool { return m.snapshots[no.SnapshotID].State == wire.SnapshotDeclined })
	late := enter(t, h, h.URL, 'c').join(a.conferenceID)
	late.until("later staff sees both", func(m *member) bool {
		return m.snapshots[s.SnapshotID].State == wire.SnapshotAcquired && m.snapshots[no.SnapshotID].State == wire.SnapshotDeclined
	})
	if told := a.steps(); told != 5 {
		t.Errorf("%d steps were told, want 5", told)
	}
	if _, err := a.call.RequestSnapshot(t.Context(), "nobody"); code(err) != wire.CodeInvalid {
		t.Errorf("of nobody: %v", err)
	}
}

func TestCameraRequests(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	id, err := a.call.RequestCamera(t.Context(), b.now().Endpoint, wire.CameraFlashOn)
	if err != nil {
		t.Fatal(err)
	}
	asked := func(m *member) bool {
		return len(m.cameras) > 0 && m.cameras[0].SnapshotCameraRequestID == id && m.cameras[0].CameraRequestType == wire.CameraFlashOn
	}
	b.until("b's camera is asked", asked)
	if err := b.client.AnswerCamera(t.Context(), wire.AnswerCamera{SnapshotCameraRequestID: id, UserEndpointID: b.now().Endpoint, AdditionalInformation: "no light"}); err != nil {
		t.Fatal(err)
	}
	a.until("the outcome", func(m *member) bool {
		n := len(m.cameras)
		return n == 2 && asked(m) && m.cameras[1].Succeeded != nil && !*m.cameras[1].Succeeded && m.cameras[1].AdditionalInformation == "no light"
	})
}

func TestParticipants(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	a.call.SetMuted(Audio, true)
	b.until("a is muted", func(m *member) bool {
		p := m.state.Participants()
		if len(p) == 2 && p[0].Self { // who was in first
			p[0], p[1] = p[1], p[0]
		}
		return len(p) == 2 && !p[0].Self && p[0].Name == "a" && p[0].Muted && !p[0].CameraOff && p[1].Self && !p[1].Muted && !p[1].Customer
	})
}

// TestTranscript: any order and any number of times goes in, each once and in
// order comes out.
func TestTranscript(t *testing.T) {
	line := func(n int64) wire.ChatMessage { return wire.ChatMessage{Seq: n, Text: fmt.Sprint(n)} }
	numbers := func(list []wire.ChatMessage) (s string) {
		for _, m := range list {
			s += m.Text
		}
		return s
	}
	var c Transcript
	for _, step := range []struct {
		take    int64
		ready   string
		missing bool
	}{{2, "", true}, {2, "", true}, {1, "12", false}, {1, "", false}, {5, "", true}, {4, "", true}, {3, "345", false}, {0, "", false}, {-1, "", false}} {
		if got := numbers(c.Take(line(step.take))); got != step.ready || c.Missing() != step.missing {
			t.Errorf("took %d: gave %q, missing %t; want %q, %t", step.take, got, c.Missing(), step.ready, step.missing)
		}
	}
	c.Take(line(9))
	if got := numbers(c.Fetched([]wire.ChatMessage{line(5), line(6), line(8)}, false)); got != "689" || c.Missing() || c.After() != 9 {
		t.Errorf("fetched: gave %q, missing %t, after %d", got, c.Missing(), c.After())
	}
	for n := range int64(maxHeld + 1) {
		c.Take(line(100 + n))
	}
	if len(c.held) > maxHeld || !c.Missing() {
		t.Errorf("%d are held", len(c.held))
	}
	c.Fetched([]wire.ChatMessage{line(10)}, true)
	if !c.Missing() {
		t.Error("what was given up is not asked for")
	}
}
