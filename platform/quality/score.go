package quality

import (
	"math"
	"time"

	"guichet/platform/wire"
)

// The E-model of ITU-T G.107 with its default values, less what a server cannot
// know (echo, loudness, noise of the room).
const (
	best        = 93.2 // R without any impairment
	codecDelay  = 20   // ms, of one Opus frame
	delayKnee   = 177.3
	robustAudio = 25.1 // Bpl of a codec with loss concealment, G.113 appendix I
	robustVideo = 10.0 // a picture freezes until the loss is mended
	worstLoss   = 95.0 // Ie-eff when everything is lost
)

// rating is the transmission rating R, 0 to 93.2, of a way with this share of
// packets lost, delay and jitter:
//
//	R       = 93.2 - Id - Ie-eff
//	d       = round trip / 2 + 2 * jitter + 20, in ms
//	Id      = 0.024 d, and above 177.3 ms 0.11 (d - 177.3) more
//	Ie-eff  = 95 * Ppl / (Ppl + Bpl), Ppl being the loss in percent and
//	          Bpl 25.1 for audio, 10 for video
//
// The delay is that between the client and the server only, with a jitter buffer
// of twice the jitter: the rest of the way is not this client's network.
func rating(kind string, loss float64, roundTrip, jitter time.Duration) float64 {
	d := milliseconds(roundTrip)/2 + 2*milliseconds(jitter) + codecDelay
	impaired := 0.024 * d
	if d > delayKnee {
		impaired += 0.11 * (d - delayKnee)
	}
	robust := robustAudio
	if kind == "video" {
		robust = robustVideo
	}
	percent := 100 * min(max(loss, 0), 1)
	return min(max(best-impaired-worstLoss*percent/(percent+robust), 0), best)
}

// meanOpinion is the mean opinion score, 1 to 4.4, that a rating stands for
// (G.107 annex B).
func meanOpinion(r float64) float64 {
	if r <= 0 {
		return 1
	}
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}

// Thresholds of the grades, as scores: G.109 calls a rating of 80 and more
// satisfying, and one below 60 poor.
const (
	optimalFrom    = 4.0
	suboptimalFrom = 3.1
	margin         = 0.1 // beyond a threshold, for a better grade
	calm           = 2   // scores in a row that it takes for a better grade
)

func gradeOf(score float64) wire.NetworkGrade {
	switch {
	case score >= optimalFrom:
		return wire.GradeOptimal
	case score >= suboptimalFrom:
		return wire.GradeSuboptimal
	}
	return wire.GradeBad
}

// grader turns scores into a word that does not flicker: it gets worse at once,
// and better when two scores in a row are clearly so.
type grader struct {
	grade  wire.NetworkGrade
	better int
}

func (g *grader) take(score float64) wire.NetworkGrade {
	now, surely := gradeOf(score), gradeOf(score-margin)
	switch {
	case g.grade == "" || rank(now) < rank(g.grade):
		g.grade, g.better = now, 0
	case rank(surely) > rank(g.grade):
		if g.better++; g.better >= calm {
			g.grade, g.better = surely, 0
		}
	default:
		g.better = 0
	}
	return g.grade
}

func rank(g wire.NetworkGrade) int {
	switch g {
	case wire.GradeOptimal:
		return 2
	case wire.GradeSuboptimal:
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tidy rounds to what is worth telling.
func tidy(v float64) float64 { return math.Round(v*100) / 100 }
