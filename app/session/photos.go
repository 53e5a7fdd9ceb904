package session

import (
	"context"
	"errors"
	"image"
	"os"
	"slices"
	"time"

	"guichet/platform/wire"
)

// PhotoStage is how far a picture is that staff asked for.
type PhotoStage int

// The stages of a photo.
const (
	PhotoAsked    PhotoStage = iota // the other one has not answered
	PhotoAllowed                    // they take it
	PhotoDeclined                   // they do not want to
	PhotoThere
)

// Photo is a picture that staff asked a participant for.
type Photo struct {
	ID      string
	Of      string // the participant's name
	At      time.Time
	Stage   PhotoStage
	Small   image.Image // nil until it is fetched
	Size    int64       // bytes, once there
	SHA256  string      // of the picture's file, once there
	Kind    string      // extension of its file, such as ".jpg"; "" until it is fetched
	Trouble string      // a sentence: why it is not shown or saved, or ""
	Saving  bool
	SavedAs string // where it was saved last, or ""
}

// Picture is a photo in full size.
type Picture struct {
	Photo string      // its id
	Image image.Image // nil while it is fetched
}

// CameraRequest is what somebody's camera can be asked to do.
type CameraRequest = wire.CameraRequestType

// What a camera can be asked to do.
const (
	CameraSwitch   = wire.CameraSwitch
	CameraFlashOn  = wire.CameraFlashOn
	CameraFlashOff = wire.CameraFlashOff
)

// cameraPatience is how long the outcome of a request is waited for.
const cameraPatience = 20 * time.Second

type (
	askPhoto  struct{ endpoint string }
	askCamera struct {
		endpoint string
		what     CameraRequest
	}
	openPhoto  struct{ id string }
	closePhoto struct{}
	savePhoto  struct{ id, path string }
)

// What comes of photos and cameras.
type (
	photoAsked struct {
		dialled int
		name    string
		err     error
	}
	pictureTold struct {
		dialled int
		wire.Snapshot
	}
	pictureFetched struct {
		dialled int
		id      string
		large   bool
		image   image.Image
		kind    string
		err     error
	}
	photoSaved struct {
		dialled  int
		id, path string
		err      error
	}
	cameraAsked struct {
		dialled  int
		id, name string
		what     CameraRequest
		err      error
	}
	cameraTold struct {
		dialled int
		wire.SnapshotEvent
	}
)

// cameraAsk is a request to somebody's camera that is not answered yet.
type cameraAsk struct {
	name  string
	until time.Time
}

func (c askPhoto) do(l *loop) {
	if !l.inCall() || l.call == nil || l.state.Me.Customer {
		return
	}
	n, call, name := l.dialled, l.call, l.nameOf("", c.endpoint)
	l.started.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, sendPatience)
		defer cancel()
		_, err := call.RequestSnapshot(ctx, c.endpoint)
		l.send(photoAsked{n, name, err})
	})
}

func (c photoAsked) do(l *loop) {
	if c.dialled == l.dialled && c.err != nil {
		l.fail(c.name+" was not asked for a photo.", c.err)
	}
}

// pictureTold takes a step of a snapshot.
func (c pictureTold) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() || l.state.Me.Customer {
		return
	}
	l.pictures[c.SnapshotID] = c.Snapshot
	p, known := l.photo(c.SnapshotID)
	p.ID, p.At, p.Size, p.SHA256 = c.SnapshotID, c.CreatedAt.Time, c.Size, c.SHA256
	p.Of = l.nameOf(c.TargetUserID, c.TargetUserEndpointID)
	p.Stage = map[wire.SnapshotState]PhotoStage{wire.SnapshotRequested: PhotoAsked, wire.SnapshotApproved: PhotoAllowed,
		wire.SnapshotDeclined: PhotoDeclined, wire.SnapshotAcquired: PhotoThere}[c.State]
	list := slices.Clone(l.state.Call.Photos)
	if !known {
		list = append(list, p)
	}
	l.setPhotos(list, p)
	if p.Stage == PhotoThere && p.Small == nil {
		l.wanted = append(l.wanted, p.ID)
		l.nextPicture()
	}
}

// nextPicture fetches pictures to show them small, one at a time.
func (l *loop) nextPicture() {
	if l.fetching || len(l.wanted) == 0 {
		return
	}
	id := l.wanted[0]
	l.wanted, l.fetching = l.wanted[1:], true
	l.fetch(id, false)
}

func (l *loop) fetch(id string, large bool) {
	n, api, s := l.dialled, l.client, l.pictures[id]
	l.started.Go(func() {
		m, kind, err := fetchPicture(l.ctx, api, s)
		if err == nil && !large {
			m = small(m)
		}
		l.send(pictureFetched{n, id, large, m, kind, err})
	})
}

