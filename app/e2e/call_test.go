package e2e

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/media/capture/pattern"
	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	agentPattern    = 17
	customerPattern = 34
	agentTone       = 440.0
	customerTone    = 1000.0
)

// observer is a third endpoint in the conference that records events.
type observer struct {
	t      *testing.T
	events chan wire.Event
}

func observe(t *testing.T, ready wire.Ready, r rest, conference string) *observer {
	t.Helper()
	var endpoint string
	r.call("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: 600}, &endpoint)
	o := &observer{t: t, events: make(chan wire.Event, 256)}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + ready.MQTT).SetClientID("observer").SetUsername(r.token).SetAutoReconnect(false))
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("MQTT: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(100) })
	token := client.Subscribe(wire.EndpointTopic(endpoint), 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.Event
		if err := json.Unmarshal(m.Payload(), &e); err != nil {
			t.Error(err)
			return
		}
		o.events <- e
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("subscribe: %v", token.Error())
	}
	r.call("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: conference, UserEndpointID: endpoint}, nil)
	return o
}

// wait returns the next event that fits.
func (o *observer) wait(what string, fits func(wire.Event) bool) wire.Event {
	o.t.Helper()
	var seen []string
	deadline := time.After(patience)
	for {
		select {
		case e := <-o.events:
			if fits(e) {
				return e
			}
			seen = append(seen, string(e.Type)+" "+e.Key)
		case <-deadline:
			o.t.Fatalf("no event: %s; others: %v", what, seen)
		}
	}
}

func muted(kind string, op wire.Operation) func(wire.Event) bool {
	return func(e wire.Event) bool {
		return e.Type == wire.EventMetadataUpdated && e.Operation == op && strings.HasPrefix(e.Key, "TRACK_MUTED/"+kind+"/")
	}
}

// signIn fills in the real sign-in page that the desktop program opened.
func signIn(w *window, b *browser, password string) {
	w.t.Helper()
	address := w.browserAddress()
	b.run(chromedp.Navigate(address), chromedp.WaitVisible("#username"))
	b.keep("sign-in-page")
	b.run(chromedp.SendKeys("#username", "agent1"), chromedp.SendKeys("#password", password), chromedp.Click("#sign-in"))
	b.until("document.body && document.body.innerText.includes('signed in')")
	b.keep("signed-in-page")
}

// codes finds the patterns on the screen; the own picture is mirrored.
func (w *window) codes() []pattern.Code {
	w.t.Helper()
	picture := w.screenshot()
	mirrored := image.NewRGBA(picture.Bounds())
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			mirrored.Set(b.Max.X-1-(x-b.Min.X), y, picture.At(x, y))
		}
	}
	return append(pattern.Find(picture), pattern.Find(mirrored)...)
}

// shows waits until the window shows two different frames of a pattern.
func (w *window) shows(id uint8) {
	w.t.Helper()
	seen := map[uint16]bool{}
	var last []pattern.Code
	for deadline := time.Now().Add(patience); len(seen) < 2; {
		last = w.codes()
		for _, c := range last {
			if c.ID == id {
				seen[c.Counter] = true
			}
		}
		if time.Now().After(deadline) {
			w.keep("failure-" + w.t.Name())
			w.t.Fatalf("the window does not show pattern %d moving; last seen: %v", id, last)
		}
	}
}

// link copies the ticket link with its shortcut.
func (w *window) link() string {
	w.t.Helper()
	w.key("ctrl+l")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if s := strings.TrimSpace(string(w.x("sh", "-c", "xclip -o -selection clipboard 2>/dev/null || :"))); strings.Contains(s, "/t/") {
			return s
		}
	}
	w.t.Fatal("no ticket link on the clipboard")
	return ""
}

