package ui

import (
	"sync"
	"sync/atomic"
	"time"

	"guichet/media/playout"
)

const (
	frameTime = time.Second / 30 // no picture is drawn more often
	slowEvery = 3                // frames between two readings of meters and clocks
)

// pulse is the one timer of the window. Each beat asks which pictures are new
// and draws these together; every third also runs the meters. A beat that finds
// the last one still undrawn is left out, so a slow screen never builds a queue.
//
// Its goroutine reads versions only; what draws runs on Fyne's goroutine.
type pulse struct {
	do   func(func()) // brings a function to Fyne's goroutine
	busy atomic.Bool  // a beat waits for Fyne's goroutine

	mu       sync.Mutex
	pictures map[*playout.Picture]*shown
	slow     map[int]func()
	nextSlow int
	beats    int

	started bool
	stop    chan struct{}
	done    chan struct{}
}

// shown is a picture on the screen.
type shown struct {
	version uint64
	draw    func()
}

func newPulse(do func(func())) *pulse {
	return &pulse{do: do, pictures: map[*playout.Picture]*shown{}, slow: map[int]func(){},
		stop: make(chan struct{}), done: make(chan struct{})}
}

// start begins to beat; close ends it. Both are Fyne's goroutine's.
func (p *pulse) start() {
	p.started = true
	go func() {
		defer close(p.done)
		t := time.NewTicker(frameTime)
		defer t.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-t.C:
				p.beat()
			}
		}
	}()
}

func (p *pulse) close() {
	if !p.started {
		return
	}
	close(p.stop)
	<-p.done
}

// picture calls draw after each beat that found a new version; stop ends it.
func (p *pulse) picture(pic *playout.Picture, draw func()) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pictures[pic] = &shown{draw: draw}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.pictures, pic)
	}
}

// often calls f ten times a second; stop ends it.
func (p *pulse) often(f func()) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.nextSlow
	p.nextSlow++
	p.slow[id] = f
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.slow, id)
	}
}

// beat draws what is new.
func (p *pulse) beat() {
	if p.busy.Load() {
		return
	}
	p.mu.Lock()
	p.beats++
	slow := p.beats%slowEvery == 0 && len(p.slow) > 0
	fresh := false
	for pic, s := range p.pictures {
		fresh = fresh || pic.Version() != s.version
	}
	p.mu.Unlock()
	if !fresh && !slow {
		return
	}
	p.busy.Store(true)
	p.do(func() {
		p.draw(slow)
		p.busy.Store(false)
	})
}

// draw runs on Fyne's goroutine. The functions are called without the lock,
// because they may watch or leave.
func (p *pulse) draw(slow bool) {
	var run []func()
	p.mu.Lock()
	for pic, s := range p.pictures {
		if v := pic.Version(); v != s.version {
			s.version = v
			run = append(run, s.draw)
		}
	}
	if slow {
		for _, f := range p.slow {
			run = append(run, f)
		}
	}
	p.mu.Unlock()
	for _, f := range run {
		f()
	}
}
