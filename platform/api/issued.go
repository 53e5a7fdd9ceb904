package api

import (
	"net/http"
	"strconv"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// listRoomTokens answers with the room tokens that have not expired, the newest
// first.
func (a *API) listRoomTokens(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	q := r.URL.Query()
	before, limit := int64(0), int64(100)
	for name, into := range map[string]*int64{"before": &before, "limit": &limit} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 1 {
				return invalid("%s: want a positive whole number", name)
			}
			*into = n
		}
	}
	limit = min(limit, oauth.MaxRoomTokensListed)
	list, err := a.OAuth.RoomTokens(r.Context(), id.Organization, q.Get("room"), before, int(limit))
	if err != nil {
		return err
	}
	out := each(list, func(t oauth.IssuedRoomToken) wire.IssuedRoomToken {
		return wire.IssuedRoomToken{ID: t.ID, Room: t.Room, Name: t.Name, Application: t.Application, UserID: t.UserID,
			Issued: wire.NewTime(t.Issued), Expires: wire.NewTime(t.Expires), Ended: t.Ended}
	})
	if int64(len(list)) == limit {
		out.Next = list[len(list)-1].Seq
	}
	return send(w, http.StatusOK, out)
}
