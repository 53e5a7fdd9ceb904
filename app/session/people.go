package session

import (
	"slices"
	"time"

	"guichet/app/client"
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
	heard, seen := l.players.look(now)
	room, _ := l.last.Room()
	d := l.state.Devices
	self := Participant{ID: l.state.Me.ID, Endpoint: SelfView, Name: l.state.Me.Name, Self: true,
		Customer: l.state.Me.Customer, Muted: c.MicrophoneMuted || d.Microphone == Off, StreamID: SelfView}
	self.Network = c.Network
	self.CameraOff = c.CameraOff || d.Camera == Off || l.cameraBad || c.Own.Darkened
	self.Muted = self.Muted || c.Own.Silenced
	self.Silenced, self.Darkened = c.Own.Silenced, c.Own.Darkened
	if !l.sends() {
		self.Audience, self.Muted, self.CameraOff, self.StreamID = c.Own.Audience, true, true, ""
	}
	self.HasVideo = !self.CameraOff
	self.Speaking = !self.Muted && l.speaking(SelfView, l.studio.level(), now)
	list := []Participant{self}
	for _, p := range l.last.Participants() {
		l.names[p.Endpoint], l.names[p.UserID] = p.Name, p.Name
		if !p.Self {
			other := l.other(p, heard[p.Endpoint], seen, now)
			if p.Seat != nil {
				other.seatOf(p.Seat, room)
			}
			list = append(list, other)
			continue
		}
		if p.Seat != nil {
			list[0].Name, list[0].Hand, list[0].Acts = p.Name, handOf(p), l.ownActs(p)
			list[0].seatOf(p.Seat, room)
		}
	}
	l.tune()
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

// other describes somebody by their main stream, which is the first with most in
// it, by one more camera and by the screen that came last.
func (l *loop) other(of client.Participant, level float64, seen map[string]bool, now time.Time) Participant {
	p := Participant{ID: of.UserID, Endpoint: of.Endpoint, Name: of.Name, Customer: of.Customer, Muted: of.Muted, CameraOff: of.CameraOff,
		Network: l.networkOf(of.Endpoint, now)}
	picture := false // StreamID has one
	for _, s := range of.Streams {
		switch id := string(s.ID); {
		case s.Type == wire.StreamScreen:
			p.ScreenID = id
		case p.StreamID == "", !picture && client.HasVideo(s.Type):
			p.StreamID, picture = id, client.HasVideo(s.Type)
		case client.HasVideo(s.Type):
			p.SecondID = id
		}
	}
	if s := of.Seat; s != nil {
		p.Audience, p.Silenced, p.Darkened, p.Hand = s.Role == wire.JoinAsAudience, s.AudioMuted, s.VideoMuted, handOf(of)
		if s.VideoMuted {
			p.ScreenID, p.SecondID = "", "" // the server lets nothing of them pass
		}
	}
	p.Acts = l.acts(of)
	p.HasVideo = seen[p.StreamID] && !p.CameraOff
	p.Speaking = !p.Muted && l.speaking(p.Endpoint, level, now)
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
	now := l.cfg.Now()
	l.watchOpening(now)
	l.watchRunning()
	c := l.state.Call
	if c == nil {
		return
	}
	l.judge(now)
	l.people()
	l.moveFiles()
	l.watchCameras(now)
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
