package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// scene is one seed's course of things: a Directory over a store in memory, and
// lines to those who follow its one conference, through bursts of faults. Everything in it comes of the
// seed.
type scene struct {
	chance *rand.Rand
	make   []func(id string) (follower, error) // the kinds of followers
	store  *memory
	ends   *living
	dir    *conference.Directory

	id      string
	calls   int // conferences so far
	values  int
	version int64
	ended   bool
	truth   map[int64]string // the server's state at a version
	lines   []*line
	actors  []string // endpoints of others: user, '-', number
	lobby   lobby

	tally
	trace *[]string // nil: not wanted
}

// tally counts what happened, so that a test cannot pass by doing nothing.
type tally struct {
	events, deliveries, unread, drops, doubles, jumps, cuts, lags, restarts, failures, forgotten, aged, fetches, stale, bursts, ends, compared int
	seats, removals                                                                                                                            int // what was done to seats and rooms, and of that who was taken out
	worst                                                                                                                                      int // fetches that a follower needed after a burst
}

func (t *tally) add(o tally) {
	t.events, t.deliveries, t.drops, t.doubles, t.jumps = t.events+o.events, t.deliveries+o.deliveries, t.drops+o.drops, t.doubles+o.doubles, t.jumps+o.jumps
	t.unread += o.unread
	t.cuts, t.lags, t.restarts, t.failures, t.forgotten = t.cuts+o.cuts, t.lags+o.lags, t.restarts+o.restarts, t.failures+o.failures, t.forgotten+o.forgotten
	t.aged, t.fetches, t.stale, t.bursts, t.ends = t.aged+o.aged, t.fetches+o.fetches, t.stale+o.stale, t.bursts+o.bursts, t.ends+o.ends
	t.seats, t.removals = t.seats+o.seats, t.removals+o.removals
	t.compared, t.worst = t.compared+o.compared, max(t.worst, o.worst)
}

func (t tally) String() string {
	return fmt.Sprintf("%d events in %d conferences, %d acts in rooms, %d removals; %d delivered, %d not readable, %d dropped, %d repeated, %d out of order; %d cuts, %d cursors that fell back, %d restarts, %d failed writes, "+
		"%d endpoints forgotten, %d journals aged; %d states fetched, %d older than what was known; %d bursts, %d comparisons, at most %d fetches after a burst",
		t.events, t.ends, t.seats, t.removals, t.deliveries, t.unread, t.drops, t.doubles, t.jumps, t.cuts, t.lags, t.restarts, t.failures, t.forgotten, t.aged, t.fetches, t.stale, t.bursts, t.compared, t.worst)
}

var life = context.Background()

// play runs a scene until it has seen so many events, and returns the first
// difference that it finds.
func play(seed uint64, events int, trace *[]string, kinds ...func(id string) (follower, error)) (tally, error) {
	s := &scene{chance: rand.New(rand.NewPCG(seed, 17)), make: kinds, store: newMemory(), ends: &living{gone: map[string]bool{}}, lobby: newLobby(), trace: trace}
	for u := range 3 {
		for n := range 2 {
			s.actors = append(s.actors, fmt.Sprintf("u%d-%d", u, n))
		}
	}
	s.open()
	defer func() { s.dir.Close() }()
	for s.events < events {
		if s.id == "" || s.ended {
			if err := s.begin(); err != nil {
				return s.tally, err
			}
		}
		for range 1 + s.chance.IntN(150) {
			if err := s.step(); err != nil {
				return s.tally, err
			}
		}
		s.bursts++
		if err := s.heal(); err != nil {
			return s.tally, err
		}
	}
	return s.tally, s.store.faulted()
}

func (s *scene) note(format string, args ...any) {
	if s.trace != nil {
		*s.trace = append(*s.trace, fmt.Sprintf(format, args...))
	}
}

func (s *scene) open() {
	s.dir = conference.New(conference.Config{Store: s.store, Media: silent{}, Endpoints: s.ends})
}

// begin makes a conference and its followers.
func (s *scene) begin() error {
	s.calls++
	s.tally.ends++
	s.id, s.ended, s.version, s.truth, s.lines = fmt.Sprintf("c%d", s.calls), false, 0, map[int64]string{}, nil
	s.lobby.open = false
	if _, err := s.dir.Create(life, caller("u0"), wire.CreateConference{ConferenceID: s.id, Metadata: map[string]string{"k0": "0"}}); err != nil {
		return err
	}
	for i, kind := range s.make {
		f, err := kind(s.id)
		if err != nil {
			return err
		}
		l := &line{follower: f, name: fmt.Sprintf("w%d.%d", i, s.calls)}
		l.register()
		l.connect()
		s.lines = append(s.lines, l)
	}
	s.note("conference %s", s.id)
	return s.learn()
}

