package session

import (
	"image"
	"sync"
	"time"

	"guichet/app/client"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// players are the streams that are being received. They come and go on the
// goroutines of the call's viewers; the loop and the window only look.
type players struct {
	mu  sync.Mutex
	all map[*receiver]struct{}
}

// receiver feeds what a viewer receives to a player.
type receiver struct {
	Player
	endpoint string
	stream   string
	close    func()
}

// receive starts to play a stream.
func (s *Session) receive(in client.Incoming) (client.Receiver, error) {
	stream := string(in.Stream.ID)
	p, err := s.cfg.Media.NewPlayer(PlayerConfig{
		Show:             func(m *image.YCbCr) { s.watchers.show(stream, m) },
		OnKeyFrameNeeded: in.RequestKeyFrame,
	})
	if err != nil {
		return nil, err
	}
	r := &receiver{Player: p, endpoint: in.Endpoint, stream: stream}
	stop := s.studio.play(p)
	r.close = func() {
		s.players.remove(r)
		stop()
		p.Close()
	}
	s.players.add(r)
	return r, nil
}

// Packet passes a packet on.
func (r *receiver) Packet(kind webrtc.RTPCodecType, p *rtp.Packet) {
	if kind == webrtc.RTPCodecTypeAudio {
		r.PushAudio(p)
	} else {
		r.PushVideo(p)
	}
}

// SenderReport passes the times of a sender report on.
func (r *receiver) SenderReport(kind webrtc.RTPCodecType, ntp uint64, rtp uint32) {
	if kind == webrtc.RTPCodecTypeAudio {
		r.AudioReport(ntp, rtp)
	} else {
		r.VideoReport(ntp, rtp)
	}
}

// Close ends the player.
func (r *receiver) Close() { r.close() }

func (p *players) add(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[*receiver]struct{}{}
	}
	p.all[r] = struct{}{}
}

func (p *players) remove(r *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, r)
}

func (p *players) list() []*receiver {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*receiver, 0, len(p.all))
	for r := range p.all {
		all = append(all, r)
	}
	return all
}

// fresh is how old a picture may be to count as arriving.
const fresh = 2 * time.Second

// heard is what the players say of an endpoint.
type heard struct {
	level float64
	seen  bool // pictures are arriving
}

// look asks all players; an endpoint may have several.
func (p *players) look(now time.Time) map[string]heard {
	by := map[string]heard{}
	for _, r := range p.list() {
		h := by[r.endpoint]
		h.level = max(h.level, r.Level())
		last := r.LastFrame()
		h.seen = h.seen || !last.IsZero() && now.Sub(last) < fresh
		by[r.endpoint] = h
	}
	return by
}
