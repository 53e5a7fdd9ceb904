package api

import (
	"errors"
	"net/http"

	"guichet/platform/limit"
	"guichet/platform/oauth"
	"guichet/platform/room"
	"guichet/platform/wire"
)

// maxVideoBody bounds a request's body below /api/video/, in bytes.
const maxVideoBody = 64 << 10

func (a *API) routeVideo() {
	a.mux.HandleFunc("POST /api/video/room_tokens", a.guardVideo(a.createRoomToken))
	a.routeRooms()
	a.routePreviews()
	a.mux.HandleFunc("/api/video/", a.guardVideo(a.nothing))
}

// guardVideo lets projects with the scope video through. It challenges as guard
// does, and answers failures in the words of SignalWire's Video REST API.
func (a *API) guardVideo(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		id, err := a.identify(r)
		switch {
		case errors.Is(err, errNoCredentials):
			challenge(w, "")
			err = &wire.Error{Code: wire.CodeUnauthorized}
		case errors.Is(err, oauth.ErrExpiredToken):
			challenge(w, `, error="invalid_token", error_description="The access token expired"`)
			err = &wire.Error{Code: wire.CodeUnauthorized}
		case errors.Is(err, oauth.ErrInvalidToken):
			challenge(w, `, error="invalid_token", error_description="The access token is not valid"`)
			err = &wire.Error{Code: wire.CodeUnauthorized}
		case err == nil && !id.May(oauth.ScopeVideo):
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet", error="insufficient_scope", error_description="The access token does not allow this", scope="`+oauth.ScopeVideo+`"`)
			err = &wire.Error{Code: wire.CodeForbidden}
		case err == nil:
			r.Body = http.MaxBytesReader(w, r.Body, maxVideoBody)
			err = h(w, r, id)
		}
		if err != nil {
			a.failVideo(w, r, err)
		}
	}
}

// failVideo answers with the error's status and its reason phrase, all that the
// contract has to say. Only an internal error is logged.
func (a *API) failVideo(w http.ResponseWriter, r *http.Request, err error) {
	status, ok := statuses[translate(err).Code]
	if !ok {
		status = http.StatusInternalServerError
		a.Logger.Error("request", "method", r.Method, "path", r.Pattern, "err", err)
	}
	if err := send(w, status, wire.VideoError{Error: http.StatusText(status)}); err != nil {
		a.Logger.Error("send error", "err", err)
	}
}

func (a *API) createRoomToken(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[*wire.CreateRoomToken](w, r)
	if err != nil {
		return err
	}
	if body == nil {
		return invalid("the body must be an object, not null")
	}
	claims, wrong := room.Issue(room.Project{Organization: id.Organization, ID: id.ClientID}, *body, a.Now())
	if len(wrong) > 0 {
		return send(w, http.StatusUnprocessableEntity, wire.ValidationErrors{Errors: wrong})
	}
	token, err := a.SignRoomToken(r.Context(), id, limit.Address(r), claims)
	if errors.Is(err, oauth.ErrTooManyRoomTokens) {
		full := wire.NewValidationError("room_name", "Room name has one token too many: the organization's others must expire, or be withdrawn, first")
		return send(w, http.StatusUnprocessableEntity, wire.ValidationErrors{Errors: []wire.ValidationError{full}})
	}
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, wire.RoomToken{Token: token})
}
