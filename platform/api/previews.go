package api

import (
	"net/http"

	"guichet/platform/oauth"
	"guichet/platform/preview"
	"guichet/platform/room"
)

const previewPath = "/previews/"

// routePreviews shows rooms to whoever has a link of preview_url, and to staff and
// the holders of the room's tokens.
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

// roomPreview shows a session to its members and to staff.
func (a *API) roomPreview(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	session := r.PathValue("id")
	// Reading the conference is what permits to see it.
	if _, err := a.Conferences.Summary(r.Context(), conferenceCaller(id), session); err != nil {
		return err
	}
	return a.sendPreview(w, r, preview.Room{Organization: id.Organization, Session: session})
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
