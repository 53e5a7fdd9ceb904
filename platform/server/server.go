// Package server puts the platform together: it opens the store and the
// listeners, builds every part with what it needs, and runs them until told to
// stop. Config -> New -> Run -> Close.
//
// It is the only package that knows all the others; the small adapters between
// their interfaces live in wiring.go. It holds no rule of its own.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"guichet/assets"
	"guichet/platform/api"
	"guichet/platform/broker"
	calls "guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/page"
	"guichet/platform/preview"
	"guichet/platform/quality"
	"guichet/platform/queue"
	"guichet/platform/relay"
	"guichet/platform/report"
	"guichet/platform/room"
	"guichet/platform/store"
	"guichet/platform/ticket"
	"guichet/platform/wire"
	"guichet/sfu"
)

const (
	drainTime    = 10 * time.Second // how long requests may take to end after SIGTERM
	sessionBeat  = 20 * time.Second // of WHIP and WHEP sessions
	maxHeader    = 64 << 10
	headTimeout  = 10 * time.Second
	bodyTimeout  = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	turnBacklog  = 16
	secretLength = 32
)

// Server is an assembled platform.
type Server struct {
	config Config
	log    *slog.Logger
	ready  atomic.Bool
	users  map[string]string // --dev: name to password

	listener    net.Listener
	http        *http.Server
	store       *store.Store
	sfu         *sfu.SFU
	relay       *relay.Relay
	oauth       *oauth.Service
	tickets     *ticket.Service
	endpoints   *endpoint.Registry
	conferences *conference.Directory
	calls       *calls.Exchange
	broker      *broker.Broker
	cases       *interaction.Service
	files       *file.Service
	chat        *chat.Service
	quality     *quality.Service
	reports     *report.Service
	rooms       *room.Service
	previews    *preview.Service
	queues      *queue.Service
	api         *api.API

	closing sync.Once
	closers []func() error // in the order in which the parts were made
}

// New checks the configuration, opens everything and starts all parts but the
// HTTP listener, which Run serves. A failure closes what was opened.
func New(ctx context.Context, c Config) (_ *Server, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{config: c, log: c.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.store, err = store.Open(ctx, c.Data); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.store.Close)
	turnTLS, err := s.listen()
	if err != nil {
		return nil, err
	}
	if err := s.startMedia(turnTLS); err != nil {
		return nil, err
	}
	if err := s.startDomains(ctx); err != nil {
		return nil, err
	}
	if c.Dev {
		if s.users, err = oauth.SeedDev(ctx, s.oauth); err != nil {
			return nil, err
		}
	}
	return s, s.routes()
}

// listen opens the HTTP port and, with TLS, the TURN listener that shares it.
func (s *Server) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	s.closers = append(s.closers, func() error { return ignoreClosed(l.Close()) })
	s.listener = l
	scheme := "http"
	var turnTLS net.Listener
	if s.config.TLSCert != "" {
		scheme = "https"
		d, err := shareTLS(l, s.config.TLSCert, s.config.TLSKey)
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, d.Close)
		s.listener, turnTLS = d.http, d.turn
	}
	if s.config.PublicURL == "" {
		s.config.PublicURL = scheme + "://" + l.Addr().String()
	}
	return turnTLS, nil
}

func (s *Server) startMedia(turnTLS net.Listener) error {
	hosts, err := mediaHosts(s.config)
	if err != nil {
		return err
	}
	s.sfu, err = sfu.New(sfu.Config{Listen: s.config.MediaListen, Addresses: hosts, Loopback: s.config.Dev,
		Logger: s.log.With("part", "sfu"), Observer: mediaObserver{s}})
	if err != nil {
		return fmt.Errorf("--media-listen: %w", err)
	}
	s.closers = append(s.closers, s.sfu.Close)
	peers := make([]netip.AddrPort, len(hosts))
	for i, host := range hosts {
		peers[i] = netip.AddrPortFrom(host, s.sfu.Addr().Port())
	}
	secret := make([]byte, secretLength)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	config := relay.Config{Listen: s.config.TURNListen, Secret: secret, Peers: peers, Now: s.config.Now, Logger: s.log.With("part", "relay")}
	if turnTLS != nil {
		config.Listeners = []net.Listener{turnTLS}
	}
	if s.relay, err = relay.New(config); err != nil {
		return fmt.Errorf("--turn-listen: %w", err)
	}
	s.closers = append(s.closers, s.relay.Close)
	return nil
}

func (s *Server) routes() error {
	pages, err := page.New(assets.FS(), webSocketOrigin(s.config.PublicURL))
	if err != nil {
		return err
	}
	s.api, err = api.New(api.Config{Verify: s.oauth.Verify, VerifyBasic: s.oauth.VerifyBasic, Renew: s.renew, OAuth: s.oauth, Endpoints: s.endpoints, Conferences: s.conferences, Calls: s.calls, Interactions: s.cases, Files: s.files, Chat: s.chat, Tickets: s.tickets, Reports: s.reports, Rooms: s.rooms, Previews: s.previews, Queues: s.queues,
		Pages: pages, ICEServers: s.iceServers, SignRoomToken: s.oauth.SignRoomToken, PublicURL: s.config.PublicURL, Now: s.config.Now, Logger: s.log.With("part", "api")})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.api)
	mux.Handle("/ws", s.broker.Handler())
	for _, path := range s.oauth.Paths() {
		mux.Handle(path, s.oauth.Handler())
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: headTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.With("part", "http").Handler(), slog.LevelDebug)}
	s.http.RegisterOnShutdown(s.conferences.Drain)
	return nil
}

// Ready describes the running server, with its real ports.
func (s *Server) Ready() wire.Ready {
	return wire.Ready{Ready: true, URL: s.config.PublicURL, MQTT: s.broker.Addr().String(), MQTTWS: webSocketOrigin(s.config.PublicURL) + "/ws",
		Media: s.sfu.Addr().String(), TURN: s.relay.Addr().String(), Users: s.users}
}

// Run serves until ctx ends, then lets requests finish for a while. started is
// called once the server accepts calls.
func (s *Server) Run(ctx context.Context, started func(wire.Ready)) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	s.ready.Store(true)
	started(s.Ready())
	beat := time.NewTicker(sessionBeat)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			s.api.KeepSessions(ctx)
		case err := <-served:
			return fmt.Errorf("serve HTTP: %w", err)
		case <-ctx.Done():
			s.ready.Store(false)
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer cancel()
			err := s.http.Shutdown(drain)
			if errors.Is(err, context.DeadlineExceeded) {
				err = s.http.Close()
			}
			<-served
			return err
		}
	}
}

// Close stops every part, the youngest first, and returns when all have ended.
func (s *Server) Close() error {
	var err error
	s.closing.Do(func() {
		for i := len(s.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, s.closers[i]())
		}
	})
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
