package sfu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

func TestObserverIsToldWhatEndsByItself(t *testing.T) {
	w := newWatcher()
	s := newSFU(t, func(c *Config) { c.Observer = w })
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	a := view(t, s, viewer1, clientOptions{}, kindVideo)
	b := view(t, s, ViewerKey{"conference", "stream", "b"}, clientOptions{}, kindVideo)
	wait(t, a.up, "viewer connected")
	wait(t, b.up, "viewer connected")
	if err := a.pc.Close(); err != nil { // says good-bye by DTLS
		t.Fatal(err)
	}
	if k := wait(t, w.viewers, "notice of the viewer"); k != viewer1 {
		t.Errorf("told of %v", k)
	}
	if n := s.Stats().Viewers; n != 1 {
		t.Errorf("%d viewers", n)
	}
	if err := p.pc.Close(); err != nil {
		t.Fatal(err)
	}
	if k := wait(t, w.viewers, "notice of the other viewer"); k.Viewer != "b" {
		t.Errorf("told of %v", k)
	}
	if k := wait(t, w.publishers, "notice of the publisher"); k != stream1 {
		t.Errorf("told of %v", k)
	}
	if st := s.Stats(); st.Streams != 0 || st.Viewers != 0 {
		t.Errorf("stats %+v", st)
	}
	publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	view(t, s, viewer1, clientOptions{}, kindVideo)
	if err := s.StopView(viewer1); err != nil {
		t.Error(err)
	}
	if err := s.Unpublish(stream1); err != nil {
		t.Error(err)
	}
	if len(w.viewers)+len(w.publishers) != 0 {
		t.Error("told of what was asked for")
	}
}

func TestConnectionsThatNeverComeUpAreEnded(t *testing.T) {
	w := newWatcher()
	s := newSFU(t, func(c *Config) { c.Observer = w })
	s.patience = 300 * time.Millisecond
	publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	if _, err := s.View(t.Context(), viewer1, receiver, offerOf(t, prepare(t, clientOptions{}, kindVideo).pc)); err != nil {
		t.Fatal(err)
	}
	if k := wait(t, w.viewers, "notice of the viewer"); k != viewer1 {
		t.Errorf("told of %v", k)
	}
	other := StreamKey{"conference", "other"}
	if _, err := s.Publish(t.Context(), other, sender, browserOffer(t, "publish.sdp")); err != nil {
		t.Fatal(err)
	}
	if k := wait(t, w.publishers, "notice of the publisher"); k != other {
		t.Errorf("told of %v", k)
	}
}

// A client that vanishes without a word is noticed.
func TestSilenceEndsAConnection(t *testing.T) {
	w := newWatcher()
	s := newSFU(t, func(c *Config) { c.Observer = w })
	s.engine.settings.SetICETimeouts(300*time.Millisecond, 300*time.Millisecond, 50*time.Millisecond)
	publish(t, s, stream1, clientOptions{setting: func(se *webrtc.SettingEngine) {
		se.SetICETimeouts(20*time.Second, 20*time.Second, 50*time.Millisecond)
	}}, webrtc.MimeTypeVP8)
	nat := newRelay(t, s)
	v := prepare(t, clientOptions{}, kindVideo)
	answer, err := s.View(t.Context(), viewer1, receiver, offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, v.pc, nat.redirect(answer, s))
	wait(t, v.up, "viewer connected")
	_ = nat.inside.Close()
	if k := wait(t, w.viewers, "notice of the viewer"); k != viewer1 {
		t.Errorf("told of %v", k)
	}
}

func TestEndConference(t *testing.T) {
	s := newSFU(t)
	for _, c := range []string{"a", "b"} {
		for i := range 2 {
			key := StreamKey{c, fmt.Sprint(i)}
			publish(t, s, key, clientOptions{}, webrtc.MimeTypeVP8)
			view(t, s, ViewerKey{c, key.Stream, "v"}, clientOptions{}, kindVideo)
		}
	}
	s.EndConference("a")
	if st := s.Stats(); st.Streams != 2 || st.Viewers != 2 {
		t.Errorf("stats %+v", st)
	}
	if err := s.Unpublish(StreamKey{"a", "0"}); !errors.Is(err, ErrUnknownStream) {
		t.Error(err)
	}
}

// After many joins and leaves nothing is left behind.
func TestChurnLeavesNothing(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	p.start(t)
	offer := offerOf(t, prepare(t, clientOptions{}, kindVideo, kindAudio).pc)
	round := func(n int) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				key := ViewerKey{"conference", "stream", fmt.Sprint(i)}
				if _, err := s.View(t.Context(), key, receiver, offer); err != nil {
					t.Error(err)
				}
				if err := s.StopView(key); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range 5 { // and some that really connect
			key := ViewerKey{"conference", "stream", fmt.Sprint("real", i)}
			v := view(t, s, key, clientOptions{}, kindVideo, kindAudio)
			wait(t, v.video, "video")
			if err := s.StopView(key); err != nil {
				t.Error(err)
			}
			_ = v.pc.GracefulClose()
		}
	}
	round(20)
	before := runtime.NumGoroutine()
	for range 4 {
		round(50)
	}
	until(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before+2 })
	for i := range 2 {
		if tr := s.track(stream1, i); len(tr.live) != 0 || tr.waiting != 0 {
			t.Errorf("track %d: %d live, %d waiting", i, len(tr.live), tr.waiting)
		}
	}
}

// All methods at once on few keys: none may hang, panic or leave anything.
func TestMethodsAtOnce(t *testing.T) {
	s := newSFU(t, func(c *Config) { c.Observer = newWatcher() })
	publishes := browserOffer(t, "publish.sdp")
	views := browserOffer(t, "view.sdp")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range 60 {
				st := StreamKey{"c", fmt.Sprint(r.IntN(2))}
				v := ViewerKey{st.Conference, st.Stream, fmt.Sprint(r.IntN(3))}
				switch r.IntN(8) {
				case 0, 1:
					_, _ = s.Publish(t.Context(), st, sender, publishes)
				case 2, 3:
					_, _ = s.View(t.Context(), v, receiver, views)
				case 4:
					_ = s.Unpublish(st)
				case 5:
					_ = s.StopView(v)
				case 6:
					_, _ = s.Republish(t.Context(), st, publishes)
					_, _ = s.ViewerStats(v)
				case 7:
					if r.IntN(4) == 0 {
						s.EndConference("c")
					}
					_ = s.AddViewerCandidate(v, webrtc.ICECandidateInit{})
				}
			}
		})
	}
	all.Wait()
	for range 2 {
		all.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	_, _ = s.Publish(t.Context(), stream1, sender, publishes)
	all.Wait()
	if st := s.Stats(); st.Streams != 0 || st.Viewers != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestManyViewers(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.video.every = 50 * time.Millisecond
	p.start(t)
	const viewers = 50
	list := make([]*viewing, viewers)
	for i := range list {
		list[i] = view(t, s, ViewerKey{"conference", "stream", fmt.Sprint(i)}, clientOptions{}, kindVideo)
	}
	for i, v := range list {
		last := wait(t, v.video, "video")
		if !vp8KeyFrame(last.Payload) {
			t.Errorf("viewer %d does not start with a key frame", i)
		}
		for range 10 {
			next := wait(t, v.video, "video")
			if next.SequenceNumber != last.SequenceNumber+1 || markOf(next.Payload) != markOf(last.Payload)+1 {
				t.Fatalf("viewer %d: %d follows %d", i, next.SequenceNumber, last.SequenceNumber)
			}
			last = next
		}
	}
}