// learn reads the server's state.
func (s *scene) learn() error {
	v, err := s.dir.State(life, caller("u0"), s.id)
	for errors.Is(err, conference.ErrUnavailable) {
		v, err = s.dir.State(life, caller("u0"), s.id)
	}
	switch {
	case errors.Is(err, conference.ErrEnded):
		s.ended = true
		s.events++
	case err != nil:
		return fmt.Errorf("state: %w", err)
	default:
		if v.Version < s.version {
			return fmt.Errorf("the server's version fell from %d to %d", s.version, v.Version)
		}
		s.events += int(v.Version - max(s.version, 1))
		s.version, s.truth[v.Version] = v.Version, text(v)
	}
	return nil
}

// step does one thing, most likely one that is no fault.
func (s *scene) step() error {
	l := s.lines[s.chance.IntN(len(s.lines))]
	switch dice := s.chance.IntN(100); {
	case dice < 30:
		if err := s.command(); err != nil {
			return err
		}
		return s.learn()
	case dice < 42:
		l.pump(s.store, 1+s.chance.IntN(16))
	case dice < 60:
		return s.deliver(l, 0)
	case dice < 61:
		if s.chance.IntN(4) == 0 {
			return s.misfortune(l)
		}
		return s.swallow(l)
	case dice < 72:
		if n := len(l.flight); n > 1 {
			s.jumps++
			return s.deliver(l, 1+s.chance.IntN(n-1))
		}
	case dice < 77:
		if n := len(l.flight); n > 0 {
			i := s.chance.IntN(n)
			s.note("%s: %d is dropped", l.name, l.flight[i].seq)
			l.flight, l.lossy = slices.Delete(l.flight, i, i+1), true
			s.drops++
		}
	case dice < 83:
		if n := len(l.flight); n > 0 {
			r := l.flight[s.chance.IntN(n)]
			s.note("%s: %d comes twice", l.name, r.seq)
			l.flight = slices.Insert(l.flight, s.chance.IntN(n+1), r)
			s.doubles++
		}
	case dice < 85:
		s.cut(l)
	case dice < 89:
		s.connect(l)
	case dice < 90: // a day passes
		if l.refetches() && !l.up && l.request == "" {
			s.note("%s: the journal has aged", l.name)
			s.store.age(l.endpoint)
			s.aged++
			s.connect(l)
			l.ask()
			return errors.Join(s.serve(l), s.answer(l, s.chance.IntN(2) == 0))
		}
	case dice < 93:
		l.ask()
	case dice < 96:
		return s.serve(l)
	case dice < 98:
		return s.answer(l, s.chance.IntN(5) == 0)
	case dice < 99:
		if s.chance.IntN(4) == 0 {
			return s.restart()
		}
		s.store.failNext([]string{"before", "after"}[s.chance.IntN(2)])
		s.failures++
	default:
		return s.hardship(l)
	}
	return nil
}

func (s *scene) cut(l *line) {
	if l.up {
		before := l.cursor
		l.cut(s.chance.IntN(3) * s.chance.IntN(5))
		s.cuts++
		if l.cursor < before {
			s.lags++
		}
		s.note("%s is cut, cursor %d", l.name, l.cursor)
	}
}

func (s *scene) connect(l *line) {
	if !l.up && !l.over() {
		s.note("%s connects as %s", l.name, l.endpoint)
		l.connect()
	}
}

// restart ends the server as a crash would: everybody is cut.
func (s *scene) restart() error {
	s.note("the server restarts")
	s.restarts++
	s.store.failNext("")
	s.dir.Close()
	s.open()
	for _, l := range s.lines {
		s.cut(l)
		if l.request != "" && !l.done {
			l.done, l.err = true, errDisk
		}
	}
	return s.learn()
}

// hardship is what happens to who was away for long.
func (s *scene) hardship(l *line) error {
	switch s.chance.IntN(2) {
	case 0: // the server drops the endpoint
		s.note("%s: endpoint %s is gone", l.name, l.endpoint)
		s.forgotten++
		s.cut(l)
		s.ends.end(l.endpoint)
		s.store.failNext("")
		s.dir.EndpointGone(life, "default", l.name, l.endpoint, wire.LeftSilent)
		s.store.age(l.endpoint)
		l.register()
		return s.learn()
	case 1: // somebody takes it out
		if l.rejoins() {
			s.note("%s: %s leaves by another's hand", l.name, l.endpoint)
			err := s.dir.Leave(life, caller(l.name), wire.LeaveConference{ConferenceID: s.id, UserEndpointID: l.endpoint})
			if err := ignoring(err); err != nil {
				return err
			}
			return s.learn()
		}
	}
	return nil
}

