package api

import (
	"encoding/json"
	"net/http"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/preview"
	"guichet/platform/room"
	"guichet/platform/wire"
)

const previewPath = "/previews/"

// routePreviews shows rooms to whoever has a link of preview_url, to staff, and to
// who is in.
func (a *API) routePreviews() {
	known := a.guard(callsRead, a.roomPreview)
	a.mux.HandleFunc("GET "+previewPath+"{id}", func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("signature") {
			known(w, r)
			return
		}
		// Whoever has the link may show the picture on a page of their own.
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		in, err := a.Previews.Check(r.PathValue("id"), r.URL.Query())
		if err == nil {
			err = a.sendPreview(w, r, in)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
}

// previewURL is an address that shows a session for a while; nil when there is
// nothing to show.
func (a *API) previewURL(s room.Session) *string {
	if !s.Ended.IsZero() || !s.Settings.EnableRoomPreviews {
		return nil
	}
	link := a.PublicURL + previewPath + s.ID + "?" + a.Previews.Query(preview.Room{Organization: s.Organization, Session: s.ID}).Encode()
	return &link
}

// roomPreview shows a session to staff, and of its guests to those who are in and
// may see pictures there.
func (a *API) roomPreview(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	session := r.PathValue("id")
	state, err := a.Conferences.State(r.Context(), conferenceCaller(id), session)
	if err == nil && id.IsCustomer() {
		err = sees(state, id.UserID)
	}
	if err != nil {
		return err
	}
	return a.sendPreview(w, r, preview.Room{Organization: id.Organization, Session: session})
}

// sees fails when a user is in a conference with no endpoint that may receive
// video.
func sees(state wire.Conference, userID string) error {
	err := conference.ErrNotMember
	for _, p := range state.Participants {
		for _, e := range p.Endpoints {
			if p.ID != userID {
				continue
			}
			var seat wire.Member
			text := state.Metadata[wire.MemberKey(e.ID)]
			if text == "" || json.Unmarshal([]byte(text), &seat) == nil && seat.MediaAllowed != wire.MediaAudioOnly {
				return nil
			}
			err = conference.ErrNotPermitted
		}
	}
	return err
}

func (a *API) sendPreview(w http.ResponseWriter, r *http.Request, in preview.Room) error {
	picture, err := a.Previews.Picture(r.Context(), in)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/webp")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(picture) // the caller may be gone
	return nil
}
