package session

import (
	"context"
	"slices"
	"strings"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// partingTimeout bounds what is asked of the server on the way out.
const partingTimeout = 5 * time.Second

type (
	newCall struct{}
	join    struct{ target string }
	leave   struct{ forAll bool }

	muteMicrophone struct{ muted bool }
	stopCamera     struct{ off bool }
)

// What comes of a call.
type (
	created struct {
		dialled    int
		conference string
		ticket     *Ticket
		ticketErr  error
		err        error
	}
	callState struct {
		dialled int
		state   client.CallState
	}
)

func (newCall) do(l *loop) {
	if l.state.Phase != Lobby || l.state.Me.Customer {
		return
	}
	l.dial("")
	n, c := l.dialled, l.client
	l.started.Go(func() {
		summary, err := c.CreateConference(l.ctx, wire.CreateConference{})
		if err != nil {
			l.send(created{dialled: n, err: err})
			return
		}
		t, err := createTicket(l.ctx, c, summary.ID, true)
		l.send(created{dialled: n, conference: summary.ID, ticket: t, ticketErr: err})
	})
}

func (c join) do(l *loop) {
	target := strings.TrimSpace(c.target)
	server, id, err := client.ParseTicketURL(target)
	isTicket := err == nil
	room, err := client.ParseRoomURL(target)
	isRoom := err == nil
	if isRoom {
		server = room.Server
	}
	switch {
	case l.state.Phase == SignedOut && (isTicket || isRoom), l.state.Phase == SigningIn && (isTicket || isRoom) && l.account == nil:
		l.visit(server, target)
	case l.state.Phase == SignedOut, l.state.Phase == SigningIn:
		l.pending = target
	case l.state.Phase != Lobby:
	case isRoom: // as the token's holder, whoever is signed in
		home := l.client.Server()
		l.disconnect(nil)
		l.home = home
		l.visit(server, target)
	case isTicket && server == l.client.Server():
		l.joinByTicket(id)
	case strings.Contains(target, "://"):
		l.fail("You did not join.", client.ErrTicketURL)
	default:
		l.dial(target)
		l.enterCall()
	}
}

// visit signs in by a link of a server.
func (l *loop) visit(server, link string) {
	l.state.Server, l.opening = server, opening{server: server, link: link}
	l.sign(false, func(ctx context.Context) (Account, error) { return l.cfg.Accounts.Redeem(ctx, link) })
}

// joinByTicket joins as who we are the conference that a ticket of our own
// organization leads to.
func (l *loop) joinByTicket(id string) {
	l.dial("")
	n, c := l.dialled, l.client
	l.started.Go(func() {
		t, err := c.Ticket(l.ctx, id)
		l.send(created{dialled: n, conference: t.Properties[wire.PropertyConferenceID], err: err})
	})
}

// dial begins a call; its conference may not be known yet.
func (l *loop) dial(conference string) {
	l.dialled++
	l.last, l.was, l.troubled, l.network = client.CallState{}, false, time.Time{}, network{}
	l.rights, l.seated, l.wishedDeaf, l.adjusting = client.Rights{}, false, false, map[adjust]*adjust{}
	l.offered = nil
	l.mine, l.names, l.accepted, l.sending = map[string]bool{}, map[string]string{}, map[string]bool{}, ""
	l.ways, l.told = map[string]*transfer{}, map[string]wire.FileTransfer{}
	l.pictures, l.cameras, l.wanted, l.fetching = map[string]wire.Snapshot{}, map[string]cameraAsk{}, nil, false
	l.state.Call = &Call{ConferenceID: conference, Network: l.network.grade(), Participants: []Participant{}, Own: unbound()}
	l.enter(Joining)
	l.wishStudio()
	l.people()
}

func (c created) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	if c.err != nil {
		l.quit("", false)
		l.fail("The call could not be started.", c.err)
		return
	}
	if c.ticketErr != nil {
		l.fail("There is no link for the other person yet.", c.ticketErr)
	}
	l.state.Call.ConferenceID, l.state.Call.Ticket = c.conference, c.ticket
	l.change()
	l.enterCall()
}

// enterCall joins the conference of the call that was dialled.
func (l *loop) enterCall() {
	n := l.dialled
	roles := []string{}
	if l.state.Me.Customer && !l.state.Me.Room {
		roles = []string{wire.RoleCustomer}
	}
	call, err := l.link.Join(client.CallConfig{Conference: l.state.Call.ConferenceID, Staff: !l.state.Me.Customer,
		Metadata: wire.ParticipantMetadata{Name: l.state.Me.Name, Roles: roles}, Send: l.out, Receive: l.receive,
		OnState:    func(s client.CallState) { l.send(callState{n, s}) },
		OnMessage:  func(m wire.ChatMessage) { l.send(messageSaid{n, m}) },
		OnFile:     func(f wire.FileTransfer) { l.send(fileTold{n, f}) },
		OnSnapshot: func(s wire.Snapshot) { l.send(pictureTold{n, s}) },
		OnCamera:   func(e wire.SnapshotEvent) { l.send(cameraTold{n, e}) }})
	if err != nil {
		l.quit("", false)
		l.fail("You did not join.", err)
		return
	}
	l.call = call
	l.tellMutes()
	l.nextMessage()
	l.nextFile()
}

