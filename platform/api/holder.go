package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/oauth"
	"guichet/platform/room"
	"guichet/platform/wire"
)

// The holder of a room token may touch the session of its room and nothing else,
// and may give the room's name wherever a call takes a conference's id. The name
// becomes the id here, once for all calls.

// nowhere is the conference of a holder whose room nobody is in: no id is this.
const nowhere = "/"

// holder is what a request's room token says.
type holder struct {
	claims  room.Claims
	session string // empty: nobody is in the room
	by      oauth.Actor
}

type holderKey struct{}

// holderOf returns the holder who makes a request, or nil.
func holderOf(ctx context.Context) *holder {
	h, _ := ctx.Value(holderKey{}).(*holder)
	return h
}

// hold bounds the identity of a room token to its room's session and turns the
// room's name in path and query into the session's id.
func (a *API) hold(r *http.Request, id *oauth.Identity) (*http.Request, error) {
	if id.Room == nil {
		return a.holdQueue(r, id)
	}
	claims, err := room.ParseClaims(id.Room)
	if err != nil {
		return r, err
	}
	h := &holder{claims: claims, by: actor(r, *id)}
	h.session, err = a.Rooms.Current(r.Context(), id.Organization, claims.Room.Name)
	if err != nil && !errors.Is(err, room.ErrNoSession) {
		return r, err
	}
	if id.Conference = h.session; h.session == "" {
		id.Conference = nowhere
	}
	r = r.WithContext(context.WithValue(r.Context(), holderKey{}, h))
	if _, path, _ := strings.Cut(r.Pattern, " "); strings.HasPrefix(path, "/rtc-api/conferences/{id}") || strings.HasPrefix(path, previewPath) {
		session, err := h.resolve(r.PathValue("id"))
		if err != nil {
			return r, err
		}
		r.SetPathValue("id", session)
	}
	if q := r.URL.Query(); q.Has(wire.FormConferenceID) {
		session, err := h.resolve(q.Get(wire.FormConferenceID))
		if err != nil {
			return r, err
		}
		q.Set(wire.FormConferenceID, session)
		r.URL.RawQuery = q.Encode() // of the request's own copy of the address
	}
	return r, nil
}

// queueKey is where the queue of a guest's ticket is in the context.
type queueKey struct{}

// holdQueue bounds the identity of a ticket that leads into a queue to the
// conference that its visit has now.
func (a *API) holdQueue(r *http.Request, id *oauth.Identity) (*http.Request, error) {
	name, leads := strings.CutPrefix(id.Conference, wire.QueueIDPrefix)
	if !leads {
		return r, nil
	}
	var err error
	if id.Conference, err = a.Queues.ConferenceOf(r.Context(), id.Organization, id.UserID); id.Conference == "" {
		id.Conference = nowhere
	}
	return r.WithContext(context.WithValue(r.Context(), queueKey{}, name)), err
}

// resolve turns the room's name into the id of its session; what is not the name
// stays. It does nothing for callers without a room token.
func (h *holder) resolve(conference string) (string, error) {
	if h == nil || conference != h.claims.Room.Name {
		return conference, nil
	}
	if h.session == "" {
		return "", room.ErrNoSession
	}
	return h.session, nil
}

// known is resolve where a name without a session may stay what it is, which is
// no conference.
func (h *holder) known(conference string) string {
	if session, err := h.resolve(conference); err == nil {
		return session
	}
	return conference
}

// named resolves the conference that a body names.
func named(ctx context.Context, body any) error {
	h := holderOf(ctx)
	if h == nil {
		return nil
	}
	v := reflect.ValueOf(body).Elem()
	if v.Kind() != reflect.Struct {
		return nil
	}
	f := v.FieldByName("ConferenceID")
	if !f.IsValid() || f.Kind() != reflect.String {
		return nil
	}
	session, err := h.resolve(f.String())
	if err != nil {
		return err
	}
	f.SetString(session)
	return nil
}

