package conference_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/clocktest"
	"guichet/platform/conference"
	"guichet/platform/wire"
)

// life is a room's year: whoever has a token comes and goes, others act on it, the
// machine's clock is set wrong and right again, the server restarts.
type life struct {
	*testing.T
	chance  *rand.Rand
	clock   clocktest.Clock
	start   time.Time
	ahead   time.Duration // what the wall is wrong by
	store   *ledger
	dir     *conference.Directory
	cards   []*card
	members []string // who is in, in the order of joining

	id      string // of the session; empty: there is none
	entered bool   // somebody was in
	locked  bool
	in      map[string]*stay
	records map[string]record

	mu       sync.Mutex
	removals map[string]bool // endpoints that were taken out, to be dropped
	strange  []string        // dropped, and taken out by nobody

	seen     map[string]int
	sessions int
}

// TestYearOfARoom: nobody sits past the time of his token, nobody gets in outside
// it, sessions end when they must and leave nothing behind, and versions have no
// gap; through jumps of the machine's clock and restarts.
func TestYearOfARoom(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			l := &life{T: t, chance: rand.New(rand.NewPCG(seed, 365)), store: newLedger(), in: map[string]*stay{}, records: map[string]record{},
				removals: map[string]bool{}, seen: seen}
			l.start = l.clock.Now()
			l.open()
			began := time.Now()
			defer func() { l.dir.Close() }()
			for l.now().steady.Sub(l.start) < year {
				l.step()
				if t.Failed() {
					t.FailNow()
				}
			}
			l.finish(began)
		})
	}
	t.Log(seen)
	for _, what := range []string{conference.ErrEarly.Error(), conference.ErrLate.Error(), conference.ErrRemoved.Error(), conference.ErrLocked.Error(), conference.ErrFull.Error(),
		"joined", "came back", "time is up", "taken out", "ended by a leaving", "ended by a time that was up", "ended empty", "restart", "clock set"} {
		if seen[what] == 0 {
			t.Errorf("in all the years it never happened: %s", what)
		}
	}
}

func (l *life) open() {
	l.dir = conference.New(conference.Config{Store: l.store, Media: &sfu{}, Endpoints: &endpoints{dead: map[string]bool{}}, Now: l.clock.Now,
		Drop: func(_ context.Context, _, _, endpoint, _ string) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.removals[endpoint] {
				l.strange = append(l.strange, endpoint)
			}
		}})
}

func (l *life) now() moment {
	n := l.clock.Now()
	return moment{n.Round(0), l.start.Round(0).Add(n.Sub(l.start))}
}

func (l *life) key() conference.Key { return conference.Key{Organization: "default", ID: l.id} }

func (l *life) upTo(most time.Duration) time.Duration {
	return time.Duration(l.chance.Int64N(int64(most))).Truncate(time.Second)
}

// step does one thing and looks at what became of it.
func (l *life) step() {
	switch dice := l.chance.IntN(100); {
	case dice < 30:
		l.clock.Pass(l.upTo([]time.Duration{time.Minute, 20 * time.Minute, 5 * time.Hour, 40 * time.Hour}[l.chance.IntN(4)]))
	case dice < 62:
		l.join()
	case dice < 70:
		l.leave()
	case dice < 74:
		l.takeOut()
	case dice < 86:
		l.act()
	case dice < 90:
		l.lock()
	case dice < 95:
		l.endEmpty()
	case dice < 98:
		l.setClock()
	default:
		l.restart()
	}
	l.look()
}

