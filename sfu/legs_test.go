package sfu

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// shower loses one in four of the packets that come in, when it rains.
type shower struct {
	interceptor.NoOp
	rains *atomic.Bool
}

func (s shower) NewInterceptor(string) (interceptor.Interceptor, error) { return &s, nil }

func (s *shower) BindRemoteStream(_ *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, about, err := r.Read(b, a)
			if err != nil || !s.rains.Load() || rand.IntN(4) > 0 {
				return n, about, err
			}
		}
	})
}

// Both legs of a track are told, each with its own loss: what the publisher's
// network lost is not counted to the viewer.
func TestLegs(t *testing.T) {
	s := newSFU(t)
	if legs := s.Legs(); len(legs) != 0 {
		t.Fatalf("legs of nobody: %+v", legs)
	}
	var rains atomic.Bool
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeOpus)
	view(t, s, viewer1, clientOptions{nack: true, inbound: shower{rains: &rains}}, kindAudio)
	stop, done := make(chan struct{}), make(chan struct{})
	var skips atomic.Bool
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				if !skips.Load() || n%4 > 0 {
					p.audio.send(n, uint32(n)*96, false, mark(nil, uint32(n)))
				}
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })

	legs := func() (up, down Leg) {
		for _, l := range s.Legs() {
			switch {
			case l.Stream != stream1 || l.Kind != "audio" || l.Track != 0:
				t.Fatalf("a leg of nobody: %+v", l)
			case l.Viewer == "":
				up = l
			case l.Viewer == viewer1.Viewer:
				down = l
			}
		}
		return up, down
	}
	// passed waits until each leg has carried some hundred packets more, and
	// returns what share of them each has lost.
	passed := func(what string) (up, down float64) {
		up0, down0 := legs()
		var up1, down1 Leg
		until(t, what, func() bool {
			up1, down1 = legs()
			return down0.Expected == 0 && down1.Expected > 0 || down0.Expected > 0 && up1.Expected > up0.Expected+400 && down1.Expected > down0.Expected+400
		})
		if up1.RoundTrip < 0 || up1.RoundTrip > 5*time.Second || up1.Jitter > 5*time.Second || up1.Heard <= up0.Heard {
			t.Errorf("%s: %+v, was %+v", what, up1, up0)
		}
		share := func(was, is Leg) float64 { return float64(is.Lost-was.Lost) / float64(is.Expected-was.Expected) }
		return share(up0, up1), share(down0, down1)
	}
	passed("the first report")
	near := func(got, want float64) bool { return got > want-0.08 && got < want+0.08 }
	for _, step := range []struct {
		what     string
		up, down bool
	}{{"fine weather", false, false}, {"loss on the way up", true, false}, {"loss on the way down", false, true}, {"loss on both", true, true}} {
		skips.Store(step.up)
		rains.Store(step.down)
		passed(step.what + " begins") // reports of before are out of the way
		up, down := passed(step.what)
		share := func(loses bool) float64 {
			if loses {
				return 0.25
			}
			return 0
		}
		if !near(up, share(step.up)) || !near(down, share(step.down)) {
			t.Errorf("%s: %.2f lost on the way up, %.2f on the way down", step.what, up, down)
		}
	}
	if err := s.Unpublish(stream1); err != nil {
		t.Fatal(err)
	}
	if legs := s.Legs(); len(legs) != 0 {
		t.Errorf("legs after the end: %+v", legs)
	}
}
