package session

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"guichet/platform/wire"
)

const (
	speakingLevel = 0.45                   // about -33 dB: a voice, not a room
	speakingHold  = 600 * time.Millisecond // between two words
	mutedHint     = 3 * time.Second
	patience      = 1500 * time.Millisecond // trouble that is over sooner is not shown
)

// people makes the list of participants of what the conference says.
func (l *loop) people() {
	c := l.state.Call
	if c == nil {
		return
	}
	now := l.cfg.Now()
	heard := l.players.look(now)
	d := l.state.Devices
	self := Participant{ID: l.state.Me.ID, Endpoint: SelfView, Name: l.state.Me.Name, Self: true,
		Customer: l.state.Me.Customer, Muted: c.MicrophoneMuted || d.Microphone == Off, StreamID: SelfView}
	self.CameraOff = c.CameraOff || d.Camera == Off || l.cameraBad
	self.HasVideo = !self.CameraOff
	self.Speaking = !self.Muted && l.speaking(SelfView, l.studio.level(), now)
	list := []Participant{self}
	for _, p := range l.last.Conference.Participants {
		for _, e := range p.Endpoints {
			if e.ID != l.last.Endpoint {
				list = append(list, l.other(p.ID, e, heard[e.ID], now))
			}
		}
	}
	l.track(list[1:])
	if held := l.last.Conference.Metadata[wire.MetadataOnHold] == "true"; held != c.OnHold {
		c.OnHold = held
		l.change()
	}
	if !slices.Equal(list, c.Participants) {
		c.Participants = list
		l.change()
	}
}

// other describes an endpoint by its main stream: the one with most in it.
func (l *loop) other(user string, e wire.Endpoint, h heard, now time.Time) Participant {
	var m wire.ParticipantMetadata
	if len(e.Metadata) > 0 {
		_ = json.Unmarshal(e.Metadata, &m) // written by others: what is not readable is empty
	}
	p := Participant{ID: user, Endpoint: e.ID, Name: cmp.Or(m.Name, user), Customer: slices.Contains(m.Roles, wire.RoleCustomer), Muted: true, CameraOff: true}
	for _, s := range e.Streams {
		muted := func(kind string) bool { return l.last.Conference.Metadata[wire.TrackMuted(kind, s.ID)] == "true" }
		hasAudio, hasVideo := s.Type != wire.StreamCam && s.Type != wire.StreamScreen, s.Type != wire.StreamMic
		if hasAudio && !muted("audio") {
			p.Muted = false
		}
		if hasVideo && !muted("video") {
			p.CameraOff = false
		}
		if p.StreamID == "" || hasVideo {
			p.StreamID = string(s.ID)
		}
	}
	p.HasVideo = h.seen && !p.CameraOff
	p.Speaking = !p.Muted && l.speaking(e.ID, h.level, now)
	return p
}

// speaking tells whether somebody is or was loud just now.
func (l *loop) speaking(endpoint string, level float64, now time.Time) bool {
	if level >= speakingLevel {
		l.loud[endpoint] = now
	}
	last, known := l.loud[endpoint]
	return known && now.Sub(last) < speakingHold
}

// track keeps the names of all who were in the call, for the list of recent
// ones, and forgets who is gone.
func (l *loop) track(others []Participant) {
	here := map[string]bool{SelfView: true}
	for _, p := range others {
		here[p.Endpoint] = true
		if !slices.Contains(l.with, p.Name) && len(l.with) < 16 {
			l.with = append(l.with, p.Name)
		}
	}
	for endpoint := range l.loud {
		if !here[endpoint] {
			delete(l.loud, endpoint)
		}
	}
}

// observe looks after everything that changes without anybody saying so.
func (l *loop) observe() {
	l.watchRunning()
	c := l.state.Call
	if c == nil {
		return
	}
	now := l.cfg.Now()
	l.people()
	if c.MutedWhileSpeaking && now.Sub(l.spoke) > mutedHint {
		c.MutedWhileSpeaking = false
		l.change()
	}
	if l.state.Phase != InCall && l.state.Phase != Reconnecting {
		return
	}
	switch trouble := !l.last.Online || !l.last.Joined || l.was && !l.last.Sending; {
	case !trouble:
		l.troubled = time.Time{}
		l.enter(InCall)
	case l.troubled.IsZero():
		l.troubled = now
	case now.Sub(l.troubled) > patience:
		l.enter(Reconnecting)
	}
}
