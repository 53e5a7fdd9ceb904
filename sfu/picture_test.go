package sfu

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// TestPicture: a key frame comes whole, a new one when the last is too old, and
// none of what may not be sent.
func TestPicture(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	begin := time.Now()
	p.start(t)
	look := func(since time.Time) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), hang)
		defer cancel()
		return s.Picture(ctx, stream1, since)
	}
	first, err := look(begin)
	if err != nil {
		t.Fatal(err)
	}
	// Three packets of one byte of VP8 each, then what marks them.
	from := markOf(first[:1+64+4])
	var want []byte
	for i := range uint32(3) {
		want = append(want, vp8(true, i == 0, from+i)[4:]...)
	}
	if !bytes.Equal(first, want) {
		t.Errorf("key frame\n%x\nwant\n%x", first, want)
	}
	again, err := look(begin)
	if err != nil || !bytes.Equal(again, first) {
		t.Errorf("another picture though the last is young enough: %v", err)
	}
	if fresh, err := look(time.Now()); err != nil || bytes.Equal(fresh, first) {
		t.Errorf("the same picture though the last is too old: %v", err)
	}

	s.Permit(stream1.Conference, sender, Rights{SendAudio: true})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Picture(ctx, stream1, begin); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a picture of a camera that may not be seen: %v", err)
	}
	s.Permit(stream1.Conference, sender, AllRights)
	if _, err := look(begin); err != nil {
		t.Error(err)
	}

	if _, err := s.Picture(t.Context(), StreamKey{"conference", "nothing"}, begin); !errors.Is(err, ErrUnknownStream) {
		t.Errorf("picture of an unknown stream: %v", err)
	}
	other := StreamKey{"conference", "sound"}
	publish(t, s, other, clientOptions{}, webrtc.MimeTypeOpus)
	if _, err := s.Picture(t.Context(), other, begin); !errors.Is(err, ErrNoPicture) {
		t.Errorf("picture of sound: %v", err)
	}
}

// TestPicturesAskRarely: however many look, and though no key frame comes, the
// publisher is asked for one every few seconds; while it may not be seen, and
// while nobody looks, not at all.
func TestPicturesAskRarely(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.video.frame(true)
	until(t, "the frame to come", func() bool {
		_, err := s.Picture(t.Context(), stream1, time.Time{})
		return err == nil
	})
	look := func(long time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), long)
		defer cancel()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for ctx.Err() == nil {
					short, done := context.WithTimeout(ctx, 100*time.Millisecond)
					if _, err := s.Picture(short, stream1, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("a picture though none was sent: %v", err)
					}
					done()
				}
			})
		}
		all.Wait()
	}
	if n := len(p.video.asked); n != 0 {
		t.Errorf("asked %d times though a frame was there", n)
	}
	const long = 6 * time.Second
	look(long)
	if n := len(p.video.asked); n < 1 || n > 3 {
		t.Errorf("asked %d times in %v", n, long)
	}
	// What was asked before may still be on its way to the publisher, so that from
	// here on the sending counts.
	st, err := s.stream(stream1)
	if err != nil {
		t.Fatal(err)
	}
	v := st.tracks[slices.IndexFunc(st.tracks, func(t *track) bool { return t.codec.mime == mimeVP8 })]
	sent := func() keyRequests {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.keys
	}
	s.Permit(stream1.Conference, sender, Rights{SendAudio: true})
	until(t, "what was asked before to go out", func() bool { return !sent().pending })
	before := sent()
	look(long)
	if after := sent(); after != before {
		t.Errorf("asked at %v for what may not be seen", after.asked)
	}
}
