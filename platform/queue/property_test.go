package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// steps is how many things happen; GUICHET_QUEUE_STEPS asks for more.
func steps(t *testing.T) int {
	asked := os.Getenv("GUICHET_QUEUE_STEPS")
	if asked == "" {
		return 30_000
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		t.Fatalf("GUICHET_QUEUE_STEPS=%s is no number of steps", asked)
	}
	return n
}

// world is a state with what its callers and agents were told, and rows as a
// store would have them.
type world struct {
	t      *testing.T
	chance *rand.Rand
	*state
	at      moment
	rows    SavedHall // by encoding; maps below
	saved   map[string][]byte
	agentsB map[string][]byte
	queuesB map[string][]byte

	known   map[string]*known // visits that came, until they have ended
	ringing map[string]string // by agent: the visit that their window shows as ringing
	ended   int
	counts  map[string]int
	trail   []string
	callers int
	steps   int
}

// known is what a caller was told.
type known struct {
	version int64
	state   wire.VisitState
	arrived time.Time
	over    bool
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nlast of all: %q", fmt.Sprintf(format, args...), w.trail[max(0, len(w.trail)-25):])
}

// TestNoCallerIsLost lets callers, agents, supervisors and servers do anything in
// any order, and checks after each step what must always hold: every caller who
// came is there or was told the end; nobody is offered to two agents, and no agent
// has two; whoever could be offered is; lines are in the order of arrival; what is
// told has no gap; and a restart finds everything as it was. In the end agents
// take whoever is left, and nobody stays behind.
func TestNoCallerIsLost(t *testing.T) {
	w := newWorld(t)
	for range steps(t) {
		w.step()
		w.check()
	}
	w.drain()
	t.Logf("%d visits: %v", w.callers, w.counts)
	for _, must := range []string{"queue", "leave", "accept", "decline", "ring out", "agent gone", "caller gone", "restart", "call over", "wrap up", "cold", "warm", "complete", "cancel", "overflow"} {
		if w.counts[must] == 0 {
			t.Errorf("%q never happened", must)
		}
	}
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, chance: newChance(t), state: newState("o"), at: moment{noon, noon}, saved: map[string][]byte{}, agentsB: map[string][]byte{},
		queuesB: map[string][]byte{}, known: map[string]*known{}, ringing: map[string]string{}, counts: map[string]int{}}
	wrapUp, none := int64(15), int64(0)
	for i, r := range []wire.WriteQueue{
		{Name: "last"},
		{Name: "loans", Skills: []string{"loans"}, MaxWaitSeconds: 90, OverflowQueueID: "q0", WrapUpSeconds: &wrapUp},
		{Name: "greek", MatchLanguage: true, MaxWaitSeconds: 60, OverflowQueueID: "q1", WrapUpSeconds: &none},
		{Name: "vip", Priority: 5, RingSeconds: 10},
	} {
		given, err := read(r)
		if err == nil {
			_, err = w.write(w.at, fmt.Sprint("q", i), given, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 {
		r := wire.UpdateAgent{Queues: []string{"q0"}, Languages: []string{[]string{"el", "en"}[i%2]}}
		for j := 1; j < 4; j++ {
			if w.chance.IntN(2) == 0 {
				r.Queues = append(r.Queues, fmt.Sprint("q", j))
			}
		}
		if i%3 != 0 {
			r.Skills = []string{"loans"}
		}
		if _, err := w.equip(w.at, fmt.Sprint("a", i), r); err != nil {
			t.Fatal(err)
		}
	}
	w.flush()
	return w
}

// note counts what happened.
func (w *world) note(what, whom string) {
	w.counts[what]++
	w.trail = append(w.trail[max(0, len(w.trail)-200):], what+" "+whom)
}

// step does one thing at a time that goes on by chance.
func (w *world) step() {
	w.steps++
	w.at.now = w.at.now.Add(time.Duration(w.chance.ExpFloat64() * 0.4 * float64(time.Second)))
	w.at.wall = w.at.now
	a := fmt.Sprint("a", w.chance.IntN(8))
	p := Party{a, "e-" + a}
	mine := w.visits[""]
	if ag := w.agents[a]; ag != nil {
		mine = w.visits[ag.Visit]
	}
	any := w.anyVisit()
	switch dice := w.chance.IntN(100); {
	case dice < 12 && len(w.visits) < []int{30, 4}[w.steps/500%2]: // a busy hour, a quiet one
		w.enter1()
	case dice < 15 && any != nil && (any.inLine() || any.State == wire.VisitActive):
		w.note("leave", any.ID)
		w.over(w.at, any, Party{User: any.User}, wire.WhyLeft)
	case dice < 18 && any != nil && any.Endpoint != "":
		w.note("caller gone", any.ID)
		w.vanish(w.at, any.User, any.Endpoint)
	case dice < 32:
		w.note("ready", a)
		w.must(w.declare(w.at, Caller{UserID: a, Name: a}, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: p.Endpoint}))
	case dice < 35:
		w.note("not ready", a)
		w.must(w.declare(w.at, Caller{UserID: a}, wire.SetPresence{State: wire.PresenceNotReady, UserEndpointID: p.Endpoint}))
	case dice < 38:
		w.note("agent gone", a)
		w.vanish(w.at, a, p.Endpoint)
		delete(w.ringing, a)
	case dice < 55 && mine != nil:
		conference := fmt.Sprint("k", w.at.now.UnixNano())
		if _, err := w.accept(w.at, mine, p, conference); err == nil {
			w.note("accept", mine.ID+" by "+a)
		}
	case dice < 62 && mine != nil:
		if w.decline(w.at, mine, p) == nil {
			w.note("decline", mine.ID+" by "+a)
		}
	case dice < 66 && mine != nil && mine.Transfer != nil:
		w.transferSome(mine, a, p)
	case dice < 78 && any != nil && any.Conference != "":
		w.meet(any)
	case dice < 86 && w.agents[a].State == wire.PresenceWrapUp:
		w.note("wrap up", a)
		w.wrapped(w.at, w.agents[a], p, wire.WhyDone)
	case dice < 92 && mine != nil:
		w.transferSome(mine, a, p)
	case dice == 92:
		other := fmt.Sprint("a", w.chance.IntN(8))
		skills := []string{"loans"}[:w.chance.IntN(2)]
		w.note("equip", other)
		w.must(w.equip(w.at, other, wire.UpdateAgent{Queues: w.agents[other].Queues, Skills: skills, Languages: w.agents[other].Languages}))
	case dice == 93:
		w.flush()
		w.restart()
	}
	waited := map[string]string{}
	for id, v := range w.visits {
		if v.State == wire.VisitWaiting {
			waited[id] = v.Queue
		}
		if v.Offer != nil && !w.at.now.Before(v.Offer.Until) {
			w.note("ring out", id)
		}
	}
	w.settle(w.at)
	for id, q := range waited {
		if v := w.visits[id]; v != nil && v.inLine() && v.Queue != q {
			w.note("overflow", id)
		}
	}
	w.flush()
}

func (w *world) must(_ any, err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

func (w *world) anyVisit() *visit {
	list := w.inOrder()
	if len(list) == 0 {
		return nil
	}
	return list[w.chance.IntN(len(list))]
}

func (w *world) enter1() {
	user := fmt.Sprint("c", w.callers)
	q := fmt.Sprint("q", w.chance.IntN(4))
	r := wire.CreateVisit{QueueID: q, UserEndpointID: "e-" + user, Language: []string{"", "el", "en", "fr"}[w.chance.IntN(4)]}
	v, err := w.enter(w.at, Caller{UserID: user, Guest: true}, fmt.Sprint("v", w.callers), r)
	if err != nil {
		w.fail("enter: %v", err)
	}
	w.callers++
	w.note("queue", v.ID)
	w.known[v.ID] = &known{arrived: v.Arrived}
	again, err := w.enter(w.at, Caller{UserID: user, Guest: true}, "other", r)
	if err != nil || again != v {
		w.fail("a repeated request makes another visit: %v", err)
	}
}

// meet has somebody join or leave the conferences of a visit.
func (w *world) meet(v *visit) {
	v.seen = 0
	var in []Party
	if w.chance.IntN(3) > 0 {
		in = append(in, Party{v.User, "x"})
	}
	if v.Agent != "" && w.chance.IntN(3) > 0 {
		in = append(in, Party{v.Agent, "x"})
	}
	ended := w.chance.IntN(12) == 0
	conference := v.Conference
	if v.Transfer != nil && v.Transfer.Conference != "" && w.chance.IntN(2) == 0 {
		conference, in = v.Transfer.Conference, []Party{{v.Agent, "x"}, {v.Transfer.To, "x"}}[:w.chance.IntN(3)]
	}
	before := v.State
	w.attend(w.at, conference, 1, in, ended)
	w.note("meet", fmt.Sprint(v.ID, in, ended))
	if before == wire.VisitActive && v.State != wire.VisitActive {
		w.note("call over", v.ID)
	}
}

func (w *world) transferSome(v *visit, a string, p Party) {
	r := wire.TransferVisit{Warm: w.chance.IntN(2) == 0}
	if w.chance.IntN(2) == 0 {
		r.QueueID = fmt.Sprint("q", w.chance.IntN(4))
	} else {
		r.UserID = fmt.Sprint("a", w.chance.IntN(8))
	}
	switch {
	case v.Transfer == nil:
		if w.hand(w.at, v, p, r) == nil {
			what := "cold"
			if r.Warm {
				what = "warm"
			}
			w.note(what, fmt.Sprint(v.ID, " by ", a, " to ", r.QueueID, r.UserID))
		}
	case !v.Transfer.Until.IsZero() && w.chance.IntN(2) == 0:
		to := Party{v.Transfer.To, v.Transfer.Endpoint}
		if _, err := w.accept(w.at, v, to, fmt.Sprint("k", w.at.now.UnixNano())); err != nil {
			w.fail("%v", err)
		}
	case w.chance.IntN(2) == 0:
		if w.complete(w.at, v, p) == nil {
			w.note("complete", v.ID)
		}
	default:
		if w.cancel(w.at, v, p) == nil {
			w.note("cancel", v.ID)
		}
	}
}

// flush writes what changed, and lets everybody hear what is told.
func (w *world) flush() {
	for _, n := range w.dirty.news {
		w.hear(n)
	}
	b := &batch{}
	if err := b.add(make(chan error, 1), nil, w.state, w.at.wall); err != nil {
		w.fail("%v", err)
	}
	if b.change.Words != nil {
		w.rows.Words = b.change.Words
	}
	for id, q := range b.queues {
		w.queuesB[id] = q.Body
	}
	for id, a := range b.agents {
		w.agentsB[id] = a.Body
	}
	for id, v := range b.visits {
		if v.Ended.IsZero() {
			w.saved[id] = v.Body
		} else {
			delete(w.saved, id)
		}
	}
	w.rows.Samples = append(w.rows.Samples, b.change.Samples...)
}

// hear takes what is told as callers' pages and agents' windows do.
func (w *world) hear(n news) {
	if n.visit == nil {
		return
	}
	v := n.visit
	k := w.known[v.ID]
	for _, p := range n.to {
		if p.User != v.UserID {
			w.hearAgent(n, p.User)
			continue
		}
		if k == nil || k.over {
			w.fail("the caller of %s is told %s after the end", v.ID, n.kind)
		}
		if v.Version <= k.version {
			w.fail("the caller of %s is told version %d after %d", v.ID, v.Version, k.version)
		}
		if v.Version != k.version+1 {
			w.fail("the caller of %s is told version %d after %d: a gap", v.ID, v.Version, k.version)
		}
		k.version, k.state, k.over = v.Version, v.State, n.kind == wire.EventVisitEnded
		if v.Offer != nil || v.Transfer != nil || v.Legs != nil {
			w.fail("the caller is told what is for staff: %+v", v)
		}
	}
}

func (w *world) hearAgent(n news, user string) {
	v := n.visit
	rings := v.Offer != nil && v.Offer.UserID == user || v.Transfer != nil && v.Transfer.State == wire.TransferRinging && v.Transfer.ToUserID == user
	switch was := w.ringing[user]; {
	case rings && was != "" && was != v.ID:
		w.fail("%s is offered %s while %s rings", user, v.ID, was)
	case rings:
		for other, id := range w.ringing {
			if other != user && id == v.ID {
				w.fail("%s is offered to %s and %s at once", v.ID, other, user)
			}
		}
		w.ringing[user] = v.ID
	case was == v.ID:
		delete(w.ringing, user)
	}
}

// restart loads everything anew.
func (w *world) restart() {
	w.note("restart", "")
	saved := SavedHall{Revision: 1, Words: w.rows.Words, Samples: w.rows.Samples}
	for _, into := range []struct {
		list *[][]byte
		from map[string][]byte
	}{{&saved.Queues, w.queuesB}, {&saved.Agents, w.agentsB}, {&saved.Visits, w.saved}} {
		for _, body := range into.from {
			*into.list = append(*into.list, body)
		}
	}
	was := w.state
	st, err := load("o", saved)
	if err != nil {
		w.fail("load: %v", err)
	}
	w.same(was, st)
	w.state = st
	w.resume(w.at, func(p Party) bool { return true })
}

// same compares two states, and what is built from them.
func (w *world) same(a, b *state) {
	text := func(st *state) map[string]string {
		out := map[string]string{}
		put := func(kind, id string, v any) {
			body, err := json.Marshal(v)
			if err != nil {
				w.fail("%v", err)
			}
			out[kind+" "+id] = string(body)
		}
		put("words", "", st.words)
		for id, q := range st.queues {
			put("queue", id, q.settings)
			var line, idle []string
			for _, v := range q.line {
				line = append(line, v.ID)
			}
			for _, a := range q.idle {
				idle = append(idle, a.User)
			}
			put("line", id, []any{line, idle, q.crew, q.active, len(q.samples)})
		}
		for id, v := range st.agents {
			put("agent", id, v)
		}
		for id, v := range st.visits {
			put("visit", id, v)
		}
		for id, v := range st.meets {
			put("meets", id, v.ID)
		}
		return out
	}
	if d := cmp.Diff(text(a), text(b)); d != "" {
		w.fail("a restart finds something else (-was +is):\n%s", d)
	}
}

// check holds the state against what must always be so.
func (w *world) check() {
	if more := route(w.at.now, w.state); len(more) > 0 {
		w.fail("%v could be offered and is not", pairs(more))
	}
	for id, k := range w.known {
		switch v := w.visits[id]; {
		case v == nil && !k.over:
			// A caller whose endpoint is gone hears nothing any more.
			if w.saved[id] != nil {
				w.fail("%s is in the store and not in the hall", id)
			}
			delete(w.known, id)
		case v == nil:
			delete(w.known, id)
			w.ended++
		case !k.over && v.Endpoint != "" && (v.State == wire.VisitEnded || v.State == wire.VisitWrapUp):
			w.fail("%s is over and its caller was not told", id)
		case !v.Arrived.Equal(k.arrived):
			w.fail("%s came at %v and has its place from %v", id, k.arrived, v.Arrived)
		}
	}
	has := map[string]string{} // agents with a visit
	hold := func(user, id string) {
		if other, taken := has[user]; taken {
			w.fail("%s has %s and %s", user, other, id)
		}
		has[user] = id
		if a := w.agents[user]; a.Visit != id {
			w.fail("%s is to have %s and has %q", user, id, a.Visit)
		}
	}
	inLine := 0
	for id, v := range w.visits {
		if w.known[id] == nil {
			w.fail("%s came from nowhere", id)
		}
		if !v.unfinished() {
			w.fail("%s has ended and is still there", id)
		}
		if (v.Offer != nil) != (v.State == wire.VisitRinging) || v.Transfer != nil && v.State != wire.VisitActive {
			w.fail("%s is %s with offer %v and transfer %v", id, v.State, v.Offer, v.Transfer)
		}
		if v.inLine() {
			inLine++
		}
		if v.Offer != nil {
			hold(v.Offer.Agent, id)
			if !w.at.now.Before(v.Offer.Until) {
				w.fail("%s rings for too long", id)
			}
			w.fair(v)
		}
		if v.Transfer != nil {
			hold(v.Transfer.To, id)
		}
		if v.State == wire.VisitActive {
			hold(v.Agent, id)
			if v.Conference == "" {
				w.fail("%s is active nowhere", id)
			}
		}
		for _, l := range v.Legs {
			if l.Done.IsZero() && !l.Ended.IsZero() {
				hold(l.Agent, id)
			}
		}
	}
	w.wakes()
	listed := 0
	for id, q := range w.queues {
		listed += len(q.line)
		if !slices.IsSortedFunc(q.line, before) || !slices.IsSortedFunc(q.idle, longerIdle) {
			w.fail("the lists of %s are not in order", id)
		}
		for i, v := range q.line {
			if i > 0 && v.Arrived.Before(q.line[i-1].Arrived) {
				w.fail("%s is after %s in the line of %s and came earlier", v.ID, q.line[i-1].ID, id)
			}
		}
		crew := 0
		for _, a := range w.agents {
			if slices.Contains(a.Queues, id) && holds(a.Skills, q.Skills) && a.there() {
				crew++
			}
		}
		if crew != q.crew {
			w.fail("%s has a crew of %d, not %d", id, crew, q.crew)
		}
	}
	if listed != inLine {
		w.fail("%d callers are in lines, %d are to be", listed, inLine)
	}
	for user, a := range w.agents {
		busy := a.State == wire.PresenceRinging || a.State == wire.PresenceInCall || a.State == wire.PresenceWrapUp
		if busy != (has[user] != "" && a.State != wire.PresenceGone) {
			w.fail("%s is %s and has %q", user, a.State, has[user])
		}
		if (a.Endpoint == "") != (a.State == wire.PresenceGone) {
			w.fail("%s is %s at %q", user, a.State, a.Endpoint)
		}
	}
}

// wakes: what time alone will make due is known beforehand.
func (w *world) wakes() {
	due := func(whom, what string, at time.Time) {
		if !slices.ContainsFunc(w.alarms, func(al alarm) bool { return (al.visit == whom || al.agent == whom) && !al.at.After(at) }) {
			w.fail("%s %s at %v, and nobody looks then", whom, what, at)
		}
	}
	for id, v := range w.visits {
		if v.Offer != nil {
			due(id, "has rung for too long", v.Offer.Until)
		}
		if v.Transfer != nil && !v.Transfer.Until.IsZero() {
			due(id, "has rung for too long for a transfer", v.Transfer.Until)
		}
		if v.State != wire.VisitWaiting {
			continue
		}
		if !v.Deadline.IsZero() {
			due(id, "has waited for too long", v.Deadline)
		}
		q := w.queues[v.Queue]
		for _, a := range q.idle {
			if at, asked := v.Asked[a.User]; asked && q.speaks(a, v.Language) {
				due(id, "may be offered to "+a.User+" again", at.Add(q.Ring))
			}
		}
	}
	for user, a := range w.agents {
		if a.State == wire.PresenceWrapUp {
			due(user, "has wrapped up", a.Until)
		}
	}
}

// fair: who has just been offered did not overtake anybody whom this agent could
// have been offered.
func (w *world) fair(v *visit) {
	q, a := w.queues[v.Queue], w.agents[v.Offer.Agent]
	if !a.Since.Equal(w.at.now) || v.Conference != "" { // before, or handed over to this agent
		return
	}
	for _, u := range q.line {
		if u == v {
			return
		}
		if _, asked := u.Asked[a.User]; u.State == wire.VisitWaiting && q.speaks(a, u.Language) && !asked {
			w.fail("%s was offered %s before %s, which came earlier", a.User, v.ID, u.ID)
		}
	}
}

// drain lets everybody be served who is left.
func (w *world) drain() {
	for i := range 8 {
		a := fmt.Sprint("a", i)
		w.must(w.equip(w.at, a, wire.UpdateAgent{Queues: []string{"q0", "q1", "q2", "q3"}, Skills: []string{"loans"}, Languages: []string{"el", "en", "fr"}}))
	}
	for round := 0; len(w.visits) > 0; round++ {
		if round > 10_000 {
			w.fail("%d callers are never served", len(w.visits))
		}
		w.at.now = w.at.now.Add(time.Second)
		w.at.wall = w.at.now
		for i := range 8 {
			a := fmt.Sprint("a", i)
			p := Party{a, "e-" + a}
			w.must(w.declare(w.at, Caller{UserID: a}, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: p.Endpoint}))
			v := w.visits[w.agents[a].Visit]
			if v == nil {
				continue
			}
			if _, err := w.accept(w.at, v, p, fmt.Sprint("k", w.at.now.UnixNano(), i)); err == nil && v.State == wire.VisitActive && v.Agent == a {
				w.over(w.at, v, p, wire.WhyHungUp)
			} else if err != nil && !errors.Is(err, ErrEnded) && !errors.Is(err, ErrNotOffered) {
				w.fail("%v", err)
			}
		}
		w.settle(w.at)
		w.flush()
		w.check()
	}
}
