package session

import (
	"image"
	"slices"
	"sync"
)

// watchers hands pictures to whoever watches a stream. It is used by the
// decoding goroutines and by the window's; the loop is not involved.
type watchers struct {
	mu sync.RWMutex
	by map[string][]*watcher // lists are replaced, never changed
}

// watcher is one call of OnVideo. Its lock is held while show runs: that is
// what lets stop wait for the last picture.
type watcher struct {
	mu   sync.Mutex
	show func(*image.YCbCr) // nil when stopped
}

func (w *watchers) add(stream string, show func(*image.YCbCr)) (stop func()) {
	one := &watcher{show: show}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[string][]*watcher{}
	}
	w.by[stream] = append(slices.Clone(w.by[stream]), one)
	return func() { w.remove(stream, one) }
}

func (w *watchers) remove(stream string, one *watcher) {
	w.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(w.by[stream]), func(o *watcher) bool { return o == one })
	if len(rest) == 0 {
		delete(w.by, stream)
	} else {
		w.by[stream] = rest
	}
	w.mu.Unlock()
	one.mu.Lock()
	one.show = nil
	one.mu.Unlock()
}

// show gives a picture to the watchers of a stream.
func (w *watchers) show(stream string, m *image.YCbCr) {
	w.mu.RLock()
	list := w.by[stream]
	w.mu.RUnlock()
	for _, one := range list {
		one.mu.Lock()
		if one.show != nil {
			one.show(m)
		}
		one.mu.Unlock()
	}
}
