package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// pair starts a call of two colleagues.
func pair(t *testing.T) (a, b *person, url string) {
	t.Helper()
	ready := startServer(t)
	a, b = newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.ConferenceID)
	b.untilPhase(InCall)
	return a, b, ready.URL
}

// said lists the chat as "name: text", own lines with "me".
func said(s State) (lines []string) {
	for _, m := range s.Call.Messages {
		who := m.Name
		if m.Own {
			who = "me"
		}
		lines = append(lines, who+": "+m.Text)
	}
	return lines
}

// TestChat: what both write is read by both in one order; what is refused says
// so and can be tried again.
func TestChat(t *testing.T) {
	a, b, _ := pair(t)
	for _, text := range []string{" Hello ", "", "Two\nlines", "Three"} {
		a.SendMessage(text)
	}
	b.until("b reads", func(s State) bool { return len(s.Call.Messages) == 3 })
	b.SendMessage("Hi")
	want := []string{"me: Hello", "me: Two\nlines", "me: Three", "Ben: Hi"}
	s := a.until("a reads", func(s State) bool { return len(s.Call.Messages) == 4 && len(s.Call.Outbox) == 0 })
	if got := said(s); !slices.Equal(got, want) || s.Call.Messages[3].At.IsZero() {
		t.Errorf("a reads %q", got)
	}
	if got := said(b.until("b reads all", func(s State) bool { return len(s.Call.Messages) == 4 })); !slices.Equal(got, []string{"Anna: Hello", "Anna: Two\nlines", "Anna: Three", "me: Hi"}) {
		t.Errorf("b reads %q", got)
	}
	refused := func(s State) bool { return len(s.Call.Outbox) == 1 && s.Call.Outbox[0].Trouble != "" }
	a.SendMessage("bell \a")
	bad := a.until("the refusal", refused).Call.Outbox[0]
	a.SendMessage("after")
	a.until("others are not held up", func(s State) bool { return len(s.Call.Messages) == 5 && refused(s) })
	a.RetryMessage(bad.ID)
	a.until("it is tried again", func(s State) bool { return s.Call.Outbox[0].Trouble == "" })
	a.until("and refused again", refused)
}

