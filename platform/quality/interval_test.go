package quality

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestIntervals(t *testing.T) {
	type look struct {
		expected, lost, heard uint64
		want                  [2]uint64 // expected and lost
		ok                    bool
	}
	for name, looks := range map[string][]look{
		"since the last look":           {{expected: 1000, lost: 500, heard: 1}, {1250, 510, 2, [2]uint64{250, 10}, true}, {1500, 510, 3, [2]uint64{250, 0}, true}},
		"no report: once more the last": {{heard: 1}, {250, 10, 2, [2]uint64{250, 10}, true}, {250, 10, 3, [2]uint64{250, 10}, true}, {250, 10, 4, [2]uint64{}, false}},
		"reports come back":             {{heard: 1}, {250, 10, 2, [2]uint64{250, 10}, true}, {250, 10, 3, [2]uint64{250, 10}, true}, {250, 10, 4, [2]uint64{}, false}, {300, 10, 5, [2]uint64{50, 0}, true}},
		"muted from the beginning":      {{heard: 1}, {heard: 2}, {heard: 3}},
		"nothing comes through":         {{250, 0, 9, [2]uint64{}, false}, {250, 0, 9, [2]uint64{assumed, assumed}, true}, {250, 0, 9, [2]uint64{assumed, assumed}, true}},
		"the leg began anew":            {{250, 10, 9, [2]uint64{}, false}, {500, 20, 12, [2]uint64{250, 10}, true}, {20, 0, 3, [2]uint64{}, false}, {40, 1, 5, [2]uint64{20, 1}, true}},
	} {
		var f figures
		for n, l := range looks {
			i, ok := f.since(Leg{Kind: "audio", Expected: l.expected, Lost: l.lost, Heard: l.heard})
			if got := [2]uint64{i.expected, i.lost}; ok != l.ok || got != l.want {
				t.Errorf("%s: look %d gives %v %v, want %v %v", name, n, got, ok, l.want, l.ok)
			}
		}
	}
}

// One bad way is not hidden by many good ones.
func TestWorstWayDecides(t *testing.T) {
	up := func(kind string, lost uint64) interval {
		return interval{kind: kind, expected: 250, lost: lost, jitter: 4 * time.Millisecond, roundTrip: 30 * time.Millisecond}
	}
	down := func(viewer string, lost uint64) interval {
		i := up("audio", lost)
		i.Viewer = viewer
		return i
	}
	score := func(list ...interval) float64 {
		var p pool
		for _, i := range list {
			p.add(i)
		}
		_, _, s := p.result()
		return s
	}
	bad := score(up("audio", 100))
	if got := score(up("audio", 100), down("a", 0), down("b", 0), down("c", 0), up("video", 0)); got != bad {
		t.Errorf("%v among good ways, %v alone", got, bad)
	}
	if got := score(up("audio", 0), down("a", 100), up("video", 0)); got != bad {
		t.Errorf("%v for what is received, %v for what is sent", got, bad)
	}
	few := interval{kind: "audio", expected: fewest - 1, lost: fewest - 1}
	if got := score(few); got < optimalFrom {
		t.Errorf("%v for nine packets of a microphone that is silent", got)
	}
	var p pool
	video := up("video", 0)
	video.jitter, video.roundTrip = 40*time.Millisecond, 0
	p.add(video)
	p.add(up("audio", 0))
	jitter, rtt, _ := p.result()
	if d := cmp.Diff([]time.Duration{4 * time.Millisecond, 30 * time.Millisecond}, []time.Duration{jitter, rtt}); d != "" {
		t.Errorf("averages (-want +got):\n%s", d)
	}
}
