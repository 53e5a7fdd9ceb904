package sfu

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// maxSources bounds how often a publisher may bring a new SSRC.
const maxSources = 64

// publisher is the connection that feeds a stream.
type publisher struct {
	*peer
	stream *stream
	mids   map[string]*track // by media section

	mu      sync.Mutex
	sources int
	feeding map[*track]*feed
}

// feed is one source being read into a track.
type feed struct {
	remote *webrtc.TrackRemote
	done   chan struct{}
}

func newPublisher(st *stream) *publisher {
	return &publisher{peer: newPeer(), stream: st, mids: map[string]*track{}, feeding: map[*track]*feed{}}
}

// assign says which section of the offer is which track.
func (p *publisher) assign(o *offer, tracks []*track) {
	for i := range o.sections {
		if s := &o.sections[i]; s.use == taken {
			p.mids[s.mid], tracks = tracks[0], tracks[1:]
		}
	}
}

// run waits for the end of the connection, asking for key frames meanwhile;
// patience is how long it may take to come up. It
// returns true when the connection ended by itself.
func (p *publisher) run(patience time.Duration) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(keyRequestRetry)
	defer look.Stop()
	soon := time.NewTimer(0)
	defer soon.Stop()
	live := p.live
	for {
		select {
		case <-live:
			live = nil
			deadline.Stop()
		case <-p.stream.ask:
		case <-look.C:
		case <-soon.C:
		case <-deadline.C:
			return true
		case <-p.lost:
			return true
		case <-p.quit:
			return false
		}
		if wait := p.askKeys(time.Now()); wait > 0 {
			soon.Reset(wait)
		}
	}
}

// askKeys sends the key frame requests that are due, and returns when to look
// again.
func (p *publisher) askKeys(now time.Time) (wait time.Duration) {
	for _, t := range p.stream.tracks {
		ssrc, send, later := t.keyDue(now)
		if later > 0 && (wait == 0 || later < wait) {
			wait = later
		}
		if !send {
			continue
		}
		if p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}) == nil {
			t.count.keyRequestsSent.Add(1)
		}
	}
	return wait
}

// onTrack is called by pion when a source's first packet has come.
func (p *publisher) onTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	t := p.trackOf(remote, receiver)
	if t == nil {
		return
	}
	f := &feed{remote: remote, done: make(chan struct{})}
	p.mu.Lock()
	before := p.feeding[t]
	p.feeding[t] = f
	p.sources++
	excess := p.sources > maxSources
	p.mu.Unlock()
	if excess {
		p.fail()
		return
	}
	p.spawn(func() {
		defer close(f.done)
		if before != nil { // a new source took over
			_ = before.remote.SetReadDeadline(time.Now())
			select {
			case <-before.done:
			case <-p.quit:
				return
			}
		}
		p.read(t, remote, extensionID(receiver, audioLevelURI))
	})
	p.spawn(func() { p.readReports(t, receiver) })
}

// trackOf finds the track that a source belongs to: by the media section, or,
// if the offer declared no SSRC, by the kind.
func (p *publisher) trackOf(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) *track {
	if tr := receiver.RTPTransceiver(); tr != nil {
		if t := p.mids[tr.Mid()]; t != nil {
			return t
		}
	}
	for _, t := range p.mids {
		if t.kind == remote.Kind() {
			return t
		}
	}
	return nil
}

func extensionID(r *webrtc.RTPReceiver, uri string) uint8 {
	for _, e := range r.GetParameters().HeaderExtensions {
		if e.URI == uri {
			return uint8(e.ID)
		}
	}
	return 0
}

// read moves packets from the source to the track until the source ends.
func (p *publisher) read(t *track, remote *webrtc.TrackRemote, levelID uint8) {
	next := newPacket()
	for {
		n, about, err := remote.Read(next.buf)
		switch {
		case err == nil:
			next.again = about.Get(webrtc.AttributeRtxSsrc) != nil
			next = t.receive(next, n, levelID, time.Now())
		case errors.Is(err, io.ErrShortBuffer):
			// Longer than any packet that a network carries.
		case n == 0 || errors.Is(err, io.EOF):
			return
		default:
			// A payload type that was not negotiated: not a packet for us.
		}
	}
}

// readReports reads the RTCP that comes with a source. It must be read for the
// interceptors to see it, too.
func (p *publisher) readReports(t *track, receiver *webrtc.RTPReceiver) {
	buf := make([]byte, maxPacket)
	for {
		n, _, err := receiver.Read(buf)
		if err != nil {
			return
		}
		now := time.Now()
		list, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, packet := range list {
			if r, ok := packet.(*rtcp.SenderReport); ok {
				p.stream.observeClock(fromNTP(r.NTPTime), now)
				t.observe(r)
			}
		}
	}
}
