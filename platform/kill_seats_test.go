package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

// lobby is a room with its session, those who sit in it, and who watches.
type lobby struct {
	*hall
	room    string
	chair   holder // may do everything, and nobody does anything to it
	sitters []*sitter
	manager *manager
	invited []*visit
	removed []holder // whose removal was acknowledged
	seatTally
}

// holder has a room token and an endpoint.
type holder struct{ token, endpoint string }

// seatTally is what the test has seen, so that it cannot pass by doing nothing.
type seatTally struct {
	acked, doubtful, happened, outs, refused, late, locked, measured int
	worst                                                            time.Duration // after the time of somebody's removal
}

func (c seatTally) String() string {
	return fmt.Sprintf("%d changes of seats and rooms acknowledged and found, %d in doubt of which %d happened; %d removals, %d returns refused, %d times up (at most %v late), %d doors locked; %d streams measured",
		c.acked, c.doubtful, c.happened, c.outs, c.refused, c.late, c.worst.Round(time.Millisecond), c.locked, c.measured)
}

// TestKillLosesNoSeat kills the server at random moments while seats and the room
// change. Afterwards every acknowledged change is there, who was removed stays
// out, who may stay for so long leaves in time, the door is locked as it was, and
// what arrives of whom, and at whom, is what the seats say.
func TestKillLosesNoSeat(t *testing.T) {
	const sitters = 5
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	l := &lobby{hall: &hall{program: build(t), news: make(chan struct{}, 1)}}
	l.near = true
	defer l.kill()
	l.observers = []*observer{{hall: l.hall}, {hall: l.hall}} // one reads all along, the other only after each start
	for n := range sitters {
		l.sitters = append(l.sitters, &sitter{lobby: l, name: fmt.Sprintf("w%d", n)})
	}
	l.manager = &manager{lobby: l}
	began := time.Now()
	l.start()
	l.signIn(t)
	for round := range rounds(t) {
		if round%callRounds == 0 {
			l.open(t, fmt.Sprintf("room-%d", round))
		}
		l.observers[0].connect(t)
		l.invite(t)
		killAfter := int64(1 + chance.IntN(300))
		var acknowledged atomic.Int64
		now := make(chan struct{})
		count := func() {
			if acknowledged.Add(1) == killAfter {
				close(now)
			}
		}
		var all sync.WaitGroup
		for n, s := range l.sitters {
			s.chance = rand.New(rand.NewPCG(seed, uint64(1+round*100+n)))
			all.Go(func() { l.work(s.step, count) })
		}
		l.manager.chance = rand.New(rand.NewPCG(seed, uint64(1+round*100+sitters)))
		all.Go(func() { l.work(l.manager.step, count) })
		select {
		case <-now:
		case <-time.After(hang):
			t.Fatal("the workers do nothing")
		}
		l.kill()
		all.Wait()
		l.kills++
		l.observers[0].close()
		l.start()
		l.signIn(t)
		l.check(t)
		if round%4 == 0 {
			l.measure(t)
		}
		if l.report(t); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d kills, %d events; %v; %v", l.kills, l.events, l.seatTally, time.Since(began).Round(time.Second))
	if l.events == 0 || l.seatTally.acked == 0 || l.late == 0 || l.measured == 0 {
		t.Error("the kills came before anything was done")
	}
}

// as posts an operation of conferences by somebody's token.
func (l *lobby) as(token string, want int, operation string, body, into any) error {
	return l.expect(http.DefaultClient, want, "POST", "/rtc-api/conferences/"+operation, token, body, into)
}

// admit makes a room token and an endpoint.
func (l *lobby) admit(more map[string]any) (h holder, err error) {
	fields := map[string]any{"room_name": l.room}
	for k, v := range more {
		fields[k] = v
	}
	var token wire.RoomToken
	if err := l.expect(http.DefaultClient, 200, "POST", "/api/video/room_tokens", l.hall.token, fields, &token); err != nil {
		return h, err
	}
	h.token = token.Token
	h.endpoint, err = l.device(h.token)
	return h, err
}

func (l *lobby) device(token string) (id string, err error) {
	err = l.expect(http.DefaultClient, 200, "POST", "/rtc-api/users/endpoints", token, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds}, &id)
	return id, err
}

