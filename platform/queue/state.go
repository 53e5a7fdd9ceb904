package queue

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"
)

// settings are a queue as an administrator wrote it.
type settings struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	DisplayName string              `json:"displayName"`
	Skills      []string            `json:"skills,omitempty"`
	Language    bool                `json:"language,omitempty"` // the agent needs the caller's
	Timezone    string              `json:"timezone,omitempty"`
	Hours       []wire.OpeningHours `json:"hours,omitempty"`
	ClosedDays  []string            `json:"closedDays,omitempty"`
	MaxWait     time.Duration       `json:"maxWait,omitempty"` // 0: for ever
	Overflow    string              `json:"overflow,omitempty"`
	Ring        time.Duration       `json:"ring"`
	WrapUp      time.Duration       `json:"wrapUp"`
	Priority    int64               `json:"priority,omitempty"`
	Version     int64               `json:"version"`
}

// queue is a queue with what follows from the rest of the state.
type queue struct {
	settings
	hours   schedule
	line    []*visit // WAITING and RINGING, in order
	idle    []*agent // READY and fit to serve it, the longest idle first
	crew    int      // fit agents who are there, ready or busy
	active  int      // visits in a call
	samples []sample // of handling, the oldest first
	moved   bool     // the line or the crew changed since the last pulse
}

// agent is a user who serves queues.
type agent struct {
	User       string             `json:"user"`
	Name       string             `json:"name"`
	Skills     []string           `json:"skills,omitempty"`
	Languages  []string           `json:"languages,omitempty"`
	Queues     []string           `json:"queues,omitempty"`
	State      wire.PresenceState `json:"state"`
	Reason     string             `json:"reason,omitempty"`
	Since      time.Time          `json:"since"`
	Idle       time.Time          `json:"idle,omitzero"` // since when without work, in READY and RINGING
	Endpoint   string             `json:"endpoint,omitempty"`
	Visit      string             `json:"visit,omitempty"` // of RINGING, IN_CALL, WRAP_UP; of GONE, one to come back to
	Next       wire.PresenceState `json:"next,omitempty"`  // after the call; empty: READY
	NextReason string             `json:"nextReason,omitempty"`
	Until      time.Time          `json:"until,omitzero"` // of WRAP_UP

	fit []*queue // that the agent is fit to serve
}

