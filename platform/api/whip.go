package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/wire"

	"github.com/google/uuid"
)

// whipKeepAliveSeconds is the period that WHIP and WHEP sessions register with;
// KeepSessions beats for them, since their protocol has no beat of its own.
const whipKeepAliveSeconds = 60

func (a *API) routeWHIP() {
	for _, p := range []protocol{whip, whep} {
		base := "/" + string(p) + "/{conference}"
		a.mux.HandleFunc("POST "+base, a.guard(callsWrite, a.openSession(p)))
		a.mux.HandleFunc("PATCH "+base+"/{session}", a.guard(callsWrite, a.patchSession(p)))
		a.mux.HandleFunc("DELETE "+base+"/{session}", a.guard(callsWrite, a.deleteSession(p)))
		a.mux.HandleFunc("OPTIONS "+base, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Accept-Post", "application/sdp")
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// openSession answers POST of an offer: WHIP (RFC 9725, section 4.2) publishes
// it, WHEP (draft-ietf-wish-whep) views the stream that the query names, or the
// first one with the kinds of media that it can show. The session joins the
// conference as an endpoint of its own, so that everybody sees who sends and
// who watches; a conference that is not known is made when the token may.
func (a *API) openSession(p protocol) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/sdp" {
			return &wire.Error{Code: wire.CodeMediaType, Message: "the body must be application/sdp"}
		}
		offer, err := read(w, r)
		if err != nil {
			return err
		}
		s := &session{protocol: p, id: uuid.NewString(), identity: id, conference: r.PathValue("conference")}
		answer, err := a.enter(r.Context(), s, string(offer), r.URL.Query().Get("stream"))
		if err != nil {
			a.exit(context.WithoutCancel(r.Context()), s, "could not start")
			return err
		}
		a.whip.add(s)
		h := w.Header()
		h.Set("Content-Type", "application/sdp")
		h.Set("Location", fmt.Sprintf("/%s/%s/%s", p, s.conference, s.id))
		h.Set("ETag", `"`+s.id+`"`)
		h.Set("Accept-Patch", trickleType)
		for _, server := range a.ICEServers(id.UserID) {
			for _, u := range server.URLs {
				h.Add("Link", iceLink(u, server))
			}
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(answer)) // the session ends by itself when the caller is gone
		return nil
	}
}

// iceLink is the Link header of an ICE server (RFC 9725, section 4.6).
func iceLink(address string, s wire.ICEServer) string {
	link := "<" + address + `>; rel="ice-server"`
	if s.Username != "" {
		link += fmt.Sprintf(`; username=%q; credential=%q; credential-type="password"`, s.Username, s.Credential)
	}
	return link
}

// enter registers, joins and exchanges SDP. What it had done when it fails,
// exit undoes.
func (a *API) enter(ctx context.Context, s *session, offer, wanted string) (answer string, err error) {
	c := conferenceCaller(s.identity)
	if err := wire.CheckID("conference id", s.conference); err != nil {
		return "", err
	}
	if holderOf(ctx) != nil {
		return a.enterAsHolder(ctx, s, offer, wanted)
	}
	state, err := a.Conferences.State(ctx, c, s.conference)
	if errors.Is(err, conference.ErrUnknownConference) && c.MayCreate {
		_, err = a.Conferences.Create(ctx, c, wire.CreateConference{ConferenceID: s.conference})
		if errors.Is(err, conference.ErrExists) { // somebody else was faster, which is as good
			state, err = a.Conferences.State(ctx, c, s.conference)
		}
	}
	if err != nil {
		return "", err
	}
	if state.Mode == wire.ModeP2P {
		return "", &wire.Error{Code: wire.CodeConflict, Message: "media of this conference flows between its participants: WHIP and WHEP need the mode ROUTER"}
	}
	if s.protocol == whep {
		if s.stream, err = chooseStream(state, wanted); err != nil {
			return "", err
		}
	}
	if err := a.registerSession(ctx, s); err != nil {
		return "", err
	}
	return a.exchange(ctx, s, offer)
}

// enterAsHolder is enter by a room token: the room's session is found, or made by
// who sends.
func (a *API) enterAsHolder(ctx context.Context, s *session, offer, wanted string) (answer string, err error) {
	if h := holderOf(ctx); s.protocol == whep {
		if s.conference, err = h.resolve(s.conference); err != nil {
			return "", err
		}
		state, err := a.Conferences.State(ctx, conferenceCaller(s.identity), s.conference)
		if err != nil {
			return "", err
		}
		if s.stream, err = chooseStream(state, wanted); err != nil {
			return "", err
		}
	}
	if err := a.resumes(s.identity, ""); err != nil {
		return "", err
	}
	if err := a.registerSession(ctx, s); err != nil {
		return "", err
	}
	return a.exchange(ctx, s, offer)
}

func (a *API) registerSession(ctx context.Context, s *session) (err error) {
	s.endpoint, err = a.Endpoints.Register(ctx, owner(s.identity), s.identity.Access, wire.RegisterEndpoint{KeepAliveSeconds: whipKeepAliveSeconds})
	return err
}

