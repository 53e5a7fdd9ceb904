package sfu

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNoPicture tells that a stream has no track whose key frames are pictures of
// their own.
var ErrNoPicture = errors.New("stream has no VP8 track")

// pictureEvery is how often a publisher is asked for a key frame on account of
// Picture, however many ask for pictures and whatever becomes of the frames: each
// costs all viewers of the stream a burst.
const pictureEvery = 3 * time.Second

// Picture returns the last key frame of a stream as it was encoded (RFC 6386),
// without its RTP, if it came after since. Otherwise it asks the publisher for
// one, if that was not done lately, and waits for it until ctx ends. Of a stream
// that may not be sent there is none, and nobody is asked for it.
func (s *SFU) Picture(ctx context.Context, key StreamKey, since time.Time) ([]byte, error) {
	st, err := s.stream(key)
	if err != nil {
		return nil, err
	}
	for _, t := range st.tracks {
		if t.codec.mime == mimeVP8 {
			return t.picture(ctx, since)
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoPicture, key.Stream)
}

func (t *track) picture(ctx context.Context, since time.Time) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if t.past.keyAt.After(since) {
			if frame, ok := t.past.vp8(); ok {
				return frame, nil
			}
		}
		again := t.picturedLocked(time.Now())
		framed := t.framed
		t.looking++
		t.mu.Unlock()
		err := await(ctx, framed, again)
		t.mu.Lock()
		t.looking--
		if err != nil {
			return nil, err
		}
	}
}

// picturedLocked asks for a key frame for a picture if it is time to, and returns
// when it is time again.
func (t *track) picturedLocked(now time.Time) (again time.Duration) {
	if again = t.pictured.Add(pictureEvery).Sub(now); again > 0 {
		return again
	}
	if t.held == 0 {
		t.pictured = now
		t.requestKeyLocked()
	}
	return pictureEvery
}

// await waits for a frame, or until it is time to ask again, or for ctx to end,
// which is an error.
func await(ctx context.Context, framed <-chan struct{}, again time.Duration) error {
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-framed:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// vp8 puts the last key frame together, if all of its packets are there.
func (h *history) vp8() ([]byte, bool) {
	if h.key == 0 {
		return nil, false
	}
	var frame []byte
	for n := h.key; ; n++ {
		p := h.get(n)
		if p == nil || p.time != h.keyTime {
			return nil, false
		}
		payload := p.payload()
		from, ok := vp8Descriptor(payload)
		if !ok {
			return nil, false
		}
		frame = append(frame, payload[from:]...)
		if p.marker {
			return frame, true
		}
	}
}
