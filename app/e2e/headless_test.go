package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"
)

// headless is a desktop program without a window, which prints what happens.
type headless struct {
	*process
	t     *testing.T
	lines *lines // of standard output
}

// openHeadless joins a conference as the demo application.
func openHeadless(t *testing.T, ready wire.Ready, conference, name string, args ...string) *headless {
	t.Helper()
	dir := t.TempDir()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	h := &headless{t: t, lines: &lines{news: make(chan struct{})}}
	h.process = start(t, w, []string{"GUICHET_CLIENT_ID=test", "GUICHET_CLIENT_SECRET=secret", "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir,
		"DISPLAY=", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS="},
		program(t, "guichet"), append([]string{"--headless", "--server", ready.URL, "--join", conference, "--name", name, "--data", dir, "--no-keyring"}, args...)...)
	w.Close()
	go func() {
		h.lines.read(r)
		r.Close()
	}()
	return h
}

// sees waits for two different frames of a pattern that come after a line.
func (h *headless) sees(from, id int) {
	h.t.Helper()
	seen := map[int]bool{}
	for len(seen) < 2 {
		var frame struct{ Pattern, Counter int }
		line, next := h.lines.wait(h.t, from, `"event":"frame"`, `"pattern":`)
		if err := json.Unmarshal([]byte(line), &frame); err != nil {
			h.t.Fatal(err)
		}
		if from = next; frame.Pattern == id {
			seen[frame.Counter] = true
		}
	}
}

// TestHeadless: two desktops without windows, a WHIP publisher and a WHEP
// viewer meet in one conference; one desktop is started anew; another viewer
// comes late.
func TestHeadless(t *testing.T) {
	ready := startServer(t)
	r := service(t, ready.URL)
	var conference wire.Summary
	r.call("/rtc-api/conferences/create", wire.CreateConference{}, &conference)
	heard := filepath.Join(t.TempDir(), "heard.wav")
	anna := openHeadless(t, ready, conference.ID, "Anna", "--camera", "pattern:1", "--microphone", "tone:440", "--speaker", "file:"+heard)
	bert := openHeadless(t, ready, conference.ID, "Bert", "--camera", "pattern:2", "--microphone", "tone:880", "--speaker", "none")
	anna.sees(0, 2)
	bert.sees(0, 1)
	hears(t, heard, 880, 440)

	sendPattern(t, r, conference.ID, 3)
	anna.sees(anna.lines.count(), 3)
	bert.sees(bert.lines.count(), 3)
	watchPattern(t, r, conference.ID, streamOf(t, r, conference.ID, "Anna"), 1)

	// Bert's program ends and is started again: Anna sees him go and come back.
	at := anna.lines.count()
	bert.stop(t)
	_, at = anna.lines.wait(t, at, `"event":"left"`, `"name":"Bert"`)
	again := openHeadless(t, ready, conference.ID, "Bert", "--camera", "pattern:2", "--microphone", "none", "--speaker", "none")
	anna.lines.wait(t, at, `"event":"participant"`, `"name":"Bert"`)
	anna.sees(at, 2)
	again.sees(0, 1)

	// A viewer who comes late starts on a key frame at once.
	watchPattern(t, r, conference.ID, streamOf(t, r, conference.ID, "Bert"), 2)
	watchPattern(t, r, conference.ID, streamOf(t, r, conference.ID, "test"), 3)
}

// streamOf returns the stream of the participant with a name.
func streamOf(t *testing.T, r rest, conference, name string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		var state wire.Conference
		r.get("/rtc-api/conferences/"+conference+"/simpleView", &state)
		for _, p := range state.Participants {
			for _, e := range p.Endpoints {
				if strings.Contains(string(e.Metadata), `"`+name+`"`) && len(e.Streams) > 0 {
					return string(e.Streams[0].ID)
				}
			}
		}
	}
	t.Fatalf("%s publishes nothing", name)
	return ""
}