// seat is what a room token says of its holder's place in a room of these
// settings, at one of its endpoints.
func (h *holder) seat(v wire.VideoSettings, endpointID string) *conference.Admission {
	c := h.claims
	b := c.Bounds(v)
	return &conference.Admission{TokenID: c.ID, Name: c.NameAt(endpointID), Role: c.JoinAs, Permissions: c.Room.Scopes, MediaAllowed: c.MediaAllowed,
		AudioMuted: c.JoinAudioMuted, VideoMuted: c.JoinVideoMuted, Meta: c.Meta, JoinFrom: b.JoinFrom, JoinUntil: b.JoinUntil, RemoveAt: b.RemoveAt,
		RemoveAfter: b.RemoveAfter, EndOnLeave: c.EndRoomOnLeave,
		Room: conference.RoomSettings{Name: v.Name, DisplayName: v.DisplayName, Meta: v.Meta, Layout: v.Layout, MaxMembers: v.MaxMembers,
			Previews: v.EnableRoomPreviews, SyncAudioVideo: v.SyncAudioVideo, PrioritizeHandraise: v.PrioritizeHandraise}}
}

// enterRoom prepares a holder's join: it finds or makes the room and its session
// and returns what the conference has to know, and the session's id. Nothing is
// made for who may not join now or has no such endpoint.
func (a *API) enterRoom(ctx context.Context, id oauth.Identity, conferenceID, endpointID string) (conference.Caller, string, error) {
	who, h := conferenceCaller(id), holderOf(ctx)
	if h == nil || conferenceID != h.claims.Room.Name && conferenceID != h.session {
		return who, conferenceID, nil
	}
	if err := wire.CheckID("userEndpointId", endpointID); err != nil {
		return who, "", err
	}
	if err := a.Endpoints.Check(ctx, owner(id), endpointID); err != nil {
		return who, "", err
	}
	may := func(v wire.VideoSettings) error { return mayCome(a.Now(), h.claims.Bounds(v)) }
	session, found, made, err := a.Rooms.Enter(ctx, h.claims, may)
	if errors.Is(err, room.ErrUnknown) {
		if err := may(wire.VideoSettings{}); err != nil {
			return who, "", err // the room may be there in time
		}
		return who, "", &wire.Error{Code: wire.CodeNotFound, Message: "there is no room " + h.claims.Room.Name + ", and this token does not make it (auto_create_room is false)"}
	}
	if err == nil && made {
		err = a.OAuth.RecordRoom(ctx, h.by, found.Settings.Name, "added by a join, "+found.ID)
	}
	if err != nil {
		return who, "", err
	}
	who.Conference, who.Admission = session, h.seat(found.Settings, endpointID)
	return who, session, nil
}

// join joins a conference, or by the name of a room the room's session, which it
// makes if need be. A session that ends at this moment is followed by another.
func (a *API) join(ctx context.Context, id oauth.Identity, body wire.JoinConference) (wire.Summary, error) {
	for tries := 0; ; tries++ {
		request := body
		who, session, err := a.enterRoom(ctx, id, body.ConferenceID, body.UserEndpointID)
		if err != nil {
			return wire.Summary{}, err
		}
		request.ConferenceID = session
		summary, err := a.Conferences.Join(ctx, who, request)
		if who.Admission == nil {
			return summary, err
		}
		switch {
		case errors.Is(err, conference.ErrUnknownConference) && tries < maxTries:
			who.MayCreate = true
			if _, err := a.Conferences.Create(ctx, who, wire.CreateConference{ConferenceID: session}); err != nil && !errors.Is(err, conference.ErrExists) {
				return summary, err
			}
		case errors.Is(err, conference.ErrEnded) && body.ConferenceID != session && tries < maxTries:
		default:
			return summary, err
		}
	}
}

// maxTries bounds how often a join is tried again because its room's session
// began or ended meanwhile.
const maxTries = 3

// mayCome tells whether a token lets anybody into a session that begins now.
func mayCome(now time.Time, b room.Bounds) error {
	switch {
	case now.Before(b.JoinFrom):
		return &conference.EarlyError{Opens: b.JoinFrom}
	case !now.Before(b.JoinUntil):
		return conference.ErrLate
	case !b.RemoveAt.IsZero() && !now.Before(b.RemoveAt):
		return conference.ErrRemoved
	}
	return nil
}

// resumes fails when somebody whose time for joining is over registers another
// endpoint than those that are there.
func (a *API) resumes(id oauth.Identity, endpointID string) error {
	if !id.Late {
		return nil
	}
	for _, e := range a.Endpoints.List(owner(id)) {
		if e.ID == endpointID {
			return nil
		}
	}
	return endpoint.ErrRevoked
}