func (c callState) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	l.last = c.state
	if c.state.Endpoint != "" {
		l.mine[c.state.Endpoint] = true
	}
	if c.state.Ended {
		l.ended(c.state)
		return
	}
	if c.state.Joined && l.state.Phase == Joining {
		l.state.Call.StartedAt = l.cfg.Now()
		l.enter(InCall)
	}
	l.stand()
	l.was = l.was || c.state.Sending
	l.people()
	l.observe()
}

// ended goes back to the lobby because of something that was not our doing.
func (l *loop) ended(s client.CallState) {
	joined := !l.state.Call.StartedAt.IsZero()
	if opens, is := early(s.Err, l.cfg.Now()); is && !joined && l.state.Me.Room {
		l.await(opens)
		return
	}
	l.quit("", false)
	switch {
	case s.Removed && s.Reason == "":
		l.notice("You were removed from the call.", true)
	case s.Removed:
		l.notice(polish("You are no longer in the call: "+s.Reason), true)
	case s.Err != nil && joined:
		l.fail("The call has ended.", s.Err)
	case s.Err != nil:
		l.fail("You did not join.", s.Err)
	default:
		l.notice("The call was ended by somebody else.", false)
	}
}

func (c leave) do(l *loop) {
	if !l.inCall() {
		return
	}
	l.quit("hung up", c.forAll)
}

// quit leaves the call and goes back to the lobby. A customer has none.
func (l *loop) quit(reason string, forAll bool) {
	hangUp := l.hangUp(reason, forAll)
	if l.state.Me.Customer {
		l.part(hangUp, nil)
		l.goHome()
		return
	}
	l.started.Go(hangUp)
	l.enter(Lobby)
	l.wishStudio()
	if !l.status.Online {
		l.raise(causeOffline, "The server cannot be reached. Trying again until it can.")
	}
}

// hangUp forgets the call and returns what is left to do, which takes time.
func (l *loop) hangUp(reason string, forAll bool) (rest func()) {
	if !l.inCall() {
		return func() {}
	}
	l.recent()
	call := l.call
	l.dialled++
	l.call, l.state.Call = nil, nil
	for _, c := range slices.Concat(kindCauses[:], seatCauses[:]) {
		l.clear(c)
	}
	l.change()
	if call == nil {
		return func() {}
	}
	logger := l.cfg.Logger
	return func() {
		finish := call.Leave
		if forAll {
			finish = call.End
		}
		if err := finish(reason); err != nil {
			logger.Info("leaving is not confirmed by the server", "err", err)
		}
	}
}

// maxRecent bounds the list of calls that were left.
const maxRecent = 20

// recent puts a call that took place on the list.
func (l *loop) recent() {
	c := l.state.Call
	if c.StartedAt.IsZero() {
		return
	}
	r := Recent{ConferenceID: c.ConferenceID, With: slices.Clone(l.with), StartedAt: c.StartedAt, Duration: l.cfg.Now().Sub(c.StartedAt)}
	list := append([]Recent{r}, l.state.Recent...)
	l.state.Recent = list[:min(len(list), maxRecent)]
	l.with = nil
	if !l.state.Me.Customer {
		l.remember()
	}
}

func (c muteMicrophone) do(l *loop) {
	if !l.inCall() || !l.mayMute(c.muted) || l.state.Call.MicrophoneMuted == c.muted {
		return
	}
	l.state.Call.MicrophoneMuted, l.state.Call.MutedWhileSpeaking = c.muted, false
	l.change()
	l.wishStudio()
	l.tellMutes()
}

func (c stopCamera) do(l *loop) {
	if !l.inCall() || !l.mayStop(c.off) || l.state.Call.CameraOff == c.off {
		return
	}
	l.state.Call.CameraOff = c.off
	l.change()
	if !c.off {
		l.retryCamera()
	}
	l.wishStudio()
	l.tellMutes()
}

// setHold asks the server to hold the call; what comes of it is seen in the
// conference's metadata, by everybody alike.
type setHold struct{ on bool }

func (c setHold) do(l *loop) {
	if !l.inCall() || l.state.Me.Customer || l.call == nil {
		return
	}
	n, call := l.dialled, l.call
	l.started.Go(func() { l.send(holdAsked{n, c.on, call.SetHold(l.ctx, c.on)}) })
}

// holdAsked is what came of it.
type holdAsked struct {
	dialled int
	on      bool
	err     error
}

func (c holdAsked) do(l *loop) {
	switch {
	case c.dialled != l.dialled || c.err == nil:
	case c.on:
		l.fail("The call was not put on hold.", c.err)
	default:
		l.fail("The call is still on hold.", c.err)
	}
}
