package server

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	"golang.org/x/image/webp"
)

func still(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../preview/testdata/" + name + ".vp8")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// seen tells what a picture shows: the colours of its frames in their order.
func seen(t *testing.T, a answer) (colours string) {
	t.Helper()
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/webp" || a.header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	rest := a.body[12:]
	if string(rest[:4]) == "VP8 " {
		return colour(t, a.body)
	}
	for len(rest) > 0 {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		if name == "ANMF" {
			frame := rest[8+16 : 8+size]
			colours += colour(t, append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(frame)+4)), append([]byte("WEBP"), frame...)...))
		}
		rest = rest[8+size+size%2:]
	}
	return colours
}

func colour(t *testing.T, picture []byte) string {
	t.Helper()
	m, err := webp.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if c := color.RGBAModel.Convert(m.At(5, 5)).(color.RGBA); c.R > c.B {
		return "r"
	}
	return "b"
}

func TestPreviewOfARoom(t *testing.T) {
	var clock atomic.Int64
	r := serve(t, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(clock.Load())) }
	})
	project := r.project()
	anna, ben := r.guest(fields("stage", "enable_room_previews", true)), r.guest(fields("stage", "join_as", "audience"))
	_, session := anna.enter("stage")
	ben.enter("stage")
	const path = "/previews/stage"
	anna.get(path).refused("nobody publishes", 404, wire.CodeNotFound)

	film(t, anna, "stage", still(t, "red"))
	until(t, "r", func() string { return shows(t, anna.get(path)) })
	if got := seen(t, ben.get(path)); got != "r" {
		t.Errorf("the audience sees %q", got)
	}
	film(t, r.guest(fields("stage")), session, still(t, "blue")) // by the session's id
	clock.Add(int64(5 * time.Second))
	until(t, "rb", func() string { return shows(t, anna.get(path)) })

	var s wire.VideoSession
	project.get("/api/video/room_sessions/" + session).into(&s)
	if s.PreviewURL == nil || !s.EnableRoomPreviews || !strings.HasPrefix(*s.PreviewURL, r.URL+"/previews/"+session+"?") {
		t.Fatalf("session %+v", s)
	}
	link := strings.TrimPrefix(*s.PreviewURL, r.URL)
	nobody := caller{running: r}
	if got := seen(t, nobody.get(link)); got != "rb" {
		t.Errorf("by the link: %q", got)
	}
	nobody.get(strings.Replace(link, "signature=", "signature=A", 1)).refused("another signature", 403, wire.CodeForbidden)
	nobody.get(strings.Replace(link, "organization=default", "organization=other", 1)).refused("another organization", 403, wire.CodeForbidden)
	nobody.get("/previews/"+session+"?signature=").refused("an empty signature", 403, wire.CodeForbidden)
	nobody.get("/previews/"+session).refused("without a signature", 401, wire.CodeUnauthorized)
	nobody.get(path).refused("without a token", 401, wire.CodeUnauthorized)
	r.guest(fields("elsewhere")).get("/previews/"+session).refused("of another room", 403, wire.CodeForbidden)
	outside, blind := r.guest(fields("stage")), r.guest(fields("stage", "media_allowed", "audio-only"))
	blind.enter("stage")
	for _, id := range []string{"stage", session} {
		outside.get("/previews/"+id).refused("who has not joined", 403, wire.CodeForbidden)
		blind.get("/previews/"+id).refused("who may not see pictures", 403, wire.CodeForbidden)
	}

	// A mute of the server's counts at once, whatever was seen before.
	agent := r.application("test", "secret")
	e := agent.endpoint()
	agent.do("join", wire.JoinConference{ConferenceID: session, UserEndpointID: e})
	muted := ""
	for _, p := range agent.state(session).Participants {
		for _, of := range p.Endpoints {
			if len(of.Streams) > 0 && muted == "" {
				muted = of.ID // whose picture comes first
			}
		}
	}
	agent.do("muteVideo", wire.MemberAction{ConferenceID: session, UserEndpointID: e, TargetUserEndpointID: muted})
	if got := seen(t, nobody.get(link)); got != "b" {
		t.Errorf("a muted member is seen: %q", got)
	}
	agent.do("unmuteVideo", wire.MemberAction{ConferenceID: session, UserEndpointID: e, TargetUserEndpointID: muted})
	until(t, "rb", func() string { return shows(t, nobody.get(link)) })
	agent.do("updateMetadata", wire.UpdateMetadata{ConferenceID: session, UserEndpointID: e, Operation: wire.OperationSet, Key: wire.MetadataOnHold, Value: "true"})
	nobody.get(link).refused("on hold", 404, wire.CodeNotFound)
	agent.do("updateMetadata", wire.UpdateMetadata{ConferenceID: session, UserEndpointID: e, Operation: wire.OperationRemove, Key: wire.MetadataOnHold})
	until(t, "rb", func() string { return shows(t, nobody.get(link)) })

	clock.Add(int64(2 * time.Hour))
	nobody.get(link).refused("an old link", 410, wire.CodeGone)
	clock.Store(0)

	// Rooms without previews have none.
	plain := r.guest(fields("plain"))
	_, other := plain.enter("plain")
	film(t, plain, "plain", still(t, "red"))
	plain.get("/previews/plain").refused("a room without previews", 404, wire.CodeNotFound)
	var without wire.VideoSession
	project.get("/api/video/room_sessions/" + other).into(&without)
	if without.PreviewURL != nil {
		t.Errorf("a link to a room without previews: %s", *without.PreviewURL)
	}
}

// shows is seen where there may be nothing.
func shows(t *testing.T, a answer) string {
	t.Helper()
	if a.status == http.StatusNotFound {
		return ""
	}
	return seen(t, a)
}

// until asks again and again: media takes its time to come.
func until(t *testing.T, want string, ask func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for got := ask(); got != want; got = ask() {
		if time.Now().After(end) {
			t.Fatalf("got %q, want %q", got, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