// deliver hands over what is at a place on the wire.
func (s *scene) deliver(l *line, i int) error {
	if len(l.flight) == 0 {
		return nil
	}
	if s.trace != nil {
		var e wire.Event
		_ = json.Unmarshal(l.flight[i].body, &e) // the server's own
		s.note("%s gets %s %d of %s", l.name, e.Type, *e.ConferenceVersion, e.UserEndpointID)
	}
	l.deliver(i, true)
	s.deliveries++
	return s.compare(l, s.chance.IntN(4) == 0)
}

// swallow loses an event in the follower's own hands: it is acknowledged, and
// does not come again. The next one tells of the gap, so what is the last that an
// endpoint ever gets is left alone.
func (s *scene) swallow(l *line) error {
	if len(l.flight) == 0 {
		return nil
	}
	var e wire.Event
	if err := json.Unmarshal(l.flight[0].body, &e); err != nil {
		return err
	}
	if e.Type == wire.EventEnded || e.UserID == l.name {
		return nil
	}
	s.note("%s cannot read %s %d", l.name, e.Type, *e.ConferenceVersion)
	s.unread++
	l.deliver(0, false)
	return nil
}

// misfortune has a follower fetch because of a gap, and makes another gap while
// the answer is on its way, which knows nothing of that one.
func (s *scene) misfortune(l *line) error {
	gap := func() error {
		if err := errors.Join(s.command(), s.command(), s.learn()); err != nil {
			return err
		}
		l.pump(s.store, 64)
		if err := s.swallow(l); err != nil {
			return err
		}
		for len(l.flight) > 0 {
			if err := s.deliver(l, 0); err != nil {
				return err
			}
		}
		return nil
	}
	if err := gap(); err != nil {
		return err
	}
	l.ask()
	return errors.Join(s.serve(l), gap(), s.answer(l, false))
}

// serve has the server answer what was asked.
func (s *scene) serve(l *line) error {
	if l.request == "" || l.done {
		return nil
	}
	l.done = true
	if l.request == "join" {
		_, err := s.dir.Join(life, caller(l.name), wire.JoinConference{ConferenceID: s.id, UserEndpointID: l.as, Metadata: json.RawMessage(`{"name":"` + l.name + `"}`)})
		l.err = refused(err)
		s.note("%s joins as %s: %v", l.name, l.as, err)
		return s.learn()
	}
	var err error
	l.answer, err = s.dir.State(life, caller(l.name), s.id)
	l.err = refused(err)
	s.note("%s is answered with version %d, %v", l.name, l.answer.Version, err)
	return nil
}

// answer hands over what the server answered, unless it is lost on the way.
func (s *scene) answer(l *line, lost bool) error {
	if l.request == "" || !l.done {
		return nil
	}
	if lost {
		l.err = &wire.Error{Code: wire.CodeUnavailable}
	}
	s.note("%s has its answer: %s, version %d, %v", l.name, l.request, l.answer.Version, l.err)
	if l.request == "state" && l.err == nil {
		s.fetches++
		if l.answer.Version < s.version {
			s.stale++
		}
	}
	l.arrive()
	return s.compare(l, true)
}

// compare holds what a follower sees against the server's state at the same
// version.
func (s *scene) compare(l *line, now bool) error {
	if !now || l.over() {
		return nil
	}
	got, version := l.view()
	want, known := s.truth[version]
	if !known {
		return nil
	}
	s.compared++
	if got != want {
		return fmt.Errorf("%s differs at version %d\nserver:   %s\nfollower: %s", l.name, version, strings.ReplaceAll(want, "\n", " | "), strings.ReplaceAll(got, "\n", " | "))
	}
	return nil
}

// heal ends the faults: connections that lost something are cut by the broker,
// all connect again, and whatever is under way arrives, in order. Then nobody
// differs from the server.
func (s *scene) heal() error {
	s.note("the faults end")
	s.store.failNext("")
	if err := s.learn(); err != nil {
		return err
	}
	for _, l := range s.lines {
		if l.lossy {
			s.cut(l)
		}
		l.fetches = 0
		s.connect(l)
	}
	if err := s.settle(); err != nil {
		return err
	}
	if slices.ContainsFunc(s.lines, func(l *line) bool { return l.blind > 0 }) && !s.ended {
		if err := s.nudge(); err != nil {
			return err
		}
	}
	for _, l := range s.lines {
		if err := s.same(l); err != nil {
			return err
		}
	}
	return s.store.faulted()
}

// nudge makes something happen, so that who could not read the last event learns
// that there was one.
func (s *scene) nudge() error {
	for _, l := range s.lines {
		l.blind, l.fetches = 0, 0
	}
	_, err := s.dir.Join(life, caller("u0"), wire.JoinConference{ConferenceID: s.id, UserEndpointID: "u0-0"})
	if err == nil {
		s.values++
		err = s.dir.UpdateMetadata(life, caller("u0"), wire.UpdateMetadata{ConferenceID: s.id, UserEndpointID: "u0-0", Operation: wire.OperationSet, Key: "k0", Value: fmt.Sprint(s.values)})
	}
	return errors.Join(err, s.learn(), s.settle())
}