// TestFirstCall is the main job: an agent in the desktop window and a customer
// in a browser see and hear each other, mute, stop their camera and leave.
func TestFirstCall(t *testing.T) {
	ready := startServer(t)
	heard := filepath.Join(t.TempDir(), "agent-hears.wav")
	w := openWindow(t, "--server", ready.URL, "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "file:"+heard)
	b := openBrowser(t, customerPattern, customerTone)

	w.keep("desktop-sign-in")
	w.key("Return")
	signIn(w, b, ready.Users["agent1"])
	_, at := w.lines.wait(t, 0, "phase=lobby")
	w.shows(agentPattern) // the lobby's small camera picture
	w.keep("desktop-lobby")
	w.key("Return")
	w.lines.wait(t, at, "phase=call")
	link := w.link()
	w.shows(agentPattern)
	w.keep("desktop-share")

	customer := b.tab()
	customer.run(chromedp.Navigate(link))
	customer.screen("invite")
	customer.keep("customer-invite")
	customer.run(chromedp.Click("#ask"))
	customer.screen("preview")
	customer.moving("#preview", customerPattern)
	customer.keep("customer-preview")
	customer.run(chromedp.SendKeys("#name", "Maria"), chromedp.Click("#join"))
	customer.screen("call")

	customer.moving("#stage video[data-stream]", agentPattern)
	w.shows(customerPattern)
	if got := customer.pitch("#stage video[data-stream]"); math.Abs(got-agentTone) > 10 {
		t.Errorf("the customer hears %.0f Hz, want %.0f", got, agentTone)
	}
	hears(t, heard, customerTone, agentTone)
	customer.keep("customer-call")
	w.keep("desktop-call")

	r := service(t, ready.URL)
	state := conferenceOf(t, r, link)
	o := observe(t, ready, r, state.ID)

	w.key("ctrl+d")
	o.wait("the agent mutes", muted("audio", wire.OperationSet))
	customer.until(`document.querySelector("#stage [data-muted~=audio]") !== null`)
	customer.keep("customer-agent-muted")
	w.key("ctrl+d")
	o.wait("the agent unmutes", muted("audio", wire.OperationRemove))
	w.key("ctrl+e")
	o.wait("the agent stops the camera", muted("video", wire.OperationSet))
	customer.until(`document.querySelector("#stage [data-muted~=video]") !== null`)
	w.key("ctrl+e")
	o.wait("the agent's camera is back", muted("video", wire.OperationRemove))
	customer.moving("#stage video[data-stream]", agentPattern)

	customer.run(chromedp.Click("#microphone"))
	o.wait("the customer mutes", muted("audio", wire.OperationSet))
	w.lines.wait(t, at, "participant", "Maria", "muted=true")
	customer.run(chromedp.Click("#camera"))
	o.wait("the customer stops the camera", muted("video", wire.OperationSet))
	w.lines.wait(t, at, "participant", "Maria", "camera=off")
	w.keep("desktop-customer-muted")

	customer.run(chromedp.Click("#leave"))
	left := o.wait("the customer leaves", func(e wire.Event) bool { return e.Type == wire.EventLeft })
	if left.UserID == "agent1" {
		t.Error("the agent left, not the customer")
	}
	customer.screen("ended")
	customer.keep("customer-ended")
	w.key("ctrl+shift+h")
	o.wait("the agent leaves", func(e wire.Event) bool { return e.Type == wire.EventLeft && e.UserID == "agent1" })
	w.lines.wait(t, at+1, "phase=lobby")
}

// conferenceOf finds the conference of a ticket link.
func conferenceOf(t *testing.T, r rest, link string) wire.Conference {
	t.Helper()
	var ticket wire.Ticket
	r.get("/security/ticket/"+link[strings.LastIndexByte(link, '/')+1:], &ticket)
	var state wire.Conference
	r.get("/rtc-api/conferences/"+ticket.Properties[wire.PropertyConferenceID]+"/simpleView", &state)
	return state
}

// hears waits until the newest second of a recording is one tone and not the
// other.
func hears(t *testing.T, file string, want, not float64) {
	t.Helper()
	var share, other float64
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		wav, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if share, other = toneShare(wav, want), toneShare(wav, not); share > 0.5 && other < 0.1 {
			return
		}
	}
	t.Errorf("the recording holds %.2f of %.0f Hz and %.2f of %.0f Hz", share, want, other, not)
}

// TestSingleUseTicket: the first browser may join and come back, a second tab
// of it and any other browser are refused.
func TestSingleUseTicket(t *testing.T) {
	ready := startServer(t)
	r := service(t, ready.URL)
	ticket := r.invite(wire.TicketSingleUse)

	first := openBrowser(t, customerPattern, customerTone)
	join := func(b *browser) {
		b.run(chromedp.Navigate(ticket.URL))
		b.screen("invite")
		b.run(chromedp.Click("#ask"))
		b.screen("preview")
		b.run(chromedp.Click("#join"))
		b.screen("call", "waiting")
	}
	join(first)
	second := first.tab()
	second.run(chromedp.Navigate(ticket.URL))
	second.screen("elsewhere")
	second.keep("customer-elsewhere")
	second.close()

	stranger := first.private()
	stranger.run(chromedp.Navigate(ticket.URL))
	stranger.screen("used")
	stranger.keep("customer-used")

	join(first) // a reload
}

// TestTwoBrowsers is what `make run` offers without a display: two browsers on
// one link meet.
func TestTwoBrowsers(t *testing.T) {
	ready := startServer(t)
	r := service(t, ready.URL)
	ticket := r.invite(wire.TicketMultiUse)
	const otherPattern, otherTone = 51, 2000.0
	one, two := openBrowser(t, customerPattern, customerTone), openBrowser(t, otherPattern, otherTone)
	for _, b := range []*browser{one, two} {
		b.run(chromedp.Navigate(ticket.URL))
		b.screen("invite")
		b.run(chromedp.Click("#ask"))
		b.screen("preview")
		b.run(chromedp.Click("#join"))
	}
	one.screen("call")
	two.screen("call")
	one.moving("#stage video[data-stream]", otherPattern)
	two.moving("#stage video[data-stream]", customerPattern)
	if got := one.pitch("#stage video[data-stream]"); math.Abs(got-otherTone) > 20 {
		t.Errorf("one hears %.0f Hz, want %.0f", got, otherTone)
	}
	one.keep("customer-two-browsers")
	two.run(chromedp.Click("#leave"))
	one.screen("waiting")
}

// TestDeadLinks: pages of links that lead nowhere say so, with 404 or 410.
func TestDeadLinks(t *testing.T) {
	ready := startServer(t)
	r := service(t, ready.URL)
	ticket := r.invite(wire.TicketMultiUse)
	r.send("DELETE", "/security/ticket/"+ticket.ID, nil, nil)
	b := openBrowser(t, customerPattern, customerTone)
	for _, tc := range []struct{ url, screen string }{
		{ready.URL + "/t/zzz-zzz", "unknown"},
		{ticket.URL, "revoked"},
	} {
		b.run(chromedp.Navigate(tc.url))
		b.screen(tc.screen)
		b.keep("customer-" + tc.screen)
	}
}
