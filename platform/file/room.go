package file

import "sync"

// room counts the bytes on disk and the uploads at a time.
type room struct {
	total int64

	mu      sync.Mutex
	used    int64
	uploads int
	byUser  map[[2]string]int // organization and user
}

// begin takes a place for an upload; end must follow.
func (r *room) begin(user [2]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uploads >= maxUploads || r.byUser[user] >= maxUserUploads {
		return ErrBusy
	}
	r.uploads++
	r.byUser[user]++
	return nil
}

func (r *room) end(user [2]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uploads--
	if r.byUser[user]--; r.byUser[user] == 0 {
		delete(r.byUser, user)
	}
}

// take reserves bytes before they are written.
func (r *room) take(n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+n > r.total {
		return ErrNoSpace
	}
	r.used += n
	return nil
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
}
