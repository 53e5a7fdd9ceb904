package queue

import (
	"maps"
	"slices"
	"time"

	"guichet/platform/wire"
)

// pulseEvery is how often places and queues are told at most.
const pulseEvery = time.Second

// Party is an endpoint and the user that it belongs to.
type Party struct{ User, Endpoint string }

// moment is when a command runs: now goes on evenly and is what everything but
// opening hours counts by, wall is what the clock on the wall shows.
type moment struct{ now, wall time.Time }

// news is one event with who sees it. Exactly one of visit, presence and queue is
// there.
type news struct {
	kind     wire.EventType
	at       time.Time
	by       Party // empty: the server
	why      string
	visit    *wire.Visit
	presence *wire.Presence
	queue    *wire.Queue
	to       []Party
	fleeting bool // not for the journal
}

// deed is something to be done about conferences when all is written.
type deed struct {
	conference string
	end        bool // closed for everybody; otherwise held, or let go on
	hold       bool
}

// parties are the agents whom a visit concerns now.
func (v *visit) parties() []Party {
	var list []Party
	if v.Agent != "" {
		list = append(list, Party{v.Agent, v.AgentEndpoint})
	}
	if v.Offer != nil {
		list = append(list, Party{v.Offer.Agent, v.Offer.Endpoint})
	}
	if v.Transfer != nil {
		list = append(list, Party{v.Transfer.To, v.Transfer.Endpoint})
	}
	return list
}

// watchers are who is told of everything, in order.
func (st *state) watchers() []Party {
	list := make([]Party, 0, len(st.Watchers))
	for _, endpoint := range slices.Sorted(maps.Keys(st.Watchers)) {
		list = append(list, Party{st.Watchers[endpoint], endpoint})
	}
	return list
}

// tell tells the caller and all concerned of a change of a visit; also is whom
// it no longer concerns.
func (st *state) tell(at moment, v *visit, kind wire.EventType, by Party, why string, also ...Party) {
	st.tellCaller(at, v, kind, by, why)
	st.tellStaff(at, v, kind, by, why, also...)
	v.Version++
}

func (st *state) tellCaller(at moment, v *visit, kind wire.EventType, by Party, why string) {
	st.dirty.visits[v.ID] = v
	if v.Endpoint == "" {
		return
	}
	seen := st.view(v, false, at.now)
	v.ToldPlace, v.ToldWait = seen.Place, seen.Wait
	st.dirty.news = append(st.dirty.news, news{kind: kind, at: at.now, by: by, why: why, visit: &seen, to: []Party{{v.User, v.Endpoint}}})
}

func (st *state) tellStaff(at moment, v *visit, kind wire.EventType, by Party, why string, also ...Party) {
	st.dirty.visits[v.ID] = v
	to := slices.Concat(also, v.parties())
	if kind != wire.EventVisitPlaceChanged {
		to = append(to, st.watchers()...)
	} else {
		to = nil
	}
	to = unique(to, Party{v.User, v.Endpoint})
	if len(to) == 0 {
		return
	}
	seen := st.view(v, true, at.now)
	st.dirty.news = append(st.dirty.news, news{kind: kind, at: at.now, by: by, why: why, visit: &seen, to: to})
}