// TestFilesOfACall: sent, seen, saved whole; refused, cancelled.
func TestFilesOfACall(t *testing.T) {
	a, b, _ := pair(t)
	folder := t.TempDir()
	content := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("guichet "), 1<<17)...)
	path := filepath.Join(folder, "Vertrag.pdf")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	a.SendFile(path)
	one := func(s State) bool { return len(s.Call.Files) == 1 && s.Call.Files[0].Stage == FileThere }
	if f := a.until("it is sent", one).Call.Files[0]; !f.Own || f.From != "Anna" {
		t.Errorf("a's own is %+v", f)
	}
	f := b.until("b sees it", one).Call.Files[0]
	if f.Own || f.From != "Anna" || f.Name != "Vertrag.pdf" || f.Size != int64(len(content)) || f.At.IsZero() {
		t.Errorf("b sees %+v", f)
	}
	to := filepath.Join(folder, "saved.pdf")
	b.SaveFile(f.ID, to)
	b.until("it is saved", func(s State) bool { return s.Call.Files[0].SavedAs == to && s.Call.Files[0].Stage == FileThere })
	if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, content) {
		t.Errorf("saved %d bytes, %v", len(got), err)
	}
	b.SaveFile(f.ID, filepath.Join(folder, "nowhere", "x.pdf"))
	b.until("no folder", func(s State) bool { return s.Call.Files[0].Trouble != "" })

	program := filepath.Join(folder, "run.exe")
	if err := os.WriteFile(program, []byte("MZ"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.SendFile(program)
	unsent := func(s State) bool { return len(s.Call.Files) == 2 && s.Call.Files[1].Stage == FileUnsent }
	bad := a.until("a program is refused", unsent).Call.Files[1]
	if bad.Trouble == "" {
		t.Error("without a reason")
	}
	if err := os.WriteFile(program, []byte("%PDF-1.7"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.RetryFile(bad.ID)
	a.until("it is tried again", func(s State) bool { return !unsent(s) })
	a.until("and refused again", unsent)
	a.CancelFile(bad.ID)
	a.until("it is forgotten", one)
	a.SendFile(folder)
	a.until("a folder is no file", func(s State) bool { return len(s.Notices) == 1 && s.Notices[0].Error })
	left, err := filepath.Glob(filepath.Join(folder, ".guichet-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %q, %v", left, err)
	}
}

// guest is somebody in a call who answers as told.
type guest struct {
	t        *testing.T
	client   *client.Client
	endpoint string
	asked    chan wire.Snapshot
	camera   chan wire.SnapshotEvent
}

func newGuest(t *testing.T, server, conference string) *guest {
	t.Helper()
	g := &guest{t: t, asked: make(chan wire.Snapshot, 8), camera: make(chan wire.SnapshotEvent, 8)}
	hc := &http.Client{Transport: &http.Transport{}}
	token := func(ctx context.Context) (string, error) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"test"}, "client_secret": {"secret"}}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/security/oauth/token", strings.NewReader(form.Encode()))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := hc.Do(r)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		var k wire.Token
		return k.AccessToken, json.NewDecoder(answer.Body).Decode(&k)
	}
	var err error
	if g.client, err = client.New(client.Config{Server: server, HTTP: hc, Token: token}); err != nil {
		t.Fatal(err)
	}
	link := g.client.Connect(client.ConnectionConfig{})
	joined := make(chan string, 64)
	call, err := link.Join(client.CallConfig{Conference: conference, Metadata: wire.ParticipantMetadata{Name: "Maria"},
		OnState: func(s client.CallState) {
			if s.Joined {
				select {
				case joined <- s.Endpoint:
				default:
				}
			}
		},
		OnSnapshot: func(s wire.Snapshot) {
			if s.State == wire.SnapshotRequested {
				g.asked <- s
			}
		},
		OnCamera: func(e wire.SnapshotEvent) {
			if e.Type == wire.EventSnapshotCameraRequested {
				g.camera <- e
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { call.Close(); link.Close(); hc.CloseIdleConnections() })
	g.endpoint = <-joined
	return g
}

func (g *guest) answer(approve bool) (id string) {
	g.t.Helper()
	s := <-g.asked
	if err := g.client.AnswerSnapshot(g.t.Context(), s.SnapshotID, approve, wire.AnswerSnapshot{UserEndpointID: g.endpoint}); err != nil {
		g.t.Fatal(err)
	}
	return s.SnapshotID
}

func photograph(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.SetRGBA(i%w, i/w, color.RGBA{uint8(i % w), uint8(i / w), 99, 255})
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestPhotos: asked for, allowed, there in small and large, saved; declined; not
// a picture at all; and what becomes of requests to a camera.
func TestPhotos(t *testing.T) {
	a, _, url := pair(t)
	g := newGuest(t, url, a.State().Call.ConferenceID)
	a.until("the guest is there", func(s State) bool { return len(s.Call.Participants) == 3 })
	stage := func(n int, want PhotoStage) func(State) bool {
		return func(s State) bool { return len(s.Call.Photos) == n && s.Call.Photos[n-1].Stage == want }
	}
	a.AskPhoto(g.endpoint)
	if p := a.until("it is asked for", stage(1, PhotoAsked)).Call.Photos[0]; p.Of != "Maria" || p.At.IsZero() {
		t.Errorf("asked %+v", p)
	}
	id := g.answer(true)
	a.until("it is allowed", stage(1, PhotoAllowed))
	file := photograph(t, 1280, 720)
	if err := g.client.UploadSnapshot(t.Context(), id, g.endpoint, bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file)
	p := a.until("it is there", func(s State) bool { return stage(1, PhotoThere)(s) && s.Call.Photos[0].Small != nil }).Call.Photos[0]
	if p.Size != int64(len(file)) || p.SHA256 != hex.EncodeToString(sum[:]) || p.Small.Bounds().Dx() != smallWidth || p.Small.Bounds().Dy() != 324 {
		t.Errorf("there as %+v", p)
	}
	a.OpenPhoto(id)
	a.until("it is large", func(s State) bool {
		return s.Call.Open != nil && s.Call.Open.Image != nil && s.Call.Open.Image.Bounds().Dx() == 1280
	})
	a.ClosePhoto()
	a.until("it is put away", func(s State) bool { return s.Call.Open == nil })
	to := filepath.Join(t.TempDir(), "photo.jpg")
	a.SavePhoto(id, to)
	a.until("it is saved", func(s State) bool { return s.Call.Photos[0].SavedAs == to && !s.Call.Photos[0].Saving })
	if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, file) {
		t.Errorf("saved %d bytes, %v", len(got), err)
	}

	a.AskPhoto(g.endpoint)
	g.answer(false)
	a.until("it is declined", stage(2, PhotoDeclined))
	a.AskPhoto(g.endpoint)
	broken := g.answer(true)
	if err := g.client.UploadSnapshot(t.Context(), broken, g.endpoint, strings.NewReader("\xff\xd8\xff broken"), 0); err != nil {
		t.Fatal(err)
	}
	a.until("a broken one says so", func(s State) bool { return stage(3, PhotoThere)(s) && s.Call.Photos[2].Trouble != "" })

	for _, works := range []bool{true, false} {
		a.AskCamera(g.endpoint, CameraFlashOn)
		e := <-g.camera
		if err := g.client.AnswerCamera(t.Context(), wire.AnswerCamera{SnapshotCameraRequestID: e.SnapshotCameraRequestID, UserEndpointID: g.endpoint, Succeeded: works}); err != nil {
			t.Fatal(err)
		}
		a.until("the outcome is told", func(s State) bool {
			return slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.Error != works && strings.Contains(n.Text, "the light on") })
		})
	}
	a.AskPhoto("nobody")
	a.until("nobody cannot be asked", func(s State) bool { return strings.Contains(s.Notices[len(s.Notices)-1].Text, "not asked") })
}

// TestDecode: what is no picture, or too large a one, is refused before memory
// is spent.
func TestDecode(t *testing.T) {
	if _, _, err := decode([]byte("nothing")); err == nil {
		t.Error("no picture")
	}
	huge := photograph(t, 16, 16)
	i := bytes.Index(huge, []byte{0xff, 0xc0}) // the frame header: height and width follow its length and depth
	copy(huge[i+5:], []byte{0xff, 0xff, 0xff, 0xff})
	if _, _, err := decode(huge); err != errPicture {
		t.Errorf("65535 by 65535: %v", err)
	}
	if m, kind, err := decode(photograph(t, 16, 16)); err != nil || kind != ".jpg" || small(m).Bounds().Dx() != 16 {
		t.Errorf("a small one: %v", err)
	}
}

func TestNetworkOf(t *testing.T) {
	now := time.Now()
	l := &loop{last: client.CallState{Measured: now, Network: map[string]wire.NetworkIndicator{
		"a": {Grade: wire.GradeOptimal}, "b": {Grade: wire.GradeSuboptimal}, "c": {Grade: wire.GradeBad}, "d": {Grade: "UNHEARD"}}}}
	for endpoint, want := range map[string]Grade{"a": GradeGood, "b": GradeFair, "c": GradePoor, "d": GradeUnknown, "e": GradeUnknown} {
		if got := l.networkOf(endpoint, now); got.Grade != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
	if got := l.networkOf("c", now.Add(time.Minute)); got.Grade != GradeUnknown {
		t.Errorf("an old one: %v", got)
	}
}
