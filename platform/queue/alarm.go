package queue

import (
	"container/heap"
	"time"
)

// alarms are the times at which something may be due, the earliest first. What
// is due is read from the state: an alarm that is no longer right wakes for
// nothing.
type alarms []alarm

type alarm struct {
	at           time.Time
	visit, agent string // of whom; empty: of neither, just look again
}

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is heap.Interface's.
func (a *alarms) Push(x any) { *a = append(*a, x.(alarm)) }

// Pop is heap.Interface's.
func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// wakeVisit has a visit looked at at a time.
func (st *state) wakeVisit(v *visit, at time.Time) {
	if !at.IsZero() {
		heap.Push(&st.alarms, alarm{at: at, visit: v.ID})
	}
}

// wakeAgent has an agent looked at at a time.
func (st *state) wakeAgent(a *agent, at time.Time) {
	if !at.IsZero() {
		heap.Push(&st.alarms, alarm{at: at, agent: a.User})
	}
}

// due takes the next alarm that has come.
func (st *state) due(now time.Time) (alarm, bool) {
	if len(st.alarms) == 0 || now.Before(st.alarms[0].at) {
		return alarm{}, false
	}
	return heap.Pop(&st.alarms).(alarm), true
}

// next returns when the loop has to look again; zero: never.
func (st *state) next() time.Time {
	at := st.pulse
	if len(st.alarms) > 0 && (at.IsZero() || st.alarms[0].at.Before(at)) {
		at = st.alarms[0].at
	}
	return at
}
