package ui

import (
	"testing"

	"guichet/media/capture/pattern"
	"guichet/media/playout"
)

// TestPulseKeepsOneInFlight: while Fyne is busy no second drawing is queued, and
// what came meanwhile is drawn with the next.
func TestPulseKeepsOneInFlight(t *testing.T) {
	var queue []func()
	p := newPulse(func(f func()) { queue = append(queue, f) })
	var a, b playout.Picture
	drawn := map[string]int{}
	stopA := p.picture(&a, func() { drawn["a"]++ })
	defer p.picture(&b, func() { drawn["b"]++ })()
	m := pattern.New(64, 64)
	update := func(pic *playout.Picture) {
		t.Helper()
		if err := pic.Update(m); err != nil {
			t.Fatal(err)
		}
	}
	p.beat()
	if len(queue) != 0 {
		t.Fatal("nothing is new, and something is drawn")
	}
	update(&a)
	p.beat()
	update(&b)
	p.beat()
	p.beat()
	if len(queue) != 1 {
		t.Fatalf("%d drawings wait, want 1", len(queue))
	}
	queue[0]()
	if drawn["a"] != 1 || drawn["b"] != 1 {
		t.Fatalf("drawn: %v", drawn)
	}
	p.beat()
	if len(queue) != 1 {
		t.Fatal("a picture is drawn twice")
	}
	stopA()
	update(&a)
	p.beat()
	if len(queue) != 1 {
		t.Fatal("a picture is drawn that nobody looks at")
	}
}

// TestPulseMeters: meters run at every third beat only.
func TestPulseMeters(t *testing.T) {
	p := newPulse(func(f func()) { f() })
	n := 0
	stop := p.often(func() { n++ })
	for range 30 {
		p.beat()
	}
	if n != 10 {
		t.Errorf("%d readings in 30 beats", n)
	}
	stop()
	p.beat()
	p.beat()
	p.beat()
	if n != 10 {
		t.Error("a stopped meter is read")
	}
}

// TestPulseBeats: the goroutine beats by itself and ends with close.
func TestPulseBeats(t *testing.T) {
	called := make(chan struct{}, 1)
	p := newPulse(func(f func()) { f() })
	p.often(func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	p.start()
	<-called
	p.close()
}