// issue makes a token of random bounds.
func (l *life) issue() *card {
	const day = 24 * time.Hour
	now := l.now().wall
	n := len(l.cards)
	c := &card{user: fmt.Sprintf("u%d", n), Admission: conference.Admission{TokenID: fmt.Sprintf("token %d", n), Name: "Somebody", Role: wire.JoinAsMember,
		Permissions: wire.Permissions()[:3], MediaAllowed: wire.MediaAll, AudioMuted: l.once(5), Room: conference.RoomSettings{Name: "lobby", MaxMembers: seatsOfYear}}}
	if l.once(3) {
		c.JoinFrom = now.Add(l.upTo(2*day) - day/2)
	}
	if l.once(2) {
		c.JoinUntil = now.Add(l.upTo(3 * day))
		if c.JoinUntil.Before(c.JoinFrom) {
			c.JoinUntil = c.JoinFrom.Add(time.Hour)
		}
	}
	if l.once(3) {
		c.RemoveAt = now.Add(l.upTo(2 * day))
	}
	if l.once(3) {
		c.RemoveAfter = time.Second + l.upTo(200000*time.Second)
	}
	if l.once(4) {
		c.Role, c.Permissions = wire.JoinAsAudience, nil
	}
	c.EndOnLeave = l.once(25)
	l.cards = append(l.cards, c)
	return c
}

func (l *life) once(in int) bool { return l.chance.IntN(in) == 0 }

// join shows one of the younger tokens, or a new one.
func (l *life) join() {
	var c *card
	if recent := l.cards[max(0, len(l.cards)-12):]; len(recent) == 0 || l.once(4) {
		c = l.issue()
	} else {
		c = recent[l.chance.IntN(len(recent))]
	}
	if l.id == "" {
		l.sessions++
		l.id = fmt.Sprintf("session-%d", l.sessions)
		must(l.dir.Create(ctx, agent("z"), wire.CreateConference{ConferenceID: l.id}))(l.T)
	}
	c.devices++
	endpoint := fmt.Sprintf("%s-%d", c.user, c.devices)
	r, known := l.records[c.TokenID]
	before := l.now()
	err := second(l.dir.Join(ctx, c.caller(), wire.JoinConference{ConferenceID: l.id, UserEndpointID: endpoint}))
	after := l.now()
	early := refusal(c, r, r.elapses.surely(before.steady), before.wall, l.locked, len(l.in))
	late := refusal(c, r, r.elapses.maybe(after.steady), after.wall, l.locked, len(l.in))
	if !errors.Is(err, early) && !errors.Is(err, late) {
		l.Fatalf("%+v joins at %v: %v, want %v; what is known of it: %+v", c, before, err, early, r)
	}
	if err != nil {
		if early == nil {
			early = late
		}
		l.seen[early.Error()]++
		return
	}
	l.seen["joined"]++
	if known {
		l.seen["came back"]++
	}
	s := &stay{card: c, posture: posture{c.AudioMuted || r.muted, r.recast, c.Role}, elapses: r.elapses}
	if r.recast {
		s.role = r.role
	}
	if c.RemoveAfter > 0 && s.elapses[0].IsZero() {
		s.elapses = span{before.steady.Add(c.RemoveAfter), after.steady.Add(c.RemoveAfter)}
	}
	r.elapses = s.elapses
	r.shared = r.shared || slices.ContainsFunc(l.members, func(e string) bool { return l.in[e].card == c })
	l.records[c.TokenID], l.entered = r, true
	l.in[endpoint], l.members = s, append(l.members, endpoint)
}

// gone notes that somebody is in no more.
func (l *life) gone(endpoint string, removed bool) {
	s := l.in[endpoint]
	r := l.records[s.TokenID]
	r.removed, r.posture = r.removed || removed, s.posture
	l.records[s.TokenID] = r
	delete(l.in, endpoint)
	l.members = slices.DeleteFunc(l.members, func(e string) bool { return e == endpoint })
}

// over notes that the session has ended.
func (l *life) over(why string) {
	l.seen[why]++
	if err := second(l.dir.State(ctx, agent("z"), l.id)); !errors.Is(err, conference.ErrEnded) {
		l.Fatalf("%s, and it goes on: %v", why, err)
	}
	if err := second(l.dir.Join(ctx, agent("z"), wire.JoinConference{ConferenceID: l.id, UserEndpointID: "z1"})); !errors.Is(err, conference.ErrEnded) {
		l.Errorf("somebody joins what has ended: %v", err)
	}
	l.id, l.entered, l.locked, l.members = "", false, false, nil
	clear(l.in)
	clear(l.records)
}

