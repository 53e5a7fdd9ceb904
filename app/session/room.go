package session

import (
	"slices"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// seatCauses are those of notices about our place in a call.
var seatCauses = [...]cause{causeSilenced, causeDarkened, causeDeaf, causeRole}

// Own is what binds us in a call. Who came neither by a room token nor was acted
// upon by staff is bound by nothing.
type Own struct {
	Audience bool // we watch and listen; no camera and no microphone is open
	Silenced bool // the server lets none of our sound pass
	Darkened bool // nor of our pictures
	Deaf     bool // nor anybody's sound to us

	MayMute, MayUnmute bool // the own microphone
	MayStop, MayStart  bool // the own camera
	HandRaised         bool
	MayHand            bool // raise it, or lower it while it is raised
	MayLock            bool // the room, or unlock it while it is locked
	MayShare           bool // the own screen
	MayLayout          bool // choose the layout
	MayHide            bool // leave out who shows no picture, or show them while they are left out
	MayHandsFirst      bool // show raised hands before the others, or not
}

// unbound is what binds who is bound by nothing.
func unbound() Own {
	return Own{MayMute: true, MayUnmute: true, MayStop: true, MayStart: true, MayShare: true}
}

// Room is a room as everybody in it sees it.
type Room struct {
	Name           string // to show; "" for a call that is locked and no room's
	Locked         bool   // nobody but staff may join
	HideVideoMuted bool   // leave out who shows no picture
	HandsFirst     bool   // show raised hands before the others
	Layout         string // one of wire.LayoutNames; "" for a call that is no room's
}

// sends tells whether camera and microphone are of use in the call. Who holds a
// room token may be of the audience until the server has said otherwise.
func (l *loop) sends() bool {
	return !l.state.Call.Own.Audience && (l.seated || !l.state.Me.Room)
}

// stand takes over what the conference says of our place in it and of the room.
func (l *loop) stand() {
	if !l.last.Joined {
		return
	}
	c, was, known := l.state.Call, l.state.Call.Own, l.seated
	if id := l.last.Conference.ID; id != c.ConferenceID {
		c.ConferenceID = id // it was a room's name
		l.change()
	}
	l.rights, l.seated = l.last.Rights(), true
	if room := l.room(); room != c.Room {
		c.Room = room
		l.change()
	}
	now := l.own(c.Room)
	if now == was && known {
		l.followShare()
		return
	}
	c.Own = now
	l.change()
	if known && was.Audience && !now.Audience { // nobody is seen or heard by surprise
		c.MicrophoneMuted, c.CameraOff = true, true
	}
	l.tellStanding(was, now, known)
	l.wishStudio()
	l.tellMutes()
	l.followShare()
}

func (l *loop) room() Room {
	r, ok := l.last.Room()
	if !ok {
		return Room{}
	}
	name := r.DisplayName
	if name == "" {
		name = r.Name
	}
	return Room{Name: name, Locked: r.Locked, HideVideoMuted: r.HideVideoMuted, HandsFirst: r.PrioritizeHandraise, Layout: r.Layout}
}

func (l *loop) own(room Room) Own {
	o := unbound()
	lock := wire.RoomLock
	if room.Locked {
		lock = wire.RoomUnlock
	}
	o.MayLock = l.rights.InRoom(lock)
	if l.last.Conference.Mode != wire.ModeP2P {
		hide := wire.RoomHideVideoMuted
		if room.HideVideoMuted {
			hide = wire.RoomShowVideoMuted
		}
		o.MayLayout, o.MayHide, o.MayHandsFirst = l.rights.InRoom(wire.RoomSetLayout), l.rights.InRoom(hide), l.rights.InRoom(wire.RoomPrioritizeHandraise)
	}
	m, ok := l.last.Seat()
	if !ok {
		return o
	}
	me := client.Participant{Endpoint: l.last.Endpoint, Seat: &m}
	may := func(a client.Action) bool { return l.rights.To(a, me) }
	o.Audience, o.Deaf, o.HandRaised = m.Role == wire.JoinAsAudience, m.Deaf, m.HandRaisedAt != nil
	o.Silenced, o.Darkened = m.AudioMuted && !o.Audience, m.VideoMuted && !o.Audience
	o.MayMute, o.MayUnmute = may(client.MuteAudio), may(client.UnmuteAudio)
	o.MayStop, o.MayStart = may(client.MuteVideo), may(client.UnmuteVideo)
	hand := client.RaiseHand
	if o.HandRaised {
		hand = client.LowerHand
	}
	o.MayHand = may(hand)
	o.MayShare = !o.Audience && slices.Contains(m.Permissions, wire.SelfScreenshare)
	return o
}

// tellStanding says in words what somebody did to us.
func (l *loop) tellStanding(was, now Own, known bool) {
	lasting := func(c cause, on bool, text string) {
		if l.clear(c); on {
			l.raise(c, text)
		}
	}
	if now.Silenced != was.Silenced || now.MayUnmute != was.MayUnmute {
		lasting(causeSilenced, now.Silenced, choose(now.MayUnmute, "You were muted. Press the microphone when you want to speak.",
			"You were muted. You cannot unmute yourself here: ask whoever leads the call."))
	}
	if now.Darkened != was.Darkened || now.MayStart != was.MayStart {
		lasting(causeDarkened, now.Darkened, choose(now.MayStart, "Your camera was turned off. Press the camera when you want to be seen.",
			"Your camera was turned off. You cannot turn it on here: ask whoever leads the call."))
	}
	if now.Deaf != was.Deaf {
		lasting(causeDeaf, now.Deaf, choose(l.wishedDeaf, "You do not hear the others just now.",
			"You do not hear the others just now: whoever leads the call has turned that off."))
		l.wishedDeaf = false
	}
	if known && now.Audience != was.Audience {
		lasting(causeRole, true, choose(now.Audience, "You are in the audience now: you watch and listen.",
			"You may speak now. Switch on your microphone and camera when you are ready."))
	}
}

func choose(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}

// seatOf tells of somebody what their seat and the room say.
func (p *Participant) seatOf(m *wire.Member, room wire.Room) {
	p.Seated, p.InputVolume, p.OutputVolume, p.Sensitivity = true, m.InputVolume, m.OutputVolume, m.Sensitivity
	if p.Position = m.Position; room.Positions[m.ID] != "" {
		p.Position = room.Positions[m.ID]
	}
	p.Deaf = m.Deaf
}

func handOf(p client.Participant) time.Time {
	if p.Seat == nil || p.Seat.HandRaisedAt == nil {
		return time.Time{}
	}
	return p.Seat.HandRaisedAt.Time
}

// tune plays everybody as loud as their seats and ours say.
func (l *loop) tune() {
	volumes := map[string]int{}
	mine := 0
	if m, ok := l.last.Seat(); ok {
		mine = m.OutputVolume
	}
	for _, p := range l.last.Participants() {
		volumes[p.Endpoint] = mine
		if p.Seat != nil {
			volumes[p.Endpoint] += p.Seat.InputVolume
		}
	}
	l.players.tune(volumes)
}
