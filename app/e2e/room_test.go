package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
)

// roomLink asks for a room token as the demo application with the scope video.
func roomLink(t *testing.T, ready wire.Ready, room string, fields map[string]any) string {
	t.Helper()
	all := map[string]any{"room_name": room}
	for k, v := range fields {
		all[k] = v
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, ready.URL+"/api/video/room_tokens", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("project_id", "token")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var token wire.RoomToken
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || token.Token == "" {
		t.Fatalf("room token: %s, %v", answer.Status, err)
	}
	return ready.URL + "/r/" + room + "#" + token.Token
}

// about picks an item of the menu about the one other person, counted from the
// top; separators do not count.
func (w *window) about(item int) {
	w.t.Helper()
	w.key("ctrl+p")
	w.key("shift+Tab") // End the call for everybody
	w.key("shift+Tab") // Let nobody else in
	w.key("shift+Tab") // Layout of the stage
	w.key("shift+Tab") // what to do about them
	w.key("Return")
	for range item {
		w.key("Down")
	}
	w.keep("desktop-about")
	w.key("Return")
	w.key("ctrl+p")
}

// Items of the menu about a member with nothing muted, and about the audience.
const (
	itemMute      = 5 // after those about photo and camera; Unmute, Let speak in its place
	itemCameraOff = 6
	itemDemote    = 7
	itemRemove    = 11 // after those about hearing, sound and place
)

// still waits until the window shows a pattern that does not move, or none: the
// same for two seconds.
func (w *window) still(id uint8) {
	w.t.Helper()
	since, last := time.Now(), -1
	for deadline := time.Now().Add(patience); time.Since(since) < 2*time.Second; {
		now := -1
		for _, c := range w.codes() {
			if c.ID == id {
				now = int(c.Counter)
			}
		}
		if now != last {
			since, last = time.Now(), now
		}
		if time.Now().After(deadline) {
			w.keep("failure-" + w.t.Name())
			w.t.Fatalf("pattern %d goes on moving", id)
		}
	}
}

// TestModeration: an agent in the window mutes, demotes, promotes and removes a
// member in a browser who came by a room's link; both sides see it, pictures
// stop and come back.
func TestModeration(t *testing.T) {
	ready := startServer(t)
	b := openBrowser(t, customerPattern, customerTone)
	member := b.tab()
	member.run(chromedp.Navigate(roomLink(t, ready, "evening", map[string]any{"user_name": "Maria", "room_display_name": "Mortgage evening"})))
	member.screen("invite")
	member.run(chromedp.Click("#ask"))
	member.screen("preview")
	member.run(chromedp.Click("#join"))
	member.screen("call", "waiting")

	var running []wire.ConferenceEntry
	service(t, ready.URL).get("/rtc-api/conferences", &running)
	if len(running) != 1 {
		t.Fatalf("%d calls run", len(running))
	}
	w := openWindow(t, "--server", ready.URL, "--join", running[0].ID, "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	w.key("Return")
	signIn(w, b, ready.Users["agent1"])
	w.lines.wait(t, 0, "phase=call")
	w.shows(customerPattern)
	member.moving("#stage video[data-stream]", agentPattern)
	w.keep("desktop-room")

	count := w.lines.count()
	w.about(itemCameraOff)
	w.lines.wait(t, count, "participant", "Maria", "camera=off")
	w.still(customerPattern)
	member.until(`document.querySelector("#camera").getAttribute("aria-pressed") === "false"`)
	member.keep("room-camera-off")
	w.about(itemMute)
	w.lines.wait(t, count, "participant", "Maria", "muted=true", "camera=off")
	member.until(`document.querySelector("#microphone").getAttribute("aria-pressed") === "false"`)
	w.keep("desktop-room-muted")
	w.about(itemMute) // Unmute stands there now
	w.about(itemCameraOff)
	member.until(`document.querySelector("#note")?.innerText.includes("again")`)
	member.keep("room-unmuted")

	w.about(itemDemote)
	w.lines.wait(t, count, "participant", "Maria", "audience=true")
	member.until(`document.body.dataset.seat === "audience"`)
	member.keep("room-audience")
	w.keep("desktop-room-audience")

	count = w.lines.count()
	w.about(itemMute) // Let speak
	w.lines.wait(t, count, "participant", "Maria", "audience=false")
	member.until(`document.querySelector("#promoted .primary, dialog .primary") !== null && document.body.dataset.seat === "member"`)
	member.keep("room-promoted")
	member.run(chromedp.Click("dialog[open] .primary"))
	w.shows(customerPattern)

	w.about(itemRemove)
	w.keep("desktop-room-remove")
	w.key("Tab")
	w.key("Return")
	w.lines.wait(t, count, "participant left", "Maria")
	member.screen("removed")
	member.keep("room-removed")
}

// TestWatching: who came as audience sees and hears in the window, and opens no
// camera.
func TestWatching(t *testing.T) {
	ready := startServer(t)
	b := openBrowser(t, customerPattern, customerTone)
	member := b.tab()
	member.run(chromedp.Navigate(roomLink(t, ready, "evening", map[string]any{"user_name": "Maria"})))
	member.screen("invite")
	member.run(chromedp.Click("#ask"))
	member.screen("preview")
	member.run(chromedp.Click("#join"))
	member.screen("call", "waiting")

	w := openWindow(t, "--join", roomLink(t, ready, "evening", map[string]any{"user_name": "Jonas", "join_as": "audience"}),
		"--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	w.lines.wait(t, 0, "phase=call")
	w.shows(customerPattern)
	w.lines.wait(t, 0, "participant", "Jonas", "self=true", "audience=true")
	w.keep("desktop-watching")
	for _, c := range w.codes() {
		if c.ID == agentPattern {
			t.Error("the audience's camera is on")
		}
	}
}
