package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"guichet/platform/wire"
)

// newChance is a source of chance whose seed a failure tells.
func newChance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func samplesOf(ages time.Duration, minutes ...int) (list []sample) {
	for _, m := range minutes {
		list = append(list, sample{noon.Add(-ages), time.Duration(m) * time.Minute})
	}
	return list
}

func TestWait(t *testing.T) {
	five := samplesOf(time.Hour, 5, 5, 5, 5, 5)
	for _, c := range []struct {
		name                  string
		place, servers, ready int
		samples               []sample
		want                  string
	}{
		{"four samples", 1, 1, 0, five[:4], "unknown"},
		{"samples of yesterday", 1, 1, 0, samplesOf(25*time.Hour, 5, 5, 5, 5, 5), "unknown"},
		{"nobody serves", 1, 0, 0, five, "unknown"},
		{"somebody is ready", 1, 2, 1, five, "0-1"},
		{"next, one agent", 1, 1, 0, five, "1-7"}, // of an exponential of 5 minutes: 1.4 to 6.9
		{"next, five agents", 1, 5, 0, five, "0-2"},
		{"tenth, one agent", 10, 1, 0, five, "38-60"}, // of an Erlang of ten steps: 38.6 to 59.2
		{"tenth, ten agents", 10, 10, 0, five, "3-6"},
		{"sixth, one ready of two", 6, 2, 1, five, "8-16"},
		{"for ever", 5000, 1, 0, five, "1440-1440"},
	} {
		w := estimate(c.place, c.servers, c.ready, c.samples, noon)
		got := "unknown"
		if w != nil {
			got = fmt.Sprintf("%d-%d", w.MinSeconds/60, w.MaxSeconds/60)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestWaitGrows: it is never negative, its ends are in order, and a later place
// never waits less.
func TestWaitGrows(t *testing.T) {
	chance := newChance(t)
	for range 2000 {
		var samples []sample
		for range minSamples + chance.IntN(50) {
			samples = append(samples, sample{noon.Add(-time.Hour), time.Duration(chance.Int64N(int64(time.Hour)))})
		}
		servers := 1 + chance.IntN(20)
		ready := chance.IntN(servers + 1)
		last := wire.WaitRange{}
		for place := 1; place < 60; place++ {
			w := estimate(place, servers, ready, samples, noon)
			if w == nil || w.MinSeconds < last.MinSeconds || w.MaxSeconds < last.MaxSeconds || w.MinSeconds > w.MaxSeconds || w.MinSeconds%60+w.MaxSeconds%60 != 0 {
				t.Fatalf("place %d after %+v: %+v (%d servers, %d ready)", place, last, w, servers, ready)
			}
			last = *w
		}
	}
}

// TestWaitIsHonest simulates busy agents with lengths of calls drawn at random,
// and counts how many callers' waits are within the range: about half, and as many
// again by which the rounding widens it.
func TestWaitIsHonest(t *testing.T) {
	chance := newChance(t)
	for _, c := range []struct{ servers, place int }{{5, 1}, {10, 10}, {20, 5}, {8, 30}} {
		draw := func() time.Duration { return time.Duration((300 + 300*chance.ExpFloat64()) * float64(time.Second)) }
		const runs = 2000
		var w *wire.WaitRange
		within := 0
		for run := range runs {
			if run%50 == 0 { // another day
				var samples []sample
				for range maxSamples {
					samples = append(samples, sample{noon, draw()})
				}
				w = estimate(c.place, c.servers, 0, samples, noon)
			}
			// Each agent is somewhere in a call, as long runs leave them.
			free := make([]time.Duration, c.servers)
			for i := range free {
				for free[i] = -24 * time.Hour; free[i] <= 0; {
					free[i] += draw()
				}
			}
			var at time.Duration
			for range c.place {
				slices.Sort(free)
				at = free[0]
				free[0] += draw()
			}
			if s := at.Seconds(); float64(w.MinSeconds) <= s && s <= float64(w.MaxSeconds) {
				within++
			}
		}
		share := float64(within) / runs
		t.Logf("%d agents, place %d: %.0f %% within, of the last day %d to %d minutes", c.servers, c.place, 100*share, w.MinSeconds/60, w.MaxSeconds/60)
		if share < 0.5 {
			t.Errorf("%d agents, place %d: the range holds %.0f %%", c.servers, c.place, 100*share)
		}
	}
}