// anybody returns somebody who is in.
func (l *life) anybody() (endpoint string, s *stay) {
	if len(l.members) == 0 {
		return "", nil
	}
	endpoint = l.members[l.chance.IntN(len(l.members))]
	return endpoint, l.in[endpoint]
}

func (l *life) leave() {
	endpoint, s := l.anybody()
	if s == nil {
		return
	}
	if err := l.dir.Leave(ctx, s.caller(), wire.LeaveConference{ConferenceID: l.id, UserEndpointID: endpoint}); err != nil {
		l.Fatal(err)
	}
	if s.EndOnLeave {
		l.over("ended by a leaving")
		return
	}
	l.gone(endpoint, false)
}

func (l *life) takeOut() {
	endpoint, s := l.anybody()
	if s == nil {
		return
	}
	l.mayBeDropped(endpoint)
	if err := l.dir.RemoveMember(ctx, agent("z"), wire.RemoveMember{MemberAction: by(l.id, "z1", endpoint), Reason: "enough"}); err != nil {
		l.Fatal(err)
	}
	l.seen["taken out"]++
	if s.EndOnLeave {
		l.over("ended by a leaving")
		return
	}
	l.gone(endpoint, true)
}

func (l *life) mayBeDropped(endpoint string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removals[endpoint] = true
}

// act has staff change somebody's seat.
func (l *life) act() {
	endpoint, s := l.anybody()
	if s == nil {
		return
	}
	var err error
	switch a := by(l.id, "z1", endpoint); l.chance.IntN(4) {
	case 0:
		err = l.dir.MuteAudio(ctx, agent("z"), a)
		s.muted = true
	case 1:
		err = l.dir.UnmuteAudio(ctx, agent("z"), a)
		s.muted = false
	case 2:
		err = l.dir.Promote(ctx, agent("z"), wire.Promote{MemberAction: a, Permissions: wire.Permissions()[:2]})
		if s.role == wire.JoinAsAudience {
			s.posture = posture{false, true, wire.JoinAsMember}
		}
	case 3:
		err = l.dir.Demote(ctx, agent("z"), wire.Demote{MemberAction: a})
		if s.role == wire.JoinAsMember {
			s.recast, s.role = true, wire.JoinAsAudience
		}
	}
	if err != nil {
		l.Fatal(err)
	}
}

func (l *life) lock() {
	if !l.entered {
		return
	}
	does := l.dir.Lock
	if l.locked = !l.locked; !l.locked {
		does = l.dir.Unlock
	}
	if err := does(ctx, agent("z"), wire.RoomAction{ConferenceID: l.id, UserEndpointID: "z1"}); err != nil {
		l.Fatal(err)
	}
}

// endEmpty does what is done now and then to sessions that nobody is in.
func (l *life) endEmpty() {
	if l.id == "" {
		return
	}
	switch err := l.dir.EndEmpty(ctx, l.key(), "nobody is in the room"); {
	case len(l.in) > 0 && !errors.Is(err, conference.ErrNotEmpty), len(l.in) == 0 && err != nil:
		l.Fatalf("with %d in: %v", len(l.in), err)
	case err == nil:
		l.over("ended empty")
	}
}

func (l *life) setClock() {
	l.ahead = []time.Duration{0, 0, 0, time.Hour, -time.Hour, 10 * year, -10 * year}[l.chance.IntN(7)]
	l.clock.Set(l.ahead)
	l.seen["clock set"]++
}

// restart ends the server and starts another. What a stay has left is counted by
// the wall over a restart, so the wall must be right.
func (l *life) restart() {
	if l.ahead != 0 {
		return
	}
	l.dir.Close()
	l.open()
	l.seen["restart"]++
}

