package preview

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Failures that callers branch on.
var (
	ErrNothing     = errors.New("there is nothing to see")
	ErrLink        = errors.New("link is not valid")
	ErrLinkExpired = errors.New("link has expired")
)

const (
	refreshEvery = 3 * time.Second // how old a picture may be before it is made anew
	frameTime    = 2 * time.Second // how long a new key frame is waited for
	keepFrame    = time.Minute     // how long a frame is shown when no newer comes
	each         = 1500 * time.Millisecond

	maxShown  = 9         // members in one loop
	maxFrame  = 512 << 10 // bytes
	maxRooms  = 256       // whose frames are kept
	maxMemory = 64 << 20  // bytes of all frames
)

// Room names a session.
type Room struct{ Organization, Session string }

// Config is what a Service works with; every field is needed.
type Config struct {
	// Look returns the streams that may be seen in a room now, in the order in
	// which they take turns. It fails with ErrNothing when there is no room, when
	// it has no previews, or while it is on hold.
	Look func(ctx context.Context, r Room) (streams []string, err error)
	// Picture returns a stream's last key frame if it is no older than that, or
	// waits for a new one until ctx ends.
	Picture func(ctx context.Context, r Room, stream string, age time.Duration) ([]byte, error)
	Key     []byte // of the links' signatures
	Now     func() time.Time
}

// Service makes pictures. Its methods are safe for concurrent use.
type Service struct {
	cfg Config

	mu    sync.Mutex // held while a map is changed; never across a call of Config
	rooms map[Room]*room
}

// room is what was seen in a room last.
type room struct {
	refreshing chan struct{} // holds one token: who has it refreshes
	used       time.Time     // guarded by Service.mu, as the frames are
	refreshed  time.Time
	frames     map[string]shot
}

type shot struct {
	Frame
	at time.Time
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Look == nil || c.Picture == nil || len(c.Key) == 0 || c.Now == nil {
		return nil, errors.New("preview: a part is missing")
	}
	return &Service{cfg: c, rooms: map[Room]*room{}}, nil
}

// Picture returns a WebP picture of a room. It shows what may be seen at this
// moment, though the frames may be some seconds old; it fails with ErrNothing.
func (s *Service) Picture(ctx context.Context, r Room) ([]byte, error) {
	streams, err := s.cfg.Look(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(streams) == 0 {
		return nil, ErrNothing
	}
	streams = streams[:min(len(streams), maxShown)]
	of := s.take(r)
	select {
	case of.refreshing <- struct{}{}: // the others wait for its frames
		if s.stale(of) {
			s.refresh(ctx, r, of, streams)
		}
		<-of.refreshing
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	// A member may have been muted while the frames came.
	if streams, err = s.cfg.Look(ctx, r); err != nil {
		return nil, err
	}
	frames := s.shown(of, streams)
	if len(frames) == 0 {
		return nil, ErrNothing
	}
	return Encode(frames, each)
}

// take returns what is known of a room, and forgets the one that was looked at
// longest ago when there are too many.
func (s *Service) take(r Room) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.rooms[r]
	if of == nil {
		of = &room{refreshing: make(chan struct{}, 1), frames: map[string]shot{}}
		s.rooms[r] = of
	}
	of.used = s.cfg.Now()
	s.trim()
	return of
}

// trim keeps memory within its bounds, but for what the last caller brings. The
// caller holds mu.
func (s *Service) trim() {
	memory := 0
	for _, of := range s.rooms {
		memory += of.size()
	}
	for len(s.rooms) > maxRooms || memory > maxMemory {
		var oldest Room
		var at time.Time
		for k, of := range s.rooms {
			if at.IsZero() || of.used.Before(at) {
				oldest, at = k, of.used
			}
		}
		memory -= s.rooms[oldest].size()
		delete(s.rooms, oldest)
	}
}

func (r *room) size() (bytes int) {
	for _, f := range r.frames {
		bytes += len(f.Data)
	}
	return bytes
}

func (s *Service) stale(of *room) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := s.cfg.Now().Sub(of.refreshed)
	return age >= refreshEvery || age < 0
}

// refresh asks for a new frame of every stream, all at once.
func (s *Service) refresh(ctx context.Context, r Room, of *room, streams []string) {
	now := s.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, frameTime)
	defer cancel()
	found := make([]Frame, len(streams))
	var all sync.WaitGroup
	for i, id := range streams {
		all.Go(func() {
			// What does not come, or cannot be shown, is left out.
			if data, err := s.cfg.Picture(ctx, r, id, refreshEvery); err == nil && len(data) <= maxFrame {
				found[i], _ = ParseFrame(data)
			}
		})
	}
	all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, id := range streams {
		if found[i].Data != nil {
			of.frames[id] = shot{found[i], now}
		}
	}
	maps.DeleteFunc(of.frames, func(_ string, f shot) bool {
		age := now.Sub(f.at)
		return age > keepFrame || age < 0
	})
	of.refreshed = now
}

// shown returns the frames of streams, in their order.
func (s *Service) shown(of *room, streams []string) []Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Frame
	for _, id := range streams[:min(len(streams), maxShown)] {
		if f, ok := of.frames[id]; ok {
			list = append(list, f.Frame)
		}
	}
	return list
}
