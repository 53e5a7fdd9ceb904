package session

import (
	"image"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"guichet/app/client"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// players are the streams that are being received. They come and go on the
// goroutines of the call's viewers; the loop and the window only look.
type players struct {
	mu      sync.Mutex
	all     map[*receiver]struct{}
	volumes map[string]int // by endpoint, -100 to 100; absent: 0
}

// receiver feeds what a viewer receives to a player, and plays it at a volume.
type receiver struct {
	Player
	volume   atomic.Int32
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
	stop := s.studio.play(r)
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

// ReadPCM fills dst with what is heard now.
func (r *receiver) ReadPCM(dst []int16) {
	r.Player.ReadPCM(dst)
	amplify(dst, int(r.volume.Load()))
}

// decibels is what one step of a volume stands for: steps are equal to the ear, and
// 50 of them are 20 dB, so that 50 is ten times the amplitude and -50 a tenth. What
// the member is heard at and what we hear at add up; at -100 nothing is heard. The
// page counts in the same way.
const (
	decibels = 0.4
	silence  = -100 // the member's and ours together
)

// amplify changes how loud samples are; what would be too loud is cut.
func amplify(samples []int16, volume int) {
	if volume == 0 {
		return
	}
	gain := math.Pow(10, float64(volume)*decibels/20)
	if volume <= silence {
		gain = 0
	}
	for i, v := range samples {
		samples[i] = int16(min(max(float64(v)*gain, math.MinInt16), math.MaxInt16))
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
	r.volume.Store(int32(p.volumes[r.endpoint]))
}

// tune sets how loud each endpoint is played from now on. The map is not to be
// changed afterwards.
func (p *players) tune(volumes map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.volumes = volumes
	for r := range p.all {
		r.volume.Store(int32(volumes[r.endpoint]))
	}
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

// look asks all players: how loud each endpoint is, which may have several, and of
// which streams pictures are arriving.
func (p *players) look(now time.Time) (heard map[string]float64, seen map[string]bool) {
	heard, seen = map[string]float64{}, map[string]bool{}
	for _, r := range p.list() {
		heard[r.endpoint] = max(heard[r.endpoint], r.Level())
		last := r.LastFrame()
		seen[r.stream] = !last.IsZero() && now.Sub(last) < fresh
	}
	return heard, seen
}
