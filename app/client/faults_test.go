package client

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// faultEvents is how many events the property is held against;
// GUICHET_FAULT_EVENTS asks for more.
func faultEvents(t *testing.T, short int) int {
	asked := os.Getenv("GUICHET_FAULT_EVENTS")
	if asked == "" {
		return short
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		t.Fatalf("GUICHET_FAULT_EVENTS=%s is no number of events", asked)
	}
	return n
}

const perScene = 4000 // events

// TestStatesNeverDiffer holds followers against the server's conferences through
// drops, repetitions, disorder, cuts, lost and late answers, restarts and failed writes: at every version that
// both have known they agree, and once the faults are over nobody is behind.
func TestStatesNeverDiffer(t *testing.T) {
	differ(t, faultEvents(t, 10_000),
		func(id string) (follower, error) { return newDesktop(id), nil },
		func(id string) (follower, error) { return newDesktop(id), nil },
		func(string) (follower, error) { return &bare{}, nil })
}

func differ(t *testing.T, events int, kinds ...func(id string) (follower, error)) {
	var all tally
	for seed := uint64(1); all.events < events; seed++ {
		done, err := play(seed, min(perScene, events-all.events), nil, kinds...)
		if all.add(done); err != nil {
			seed, trace, err := shrink(seed, err, kinds...)
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(trace, "\n"))
		}
	}
	t.Log(all)
	if all.drops == 0 || all.doubles == 0 || all.jumps == 0 || all.lags == 0 || all.restarts == 0 || all.stale == 0 || all.forgotten == 0 || all.seats == 0 || all.removals == 0 {
		t.Error("not everything happened")
	}
}

// shrink looks for a short scene that goes wrong as well, and returns its
// course.
func shrink(seed uint64, err error, kinds ...func(id string) (follower, error)) (uint64, []string, error) {
	for events := 1; events < perScene; events *= 2 {
		for small := range uint64(400) {
			if _, err := play(small, events, nil, kinds...); err != nil {
				trace := []string{}
				_, _ = play(small, events, &trace, kinds...)
				return small, trace, err
			}
		}
	}
	return seed, nil, fmt.Errorf("in scenes of %d events alone: %w", perScene, err)
}

// TestPagesNeverDiffer does so with the page's library, in a process of its own.
func TestPagesNeverDiffer(t *testing.T) {
	p := startPages(t)
	kind := func(id string) (follower, error) { return p.open(id), nil }
	differ(t, faultEvents(t, 4_000), kind, kind)
}
