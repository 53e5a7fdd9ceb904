package api

import (
	"io"
	"net/http"

	"guichet/platform/file"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeSnapshots() {
	const base = "/rtc-api/snapshots"
	a.mux.HandleFunc("GET "+base, a.guard(callsRule, a.listSnapshots))
	a.mux.HandleFunc("POST "+base+"/request", a.guard(callsRule, a.requestSnapshot))
	a.mux.HandleFunc("POST "+base+"/{id}/approve", a.guard(callsWrite, a.answerSnapshot(true)))
	a.mux.HandleFunc("POST "+base+"/{id}/decline", a.guard(callsWrite, a.answerSnapshot(false)))
	a.mux.HandleFunc("POST "+base+"/{id}/signedUrl", a.guard(callsRule, a.snapshotLink))
	for _, path := range []string{"/upload", "/snapshotAcquire"} {
		a.mux.HandleFunc("POST "+base+path, a.guard(callsWrite, a.uploadSnapshot))
	}
	a.mux.HandleFunc("POST "+base+"/cameraRequest", a.guard(callsRule, a.requestCamera))
	a.mux.HandleFunc("POST "+base+"/cameraRequestRespond", a.guard(callsWrite, a.answerCamera))
}

func (a *API) listSnapshots(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	q := r.URL.Query()
	list, err := a.Files.Pictures(r.Context(), fileCaller(id), q.Get(wire.FormConferenceID), q.Get(wire.FormInteractionID))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}

func (a *API) requestSnapshot(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.RequestSnapshot](w, r)
	if err != nil {
		return err
	}
	v, err := a.Files.Request(r.Context(), fileCaller(id), body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, v)
}

func (a *API) answerSnapshot(approve bool) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[wire.AnswerSnapshot](w, r)
		if err != nil {
			return err
		}
		if err := a.Files.Answer(r.Context(), fileCaller(id), r.PathValue("id"), approve, body); err != nil {
			return err
		}
		return done(w)
	}
}

func (a *API) snapshotLink(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	link, err := a.Files.PictureLink(r.Context(), fileCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, link)
}

// uploadSnapshot takes the picture of an approved snapshot in.
func (a *API) uploadSnapshot(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	parts, err := a.parts(w, r)
	if err != nil {
		return err
	}
	who := fileCaller(id)
	f, err := readForm(parts, wire.FormImage, func(fields map[string]string, name string, content io.Reader) (*file.Upload, error) {
		if t := taking(fields); t.Endpoint != "" && (t.Snapshot != "" || t.TargetEndpoint != "") {
			if _, err := a.Files.MayAcquire(r.Context(), who, t); err != nil {
				return nil, err
			}
		}
		return a.Files.Receive(r.Context(), who, file.Photo, "snapshot", content)
	})
	if err != nil {
		return explainBody(err, a.Files.TooLarge())
	}
	defer f.upload.Discard()
	if err := a.Files.Acquire(r.Context(), who, taking(f.fields), f.upload); err != nil {
		return err
	}
	return done(w)
}

// taking reads the fields that count; what else the contract sends is known
// from the request that was approved.
func taking(fields map[string]string) file.Taking {
	t := file.Taking{Snapshot: fields[wire.FormRelatedSnapshotID], Endpoint: fields[wire.FormUserEndpointID],
		TargetEndpoint: fields[wire.FormTargetUserEndpointID], MIMEType: fields[wire.FormSnapshotMIMEType]}
	if t.Snapshot == "" {
		t.Snapshot = fields[wire.FormSnapshotID]
	}
	return t
}

func (a *API) requestCamera(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.RequestCamera](w, r)
	if err != nil {
		return err
	}
	v, err := a.Files.RequestCamera(r.Context(), fileCaller(id), body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, v)
}

func (a *API) answerCamera(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.AnswerCamera](w, r)
	if err != nil {
		return err
	}
	if err := a.Files.AnswerCamera(r.Context(), fileCaller(id), body); err != nil {
		return err
	}
	return done(w)
}
