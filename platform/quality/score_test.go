package quality

import (
	"math"
	"testing"
	"time"

	"guichet/platform/wire"
)

const ms = time.Millisecond

// Scores worked out by hand from the formulas of G.107.
func TestScores(t *testing.T) {
	for name, tc := range map[string]struct {
		kind        string
		loss        float64
		rtt, jitter time.Duration
		want        float64
		grade       wire.NetworkGrade
	}{
		"nothing wrong":                {"audio", 0, 0, 0, 4.40, wire.GradeOptimal},
		"home network":                 {"audio", 0, 40 * ms, 5 * ms, 4.38, wire.GradeOptimal},
		"1 % of audio lost":            {"audio", 0.01, 40 * ms, 5 * ms, 4.30, wire.GradeOptimal},
		"1 % of video lost":            {"video", 0.01, 40 * ms, 5 * ms, 4.13, wire.GradeOptimal},
		"5 % of audio lost":            {"audio", 0.05, 40 * ms, 5 * ms, 3.87, wire.GradeSuboptimal},
		"5 % of video lost":            {"video", 0.05, 40 * ms, 5 * ms, 3.12, wire.GradeSuboptimal},
		"10 % of audio lost":           {"audio", 0.10, 40 * ms, 5 * ms, 3.34, wire.GradeSuboptimal},
		"10 % of video lost":           {"video", 0.10, 40 * ms, 5 * ms, 2.29, wire.GradeBad},
		"20 % of audio lost":           {"audio", 0.20, 40 * ms, 5 * ms, 2.55, wire.GradeBad},
		"a satellite":                  {"audio", 0, 600 * ms, 5 * ms, 3.54, wire.GradeSuboptimal},
		"a second there and back":      {"audio", 0, 1000 * ms, 5 * ms, 2.15, wire.GradeBad},
		"a jitter of 150 ms":           {"audio", 0, 40 * ms, 150 * ms, 3.46, wire.GradeSuboptimal},
		"all is lost":                  {"audio", 1, 0, 0, 1.17, wire.GradeBad},
		"all is lost, and slow":        {"audio", 1, 10 * time.Second, 0, 1, wire.GradeBad},
		"a loss that cannot be":        {"audio", 7, 0, 0, 1.17, wire.GradeBad},
		"a loss below zero is none":    {"audio", -7, 0, 0, 4.40, wire.GradeOptimal},
		"a round trip of hours is bad": {"video", 0, 20 * time.Hour, 0, 1, wire.GradeBad},
		"a jitter of hours is bad":     {"video", 0, 0, 20 * time.Hour, 1, wire.GradeBad},
		"a kind of its own":            {"other", 0, 0, 0, 4.40, wire.GradeOptimal},
	} {
		got := meanOpinion(rating(tc.kind, tc.loss, tc.rtt, tc.jitter))
		if math.Abs(got-tc.want) > 0.02 || gradeOf(got) != tc.grade {
			t.Errorf("%s: %.3f %s, want %.2f %s", name, got, gradeOf(got), tc.want, tc.grade)
		}
	}
}

// More loss, delay or jitter is never better, and no score leaves the scale.
func TestScoresFall(t *testing.T) {
	for _, kind := range []string{"audio", "video"} {
		for step := range 3 {
			last := math.Inf(1)
			for n := range 200 {
				var loss float64
				var rtt, jitter time.Duration
				switch step {
				case 0:
					loss = float64(n) / 199
				case 1:
					rtt = time.Duration(n) * 10 * ms
				case 2:
					jitter = time.Duration(n) * 5 * ms
				}
				got := meanOpinion(rating(kind, loss, rtt, jitter))
				if got > last || got < 1 || got > 4.5 {
					t.Fatalf("%s, loss %v, round trip %v, jitter %v: %v after %v", kind, loss, rtt, jitter, got, last)
				}
				last = got
			}
		}
	}
}

func TestGradesDoNotFlicker(t *testing.T) {
	const o, s, b = wire.GradeOptimal, wire.GradeSuboptimal, wire.GradeBad
	for name, tc := range map[string]struct {
		scores []float64
		want   []wire.NetworkGrade
	}{
		"steady":                         {[]float64{4.3, 4.2, 4.3}, []wire.NetworkGrade{o, o, o}},
		"worse at once":                  {[]float64{4.3, 3.9, 2}, []wire.NetworkGrade{o, s, b}},
		"better the second time":         {[]float64{2, 4.3, 4.3, 4.3}, []wire.NetworkGrade{b, b, o, o}},
		"better once is not enough":      {[]float64{3.5, 4.3, 3.5, 4.3, 3.5}, []wire.NetworkGrade{s, s, s, s, s}},
		"about the threshold":            {[]float64{4.05, 3.95, 4.05, 3.95, 4.05, 4.05}, []wire.NetworkGrade{o, s, s, s, s, s}},
		"a little better, then clearly":  {[]float64{3.9, 4.05, 4.15, 4.15}, []wire.NetworkGrade{s, s, s, o}},
		"from bad a step at a time":      {[]float64{2, 3.5, 3.5, 4.3, 4.3}, []wire.NetworkGrade{b, b, s, s, o}},
		"two better ones, the last less": {[]float64{2, 4.3, 3.5}, []wire.NetworkGrade{b, b, s}},
	} {
		var g grader
		for i, score := range tc.scores {
			if got := g.take(score); got != tc.want[i] {
				t.Errorf("%s: score %d, %v, gives %s, want %s", name, i, score, got, tc.want[i])
			}
		}
	}
}
