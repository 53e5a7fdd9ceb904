package session

import (
	"time"

	"guichet/app/client"
	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// Bounds of the camera's bitrate, in bits per second, and how it moves: down at
// once when packets get lost, up slowly when none do.
const (
	minBitrate = 150_000
	maxBitrate = defaultBitrate
	downBy     = 0.8
	upBy       = 1.05
	tooMuch    = 0.08 // loss that calls for less
	little     = 0.02 // loss that allows more
)

type quality struct{ client.Quality }

// network judges the connection by what the server reports of our media.
type network struct {
	video, audio client.Quality // newest of each
	known        bool
	most, least  float64 // of rate; 0: the camera's
	rate         float64 // of the pictures; 0 is the greatest
	smooth       float64 // loss, averaged over some reports
}

// bounds returns the greatest and the smallest bitrate.
func (n *network) bounds() (most, least float64) {
	if n.most == 0 {
		return maxBitrate, minBitrate
	}
	return n.most, n.least
}

func (c quality) do(l *loop) {
	if !l.inCall() {
		return
	}
	before, beforeLost := l.network.bitrate(), l.network.lost()
	l.network.add(c.Quality)
	l.judge(l.cfg.Now())
	if l.network.bitrate() != before || l.network.lost() != beforeLost {
		l.wishStudio()
	}
}

// judge grades the own network by what the others tell of our media and by what
// the server tells of both ways, whichever is worse.
func (l *loop) judge(now time.Time) {
	g := l.network.grade()
	if told := l.networkOf(l.last.Endpoint, now); told.Grade > g.Grade {
		g = told
	}
	if g != l.state.Call.Network {
		l.state.Call.Network = g
		l.change()
	}
}

// indicatorAge is how long an indicator counts; one comes every five seconds.
const indicatorAge = 16 * time.Second

// networkOf grades somebody's network by the newest indicator.
func (l *loop) networkOf(endpoint string, now time.Time) Network {
	i, measured := l.last.Network[endpoint]
	if !measured || now.Sub(l.last.Measured) > indicatorAge {
		return Network{}
	}
	switch i.Grade {
	case wire.GradeOptimal:
		return Network{GradeGood, "good"}
	case wire.GradeSuboptimal:
		return Network{GradeFair, "fair"}
	case wire.GradeBad:
		return Network{GradePoor, "poor"}
	}
	return Network{}
}

func (n *network) add(q client.Quality) {
	n.known = true
	n.smooth += (q.Loss - n.smooth) / 4
	if q.Kind == webrtc.RTPCodecTypeAudio {
		n.audio = q
		return
	}
	n.video = q
	most, least := n.bounds()
	if n.rate == 0 {
		n.rate = most
	}
	switch {
	case q.Loss > tooMuch:
		n.rate = max(n.rate*downBy, least)
	case q.Loss < little:
		n.rate = min(n.rate*upBy, most)
	}
}

// bitrate returns what the pictures may use, in steps that are worth a change.
func (n *network) bitrate() int {
	most, least := n.bounds()
	if n.rate == 0 {
		return int(most)
	}
	const step = 50_000
	return max(int(n.rate)/step*step, int(least))
}

// lost returns the share of lost packets that sound should withstand, in
// percent.
func (n *network) lost() int {
	switch {
	case n.smooth > 0.15:
		return 25
	case n.smooth > 0.05:
		return 15
	}
	return 5
}

// grade says how well the network carries the call.
func (n *network) grade() Network {
	rtt := max(n.video.RTT, n.audio.RTT)
	switch {
	case !n.known:
		return Network{GradeUnknown, "measuring"}
	case n.smooth > 0.10 || rtt > 600*time.Millisecond:
		return Network{GradePoor, "poor"}
	case n.smooth > 0.03 || rtt > 300*time.Millisecond:
		return Network{GradeFair, "fair"}
	}
	return Network{GradeGood, "good"}
}
