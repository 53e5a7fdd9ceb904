package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/room"
	"guichet/platform/wire"
)

const videoBase = "/api/video"

func (a *API) routeRooms() {
	route := func(pattern string, h handler) { a.mux.HandleFunc(pattern, a.guardVideo(h)) }
	const rooms, sessions = videoBase + "/rooms", videoBase + "/room_sessions"
	route("GET "+rooms, a.listRooms)
	route("POST "+rooms, a.createRoom)
	route("GET "+rooms+"/{id}", a.getRoom)
	route("PUT "+rooms+"/{id}", a.updateRoom)
	route("DELETE "+rooms+"/{id}", a.deleteRoom)
	route("GET "+sessions, a.listSessions)
	route("GET "+sessions+"/{id}", a.getSession)
	route("GET "+sessions+"/{id}/members", listOf(a, a.Rooms.Members))
	route("GET "+sessions+"/{id}/events", listOf(a, a.Rooms.Events))

	// What there is nothing of yet: lists are empty, and nothing can be made.
	route("GET "+rooms+"/{id}/streams", a.noneOf(a.knowsRoom))
	route("POST "+rooms+"/{id}/streams", notAvailable)
	route("GET "+sessions+"/{id}/recordings", a.noneOf(a.knowsSession))
	for _, list := range []string{"/room_recordings", "/conferences", "/logs"} {
		route("GET "+videoBase+list, a.noneOf(nil))
	}
	route("POST "+videoBase+"/conferences", notAvailable)
}

func notAvailable(http.ResponseWriter, *http.Request, oauth.Identity) error {
	return &wire.Error{Code: wire.CodeNotAvailable}
}

// roomPage reads the parameters of a list.
func roomPage(r *http.Request) (room.Page, error) {
	q := r.URL.Query()
	limit := room.DefaultPage
	if text := q.Get("page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > room.MaxPage {
			return room.Page{}, invalid("page_size: want 1 to %d", room.MaxPage)
		}
		limit = n
	}
	return room.ParsePage(q.Get("page_token"), limit)
}

// sendList answers with a page and the paths of the pages beside it, which have
// the parameters of this one.
func sendList[T any](w http.ResponseWriter, r *http.Request, p room.Pages[T]) error {
	path := func(token string) string {
		q := url.Values{}
		for k, v := range r.URL.Query() {
			q[k] = v
		}
		if q.Del("page_token"); token != "" {
			q.Set("page_token", token)
		}
		return (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()
	}
	links := wire.VideoLinks{Self: path(r.URL.Query().Get("page_token")), First: path("")}
	if p.Next != "" {
		links.Next = path(p.Next)
	}
	if p.Prev != "" {
		links.Prev = path(p.Prev)
	}
	return send(w, http.StatusOK, wire.VideoList[T]{Links: links, Data: p.Of})
}

// turn gives every row of a page its form.
func turn[From, To any](p room.Pages[From], form func(From) To) room.Pages[To] {
	out := room.Pages[To]{Of: make([]To, 0, len(p.Of)), Next: p.Next, Prev: p.Prev}
	for _, v := range p.Of {
		out.Of = append(out.Of, form(v))
	}
	return out
}

func (a *API) videoRoom(r room.Stored) wire.VideoRoom {
	v := r.Video()
	if r.Session != nil {
		s := a.videoSession(*r.Session)
		v.ActiveSession = &s
	}
	return v
}

func (a *API) videoSession(s room.Session) wire.VideoSession {
	v := s.Video(a.Now())
	v.PreviewURL = a.previewURL(s)
	return v
}

func (a *API) listRooms(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	p, err := roomPage(r)
	if err != nil {
		return err
	}
	with, err := withSession(r)
	if err != nil {
		return err
	}
	list, err := a.Rooms.Rooms(r.Context(), id.Organization, with, p)
	if err != nil {
		return err
	}
	return sendList(w, r, turn(list, a.videoRoom))
}

// withSession reads include_active_session.
func withSession(r *http.Request) (bool, error) {
	text := r.URL.Query().Get("include_active_session")
	if text == "" {
		return false, nil
	}
	with, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalid("include_active_session: want true or false")
	}
	return with, nil
}

