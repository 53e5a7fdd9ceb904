package main

import (
	"image"
	"slices"
	"sync/atomic"

	"guichet/app/session"
	"guichet/media/capture/pattern"
)

// The lines that headless prints; "event" names the kind.
type (
	phaseLine struct {
		Event string        `json:"event"` // "phase"
		Phase session.Phase `json:"phase"`
	}
	callLine struct {
		Event      string `json:"event"` // "call"
		Conference string `json:"conference"`
		Network    string `json:"network"`
		Ticket     string `json:"ticket,omitempty"` // the link
	}
	participantLine struct {
		Event     string `json:"event"` // "participant", or "left"
		Endpoint  string `json:"endpoint"`
		Name      string `json:"name"`
		Self      bool   `json:"self"`
		Muted     bool   `json:"muted"`
		CameraOff bool   `json:"cameraOff"`
		HasVideo  bool   `json:"hasVideo"`
		Stream    string `json:"stream,omitempty"`
		Screen    string `json:"screen,omitempty"` // the stream of the screen that they share
	}
	noticeLine struct {
		Event string `json:"event"` // "notice", or "warning" about a device
		Text  string `json:"text"`
		Error bool   `json:"error,omitempty"`
	}
	frameLine struct {
		Event   string `json:"event"` // "frame": some of the pictures received
		Stream  string `json:"stream"`
		Width   int    `json:"width"`
		Height  int    `json:"height"`
		Pattern *int   `json:"pattern,omitempty"` // id of the test pattern seen
		Counter int    `json:"counter,omitempty"` // its number
	}
	levelsLine struct {
		Event      string             `json:"event"` // "levels", every second in a call
		Microphone float64            `json:"microphone"`
		Endpoints  map[string]float64 `json:"endpoints"`
	}
)

// differences prints what changed from one state to the next.
func (h *headless) differences(old, now session.State) {
	if now.Phase != old.Phase {
		h.print(phaseLine{"phase", now.Phase})
	}
	for _, n := range now.Notices {
		if !slices.Contains(old.Notices, n) {
			h.print(noticeLine{"notice", n.Text, n.Error})
		}
	}
	for _, w := range now.Devices.Warnings {
		if !slices.Contains(old.Devices.Warnings, w) {
			h.print(noticeLine{"warning", w, false})
		}
	}
	if c := describe(now.Call); c != describe(old.Call) && now.Call != nil {
		h.print(c)
	}
	before, after := people(old.Call), people(now.Call)
	for endpoint, p := range after {
		if before[endpoint] != p {
			h.print(p)
		}
	}
	for endpoint, p := range before {
		if _, here := after[endpoint]; !here {
			p.Event = "left"
			h.print(p)
		}
	}
}

func describe(c *session.Call) callLine {
	if c == nil {
		return callLine{}
	}
	line := callLine{Event: "call", Conference: c.ConferenceID, Network: c.Network.Word}
	if c.Ticket != nil && !c.Ticket.Revoked {
		line.Ticket = c.Ticket.URL
	}
	return line
}

func people(c *session.Call) map[string]participantLine {
	by := map[string]participantLine{}
	if c != nil {
		for _, p := range c.Participants {
			by[p.Endpoint] = participantLine{"participant", p.Endpoint, p.Name, p.Self, p.Muted, p.CameraOff, p.HasVideo, p.StreamID, p.ScreenID}
		}
	}
	return by
}

// every is how many pictures lie between two that are looked at closely.
const every = 15

// watching are the streams whose pictures are looked at. It belongs to the
// goroutine of headless.Run.
type watching struct {
	h       *headless
	session *session.Session
	by      map[string]func() // stream to stop
}

// keep watches the streams of a call, and no others.
func (w *watching) keep(c *session.Call) {
	wanted := map[string]bool{}
	if c != nil {
		for _, p := range c.Participants {
			if !p.Self && p.StreamID != "" {
				wanted[p.StreamID] = true
			}
			if p.ScreenID != "" {
				wanted[p.ScreenID] = true
			}
		}
	}
	for stream, stop := range w.by {
		if !wanted[stream] {
			stop()
			delete(w.by, stream)
		}
	}
	for stream := range wanted {
		if w.by[stream] == nil {
			w.by[stream] = w.session.OnVideo(stream, w.h.looker(stream))
		}
	}
}

// looker prints one of so many pictures of a stream.
func (h *headless) looker(stream string) func(*image.YCbCr) {
	var count atomic.Int64
	return func(m *image.YCbCr) {
		if (count.Add(1)-1)%every != 0 {
			return
		}
		line := frameLine{Event: "frame", Stream: stream, Width: m.Rect.Dx(), Height: m.Rect.Dy()}
		if code, ok := pattern.Read(m); ok {
			id := int(code.ID)
			line.Pattern, line.Counter = &id, int(code.Counter)
		}
		h.print(line)
	}
}
