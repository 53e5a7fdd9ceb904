package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guichet/platform/broker"
	calls "guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/oauth/vault"
	"guichet/platform/queue"
	"guichet/platform/room"
	"guichet/platform/store"
	"guichet/platform/ticket"
	"guichet/platform/wire"
	"guichet/sfu"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
)

// startDomains builds the domain packages, which know nothing of each other,
// and ties them: a dropped endpoint leaves its conferences, ended media ends
// its stream, a written event wakes the endpoints that may see it.
func (s *Server) startDomains(ctx context.Context) error {
	c := s.config
	var err error
	s.tickets, err = ticket.New(ticket.Config{Store: s.store, Now: c.Now, PublicURL: c.PublicURL})
	if err != nil {
		return err
	}
	secrets, err := vault.Open(c.KeyFile)
	if err != nil {
		return err
	}
	if s.rooms, err = room.New(room.Config{Store: s.store, Rooms: c.Rooms, Now: c.Now, Logger: s.log.With("part", "room")}); err != nil {
		return err
	}
	s.oauth, err = oauth.New(ctx, oauth.Config{Issuer: c.PublicURL, Store: s.store, Vault: secrets, Tickets: redeemer{s.tickets},
		Algorithm: c.SigningAlgorithm, ProviderNetworks: c.ProviderNetworks, Argon2: c.hashCost, Stays: s.stays, RoomTokens: c.RoomTokens, Logger: s.log.With("part", "oauth"), Now: c.Now})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.oauth.Close)

	journal := store.NewJournal(s.store, c.Now, s.log.With("part", "journal"))
	s.closers = append(s.closers, journal.Close)
	s.broker, err = broker.New(broker.Config{Listen: c.MQTTListen, Authenticate: s.authenticate, Owns: s.owns, Valid: func(b broker.Session) bool { return s.valid(b.Access) },
		Journal: journal, Logger: s.log.With("part", "broker"), Now: c.Now})
	if err != nil {
		return fmt.Errorf("--mqtt-listen: %w", err)
	}
	s.endpoints = endpoint.New(endpoint.Config{Store: s.store, Now: c.Now, Logger: s.log.With("part", "endpoint"),
		Gone: s.endpointGone, Remind: s.remind, Valid: s.valid})
	if s.queues, err = queue.New(queue.Config{Store: s.store, Endpoints: owners{s.endpoints}, Conferences: meetings{s}, Wake: s.broker.Wake,
		Notify: s.broker.Notify, Now: c.Now, Logger: s.log.With("part", "queue")}); err != nil {
		return err
	}
	s.conferences = conference.New(conference.Config{Store: s.store, Media: media{s.sfu}, Endpoints: owners{s.endpoints},
		Wake: s.broker.Wake, Attended: s.attended, Drop: s.dropEndpoint, Now: c.Now, Logger: s.log.With("part", "conference")})
	s.calls = calls.New(calls.Config{Store: s.store, Endpoints: reachable{owners{s.endpoints}, s.store}, Wake: s.broker.Wake, Now: c.Now,
		Logger: s.log.With("part", "call")})
	s.closers = append(s.closers, s.broker.Close, closer(s.conferences.Close), closer(s.calls.Close), closer(s.endpoints.Close), closer(s.queues.Close))
	if err := s.startFiles(ctx, secrets); err != nil {
		return err
	}
	if err := s.startPreviews(secrets); err != nil {
		return err
	}
	if err := s.startReports(); err != nil {
		return err
	}
	s.tendRooms()
	s.oauth.Watch(s.accessEnded)
	if err := s.endpoints.Run(ctx); err != nil {
		return err
	}
	if err := s.queues.Run(ctx); err != nil {
		return err
	}
	return s.broker.Start()
}

