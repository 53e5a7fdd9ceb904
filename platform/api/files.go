package api

import (
	"io"
	"mime"
	"net/http"
	"strconv"

	"guichet/platform/file"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeFiles() {
	a.mux.HandleFunc("GET /rtc-api/filetransfers", a.guard(callsRead, a.listTransfers))
	a.mux.HandleFunc("POST /rtc-api/filetransfers", a.guard(callsWrite, a.sendFile))
	a.mux.HandleFunc("POST /rtc-api/filetransfers/{id}/signedUrl", a.guard(callsRead, a.transferLink))
	a.mux.HandleFunc("GET /files/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		if err := a.openFile(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// fileCaller is the identity in the words of the file package.
func fileCaller(id oauth.Identity) file.Caller {
	return file.Caller{Organization: id.Organization, UserID: id.UserID, Conference: id.Conference, Customer: !isStaff(id)}
}

// isStaff tells whether somebody of the organization calls, neither a guest nor
// a kiosk that guests stand before.
func isStaff(id oauth.Identity) bool { return !id.IsCustomer() && !id.Has(oauth.RoleKiosk) }

// staff lets nobody else through.
func staff(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		if !isStaff(id) {
			return &wire.Error{Code: wire.CodeForbidden, Message: "this is for staff"}
		}
		return h(w, r, id)
	}
}

func (a *API) listTransfers(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	q := r.URL.Query()
	all := false
	if text := q.Get("all"); text != "" {
		var err error
		if all, err = strconv.ParseBool(text); err != nil {
			return invalid("all: want true or false")
		}
	}
	list, err := a.Files.Transfers(r.Context(), fileCaller(id), q.Get(wire.FormConferenceID), q.Get(wire.FormInteractionID), all)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}

// sendFile takes a file in. What the fields before it forbid is refused before
// anything is written; the rest is judged when all is there.
func (a *API) sendFile(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	if t := r.URL.Query().Get("targetType"); t != "" && t != "user" {
		return invalid("targetType: want user")
	}
	parts, err := a.parts(w, r)
	if err != nil {
		return err
	}
	who := fileCaller(id)
	h := holderOf(r.Context())
	transfer := func(fields map[string]string) file.Transfer {
		return file.Transfer{Conference: h.known(fields[wire.FormConferenceID]), Endpoint: fields[wire.FormUserEndpointID], Application: fields[wire.FormApplicationID],
			Interaction: fields[wire.FormInteractionID], Target: fields[wire.FormTargetID], Transaction: r.Header.Get(wire.HeaderTransactionID)}
	}
	f, err := readForm(parts, wire.FormFile, func(fields map[string]string, name string, content io.Reader) (*file.Upload, error) {
		if t := transfer(fields); t.Conference != "" && t.Endpoint != "" {
			if err := a.Files.MaySend(r.Context(), who, t); err != nil {
				return nil, err
			}
		}
		return a.Files.Receive(r.Context(), who, file.Document, name, content)
	})
	if err != nil {
		return explainBody(err, a.Files.TooLarge())
	}
	defer f.upload.Discard()
	v, err := a.Files.Send(r.Context(), who, transfer(f.fields), f.upload)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, v)
}

func (a *API) transferLink(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	link, err := a.Files.TransferLink(r.Context(), fileCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, link)
}

// openFile serves the file of a signed link, for saving: a browser neither
// guesses at its type nor runs anything in it.
func (a *API) openFile(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v, f, err := a.Files.Open(r.Context(), r.PathValue("id"), q.Get("expires"), q.Get("signature"))
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	h := w.Header()
	h.Set("Content-Type", v.Kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": v.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+v.ID+`"`) // a file never changes
	http.ServeContent(w, r, "", v.Created, f)
	return nil
}
