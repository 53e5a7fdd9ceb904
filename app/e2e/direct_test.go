package e2e

import (
	"path/filepath"
	"testing"

	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
)

// TestDirect: two desktops without windows and a customer in Chromium see and
// hear each other in mode P2P; one desktop goes and comes back; a hold stops all
// and its end starts all again.
func TestDirect(t *testing.T) {
	ready := startServer(t)
	r := service(t, ready.URL)
	ticket := r.inviteTo(wire.ModeP2P, wire.TicketMultiUse)
	conference := ticket.Properties[wire.PropertyConferenceID]
	heard := filepath.Join(t.TempDir(), "heard.wav")
	anna := openHeadless(t, ready, conference, "Anna", "--camera", "pattern:1", "--microphone", "tone:440", "--speaker", "file:"+heard)
	customer := openBrowser(t, customerPattern, customerTone)
	customer.run(chromedp.Navigate(ticket.URL))
	customer.screen("invite")
	customer.run(chromedp.Click("#ask"))
	customer.screen("preview")
	customer.run(chromedp.Click("#join"))
	customer.screen("call")
	customer.moving("#stage video[data-stream]", 1)
	anna.sees(0, customerPattern)
	hears(t, heard, customerTone, 440)
	if got := customer.pitch("#stage video[data-stream]"); got < 420 || got > 460 {
		t.Errorf("the customer hears %.0f Hz, want 440", got)
	}

	bert := openHeadless(t, ready, conference, "Bert", "--camera", "pattern:2", "--microphone", "none", "--speaker", "none")
	bert.sees(0, 1)
	bert.sees(0, customerPattern)
	anna.sees(anna.lines.count(), 2)
	second := `#stage video[data-stream="` + streamOf(t, r, conference, "Bert") + `"]`
	customer.moving(second, 2)

	at := anna.lines.count()
	bert.stop(t)
	_, at = anna.lines.wait(t, at, `"event":"left"`, `"name":"Bert"`)
	again := openHeadless(t, ready, conference, "Bert", "--camera", "pattern:2", "--microphone", "none", "--speaker", "none")
	anna.sees(at, 2)
	again.sees(0, customerPattern)

	var endpoint string
	r.call("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: 60}, &endpoint)
	r.call("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: conference, UserEndpointID: endpoint}, nil)
	hold := wire.UpdateMetadata{ConferenceID: conference, UserEndpointID: endpoint, Operation: wire.OperationSet, Key: wire.MetadataOnHold, Value: "true"}
	r.call("/rtc-api/conferences/updateMetadata", hold, nil)
	silent := `[...document.querySelectorAll("#stage video[data-stream]")].every((v) => v.srcObject.getTracks().every((t) => !t.enabled))`
	customer.until(silent)
	hold.Operation, hold.Value = wire.OperationRemove, ""
	r.call("/rtc-api/conferences/updateMetadata", hold, nil)
	customer.until("!(" + silent + ")")
	anna.sees(anna.lines.count(), customerPattern)
	again.sees(again.lines.count(), 1)
	customer.moving(`#stage video[data-stream="`+streamOf(t, r, conference, "Bert")+`"]`, 2)
}
