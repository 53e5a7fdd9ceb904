package session

import (
	"context"
	"maps"
	"strings"

	"guichet/app/client"
	"guichet/platform/wire"
)

// Act is a set of things that can be done to somebody in the call.
type Act uint

// The things; each is offered only while it would change something.
const (
	ActMute Act = 1 << iota
	ActUnmute
	ActCameraOff
	ActCameraOn
	ActLowerHand
	ActDemote  // make audience
	ActPromote // let speak
	ActRemove
	ActDeafen // let them hear nobody
	ActUndeafen

	// What takes a value, by a command of its own.
	ActInputVolume
	ActOutputVolume
	ActSensitivity
	ActPlace
)

type (
	actOn struct {
		endpoint string
		what     Act
	}
	adjust struct {
		endpoint string
		what     Act
		value    int
	}
	place      struct{ endpoint, position string }
	raiseHand  struct{ up bool }
	lockRoom   struct{ on bool }
	setLayout  struct{ name string }
	hideMuted  struct{ on bool }
	handsFirst struct{ on bool }
)

// acted is what came of one of them.
type acted struct {
	dialled int
	trouble string // what to say when it failed
	err     error
}

// deeds tells for each act what it asks for, and what to say when it fails.
var deeds = map[Act]struct {
	action  client.Action
	trouble string
}{
	ActMute:      {client.MuteAudio, "The microphone was not muted."},
	ActUnmute:    {client.UnmuteAudio, "The microphone was not unmuted."},
	ActCameraOff: {client.MuteVideo, "The camera was not turned off."},
	ActCameraOn:  {client.UnmuteVideo, "The camera was not turned on."},
	ActLowerHand: {client.LowerHand, "The hand was not lowered."},
	ActDemote:    {client.Demote, "The person still speaks."},
	ActPromote:   {client.Promote, "The person still only watches."},
	ActRemove:    {client.RemoveMember, "The person was not removed."},
	ActDeafen:    {client.Deafen, "Hearing was not turned off."},
	ActUndeafen:  {client.Undeafen, "Hearing was not turned on."},

	ActInputVolume:  {client.SetInputVolume, "The volume was not changed."},
	ActOutputVolume: {client.SetOutputVolume, "The volume was not changed."},
	ActSensitivity:  {client.SetInputSensitivity, "What is left out was not changed."},
	ActPlace:        {client.SetMemberPosition, "The person's place was not changed."},
}

// acts returns what we may do to somebody now. Between two in mode P2P there is
// no server that could mute.
func (l *loop) acts(p client.Participant) Act {
	seat := wire.Member{}
	if p.Seat != nil {
		seat = *p.Seat
	}
	direct, audience := l.last.Conference.Mode == wire.ModeP2P, seat.Role == wire.JoinAsAudience
	var all Act
	for act, sense := range map[Act]bool{
		ActMute: !audience && !seat.AudioMuted, ActUnmute: !audience && seat.AudioMuted,
		ActCameraOff: !audience && !seat.VideoMuted, ActCameraOn: !audience && seat.VideoMuted,
		ActLowerHand: seat.HandRaisedAt != nil, ActDemote: !audience, ActPromote: audience, ActRemove: true,
		ActDeafen: !seat.Deaf, ActUndeafen: seat.Deaf, ActOutputVolume: true,
		ActInputVolume: !audience, ActSensitivity: !audience, ActPlace: !audience,
	} {
		if sense && (!direct || act == ActRemove) && l.rights.To(deeds[act].action, p) {
			all |= act
		}
	}
	return all
}

// ownActs is what we may do to ourselves beside what the bar's buttons do. Who is
// bound by nothing has a volume at the loudspeaker.
func (l *loop) ownActs(p client.Participant) Act {
	if p.Seat == nil {
		return 0
	}
	return l.acts(p) & (ActDeafen | ActUndeafen | ActOutputVolume | ActInputVolume | ActSensitivity | ActPlace)
}

// target names somebody to the server, to which oneself is nobody.
func target(endpoint string) string {
	if endpoint == SelfView {
		return ""
	}
	return endpoint
}

// do asks for one value of a kind after the other: while the server is asked, only
// the newest waits, as a slider gives many.
func (c adjust) do(l *loop) {
	if !l.inCall() || l.call == nil {
		return
	}
	key := adjust{c.endpoint, c.what, 0}
	if _, asking := l.adjusting[key]; asking {
		l.adjusting[key] = &c
		return
	}
	l.adjusting[key] = nil
	n, call := l.dialled, l.call
	l.started.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, partingTimeout)
		defer cancel()
		var err error
		if c.what == ActSensitivity {
			err = call.SetSensitivity(ctx, target(c.endpoint), min(max(c.value, 0), 100))
		} else {
			err = call.SetVolume(ctx, deeds[c.what].action, target(c.endpoint), min(max(c.value, -50), 50))
		}
		l.send(adjusted{key, acted{n, deeds[c.what].trouble, err}})
	})
}

// adjusted is what came of it.
type adjusted struct {
	key adjust
	acted
}

