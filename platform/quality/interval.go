package quality

import "time"

const (
	// patience is how many looks in a row may bring no report of a leg, whose last
	// figures then still count: reports of audio come five seconds apart.
	patience = 1
	// fewest packets that say something of the loss.
	fewest = 10
	// assumed packets of a leg from which nothing comes through.
	assumed = 100
)

// interval is what a leg was like since the last look.
type interval struct {
	LegKey
	kind              string
	expected, lost    uint64
	jitter, roundTrip time.Duration
}

// figures are what is remembered of a leg.
type figures struct {
	seen           bool // in this look
	known          bool
	expected, lost uint64
	heard          uint64
	last           interval
	idle           int // looks in a row without a report; above patience there is no last
}

// since takes in a leg's totals and returns the difference to those of before.
// It is false while there is nothing to compare, or nothing was reported for
// long. A client from which nothing came since counts as one whose packets are
// all lost.
func (f *figures) since(leg Leg) (interval, bool) {
	anew := !f.known || leg.Expected < f.expected || leg.Lost < f.lost || leg.Heard < f.heard
	was := *f
	f.known, f.expected, f.lost, f.heard = true, leg.Expected, leg.Lost, leg.Heard
	if anew {
		f.idle = patience + 1
		return interval{}, false
	}
	i := interval{LegKey: leg.LegKey, kind: leg.Kind, jitter: leg.Jitter, roundTrip: leg.RoundTrip}
	switch {
	case leg.Heard == was.heard:
		i.expected, i.lost, f.idle = assumed, assumed, 0
		f.last = i
	case leg.Expected > was.expected:
		i.expected, i.lost, f.idle = leg.Expected-was.expected, leg.Lost-was.lost, 0
		f.last = i
	case f.idle < patience:
		f.idle++
		return f.last, true
	default:
		f.idle = patience + 1
		return interval{}, false
	}
	return i, true
}

// way is a direction and a kind: the server's receiver and a viewer's, audio and
// video, are judged apart so that many good packets do not hide a bad way.
type way struct {
	up   bool
	kind string
}

// pool is what one endpoint's legs were like.
type pool struct {
	ways map[way]*totals
}

type totals struct {
	legs              int
	expected, lost    uint64
	jitter, roundTrip time.Duration // sums over the legs
	timed             int           // legs with a round trip
}

func (p *pool) add(i interval) {
	w := way{i.Viewer == "", i.kind}
	if p.ways == nil {
		p.ways = map[way]*totals{}
	}
	t := p.ways[w]
	if t == nil {
		t = &totals{}
		p.ways[w] = t
	}
	t.legs++
	t.expected += i.expected
	t.lost += min(i.lost, i.expected)
	t.jitter += i.jitter
	if i.roundTrip > 0 {
		t.roundTrip += i.roundTrip
		t.timed++
	}
}

// result averages jitter and round trip over all legs (jitter over those of
// audio if there are any: that of video tells more of the camera's pictures,
// whose packets leave in bursts, than of the network), and returns the score of
// the worst way.
func (p *pool) result() (jitter, roundTrip time.Duration, score float64) {
	var audio, all, timed totals
	for w, t := range p.ways {
		all.legs, all.jitter = all.legs+t.legs, all.jitter+t.jitter
		timed.timed, timed.roundTrip = timed.timed+t.timed, timed.roundTrip+t.roundTrip
		if w.kind == "audio" {
			audio.legs, audio.jitter = audio.legs+t.legs, audio.jitter+t.jitter
		}
	}
	if audio.legs > 0 {
		all = audio
	}
	jitter = all.jitter / time.Duration(max(all.legs, 1))
	roundTrip = timed.roundTrip / time.Duration(max(timed.timed, 1))
	score = meanOpinion(best)
	for w, t := range p.ways {
		loss := 0.0
		if t.expected >= fewest {
			loss = float64(t.lost) / float64(t.expected)
		}
		rtt := roundTrip
		if t.timed > 0 {
			rtt = t.roundTrip / time.Duration(t.timed)
		}
		score = min(score, meanOpinion(rating(w.kind, loss, rtt, t.jitter/time.Duration(t.legs))))
	}
	return jitter, roundTrip, score
}