// unique returns the parties once each, without those that are nowhere and
// without one who is told otherwise.
func unique(list []Party, but Party) []Party {
	var out []Party
	for _, p := range list {
		if p.Endpoint != "" && p != but && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// view is a visit as staff or its caller sees it.
func (st *state) view(v *visit, staff bool, now time.Time) wire.Visit {
	w := wire.Visit{ID: v.ID, Version: v.Version, State: v.State, QueueID: v.Queue, UserID: v.User, UserEndpointID: v.Endpoint, Name: v.Name,
		Language: v.Language, Reason: v.Reason, Location: v.Location, Properties: maps.Clone(v.Properties), InteractionID: v.Interaction,
		CreatedAt: wire.NewTime(v.Arrived), ConferenceID: v.Conference, EndedAt: instant(v.Over), Why: v.Why}
	if w.Properties == nil {
		w.Properties = map[string]string{}
	}
	if q := st.queues[v.Queue]; q != nil {
		w.QueueName = q.Name
		if v.inLine() {
			i, _ := slices.BinarySearchFunc(q.line, v, before)
			w.Place, w.Wait = i+1, q.wait(i+1, now)
		}
	}
	if v.Agent != "" {
		w.AgentName = st.nameOf(v.Agent)
	}
	if len(v.Legs) > 0 {
		w.AcceptedAt = instant(v.Legs[0].Accepted)
	}
	if !staff {
		if v.State == wire.VisitWrapUp {
			w.State = wire.VisitEnded
		}
		return w
	}
	w.AgentID = v.Agent
	if v.Offer != nil {
		w.Offer = &wire.Offer{UserID: v.Offer.Agent, UserEndpointID: v.Offer.Endpoint, ExpiresAt: wire.NewTime(v.Offer.Until)}
	}
	if t := v.Transfer; t != nil {
		w.Transfer = &wire.Transfer{State: wire.TransferTalking, FromUserID: v.Agent, ToUserID: t.To, UserEndpointID: t.Endpoint, QueueID: t.Queue,
			ConferenceID: t.Conference}
		if !t.Until.IsZero() {
			w.Transfer.State, w.Transfer.ExpiresAt = wire.TransferRinging, instant(t.Until)
		}
	}
	for _, l := range v.Legs {
		w.Legs = append(w.Legs, wire.VisitLeg{UserID: l.Agent, Name: st.nameOf(l.Agent), QueueID: l.Queue, AcceptedAt: wire.NewTime(l.Accepted),
			EndedAt: instant(l.Ended), WrappedAt: instant(l.Done), Notes: l.Notes, OutcomeID: l.Outcome})
	}
	return w
}

func (st *state) nameOf(user string) string {
	if a := st.agents[user]; a != nil && a.Name != "" {
		return a.Name
	}
	return user
}

func instant(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	at := wire.NewTime(t)
	return &at
}

func (st *state) presence(a *agent) wire.Presence {
	p := wire.Presence{UserID: a.User, Name: st.nameOf(a.User), State: a.State, ReasonID: a.Reason, Since: wire.NewTime(a.Since),
		UserEndpointID: a.Endpoint, VisitID: a.Visit, WrapUpUntil: instant(a.Until), Next: a.Next, Skills: list(a.Skills),
		Languages: list(a.Languages), Queues: list(a.Queues)}
	return p
}

// list is a list that JSON shows as one when it is empty.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return slices.Clone(l)
}

// describe is a queue as it is told.
func (q *queue) describe(at moment) wire.Queue {
	w := wire.Queue{ID: q.ID, Name: q.Name, DisplayName: q.DisplayName, Skills: list(q.Skills), MatchLanguage: q.Language, Timezone: q.Timezone,
		Hours: list(q.Hours), ClosedDays: list(q.ClosedDays), MaxWaitSeconds: seconds(q.MaxWait), OverflowQueueID: q.Overflow,
		RingSeconds: seconds(q.Ring), WrapUpSeconds: seconds(q.WrapUp), Priority: q.Priority, Version: q.Version}
	l := &w.Line
	*l = wire.QueueLine{Open: q.hours.open(at.wall), Waiting: len(q.line), Active: q.active, Ready: len(q.idle), Agents: q.crew,
		Wait: q.wait(len(q.line)+1, at.now)}
	if !l.Open {
		if opens, ok := q.hours.opens(at.wall); ok {
			l.OpensAt = instant(opens)
		}
	}
	if len(q.line) > 0 {
		l.OldestSince = instant(q.line[0].Arrived)
	}
	return w
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// tellPresences tells of agents whose presence changed.
func (st *state) tellPresences(at moment) {
	for _, user := range st.dirty.presence {
		a := st.agents[user]
		if a == nil {
			continue
		}
		p := st.presence(a)
		if to := unique(append(st.watchers(), Party{a.User, a.Endpoint}), Party{}); len(to) > 0 {
			st.dirty.news = append(st.dirty.news, news{kind: wire.EventPresenceChanged, at: at.now, by: Party{User: user}, presence: &p, to: to})
		}
	}
	st.dirty.presence = nil
}

// beat tells places and queues that have changed, at most once a second.
func (st *state) beat(at moment) {
	moved := false
	for _, q := range st.queues {
		moved = moved || q.moved
	}
	if !moved {
		if !st.pulse.IsZero() && !at.now.Before(st.pulse) {
			st.pulse = time.Time{}
		}
		return
	}
	if st.pulse.IsZero() {
		st.pulse = at.now
	}
	if at.now.Before(st.pulse) {
		return
	}
	st.pulse = at.now.Add(pulseEvery)
	for _, id := range slices.Sorted(maps.Keys(st.queues)) {
		if q := st.queues[id]; q.moved {
			q.moved = false
			st.tellPlaces(at, q)
			st.tellQueue(at, q)
		}
	}
}

// tellPlaces tells the callers of a line whose place or wait changed.
func (st *state) tellPlaces(at moment, q *queue) {
	for i, v := range q.line {
		if v.Endpoint == "" {
			continue
		}
		wait := q.wait(i+1, at.now)
		same := wait == nil && v.ToldWait == nil || wait != nil && v.ToldWait != nil && *wait == *v.ToldWait
		if v.ToldPlace != i+1 || !same {
			st.tell(at, v, wire.EventVisitPlaceChanged, Party{}, "")
		}
	}
}

func (st *state) tellQueue(at moment, q *queue) {
	to := st.watchers()
	for _, user := range slices.Sorted(maps.Keys(st.agents)) {
		if a := st.agents[user]; slices.Contains(a.fit, q) {
			to = append(to, Party{a.User, a.Endpoint})
		}
	}
	if to = unique(to, Party{}); len(to) > 0 {
		w := q.describe(at)
		st.dirty.news = append(st.dirty.news, news{kind: wire.EventQueueChanged, at: at.now, queue: &w, to: to, fleeting: true})
	}
}
