package session

import (
	"context"
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
)

type (
	actOn struct {
		endpoint string
		what     Act
	}
	raiseHand struct{ up bool }
	lockRoom  struct{ on bool }
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
	} {
		if sense && (!direct || act == ActRemove) && l.rights.To(deeds[act].action, p) {
			all |= act
		}
	}
	return all
}

func (c actOn) do(l *loop) {
	deed, known := deeds[c.what]
	if !known || c.endpoint == SelfView {
		return
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
		return call.Act(ctx, deed.action, c.endpoint)
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