// visit is one caller's way through the queues.
type visit struct {
	ID          string            `json:"id"`
	Serial      int64             `json:"serial"` // order of coming, among the same instants
	Version     int64             `json:"version"`
	State       wire.VisitState   `json:"state"`
	Queue       string            `json:"queue"`
	User        string            `json:"user"` // who made it
	Endpoint    string            `json:"endpoint,omitempty"`
	Guest       bool              `json:"guest,omitempty"` // a guest or kiosk made it for itself
	Name        string            `json:"name,omitempty"`
	Language    string            `json:"language,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Location    string            `json:"location,omitempty"`
	Properties  map[string]string `json:"properties,omitempty"`
	Interaction string            `json:"interaction,omitempty"`

	Arrived  time.Time            `json:"arrived"`           // the place in a line counts from here
	Deadline time.Time            `json:"deadline,omitzero"` // of waiting in this queue
	Offer    *offer               `json:"offer,omitempty"`
	Asked    map[string]time.Time `json:"asked,omitempty"` // agents who did not take it, and when

	Conference    string    `json:"conference,omitempty"`
	Agent         string    `json:"agent,omitempty"` // of ACTIVE and WRAP_UP
	AgentEndpoint string    `json:"agentEndpoint,omitempty"`
	CallerIn      bool      `json:"callerIn,omitempty"` // the caller has been in the conference
	AgentIn       bool      `json:"agentIn,omitempty"`  // the agent has
	Used          bool      `json:"used,omitempty"`     // anybody has
	Transfer      *transfer `json:"transfer,omitempty"`
	Legs          []leg     `json:"legs,omitempty"`
	Over          time.Time `json:"over,omitzero"`
	Why           string    `json:"why,omitempty"`

	ToldPlace int             `json:"toldPlace,omitempty"`
	ToldWait  *wire.WaitRange `json:"toldWait,omitempty"`
	seen      int64           // version of the conference that was looked at
}

// offer is a visit that rings at an agent.
type offer struct {
	Agent    string    `json:"agent"`
	Endpoint string    `json:"endpoint"`
	Until    time.Time `json:"until"`
}

// transfer is a warm transfer under way: From is the visit's agent.
type transfer struct {
	To         string               `json:"to"`
	Endpoint   string               `json:"endpoint"`
	Queue      string               `json:"queue,omitempty"` // where To was found; the visit is this queue's afterwards
	Conference string               `json:"conference,omitempty"`
	Until      time.Time            `json:"until,omitzero"` // of ringing; zero: they talk
	Asked      map[string]time.Time `json:"asked,omitempty"`
	Met        bool                 `json:"met,omitempty"` // both have been in their conference
}

// leg is one agent's part of a visit.
type leg struct {
	Agent    string    `json:"agent"`
	Queue    string    `json:"queue"`
	Accepted time.Time `json:"accepted"`
	Ended    time.Time `json:"ended,omitzero"` // of the talking
	Done     time.Time `json:"done,omitzero"`  // of the wrap-up
	Notes    string    `json:"notes,omitempty"`
	Outcome  string    `json:"outcome,omitempty"`
}

// words are what administrators name.
type words struct {
	Reasons  []wire.Choice     `json:"reasons,omitempty"`
	Outcomes []wire.Choice     `json:"outcomes,omitempty"`
	Watchers map[string]string `json:"watchers,omitempty"` // user by endpoint
	Serial   int64             `json:"serial,omitempty"`   // of the last visit
}

// state is all of an organization. It belongs to its loop and is changed in
// place: of thousands of callers a copy for each command would cost more than
// everything else. Hence a command checks all before it changes anything, and a
// write that fails has the state loaded anew.
type state struct {
	organization string
	words
	queues map[string]*queue
	agents map[string]*agent
	visits map[string]*visit // those of which something is left to do

	meets  map[string]*visit // by conference
	alarms alarms
	pulse  time.Time // when places are told next; zero: nothing has moved
	dirty  dirty
}

// dirty is what a command has changed and what is to be told of it.
type dirty struct {
	queues   map[string]*queue // nil: deleted
	agents   map[string]*agent // nil: deleted
	visits   map[string]*visit
	presence []string // agents whose presence changed, in order
	words    bool
	samples  []handled
	news     []news
	deeds    []deed
	meets    []string // conferences that may have become a visit's, or no visit's
}

func newState(organization string) *state {
	return &state{organization: organization, queues: map[string]*queue{}, agents: map[string]*agent{}, visits: map[string]*visit{},
		meets: map[string]*visit{}, dirty: newDirty()}
}

func newDirty() dirty {
	return dirty{queues: map[string]*queue{}, agents: map[string]*agent{}, visits: map[string]*visit{}}
}

// before tells which of two visits of equal priority is served first.
func before(a, b *visit) int {
	return cmp.Or(a.Arrived.Compare(b.Arrived), cmp.Compare(a.Serial, b.Serial))
}

// longerIdle tells which of two agents is asked first.
func longerIdle(a, b *agent) int {
	return cmp.Or(a.Idle.Compare(b.Idle), strings.Compare(a.User, b.User))
}

func insert[T any](list []T, v T, order func(a, b T) int) []T {
	i, _ := slices.BinarySearchFunc(list, v, order)
	return slices.Insert(list, i, v)
}

func remove[T comparable](list []T, v T, order func(a, b T) int) []T {
	i, found := slices.BinarySearchFunc(list, v, order)
	if !found || list[i] != v {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// inLine tells that a visit has a place.
func (v *visit) inLine() bool { return v.State == wire.VisitWaiting || v.State == wire.VisitRinging }

// alter changes a visit; the indices follow. All changes of what they are built
// from go through here.
func (st *state) alter(v *visit, change func()) {
	st.unlist(v)
	change()
	st.list(v)
	st.dirty.visits[v.ID] = v
}

func (st *state) unlist(v *visit) {
	if q := st.queues[v.Queue]; q != nil {
		switch {
		case v.inLine():
			q.line = remove(q.line, v, before)
			st.move(q)
		case v.State == wire.VisitActive:
			q.active--
			st.move(q)
		}
	}
	for _, id := range v.conferences() {
		delete(st.meets, id)
		st.dirty.meets = append(st.dirty.meets, id)
	}
}

func (st *state) list(v *visit) {
	if q := st.queues[v.Queue]; q != nil {
		switch {
		case v.inLine():
			q.line = insert(q.line, v, before)
			st.move(q)
		case v.State == wire.VisitActive:
			q.active++
			st.move(q)
		}
	}
	if v.State != wire.VisitWrapUp && v.State != wire.VisitEnded {
		for _, id := range v.conferences() {
			st.meets[id] = v
			st.dirty.meets = append(st.dirty.meets, id)
		}
	}
}

// conferences are those that a visit has.
func (v *visit) conferences() []string {
	var list []string
	if v.Conference != "" {
		list = append(list, v.Conference)
	}
	if v.Transfer != nil && v.Transfer.Conference != "" {
		list = append(list, v.Transfer.Conference)
	}
	return list
}

// move notes that a queue's figures changed.
func (st *state) move(q *queue) { q.moved = true }

// turn changes an agent; the indices follow.
func (st *state) turn(a *agent, change func()) {
	st.dismiss(a)
	change()
	st.enlist(a)
	st.dirty.agents[a.User] = a
	if n := len(st.dirty.presence); n == 0 || st.dirty.presence[n-1] != a.User {
		st.dirty.presence = append(slices.DeleteFunc(st.dirty.presence, func(u string) bool { return u == a.User }), a.User)
	}
}

// dismiss takes an agent out of the queues' lists.
func (st *state) dismiss(a *agent) {
	for _, q := range a.fit {
		if a.there() {
			q.crew--
		}
		if a.State == wire.PresenceReady {
			q.idle = remove(q.idle, a, longerIdle)
		}
		st.move(q)
	}
	a.fit = nil
}

// enlist puts an agent into the lists of the queues that it is fit to serve.
func (st *state) enlist(a *agent) {
	for _, id := range a.Queues {
		q := st.queues[id]
		if q == nil || !holds(a.Skills, q.Skills) || slices.Contains(a.fit, q) {
			continue
		}
		a.fit = append(a.fit, q)
		if a.there() {
			q.crew++
		}
		if a.State == wire.PresenceReady {
			q.idle = insert(q.idle, a, longerIdle)
		}
		st.move(q)
	}
}

// there tells that an agent serves callers now or soon.
func (a *agent) there() bool {
	switch a.State {
	case wire.PresenceReady, wire.PresenceRinging, wire.PresenceInCall, wire.PresenceWrapUp:
		return true
	}
	return false
}

// holds tells whether a list has all of the others.
func holds(list, others []string) bool {
	for _, o := range others {
		if !slices.Contains(list, o) {
			return false
		}
	}
	return true
}

// unfinished tells that something is left to do about a visit.
func (v *visit) unfinished() bool {
	return v.State != wire.VisitEnded || slices.ContainsFunc(v.Legs, func(l leg) bool { return l.Done.IsZero() })
}

// legOf returns an agent's last part of a visit, or nil.
func (v *visit) legOf(user string) *leg {
	for i := len(v.Legs) - 1; i >= 0; i-- {
		if v.Legs[i].Agent == user {
			return &v.Legs[i]
		}
	}
	return nil
}

// forget drops a visit of which nothing is left to do.
func (st *state) forget(v *visit) {
	st.dirty.visits[v.ID] = v
	if !v.unfinished() {
		delete(st.visits, v.ID)
	}
}
