package sfu

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// Config says where the SFU listens and whom it tells.
type Config struct {
	// Listen is the host:port of the UDP socket; ICE-TCP listens on the same
	// number. Port 0 takes one that is free for both.
	Listen string
	// Addresses are announced as host candidates. When there are none: the
	// address of Listen, or those of all interfaces if it names none.
	Addresses []netip.Addr
	// Loopback allows loopback addresses to be announced.
	Loopback bool
	// Logger must be set.
	Logger *slog.Logger
	// Observer is told when media ends by itself; it may be nil.
	Observer Observer
}

// Observer is told when a connection ends without having been asked to: it was
// never made, it failed, or the client closed it. What the SFU's methods end,
// they do not report. When a publisher is lost, its viewers end with it and are
// reported first. Calls come from several goroutines, with no lock held; they
// must not call Close.
type Observer interface {
	PublisherClosed(StreamKey)
	ViewerClosed(ViewerKey)
}

// StreamKey names what one participant publishes. Its parts are opaque.
type StreamKey struct{ Conference, Stream string }

// ViewerKey names one connection that receives a stream.
type ViewerKey struct{ Conference, Stream, Viewer string }

func (k ViewerKey) stream() StreamKey { return StreamKey{k.Conference, k.Stream} }

// SFU forwards published streams to their viewers. Its methods may be called
// from any goroutine.
type SFU struct {
	engine   engine
	observer Observer
	log      *slog.Logger
	addr     netip.AddrPort
	udp      *udpMux
	tcp      *tcpMux
	count    counters
	patience time.Duration  // for a connection to come up
	running  sync.WaitGroup // goroutines that own a publisher or a viewer

	mu      sync.Mutex // guards what follows and the maps of the streams
	closed  bool
	streams map[StreamKey]*stream
	held    map[string]bool // conferences in which nothing is forwarded
	rights  map[ownerKey]Rights
	done    chan struct{} // closed when Close has ended
}

// New opens the media port and returns an SFU that serves it.
func New(cfg Config) (*SFU, error) {
	if cfg.Logger == nil {
		return nil, errors.New("sfu: no logger")
	}
	for _, a := range cfg.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() && !cfg.Loopback {
			return nil, fmt.Errorf("sfu: media address %s cannot be announced", a)
		}
	}
	certificate, err := newCertificate(time.Now())
	if err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	log := pionLog{to: cfg.Logger}
	upstream, err := newUpstream(log)
	if err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	p, err := listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	addresses, err := announce(cfg, p.addr.Addr())
	if err != nil {
		p.close()
		return nil, fmt.Errorf("sfu: %w", err)
	}
	net, err := newNetwork(faces(addresses))
	if err != nil {
		p.close()
		return nil, fmt.Errorf("sfu: %w", err)
	}
	s := &SFU{
		observer: cfg.Observer, log: cfg.Logger, addr: p.addr,
		udp:      newUDPMux(newSocket(p.udp), faces(addresses), log.NewLogger("udp")),
		tcp:      newTCPMux(p.tcp, log.NewLogger("tcp")),
		streams:  map[StreamKey]*stream{},
		held:     map[string]bool{},
		rights:   map[ownerKey]Rights{},
		done:     make(chan struct{}),
		patience: connectTimeout,
	}
	s.engine = engine{
		config:     webrtc.Configuration{Certificates: []webrtc.Certificate{*certificate}},
		upstream:   upstream,
		downstream: &interceptor.Registry{},
		candidates: candidateLines(addresses, p.addr.Port()),
	}
	s.engine.configure(s.udp, s.tcp, net, log)
	return s, nil
}

// Addr returns the address that media is received on, with the real port.
func (s *SFU) Addr() netip.AddrPort { return s.addr }

// Close ends all streams, closes the port and returns when all has ended.
func (s *SFU) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.done
		return nil
	}
	s.closed = true
	ends := s.removeLockedIf(func(StreamKey) bool { return true })
	s.mu.Unlock()
	endAll(ends)
	s.running.Wait()
	err := errors.Join(s.udp.Close(), s.tcp.Close())
	close(s.done)
	return err
}

// Hold forwards nothing in a conference any more, whatever its participants do,
// or goes on with it. It holds for streams that begin later, too, until it is
// let go or EndConference.
func (s *SFU) Hold(conference string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.held[conference] = true
	} else {
		delete(s.held, conference)
	}
	for key, st := range s.streams {
		if key.Conference == conference {
			st.hold(on)
		}
	}
}

// EndConference ends everything under a conference.
func (s *SFU) EndConference(conference string) {
	s.mu.Lock()
	delete(s.held, conference)
	maps.DeleteFunc(s.rights, func(k ownerKey, _ Rights) bool { return k.conference == conference })
	ends := s.removeLockedIf(func(k StreamKey) bool { return k.Conference == conference })
	s.mu.Unlock()
	endAll(ends)
}

// removeLockedIf forgets streams and returns the connections to end.
func (s *SFU) removeLockedIf(match func(StreamKey) bool) []*peer {
	var ends []*peer
	for key, st := range s.streams {
		if match(key) {
			ends = append(append(ends, st.publisher.peer), peers(s.removeLocked(st))...)
		}
	}
	return ends
}

// removeLocked forgets a stream and returns its viewers, which are to be ended.
func (s *SFU) removeLocked(st *stream) []*viewer {
	delete(s.streams, st.key)
	viewers := slices.Collect(maps.Values(st.viewers))
	clear(st.viewers)
	return viewers
}

func peers(viewers []*viewer) []*peer {
	var list []*peer
	for _, v := range viewers {
		list = append(list, v.peer)
	}
	return list
}

// endAll ends connections and returns when they have ended.
func endAll(list []*peer) {
	for _, p := range list {
		p.stop()
	}
	for _, p := range list {
		<-p.gone
	}
}

func (s *SFU) stream(key StreamKey) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[key]
	if st == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownStream, key.Stream)
	}
	return st, nil
}

func (s *SFU) viewer(key ViewerKey) (*viewer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[key.stream()]
	if st == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownStream, key.Stream)
	}
	v := st.viewers[key.Viewer]
	if v == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownViewer, key.Viewer)
	}
	return v, nil
}