// startFiles builds what keeps the cases, files and chats of calls.
func (s *Server) startFiles(ctx context.Context, secrets *vault.Vault) error {
	c := s.config
	key, err := secrets.Key("links to files")
	if err != nil {
		return err
	}
	s.files, err = file.New(ctx, file.Config{Folder: filepath.Join(c.Data, "files"), Store: s.store, Key: key, PublicURL: c.PublicURL,
		MaxSize: c.FileSize, MaxTotal: c.FilesTotal, Wake: s.broker.Wake, Now: c.Now, Logger: s.log.With("part", "file")})
	if err != nil {
		return err
	}
	if s.chat, err = chat.New(chat.Config{Store: s.store, Wake: s.broker.Wake, Now: c.Now}); err != nil {
		return err
	}
	s.cases, err = interaction.New(s.store, c.Now)
	return err
}

func closer(f func()) func() error { return func() error { f(); return nil } }

// endpointGone takes an endpoint that was dropped or unregistered out of its
// queues, its conferences, its calls, its relays and the broker.
func (s *Server) endpointGone(ctx context.Context, e endpoint.Endpoint, reason string) {
	// The queues first: an agent who is gone leaves its conference, but not its caller.
	s.queues.EndpointGone(ctx, e.Owner.Organization, e.Owner.UserID, e.ID)
	s.conferences.EndpointGone(ctx, e.Owner.Organization, e.Owner.UserID, e.ID, reason)
	s.calls.EndpointGone(ctx, e.Owner.UserID, e.ID, reason)
	s.broker.CutEndpoint(e.ID)
	if s.endpoints.Count(e.Owner) <= 1 {
		s.relay.Drop(e.Owner.UserID)
	}
}

// attended tells the queues who is in a conference.
func (s *Server) attended(k conference.Key, version int64, in []conference.Attendant, ended bool) {
	s.queues.Attended(k.Organization, k.ID, version, parties(in), ended)
}

func parties(in []conference.Attendant) []queue.Party {
	list := make([]queue.Party, len(in))
	for i, p := range in {
		list[i] = queue.Party(p)
	}
	return list
}

// meetings are the conferences in the words of the queue package.
type meetings struct{ s *Server }

func (m meetings) Open(ctx context.Context, organization, id, interaction string) error {
	_, err := m.s.conferences.Create(ctx, conference.Caller{Organization: organization, MayCreate: true},
		wire.CreateConference{ConferenceID: id, InteractionID: interaction, Mode: wire.ModeRouter})
	return err
}

func (m meetings) Hold(ctx context.Context, organization, id string, on bool) error {
	return orOver(m.s.conferences.SetHold(ctx, conference.Key{Organization: organization, ID: id}, on))
}

func (m meetings) End(ctx context.Context, organization, id, reason string) error {
	return orOver(m.s.conferences.End(ctx, conference.Caller{Organization: organization, MayEnd: true}, wire.LeaveConference{ConferenceID: id, Reason: reason}))
}

// orOver takes a conference that has ended for one that was changed.
func orOver(err error) error {
	if errors.Is(err, conference.ErrEnded) {
		return nil
	}
	return err
}

func (m meetings) In(ctx context.Context, organization, id string) ([]queue.Party, int64, bool, error) {
	in, version, ended, err := m.s.conferences.Attendance(ctx, conference.Key{Organization: organization, ID: id})
	return parties(in), version, ended, err
}

// dropEndpoint ends the endpoint of somebody who was removed from a conference.
func (s *Server) dropEndpoint(ctx context.Context, organization, userID, endpointID, reason string) {
	err := s.endpoints.Unregister(ctx, endpoint.Owner{Organization: organization, UserID: userID}, endpointID, reason)
	if err != nil && !errors.Is(err, endpoint.ErrUnknown) && ctx.Err() == nil {
		s.log.Error("endpoint of a removed member is not dropped", "endpoint", endpointID, "err", err)
	}
}

// remind asks an endpoint for its keep-alive.
func (s *Server) remind(e endpoint.Endpoint) {
	body, err := json.Marshal(wire.Event{Type: wire.EventKeepAliveReminder, ID: uuid.NewString(), Timestamp: wire.NewTime(s.config.Now()),
		UserID: e.Owner.UserID, UserEndpointID: e.ID})
	if err != nil {
		s.log.Error("encode reminder", "err", err)
		return
	}
	s.broker.Notify(e.ID, body)
}

