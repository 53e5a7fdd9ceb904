package sfu

import (
	"bytes"
	"context"
	"errors"
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
