package queue

import (
	"math"
	"time"

	"guichet/platform/wire"
)

// What an expected wait is taken from.
const (
	maxSamples = 50
	minSamples = 5
	sampleLife = 24 * time.Hour
)

// sample is how long one caller kept an agent: from accepting to the end of the
// wrap-up.
type sample struct {
	at   time.Time // of its end
	took time.Duration
}

// handled is a sample for the store.
type handled struct {
	queue string
	sample
}

// estimate returns the expected wait of the place-th in a line that servers
// agents serve, of whom ready are free; nil when it is not known: there are fewer
// than five samples of the last day, or no agent.
//
// Each agent is a renewal process: free every m on average, the mean of the
// samples. Many of them together come near a Poisson process of rate servers/m
// (Palm's and Khintchine's theorem; Feller, An Introduction to Probability Theory
// II, XI.3), so the n-th to become free does so after an Erlang distributed time of n steps: 2·rate·t
// is chi-squared with 2n degrees of freedom. Its quartiles are, after Wilson and
// Hilferty (PNAS 17, 1931), n/rate · (1 - 1/9n ± z/3√n)³ with z = 0.6745, right to
// some percent from n = 1 on. Between them lie half of the waits; they are rounded
// outward to minutes. Nobody waits for the agents who are free already.
func estimate(place, servers, ready int, samples []sample, now time.Time) *wire.WaitRange {
	var sum time.Duration
	n := 0
	for _, s := range samples {
		if now.Sub(s.at) < sampleLife {
			sum += s.took
			n++
		}
	}
	if n < minSamples || servers < 1 || place < 1 {
		return nil
	}
	steps := float64(place - ready)
	if steps < 1 {
		return &wire.WaitRange{MinSeconds: 0, MaxSeconds: 60}
	}
	const z = 0.674489750196
	mean := sum.Seconds() / float64(n) / float64(servers) * steps
	at := func(z float64) float64 {
		c := 1 - 1/(9*steps) + z/(3*math.Sqrt(steps))
		return mean * c * c * c / 60
	}
	most := math.Min(math.Ceil(at(z)), maxWaitTold)
	least := math.Min(math.Floor(at(-z)), most)
	return &wire.WaitRange{MinSeconds: 60 * int64(math.Max(least, 0)), MaxSeconds: 60 * int64(math.Max(most, 1))}
}

// maxWaitTold bounds a wait that is told, in minutes.
const maxWaitTold = 24 * 60

// took adds a sample to a queue.
func (st *state) took(id string, l leg, now time.Time) {
	s := sample{now, max(0, now.Sub(l.Accepted))}
	st.dirty.samples = append(st.dirty.samples, handled{id, s})
	if q := st.queues[id]; q != nil {
		q.keep(s)
		st.move(q)
	}
}

func (q *queue) keep(s sample) {
	if q.samples = append(q.samples, s); len(q.samples) > maxSamples {
		q.samples = append([]sample(nil), q.samples[len(q.samples)-maxSamples:]...)
	}
}

// wait is the expected wait at a place of a queue.
func (q *queue) wait(place int, now time.Time) *wire.WaitRange {
	return estimate(place, q.crew, len(q.idle), q.samples, now)
}