func (c adjusted) do(l *loop) {
	if c.dialled != l.dialled {
		return
	}
	next := l.adjusting[c.key]
	delete(l.adjusting, c.key)
	c.acted.do(l)
	if next != nil {
		next.do(l)
	}
}

// do places somebody by the room's list where that says something of them already,
// since it counts more than what their seat says.
func (c place) do(l *loop) {
	room, _ := l.last.Room()
	id := c.endpoint
	if id == SelfView {
		id = l.last.Endpoint
	}
	l.ask(deeds[ActPlace].trouble, func(ctx context.Context, call *client.Call) error {
		if _, placed := room.Positions[id]; placed {
			positions := maps.Clone(room.Positions)
			positions[id] = c.position
			return call.SetPositions(ctx, positions)
		}
		return call.SetPosition(ctx, target(c.endpoint), c.position)
	})
}

func (c setLayout) do(l *loop) {
	l.ask("The layout was not changed.", func(ctx context.Context, call *client.Call) error { return call.SetLayout(ctx, c.name, nil) })
}

func (c hideMuted) do(l *loop) {
	what := client.ShowVideoMuted
	if c.on {
		what = client.HideVideoMuted
	}
	l.ask("The layout was not changed.", func(ctx context.Context, call *client.Call) error { return call.ActOnRoom(ctx, what) })
}

func (c handsFirst) do(l *loop) {
	l.ask("The layout was not changed.", func(ctx context.Context, call *client.Call) error { return call.SetPrioritizeHandraise(ctx, c.on) })
}

func (c actOn) do(l *loop) {
	deed, known := deeds[c.what]
	if !known || c.endpoint == SelfView && c.what != ActDeafen && c.what != ActUndeafen {
		return
	}
	if c.endpoint == SelfView {
		l.wishedDeaf = c.what == ActDeafen
	}
	l.ask(deed.trouble, func(ctx context.Context, call *client.Call) error {
		switch c.what {
		case ActDemote:
			return call.Demote(ctx, c.endpoint, "")
		case ActPromote:
			return call.Promote(ctx, c.endpoint, wire.Promote{Permissions: ownPermissions()})
		case ActRemove:
			return call.Remove(ctx, c.endpoint, "removed by "+l.state.Me.Name)
		}
		return call.Act(ctx, deed.action, target(c.endpoint))
	})
}

func (c raiseHand) do(l *loop) {
	if !l.inCall() || !l.state.Call.Own.MayHand {
		return
	}
	what, trouble := client.LowerHand, "Your hand is still up."
	if c.up {
		what, trouble = client.RaiseHand, "Your hand was not raised."
	}
	l.ask(trouble, func(ctx context.Context, call *client.Call) error { return call.Act(ctx, what, "") })
}

func (c lockRoom) do(l *loop) {
	if !l.inCall() || !l.state.Call.Own.MayLock {
		return
	}
	what, trouble := client.Unlock, "The call is still locked."
	if c.on {
		what, trouble = client.Lock, "The call was not locked."
	}
	l.ask(trouble, func(ctx context.Context, call *client.Call) error { return call.ActOnRoom(ctx, what) })
}

// ask asks the server for something in the call; what comes of it is seen in the
// conference.
func (l *loop) ask(trouble string, what func(context.Context, *client.Call) error) {
	if !l.inCall() || l.call == nil {
		return
	}
	n, call := l.dialled, l.call
	l.started.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, partingTimeout)
		defer cancel()
		l.send(acted{n, trouble, what(ctx, call)})
	})
}

func (c acted) do(l *loop) {
	if c.err != nil && c.dialled == l.dialled {
		l.fail(c.trouble, c.err)
	}
}

// mayMute tells whether the own microphone may be muted or unmuted, and says so
// when not. A mute of the server's is lifted on the way.
func (l *loop) mayMute(muted bool) bool {
	own := l.state.Call.Own
	switch {
	case own.Audience:
		return false
	case muted && !own.MayMute:
		l.notice("You cannot mute yourself in this room.", false)
		return false
	case !muted && !own.MayUnmute:
		l.notice("You cannot unmute yourself here: ask whoever leads the call.", false)
		return false
	case !muted && own.Silenced:
		l.ask("You are still muted.", func(ctx context.Context, call *client.Call) error { return call.Act(ctx, client.UnmuteAudio, "") })
	}
	return true
}

// mayStop is mayMute for the own camera.
func (l *loop) mayStop(off bool) bool {
	own := l.state.Call.Own
	switch {
	case own.Audience:
		return false
	case off && !own.MayStop:
		l.notice("You cannot stop your camera in this room.", false)
		return false
	case !off && !own.MayStart:
		l.notice("You cannot turn your camera on here: ask whoever leads the call.", false)
		return false
	case !off && own.Darkened:
		l.ask("Your camera is still off.", func(ctx context.Context, call *client.Call) error { return call.Act(ctx, client.UnmuteVideo, "") })
	}
	return true
}

// ownPermissions is what somebody may do who was let speak: all that concerns oneself.
func ownPermissions() (all []wire.Permission) {
	for _, p := range wire.Permissions() {
		if strings.HasPrefix(string(p), "room.self.") {
			all = append(all, p)
		}
	}
	return all
}
