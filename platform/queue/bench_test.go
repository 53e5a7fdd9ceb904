package queue

import (
	"fmt"
	"testing"
	"time"

	"guichet/platform/wire"
)

// BenchmarkRoute finds the agents for 1,000 callers who wait in ten queues, with
// 1,000 agents ready who each serve three of them.
func BenchmarkRoute(b *testing.B) {
	st, at := busy(b, 1000, wire.PresenceNotReady)
	for i := range 1000 {
		if _, err := st.enter(at, caller(fmt.Sprint("c", i)), fmt.Sprint("v", i), wire.CreateVisit{QueueID: fmt.Sprint("q", i%10)}); err != nil {
			b.Fatal(err)
		}
	}
	for _, a := range st.agents {
		st.turn(a, func() { a.State, a.Idle = wire.PresenceReady, at.now })
	}
	for b.Loop() {
		if n := len(route(at.now, st)); n != 1000 {
			b.Fatalf("%d matches", n)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "callers/s")
}

// BenchmarkCallers brings callers in, has each offered, accepted, talked to and
// wrapped up, with 1,000 agents and a line of 1,000 who wait.
func BenchmarkCallers(b *testing.B) {
	st, at := busy(b, 1000, wire.PresenceReady)
	var serving []*visit
	n := 0
	enter := func() {
		v, err := st.enter(at, caller(fmt.Sprint("c", n)), fmt.Sprint("v", n), wire.CreateVisit{QueueID: fmt.Sprint("q", n%10)})
		if err != nil {
			b.Fatal(err)
		}
		n++
		serving = append(serving, v)
		step(st, at)
	}
	for range 2000 {
		enter()
	}
	for b.Loop() {
		at.now = at.now.Add(time.Millisecond)
		enter()
		v := serving[0]
		serving = serving[1:]
		user := v.Offer.Agent
		if _, err := st.accept(at, v, Party{user, "e-" + user}, "k-"+v.ID); err != nil {
			b.Fatal(err)
		}
		step(st, at)
		st.over(at, v, Party{}, wire.WhyLeft)
		step(st, at)
		st.wrapped(at, st.agents[user], Party{}, wire.WhyDone)
		step(st, at)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "callers/s")
}

// step settles and throws away what would be written.
func step(st *state, at moment) {
	st.settle(at)
	st.dirty = newDirty()
}

func busy(tb testing.TB, agents int, s wire.PresenceState) (*state, moment) {
	st, at := newState("o"), moment{noon, noon}
	for i := range 10 {
		ten := int64(10)
		given, err := read(wire.WriteQueue{Name: fmt.Sprint("q", i), Skills: []string{fmt.Sprint("s", i)}, WrapUpSeconds: &ten})
		if err == nil {
			_, err = st.write(at, fmt.Sprint("q", i), given, 0)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := range agents {
		user := fmt.Sprint("a", i)
		var r wire.UpdateAgent
		for j := range 3 {
			r.Queues, r.Skills = append(r.Queues, fmt.Sprint("q", (i+j)%10)), append(r.Skills, fmt.Sprint("s", (i+j)%10))
		}
		if _, err := st.equip(at, user, r); err != nil {
			tb.Fatal(err)
		}
		if _, err := st.declare(at, Caller{UserID: user, Agent: true}, wire.SetPresence{State: s, UserEndpointID: "e-" + user}); err != nil {
			tb.Fatal(err)
		}
		at.now = at.now.Add(time.Millisecond)
	}
	step(st, at)
	return st, at
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) // a Wednesday

func caller(user string) Caller { return Caller{Organization: "o", UserID: user, Name: user} }