// owners answers the conference package's question who an endpoint belongs to.
type owners struct{ *endpoint.Registry }

func (o owners) Check(ctx context.Context, organization, userID, endpointID string) error {
	return o.Registry.Check(ctx, endpoint.Owner{Organization: organization, UserID: userID}, endpointID)
}

// reachable answers the call package's question which endpoints of a user ring.
type reachable struct {
	owners
	store *store.Store
}

func (r reachable) Live(ctx context.Context, organization, userID string) ([]string, error) {
	ids, err := r.store.UserEndpoints(ctx, organization, userID)
	return slices.DeleteFunc(ids, func(id string) bool { return r.Check(ctx, organization, userID, id) != nil }), err
}

// authenticate turns a token into a session of the broker.
func (s *Server) authenticate(_ context.Context, token string) (broker.Session, error) {
	id, err := s.oauth.Verify(token)
	if err != nil {
		return broker.Session{}, err
	}
	return session(id.Access), nil
}

func session(a oauth.Access) broker.Session {
	return broker.Session{Organization: a.Organization, UserID: a.UserID, Expires: a.Expires, Access: a}
}

// stays tells whether the holder of a room token is in the session of its room.
func (s *Server) stays(ctx context.Context, holder oauth.Identity) bool {
	claims, err := room.ParseClaims(holder.Room)
	if err != nil || s.conferences == nil {
		return false
	}
	session, err := s.rooms.Current(ctx, holder.Organization, claims.Room.Name)
	if err != nil {
		return false
	}
	state, err := s.conferences.State(ctx, conference.Caller{Organization: holder.Organization, Conference: session}, session)
	return err == nil && slices.ContainsFunc(state.Participants, func(p wire.Participant) bool { return p.ID == holder.UserID })
}

// tendRooms has the sessions end that nobody is in.
func (s *Server) tendRooms() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.rooms.Tend(ctx, s.endEmpty)
	}()
	s.closers = append(s.closers, closer(func() { stop(); <-ended }))
}

func (s *Server) endEmpty(ctx context.Context, organization, session string) error {
	err := s.conferences.EndEmpty(ctx, conference.Key{Organization: organization, ID: session}, "nobody is in the room")
	if errors.Is(err, conference.ErrNotEmpty) || errors.Is(err, conference.ErrEnded) {
		return nil // somebody was faster
	}
	return err
}

// renew lets the connection of an endpoint live by the right that it was kept
// alive with.
func (s *Server) renew(endpointID string, a oauth.Access) { s.broker.Renew(endpointID, session(a)) }

// valid tells whether what an endpoint or a connection lives by was not revoked.
func (s *Server) valid(access any) bool {
	a, ok := access.(oauth.Access)
	return !ok || !s.oauth.Revoked(a)
}

// accessEnded cuts what lives by revoked tokens: connections of the broker, and
// endpoints, with which their owners leave their conferences and their media end.
func (s *Server) accessEnded(ctx context.Context, r oauth.Revocation) {
	covered := func(access any) bool {
		a, ok := access.(oauth.Access)
		return ok && r.Covers(a)
	}
	s.broker.Cut(func(b broker.Session) bool { return covered(b.Access) })
	if err := s.endpoints.Revoke(ctx, func(e endpoint.Endpoint) bool { return covered(e.Access) }); err != nil {
		s.log.Error("endpoints of revoked tokens", "err", err)
	}
}

func (s *Server) owns(ctx context.Context, b broker.Session, endpointID string) error {
	return s.endpoints.Check(ctx, endpoint.Owner{Organization: b.Organization, UserID: b.UserID}, endpointID)
}

// redeemer lets the token service redeem tickets.
type redeemer struct{ *ticket.Service }