// settle lets everything arrive that is under way, in order.
func (s *scene) settle() error {
	for moved, passes := true, 0; moved; passes++ {
		if moved = false; passes > 100 {
			return errors.New("somebody asks without end")
		}
		for _, l := range s.lines { // what one asks for is news for the others
			l.pump(s.store, 64)
			l.ask()
			moved = moved || len(l.flight) > 0 || l.request != ""
			for len(l.flight) > 0 {
				if err := s.deliver(l, 0); err != nil {
					return err
				}
			}
			if err := errors.Join(s.serve(l), s.answer(l, false)); err != nil {
				return err
			}
			s.worst = max(s.worst, l.fetches)
		}
	}
	return nil
}

// same tells how a follower differs from the server, once nothing is under way.
func (s *scene) same(l *line) error {
	_, version := l.view()
	switch {
	case s.ended && l.over():
		return nil
	case s.ended:
		return fmt.Errorf("%s does not know that the conference has ended", l.name)
	case l.over():
		return fmt.Errorf("%s takes the conference for ended", l.name)
	case version != s.version:
		return fmt.Errorf("%s stays at version %d, the server is at %d", l.name, version, s.version)
	case l.fetches > 2:
		return fmt.Errorf("%s needed %d fetches", l.name, l.fetches)
	}
	return s.compare(l, true)
}

// command does one thing to the conference, which may be refused.
func (s *scene) command() error {
	if s.coin(3) {
		return s.seated()
	}
	e := s.actors[s.chance.IntN(len(s.actors))]
	user := e[:2]
	who, stream := caller(user), wire.StreamID(fmt.Sprintf("s%d.%s", s.chance.IntN(2), e))
	var err error
	switch dice := s.chance.IntN(200); {
	case dice < 40:
		_, err = s.dir.Join(life, who, wire.JoinConference{ConferenceID: s.id, UserEndpointID: e, Metadata: json.RawMessage(`{"name":"` + user + `"}`)})
	case dice < 60:
		err = s.dir.Leave(life, who, wire.LeaveConference{ConferenceID: s.id, UserEndpointID: e, Reason: "bye"})
	case dice < 95:
		_, err = s.dir.Publish(life, who, wire.PublishStream{ConferenceID: s.id, UserEndpointID: e, StreamID: stream, ConferenceStreamType: wire.StreamCam, SDPOffer: "v=0", Metadata: s.metadata()})
	case dice < 110:
		err = s.dir.Unpublish(life, who, wire.StreamRef{ConferenceID: s.id, UserEndpointID: e, StreamID: stream})
	case dice < 130:
		err = s.dir.UpdateStreamMetadata(life, who, wire.UpdateStreamMetadata{ConferenceID: s.id, UserEndpointID: e, StreamID: stream, Metadata: s.metadata()})
	case dice < 199:
		u := wire.UpdateMetadata{ConferenceID: s.id, UserEndpointID: e, Operation: wire.OperationSet, Key: fmt.Sprintf("k%d", s.chance.IntN(4)), Value: fmt.Sprint(s.values)}
		switch s.chance.IntN(5) {
		case 0:
			u.Key = wire.MetadataOnHold
			u.Value = []string{"true", "false"}[s.chance.IntN(2)]
		case 1, 2:
			u.Key, u.Value = wire.TrackMuted([]string{"audio", "video"}[s.chance.IntN(2)], stream), "true"
		}
		if s.chance.IntN(3) == 0 {
			u.Operation = wire.OperationRemove
		}
		s.values++
		err = s.dir.UpdateMetadata(life, who, u)
	default:
		if s.chance.IntN(4) == 0 {
			s.note("the conference ends")
			err = s.dir.End(life, who, wire.LeaveConference{ConferenceID: s.id, Reason: "done"})
		}
	}
	return ignoring(err)
}

func (s *scene) metadata() json.RawMessage {
	if s.chance.IntN(3) == 0 {
		return nil
	}
	s.values++
	return json.RawMessage(fmt.Sprintf(`{"n":%d}`, s.values))
}

// ignoring leaves the errors that nobody expects.
func ignoring(err error) error {
	for _, fine := range []error{conference.ErrNotMember, conference.ErrUnknownStream, conference.ErrExists, conference.ErrEnded, conference.ErrUnavailable, conference.ErrFull, errGone,
		conference.ErrNotPermitted, conference.ErrAudience, conference.ErrLocked, conference.ErrRemoved, conference.ErrUnknownMember} {
		if errors.Is(err, fine) {
			return nil
		}
	}
	return err
}