func (c pictureFetched) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	if !c.large {
		l.fetching = false
		defer l.nextPicture()
	}
	p, known := l.photo(c.id)
	open := l.state.Call.Open
	switch {
	case !known:
	case c.err != nil:
		p.Trouble = "It cannot be shown. " + sentence(c.err)
		l.setPhotos(slices.Clone(l.state.Call.Photos), p)
		if open != nil && open.Photo == c.id {
			l.state.Call.Open = nil
		}
	case !c.large:
		p.Small, p.Kind, p.Trouble = c.image, c.kind, ""
		l.setPhotos(slices.Clone(l.state.Call.Photos), p)
	case open != nil && open.Photo == c.id:
		l.state.Call.Open = &Picture{Photo: c.id, Image: c.image}
		l.change()
	}
}

func (c openPhoto) do(l *loop) {
	p, known := l.photo(c.id)
	if !known || p.Stage != PhotoThere {
		return
	}
	l.state.Call.Open = &Picture{Photo: c.id}
	l.change()
	l.fetch(c.id, true)
}

func (closePhoto) do(l *loop) {
	if l.inCall() && l.state.Call.Open != nil {
		l.state.Call.Open = nil
		l.change()
	}
}

func (c savePhoto) do(l *loop) {
	p, known := l.photo(c.id)
	if !known || p.Stage != PhotoThere || p.Saving {
		return
	}
	p.Saving, p.Trouble = true, ""
	l.setPhotos(slices.Clone(l.state.Call.Photos), p)
	n, api, s := l.dialled, l.client, l.pictures[c.id]
	l.started.Go(func() {
		err := save(c.path, func(to *os.File) error { return api.DownloadSnapshot(l.ctx, s, to, nil) })
		l.send(photoSaved{n, c.id, c.path, err})
	})
}

// photoSaved may come after the call: what was begun goes on.
func (c photoSaved) do(l *loop) {
	p, known := Photo{}, false
	if c.dialled == l.dialled {
		p, known = l.photo(c.id)
	}
	switch {
	case known:
		p.Saving = false
		if c.err == nil {
			p.SavedAs = c.path
		} else {
			p.Trouble = "Not saved. " + sentence(c.err)
		}
		l.setPhotos(slices.Clone(l.state.Call.Photos), p)
	case c.err == nil:
		l.notice("The photo is saved.", false)
	case !errors.Is(c.err, context.Canceled):
		l.fail("The photo was not saved.", c.err)
	}
}

func (l *loop) photo(id string) (Photo, bool) {
	if !l.inCall() {
		return Photo{}, false
	}
	i := slices.IndexFunc(l.state.Call.Photos, func(p Photo) bool { return p.ID == id })
	if i < 0 {
		return Photo{}, false
	}
	return l.state.Call.Photos[i], true
}

// setPhotos publishes a list with one photo changed.
func (l *loop) setPhotos(list []Photo, p Photo) {
	for i := range list {
		if list[i].ID == p.ID {
			list[i] = p
		}
	}
	l.state.Call.Photos = list
	l.change()
}

func (c askCamera) do(l *loop) {
	if !l.inCall() || l.call == nil || l.state.Me.Customer {
		return
	}
	n, call, name := l.dialled, l.call, l.nameOf("", c.endpoint)
	l.started.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, sendPatience)
		defer cancel()
		id, err := call.RequestCamera(ctx, c.endpoint, c.what)
		l.send(cameraAsked{n, id, name, c.what, err})
	})
}

func (c cameraAsked) do(l *loop) {
	switch {
	case c.dialled != l.dialled || !l.inCall():
	case c.err != nil:
		l.fail(c.name+"'s camera was not asked.", c.err)
	default:
		if _, answered := l.cameras[c.id]; answered { // faster than the answer to us
			delete(l.cameras, c.id)
			return
		}
		l.cameras[c.id] = cameraAsk{c.name, l.cfg.Now().Add(cameraPatience)}
	}
}

// cameraTold tells the person what became of a request.
func (c cameraTold) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() || c.Type != wire.EventSnapshotCameraProcessed || c.UserEndpointID == l.last.Endpoint {
		return
	}
	if _, asked := l.cameras[c.SnapshotCameraRequestID]; asked {
		delete(l.cameras, c.SnapshotCameraRequestID)
	} else {
		l.cameras[c.SnapshotCameraRequestID] = cameraAsk{}
	}
	done := map[CameraRequest][2]string{
		CameraSwitch:   {" switched to another camera.", " could not switch the camera."},
		CameraFlashOn:  {" turned the light on.", " could not turn the light on."},
		CameraFlashOff: {" turned the light off.", " could not turn the light off."},
	}[c.CameraRequestType]
	name := l.nameOf(c.TargetUserID, c.TargetUserEndpointID)
	if c.Succeeded != nil && *c.Succeeded {
		l.notice(name+"'s device"+done[0], false)
		return
	}
	l.notice(name+"'s device"+done[1], true)
}

// watchCameras tells of requests that nobody answered.
func (l *loop) watchCameras(now time.Time) {
	for id, ask := range l.cameras {
		if !ask.until.IsZero() && now.After(ask.until) {
			delete(l.cameras, id)
			l.notice(ask.name+"'s device did not answer. It may not know how.", true)
		}
	}
}