func (a *API) createRoom(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	return a.writeRoom(w, r, id, "added", http.StatusCreated, func(q wire.WriteRoom) (room.Stored, []wire.ValidationError, error) {
		return a.Rooms.Create(r.Context(), id.Organization, q)
	})
}

func (a *API) updateRoom(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	return a.writeRoom(w, r, id, "changed", http.StatusOK, func(q wire.WriteRoom) (room.Stored, []wire.ValidationError, error) {
		return a.Rooms.Update(r.Context(), id.Organization, r.PathValue("id"), q)
	})
}

func (a *API) writeRoom(w http.ResponseWriter, r *http.Request, id oauth.Identity, what string, status int, write func(wire.WriteRoom) (room.Stored, []wire.ValidationError, error)) error {
	body, err := decode[*wire.WriteRoom](w, r)
	if err != nil {
		return err
	}
	if body == nil {
		return invalid("the body must be an object, not null")
	}
	v, wrong, err := write(*body)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return send(w, http.StatusUnprocessableEntity, wire.ValidationErrors{Errors: wrong})
	}
	if err := a.OAuth.RecordRoom(r.Context(), actor(r, id), v.Settings.Name, what+", "+v.ID+": "+strings.Join(fieldsOf(*body), " ")); err != nil {
		return err
	}
	return send(w, status, v.Video())
}

// fieldsOf lists the fields that a request names.
func fieldsOf(q wire.WriteRoom) (names []string) {
	v := reflect.ValueOf(q)
	for i := range v.NumField() {
		if v.Field(i).Len() > 0 {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

func (a *API) getRoom(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	with, err := withSession(r)
	if err != nil {
		return err
	}
	v, err := a.Rooms.Room(r.Context(), id.Organization, r.PathValue("id"), with)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, a.videoRoom(v))
}

// deleteRoom deletes a room and ends the session that goes on in it.
func (a *API) deleteRoom(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, session, err := a.Rooms.Remove(r.Context(), id.Organization, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := a.OAuth.RecordRoom(r.Context(), actor(r, id), v.Settings.Name, "removed, "+v.ID); err != nil {
		return err
	}
	if session != "" {
		who := conference.Caller{Organization: id.Organization, UserID: id.UserID, Conference: session, MayEnd: true}
		err := a.Conferences.End(context.WithoutCancel(r.Context()), who, wire.LeaveConference{ConferenceID: session, Reason: "the room was deleted"})
		if code := translate(err).Code; err != nil && code != wire.CodeNotFound && code != wire.CodeGone {
			return err
		}
	}
	return done(w)
}

func (a *API) listSessions(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	p, err := roomPage(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	f := room.Filter{RoomID: q.Get("room_id"), RoomName: q.Get("room_name"), Status: wire.SessionStatus(q.Get("status"))}
	switch f.Status {
	case "", wire.SessionInProgress, wire.SessionCompleted:
	default:
		return invalid("status: want in-progress or completed")
	}
	list, err := a.Rooms.Sessions(r.Context(), id.Organization, f, p)
	if err != nil {
		return err
	}
	return sendList(w, r, turn(list, a.videoSession))
}

func (a *API) getSession(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	s, err := a.Rooms.Session(r.Context(), id.Organization, r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, a.videoSession(s))
}

// listOf answers with a list that belongs to a session.
func listOf[T any](a *API, read func(ctx context.Context, organization, session string, p room.Page) (room.Pages[T], error)) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		p, err := roomPage(r)
		if err != nil {
			return err
		}
		list, err := read(r.Context(), id.Organization, r.PathValue("id"), p)
		if err != nil {
			return err
		}
		return sendList(w, r, list)
	}
}

// noneOf answers with an empty list of what belongs to something that is known.
func (a *API) noneOf(known handler) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		if _, err := roomPage(r); err != nil {
			return err
		}
		if known != nil {
			if err := known(w, r, id); err != nil {
				return err
			}
		}
		return sendList(w, r, room.Pages[wire.VideoNone]{Of: []wire.VideoNone{}})
	}
}

func (a *API) knowsRoom(_ http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	_, err := a.Rooms.Room(r.Context(), id.Organization, r.PathValue("id"), false)
	return err
}

func (a *API) knowsSession(_ http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	_, err := a.Rooms.Session(r.Context(), id.Organization, r.PathValue("id"))
	return err
}