// look holds the room against the tokens. The loop looks at the clock with
// everything that happens, and answers with what it has seen: the second answer
// knows of the time that has passed.
func (l *life) look() {
	if l.id == "" {
		return
	}
	before := l.now()
	for _, e := range l.members {
		if l.in[e].maybeOver(before) {
			l.mayBeDropped(e)
		}
	}
	s, err := l.dir.State(ctx, agent("z"), l.id)
	if err == nil {
		s, err = l.dir.State(ctx, agent("z"), l.id)
	}
	after := l.now()
	if errors.Is(err, conference.ErrEnded) {
		if !slices.ContainsFunc(l.members, func(e string) bool { return l.in[e].EndOnLeave && l.in[e].maybeOver(after) }) {
			l.Fatalf("the session has ended at %v with %v in", after, l.members)
		}
		l.over("ended by a time that was up")
		return
	}
	if err != nil {
		l.Fatal(err)
	}
	there := map[string]bool{}
	for _, p := range s.Participants {
		for _, e := range p.Endpoints {
			there[e.ID] = true
			if l.in[e.ID] == nil {
				l.Fatalf("%s is in, and was let in by nobody", e.ID)
			}
		}
	}
	for _, e := range slices.Clone(l.members) {
		switch m := l.in[e]; {
		case there[e] && m.surelyOver(before):
			l.Fatalf("%s sits past its time at %v: %+v", e, before, m)
		case !there[e] && !m.maybeOver(after):
			l.Fatalf("%s is gone before its time at %v: %+v", e, after, m)
		case !there[e] && m.EndOnLeave:
			l.Fatalf("%s is gone, with whom the session ends", e)
		case !there[e]:
			l.seen["time is up"]++
			l.gone(e, true)
		default:
			l.seat(s, e, m)
		}
	}
	if told, ok := l.store.told(l.key()); ok && told.Version == s.Version && !reflect.DeepEqual(conference.Sorted(s), told) {
		equal(l.T, conference.Sorted(s), told)
	}
	if err := l.store.broken(); err != nil {
		l.Fatal(err)
	}
}

// seat holds somebody's seat against what was done to it.
func (l *life) seat(s wire.Conference, endpoint string, m *stay) {
	l.Helper()
	text := s.Metadata[wire.MemberKey(endpoint)]
	if l.records[m.TokenID].shared {
		return
	}
	for _, want := range []string{fmt.Sprintf(`"role":%q`, m.role), fmt.Sprintf(`"audioMuted":%v`, m.muted)} {
		if !strings.Contains(text, want) {
			l.Fatalf("%s sits as %s, want %s", endpoint, text, want)
		}
	}
	if m.role == wire.JoinAsAudience && !strings.Contains(text, `"permissions":[]`) {
		l.Fatalf("%s of the audience has permissions: %s", endpoint, text)
	}
}

// finish sends everybody home. Nothing is left then: no session, no loop, and no
// word of those who were in.
func (l *life) finish(began time.Time) {
	l.clock.Set(0)
	for l.look(); len(l.members) > 0; {
		l.leave()
	}
	l.endEmpty()
	for guard := time.Now().Add(hang); l.dir.Live() > 0; {
		if time.Now().After(guard) {
			l.Fatalf("%d conferences have a loop that nobody is in", l.dir.Live())
		}
		runtime.Gosched()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.strange) > 0 {
		l.Errorf("dropped, and taken out by nobody: %q", l.strange)
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if n := len(l.store.follower) + len(l.store.in); n > 0 {
		l.Errorf("%d conferences have not ended", n)
	}
	l.Logf("%d sessions, %d events, states of at most %d bytes, in %v", l.sessions, l.store.events, l.store.largest, time.Since(began).Round(time.Millisecond))
	if l.store.largest > 64<<10 {
		l.Errorf("a session of %d seats takes %d bytes", seatsOfYear, l.store.largest)
	}
}
