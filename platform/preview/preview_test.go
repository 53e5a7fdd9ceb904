package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// scene is what there is to see in all rooms.
type scene struct {
	mu      sync.Mutex
	streams []string
	frames  map[string][]byte // of the streams that send; the others are silent
	asked   int
	looked  error
}

func (s *scene) look(context.Context, Room) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.streams), s.looked
}

func (s *scene) picture(ctx context.Context, _ Room, stream string, _ time.Duration) ([]byte, error) {
	s.mu.Lock()
	s.asked++
	data := s.frames[stream]
	s.mu.Unlock()
	if data == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return data, nil
}

func (s *scene) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func start(t *testing.T) (*scene, *Service) {
	t.Helper()
	sc := &scene{streams: []string{"a", "b"}, frames: map[string][]byte{"a": frame(t, "red").Data, "b": frame(t, "blue").Data}}
	s, err := New(Config{Look: sc.look, Picture: sc.picture, Key: []byte("key"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return sc, s
}

func still(t *testing.T, name string) []byte {
	t.Helper()
	v, err := Encode([]Frame{frame(t, name)}, each)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPictureShowsWhatMayBeSeenNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, s := start(t)
		r := Room{"o", "s"}
		look := func() []byte {
			v, err := s.Picture(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		both := look()
		if want, err := Encode([]Frame{frame(t, "red"), frame(t, "blue")}, each); err != nil || !bytes.Equal(both, want) {
			t.Errorf("both: %d bytes, %v", len(both), err)
		}
		if look(); sc.asked != 2 {
			t.Errorf("asked %d times for a picture that is fresh", sc.asked)
		}
		sc.set(func() { sc.streams = []string{"b"} }) // a was muted
		if got := look(); !bytes.Equal(got, still(t, "blue")) || sc.asked != 2 {
			t.Errorf("without a: %d bytes, asked %d times", len(got), sc.asked)
		}
		time.Sleep(refreshEvery)
		sc.set(func() { sc.frames["b"] = frame(t, "red").Data })
		if got := look(); !bytes.Equal(got, still(t, "red")) || sc.asked != 3 {
			t.Errorf("anew: %d bytes, asked %d times", len(got), sc.asked)
		}
		sc.set(func() { sc.looked = ErrNothing }) // on hold
		if _, err := s.Picture(t.Context(), r); !errors.Is(err, ErrNothing) {
			t.Errorf("on hold: %v", err)
		}
	})
}

func TestPictureOfWhoSendsNoKeyFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, s := start(t)
		r := Room{"o", "s"}
		if _, err := s.Picture(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		sc.set(func() { sc.frames["a"] = nil })
		time.Sleep(refreshEvery)
		began := time.Now()
		if _, err := s.Picture(t.Context(), r); err != nil || time.Since(began) != frameTime {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		for range int(keepFrame / (refreshEvery + frameTime)) {
			time.Sleep(refreshEvery)
			if _, err := s.Picture(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(refreshEvery)
		if got, err := s.Picture(t.Context(), r); err != nil || !bytes.Equal(got, still(t, "blue")) {
			t.Errorf("a frame of long ago is still shown: %d bytes, %v", len(got), err)
		}
		sc.set(func() {
			sc.streams, sc.frames = []string{"a"}, map[string][]byte{"a": bytes.Repeat([]byte{0}, maxFrame+1)}
		})
		time.Sleep(refreshEvery)
		if _, err := s.Picture(t.Context(), r); !errors.Is(err, ErrNothing) {
			t.Errorf("no frame: %v", err)
		}
	})
}

func TestManyWhoLookCostOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, s := start(t)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := s.Picture(t.Context(), Room{"o", "s"}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if sc.asked != 2 {
			t.Errorf("asked %d times", sc.asked)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	sc, s := start(t)
	large := append(bytes.Clone(frame(t, "red").Data), make([]byte, maxFrame-1000)...)
	sc.frames["a"], sc.frames["b"] = large, large
	for i := range 2 * maxRooms {
		if _, err := s.Picture(t.Context(), Room{"o", fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	bytes := 0
	for _, of := range s.rooms {
		bytes += of.size()
	}
	if len(s.rooms) > maxRooms || bytes > maxMemory+maxShown*maxFrame {
		t.Errorf("%d rooms, %d bytes", len(s.rooms), bytes)
	}
}

func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := start(t)
		r := Room{"o", "s"}
		q := s.Query(r)
		if got, err := s.Check("s", q); err != nil || got != r {
			t.Errorf("%v, %v", got, err)
		}
		for _, change := range []string{"organization", "expires", "signature"} {
			other := url.Values{}
			for k, v := range q {
				other[k] = slices.Clone(v)
			}
			other[change] = []string{"9" + other.Get(change)}
			if _, err := s.Check("s", other); !errors.Is(err, ErrLink) {
				t.Errorf("another %s: %v", change, err)
			}
			other.Del(change)
			if _, err := s.Check("s", other); !errors.Is(err, ErrLink) {
				t.Errorf("without %s: %v", change, err)
			}
		}
		if _, err := s.Check("t", q); !errors.Is(err, ErrLink) {
			t.Errorf("another session: %v", err)
		}
		time.Sleep(linkLife)
		if _, err := s.Check("s", q); !errors.Is(err, ErrLinkExpired) {
			t.Errorf("late: %v", err)
		}
	})
}
