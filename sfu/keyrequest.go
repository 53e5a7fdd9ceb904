package sfu

import "time"

const (
	keyRequestFloor = 300 * time.Millisecond // between two key frame requests upstream
	keyRequestRetry = time.Second            // when a key frame is awaited and none came
)

// keyRequests decides when the publisher is asked for a key frame. Requests are
// merged, none is lost: one that comes too early is due when the floor has
// passed, unless a key frame has answered it by then.
type keyRequests struct {
	asked   time.Time // last request sent
	pending bool
}

// want notes a request.
func (k *keyRequests) want() { k.pending = true }

// answered notes that a key frame began.
func (k *keyRequests) answered() { k.pending = false }

// due reports whether a request is to be sent now; if not, and one is pending,
// it returns how long to wait.
func (k *keyRequests) due(now time.Time) (send bool, wait time.Duration) {
	if !k.pending {
		return false, 0
	}
	if wait = k.asked.Add(keyRequestFloor).Sub(now); wait > 0 {
		return false, wait
	}
	k.asked, k.pending = now, false
	return true, 0
}

// overdue reports whether the last request seems lost; the caller knows that
// somebody still waits.
func (k *keyRequests) overdue(now time.Time) bool {
	return now.Sub(k.asked) >= keyRequestRetry
}