func (r redeemer) Redeem(ctx context.Context, id, browserKey string) (oauth.TicketGrant, error) {
	g, err := r.Service.Redeem(ctx, id, browserKey)
	var early *ticket.EarlyError
	switch {
	case errors.Is(err, ticket.ErrUnknown):
		err = &oauth.TicketError{Reason: "not found"}
	case errors.Is(err, ticket.ErrExpired):
		err = &oauth.TicketError{Reason: "has expired"}
	case errors.Is(err, ticket.ErrRevoked):
		err = &oauth.TicketError{Reason: "was withdrawn"}
	case errors.As(err, &early):
		err = &oauth.TicketError{Reason: "opens at " + early.Opens.UTC().Format(time.RFC3339)}
	case errors.Is(err, ticket.ErrUsed):
		err = &oauth.TicketError{Reason: "was used by another browser"}
	}
	return oauth.TicketGrant(g), err
}

// media is the SFU in the words of the conference package.
type media struct{ sfu *sfu.SFU }

func (m media) Publish(ctx context.Context, conference, stream, owner, offer string) (string, error) {
	return m.sfu.Publish(ctx, sfu.StreamKey{Conference: conference, Stream: stream}, owner, offer)
}

func (m media) AddPublisherCandidate(conference, stream string, c wire.ICECandidate) error {
	return m.sfu.AddPublisherCandidate(sfu.StreamKey{Conference: conference, Stream: stream}, candidate(c))
}

func (m media) Unpublish(conference, stream string) {
	// A stream that is gone already is what was wanted.
	_ = m.sfu.Unpublish(sfu.StreamKey{Conference: conference, Stream: stream})
}

func (m media) View(ctx context.Context, conference, stream, viewer, owner, offer string) (string, error) {
	return m.sfu.View(ctx, sfu.ViewerKey{Conference: conference, Stream: stream, Viewer: viewer}, owner, offer)
}

func (m media) AddViewerCandidate(conference, stream, viewer string, c wire.ICECandidate) error {
	return m.sfu.AddViewerCandidate(sfu.ViewerKey{Conference: conference, Stream: stream, Viewer: viewer}, candidate(c))
}

func (m media) StopView(conference, stream, viewer string) {
	_ = m.sfu.StopView(sfu.ViewerKey{Conference: conference, Stream: stream, Viewer: viewer})
}

func (m media) Hold(conference string, on bool) { m.sfu.Hold(conference, on) }

func (m media) End(conference string) { m.sfu.EndConference(conference) }

func (m media) Permit(name, owner string, r conference.Rights) {
	m.sfu.Permit(name, owner, sfu.Rights(r))
}

func candidate(c wire.ICECandidate) webrtc.ICECandidateInit {
	return webrtc.ICECandidateInit{Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex}
}

// mediaObserver hears of media that ended by itself.
type mediaObserver struct{ s *Server }

func (o mediaObserver) PublisherClosed(k sfu.StreamKey) {
	o.s.conferences.PublisherClosed(k.Conference, k.Stream)
	o.s.api.MediaClosed(context.Background(), k.Stream, "")
}

func (o mediaObserver) ViewerClosed(k sfu.ViewerKey) {
	o.s.conferences.ViewerClosed(k.Conference, k.Stream, k.Viewer)
	o.s.api.MediaClosed(context.Background(), k.Stream, k.Viewer)
}

// iceServers lists the relay's addresses with a credential for a user.
func (s *Server) iceServers(user string) []wire.ICEServer {
	at := s.relay.Addr()
	host := at.Addr().Unmap().String()
	public, err := url.Parse(s.config.PublicURL)
	if err == nil && at.Addr().IsUnspecified() {
		host = public.Hostname()
	}
	address := net.JoinHostPort(host, fmt.Sprint(at.Port()))
	username, credential := s.relay.Credential(user)
	turn := []string{"turn:" + address + "?transport=udp", "turn:" + address + "?transport=tcp"}
	if s.config.TLSCert != "" && err == nil {
		port := public.Port()
		if port == "" {
			port = "443"
		}
		turn = append(turn, "turns:"+net.JoinHostPort(public.Hostname(), port)+"?transport=tcp")
	}
	return []wire.ICEServer{{URLs: []string{"stun:" + address}}, {URLs: turn, Username: username, Credential: credential}}
}

// webSocketOrigin is the WebSocket address of an HTTP one.
func webSocketOrigin(publicURL string) string { return "ws" + strings.TrimPrefix(publicURL, "http") }