// exchange joins and publishes or views.
func (a *API) exchange(ctx context.Context, s *session, offer string) (answer string, err error) {
	name := s.identity.Name
	if name == "" {
		name = s.identity.UserID
	}
	metadata, err := json.Marshal(wire.ParticipantMetadata{Name: name})
	if err != nil {
		return "", err
	}
	joined, err := a.join(ctx, s.identity, wire.JoinConference{ConferenceID: s.conference, UserEndpointID: s.endpoint, Metadata: metadata})
	if err != nil {
		return "", err
	}
	s.conference = joined.ID
	if holderOf(ctx) != nil {
		s.identity.Conference = joined.ID
	}
	c := conferenceCaller(s.identity)
	if s.protocol == whip {
		s.stream = wire.StreamID(s.id)
		published, err := a.Conferences.Publish(ctx, c, wire.PublishStream{ConferenceID: s.conference, UserEndpointID: s.endpoint,
			StreamID: s.stream, ConferenceStreamType: streamType(offer), SDPOffer: offer})
		return published.SDPAnswer, err
	}
	viewed, err := a.Conferences.View(ctx, c, wire.ViewStream{ConferenceID: s.conference, UserEndpointID: s.endpoint,
		StreamID: s.stream, ViewerID: s.id, SDPOffer: offer})
	return viewed.SDPAnswer, err
}

// chooseStream returns the wanted stream, or without a wish the first one that
// has a picture, or the first one.
func chooseStream(state wire.Conference, wanted string) (wire.StreamID, error) {
	var first, picture wire.StreamID
	for _, p := range state.Participants {
		for _, e := range p.Endpoints {
			for _, s := range e.Streams {
				if string(s.ID) == wanted {
					return s.ID, nil
				}
				if first == "" {
					first = s.ID
				}
				if picture == "" && s.Type != wire.StreamMic {
					picture = s.ID
				}
			}
		}
	}
	switch {
	case wanted != "" || first == "":
		return "", &wire.Error{Code: wire.CodeNotFound, Message: "nothing is published here yet: try again in a moment"}
	case picture != "":
		return picture, nil
	}
	return first, nil
}

// streamType tells what an offer sends.
func streamType(offer string) wire.StreamType {
	offer = "\n" + offer
	audio, video := strings.Contains(offer, "\nm=audio "), strings.Contains(offer, "\nm=video ")
	switch {
	case audio && video:
		return wire.StreamMicAndCam
	case audio:
		return wire.StreamMic
	case video:
		return wire.StreamCam
	}
	return wire.StreamUnknown
}

// exit leaves and unregisters; each step may have been done already.
func (a *API) exit(ctx context.Context, s *session, reason string) {
	if s.endpoint == "" {
		return
	}
	err := a.Endpoints.Unregister(ctx, owner(s.identity), s.endpoint, reason)
	if err != nil && translate(err).Code == wire.CodeInternal {
		a.Logger.Error("end session", "conference", s.conference, "endpoint", s.endpoint, "err", err)
	}
}

func (a *API) patchSession(p protocol) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		s, err := a.whip.find(p, r, id)
		if err != nil {
			return err
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != trickleType {
			return &wire.Error{Code: wire.CodeMediaType, Message: "the body must be " + trickleType}
		}
		if tag := r.Header.Get("If-Match"); tag != "" && tag != "*" && tag != `"`+s.id+`"` {
			return &wire.Error{Code: wire.CodePrecondition, Message: "this is not the session's entity tag"}
		}
		body, err := read(w, r)
		if err != nil {
			return err
		}
		candidates, err := parseFragment(string(body))
		if err != nil {
			return err
		}
		c := conferenceCaller(id)
		request := wire.ICECandidates{ConferenceID: s.conference, UserEndpointID: s.endpoint, StreamID: s.stream, ICECandidates: candidates}
		if p == whip {
			err = a.Conferences.AddPublisherCandidates(r.Context(), c, request)
		} else {
			request.ViewerID = s.id
			err = a.Conferences.AddViewerCandidates(r.Context(), c, request)
		}
		if err != nil {
			return err
		}
		return done(w)
	}
}

func (a *API) deleteSession(p protocol) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		s, err := a.whip.find(p, r, id)
		if err != nil {
			return err
		}
		a.whip.remove(s.id)
		a.exit(context.WithoutCancel(r.Context()), s, "hung up")
		w.WriteHeader(http.StatusOK)
		return nil
	}
}

// MediaClosed ends the WHIP session that published a stream, or the WHEP
// session called viewer, after its media has ended by itself.
func (a *API) MediaClosed(ctx context.Context, stream, viewer string) {
	id := viewer
	if id == "" {
		id = stream
	}
	if s := a.whip.remove(id); s != nil {
		a.exit(ctx, s, "connection lost")
	}
}

// KeepSessions beats for the WHIP and WHEP sessions and forgets those whose
// conference is over. The server calls it a few times a minute.
func (a *API) KeepSessions(ctx context.Context) {
	for _, s := range a.whip.all() {
		err := a.Endpoints.KeepAlive(owner(s.identity), s.identity.Access, s.endpoint)
		if err == nil {
			_, err = a.Conferences.State(ctx, conferenceCaller(s.identity), s.conference)
		}
		if err != nil && translate(err).Code != wire.CodeInternal && translate(err).Code != wire.CodeUnavailable {
			a.whip.remove(s.id)
			a.exit(ctx, s, "the conference is over")
		}
	}
}
