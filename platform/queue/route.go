package queue

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"guichet/platform/wire"
)

// match is a visit and the agent to whom it is to be offered.
type match struct {
	visit *visit
	agent *agent
}

// route says who is to be offered to whom now. It changes nothing.
//
// Visits are taken by the priority of their queue, then by their arrival. Each
// goes to the agent who has been idle longest among those who are ready and fit:
// they serve the queue, have all of its skills and, where the queue asks for it,
// the caller's language. Who did not take this visit before is left out while
// another fit one is ready, and asked again no sooner than the queue's ring time
// later. No agent and no visit is in two matches.
//
// Queues without a caller or without a ready agent cost nothing; the others are
// merged by a heap, and a line is left as soon as its ready agents are used up.
// So n callers for n agents cost O(n log q) in q queues, unless many callers wait
// whom no ready agent may have.
func route(now time.Time, st *state) []match {
	var open heads
	for _, q := range st.queues {
		if len(q.line) == 0 || len(q.idle) == 0 {
			continue
		}
		h := &head{queue: q}
		if h.next() {
			open = append(open, h)
		}
	}
	if len(open) == 0 {
		return nil
	}
	heap.Init(&open)
	taken := map[*agent]bool{}
	var found []match
	for len(open) > 0 {
		h := open[0]
		v := h.queue.line[h.at]
		if a := h.pick(now, v, taken); a != nil {
			taken[a] = true
			found = append(found, match{v, a})
		}
		h.at++
		if h.skip(taken) && h.next() {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
	}
	return found
}

// head is how far a queue's line has been walked.
type head struct {
	queue *queue
	at    int             // in the line
	first int             // in the idle agents: those before are taken
	mute  map[string]bool // languages that no idle agent speaks
}

// next goes on to the next visit that waits.
func (h *head) next() bool {
	for ; h.at < len(h.queue.line); h.at++ {
		if h.queue.line[h.at].State == wire.VisitWaiting {
			return true
		}
	}
	return false
}

// skip leaves the agents behind who are taken, and tells whether any is left.
func (h *head) skip(taken map[*agent]bool) bool {
	for h.first < len(h.queue.idle) && taken[h.queue.idle[h.first]] {
		h.first++
	}
	return h.first < len(h.queue.idle)
}

// pick returns the agent for a visit, or nil.
func (h *head) pick(now time.Time, v *visit, taken map[*agent]bool) *agent {
	if !h.skip(taken) {
		return nil
	}
	if h.queue.Language && v.Language != "" && h.mute[v.Language] {
		return nil
	}
	a, spoken := choose(now, h.queue, v.Language, v.Asked, h.queue.idle[h.first:], func(a *agent) bool { return taken[a] })
	if a == nil && !spoken {
		if h.mute == nil {
			h.mute = map[string]bool{}
		}
		h.mute[v.Language] = true
	}
	return a
}

// choose returns the agent of a list, the longest idle first, who is to be asked;
// spoken tells that somebody at all has the language.
func choose(now time.Time, q *queue, language string, asked map[string]time.Time, idle []*agent, busy func(*agent) bool) (best *agent, spoken bool) {
	for _, a := range idle {
		if busy(a) || !q.speaks(a, language) {
			continue
		}
		spoken = true
		at, was := asked[a.User]
		if !was {
			return a, true
		}
		if best == nil && !now.Before(at.Add(q.Ring)) {
			best = a
		}
	}
	return best, spoken
}

// speaks tells whether an agent has the language that the queue asks for.
func (q *queue) speaks(a *agent, language string) bool {
	return !q.Language || language == "" || slices.Contains(a.Languages, language)
}

// heads is a heap of queues by who is served first.
type heads []*head

func (h heads) Len() int { return len(h) }

func (h heads) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(cmp.Compare(b.queue.Priority, a.queue.Priority), before(a.queue.line[a.at], b.queue.line[b.at])) < 0
}

func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is heap.Interface's.
func (h *heads) Push(x any) { *h = append(*h, x.(*head)) }

// Pop is heap.Interface's.
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
