package sound

import (
	"context"
	"fmt"
)

// recorder writes what a speaker would play to a file, on a goroutine of its own as
// the sound callback must not touch the disk.
type recorder struct {
	ring   *ring
	closed chan struct{}
	ended  chan struct{}
	err    error // of closing; read after ended
}

func newRecorder(path string, warn func(error)) (*recorder, error) {
	w, err := createWAV(path)
	if err != nil {
		return nil, fmt.Errorf("sound file: %w: %w", err, ErrSpec)
	}
	r := &recorder{ring: newRing(64), closed: make(chan struct{}), ended: make(chan struct{})}
	go r.run(w, warn)
	return r, nil
}

func (r *recorder) run(w *wavWriter, warn func(error)) {
	defer close(r.ended)
	failed := false
	save := func(pcm []int16) {
		if failed {
			return
		}
		if err := w.write(pcm); err != nil {
			failed = true
			warn(fmt.Errorf("%w: %w", ErrFile, err))
		}
	}
	for {
		pcm, err := r.ring.next(context.Background(), r.closed)
		if err != nil {
			break
		}
		save(pcm)
	}
	for pcm, ok := r.ring.take(); ok; pcm, ok = r.ring.take() {
		save(pcm)
	}
	r.err = w.close()
}

// close writes what is left. Nobody may put after it was called.
func (r *recorder) close() error {
	close(r.closed)
	<-r.ended
	return r.err
}