// tries joins and returns why not, if it is refused.
func (l *lobby) tries(h holder) (in bool, why wire.Reason, err error) {
	status, body, _, err := l.ask(http.DefaultClient, "POST", "/rtc-api/conferences/join", h.token, wire.JoinConference{ConferenceID: l.room, UserEndpointID: h.endpoint})
	if err != nil || status == 200 {
		return err == nil, "", err
	}
	var e wire.Error
	if json.Unmarshal(body, &e) != nil || status != 403 || e.Reason == "" {
		return false, "", fmt.Errorf("join: %d %s", status, body)
	}
	return false, e.Reason, nil
}

func (l *lobby) state(t *testing.T) (s wire.Conference) {
	t.Helper()
	if err := l.expect(http.DefaultClient, 200, "GET", "/rtc-api/conferences/"+l.id+"/simpleView", l.hall.token, nil, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// open begins another room, whose session the chair makes.
func (l *lobby) open(t *testing.T, room string) {
	t.Helper()
	if l.id != "" {
		if err := l.post(204, "end", wire.LeaveConference{ConferenceID: l.id, Reason: "enough"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	l.room, l.removed, l.invited = room, nil, nil
	var c wire.Summary
	var err error
	if l.chair, err = l.admit(map[string]any{"permissions": wire.Permissions()}); err == nil {
		err = l.as(l.chair.token, 200, "join", wire.JoinConference{ConferenceID: room, UserEndpointID: l.chair.endpoint}, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.id = c.ID
	for _, o := range l.observers {
		if o.endpoint == "" {
			if o.endpoint, err = l.register(); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.post(200, "join", wire.JoinConference{ConferenceID: l.id, UserEndpointID: o.endpoint}, nil); err != nil {
			t.Fatal(err)
		}
	}
	state := l.state(t)
	l.bodies, l.lines, l.replay = map[int64]string{}, map[int64]wire.MessageEvent{}, replayOf(state)
	for _, o := range l.observers {
		o.upTo, o.seen, o.lines = state.Version, map[int64]bool{}, map[int64]bool{}
	}
	for _, s := range l.sitters {
		s.holder, s.sure, s.doubt = holder{}, sitting{}, nil
	}
	l.manager.sure, l.manager.doubt = setting{layout: wire.DefaultLayout, meta: "{}"}, nil
}

// replayOf goes on from a state.
func replayOf(s wire.Conference) *replay {
	r := newReplay(s.ID, s.Version)
	for k, v := range s.Metadata {
		r.metadata[k] = v
	}
	for _, p := range s.Participants {
		for _, n := range p.Endpoints {
			r.users[n.ID], r.about[n.ID] = p.ID, string(n.Metadata)
		}
	}
	return r
}

// check holds a server that has just started against what was acknowledged and
// what was told before.
func (l *lobby) check(t *testing.T) {
	t.Helper()
	state := l.state(t)
	read := time.Now()
	for _, o := range l.observers {
		o.connect(t)
		o.await(t, state.Version, 0)
		o.close()
	}
	l.follow(state)
	for _, s := range l.sitters {
		s.check(state)
	}
	l.manager.check(state)
	l.checkVisits(t, state, read)
	for _, h := range l.removed {
		if err := l.staysOut(h); err != nil {
			l.errorf("who was removed: %w", err)
		}
	}
	if n := len(l.removed); n > 6 {
		l.removed = l.removed[n-6:]
	}
	l.checkDoor(t)
}

// follow holds the events since the last look against the state.
func (l *lobby) follow(state wire.Conference) {
	l.mu.Lock()
	bodies := l.bodies
	l.mu.Unlock()
	for v := range bodies {
		if v >= state.Version {
			l.errorf("version %d was told, and the state is at %d", v, state.Version)
		}
	}
	for v := l.replay.version; v < state.Version; v++ {
		var e wire.Event
		if err := json.Unmarshal([]byte(bodies[v]), &e); err != nil {
			l.errorf("version %d: %w", v, err)
			return
		}
		l.replay.apply(e)
		l.events++
	}
	if want, got := textOf(state), l.replay.text(); want != got {
		l.errorf("the state is not what the events lead to\nstate: %s\nevents: %s", want, got)
	}
}

// staysOut tries to come back with another device.
func (l *lobby) staysOut(h holder) (err error) {
	if h.endpoint, err = l.device(h.token); err != nil {
		return err
	}
	in, why, err := l.tries(h)
	if err == nil && (in || why != wire.ReasonRemoved) {
		err = fmt.Errorf("let in: %v, refused because %q", in, why)
	}
	l.refused++
	return err
}

// checkDoor has somebody come who was never there.
func (l *lobby) checkDoor(t *testing.T) {
	t.Helper()
	h, err := l.admit(nil)
	if err != nil {
		t.Fatal(err)
	}
	in, why, err := l.tries(h)
	if err != nil {
		t.Fatal(err)
	}
	locked := l.manager.sure.locked
	if in == locked || locked && why != wire.ReasonLocked {
		l.errorf("the room is locked: %v, and somebody is let in: %v, %q", locked, in, why)
	}
	if locked {
		l.locked++
	}
	if in {
		if err := l.as(h.token, 204, "leave", wire.LeaveConference{ConferenceID: l.id, UserEndpointID: h.endpoint}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// visit is somebody who may stay for a while only.
type visit struct {
	holder
	what string
	due  time.Time
}

// invite brings in two whose time is short.
func (l *lobby) invite(t *testing.T) {
	t.Helper()
	if err := l.manager.unlock(); err != nil {
		t.Fatal(err)
	}
	const stay = 4 * time.Second
	at := time.Now().Add(stay).Truncate(time.Second)
	for what, v := range map[string]any{"remove_at": at.UTC().Format(time.RFC3339), "remove_after_seconds_elapsed": int(stay / time.Second)} {
		h, err := l.admit(map[string]any{what: v})
		if err != nil {
			t.Fatal(err)
		}
		due := at
		if what != "remove_at" {
			due = time.Now().Add(stay)
		}
		if in, why, err := l.tries(h); !in {
			t.Fatalf("%s: %q, %v", what, why, err)
		}
		l.invited = append(l.invited, &visit{h, what, due})
	}
}

// checkVisits waits until those are out whose time is up: not before it, and no
// later than a server needs.
func (l *lobby) checkVisits(t *testing.T, state wire.Conference, read time.Time) {
	t.Helper()
	o := l.observers[0]
	o.connect(t)
	defer o.close()
	for _, v := range l.invited {
		key := wire.MemberKey(v.endpoint)
		if _, in := state.Metadata[key]; !in && read.Before(v.due.Add(-time.Second)) {
			l.errorf("%s: out %v before the time", v.what, time.Until(v.due))
		}
		deadline := time.After(hang)
		for {
			if _, in := l.state(t).Metadata[key]; !in {
				break
			}
			select {
			case <-l.news:
			case <-deadline:
				t.Fatalf("%s: %v after the time it is still in", v.what, time.Since(v.due))
			}
		}
		since := v.due // or since there is a server that could know of it
		if since.Before(read) {
			since = read
		}
		late := time.Since(since)
		if late > 10*time.Second { // a second, but for slow machines
			l.errorf("%s: out %v after the time", v.what, late)
		}
		l.late++
		l.worst = max(l.worst, late)
		l.removed = append(l.removed, v.holder)
	}
	l.invited = slices.Delete(l.invited, 0, len(l.invited))
}
