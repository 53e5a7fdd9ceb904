package client

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"guichet/platform/wire"
)

const snapshots = "/rtc-api/snapshots"

// Snapshots lists the pictures that staff asked for in a conference.
func (c *Client) Snapshots(ctx context.Context, conference string) (list []wire.Snapshot, err error) {
	err = c.call(ctx, http.MethodGet, snapshots+"?"+url.Values{wire.FormConferenceID: {conference}}.Encode(), nil, &list)
	return list, err
}

// RequestSnapshot asks a participant for a picture. Only staff may.
func (c *Client) RequestSnapshot(ctx context.Context, r wire.RequestSnapshot) (s wire.Snapshot, err error) {
	err = c.post(ctx, snapshots+"/request", r, &s)
	return s, err
}

// AnswerSnapshot is the yes or no of who was asked for a picture.
func (c *Client) AnswerSnapshot(ctx context.Context, id string, approve bool, r wire.AnswerSnapshot) error {
	answer := "/decline"
	if approve {
		answer = "/approve"
	}
	return c.post(ctx, snapshots+"/"+url.PathEscape(id)+answer, r, nil)
}

// UploadSnapshot sends the picture of a snapshot that was approved.
func (c *Client) UploadSnapshot(ctx context.Context, id, endpoint string, picture io.Reader, size int64) error {
	_, err := c.upload(ctx, form{path: snapshots + "/upload", part: wire.FormImage, name: "snapshot", content: picture, size: size,
		fields: [][2]string{{wire.FormUserEndpointID, endpoint}, {wire.FormRelatedSnapshotID, id}}}, nil)
	return err
}

// RequestCamera asks a participant's camera to do something. Only staff may.
func (c *Client) RequestCamera(ctx context.Context, r wire.RequestCamera) (a wire.CameraRequest, err error) {
	err = c.post(ctx, snapshots+"/cameraRequest", r, &a)
	return a, err
}

// AnswerCamera tells what became of a request to the own camera.
func (c *Client) AnswerCamera(ctx context.Context, r wire.AnswerCamera) error {
	return c.post(ctx, snapshots+"/cameraRequestRespond", r, nil)
}

// RequestSnapshot asks an endpoint in the call for a picture. What comes of it
// is told by OnSnapshot. An outage is not waited for: a question that comes late
// would surprise.
func (c *Call) RequestSnapshot(ctx context.Context, target string) (s wire.Snapshot, err error) {
	err = c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		s, err = c.client.RequestSnapshot(ctx, wire.RequestSnapshot{ConferenceID: c.conference(), UserEndpointID: endpoint, TargetUserEndpointID: target})
		return false, err
	})
	return s, err
}

// RequestCamera asks the camera of an endpoint in the call to do something. The
// outcome is told by OnCamera, with the id that is returned.
func (c *Call) RequestCamera(ctx context.Context, target string, what wire.CameraRequestType) (id string, err error) {
	err = c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		a, err := c.client.RequestCamera(ctx, wire.RequestCamera{ConferenceID: c.conference(), UserEndpointID: endpoint, TargetUserEndpointID: target, CameraRequestType: what})
		id = a.SnapshotCameraRequestID
		return false, err
	})
	return id, err
}

// DownloadSnapshot writes the picture of a snapshot that was acquired, as
// Download does.
func (c *Client) DownloadSnapshot(ctx context.Context, s wire.Snapshot, to io.Writer, progress func(got int64)) error {
	return c.download(ctx, fetching{link: snapshots + "/" + url.PathEscape(s.SnapshotID) + "/signedUrl", size: s.Size, sha256: s.SHA256, to: to, progress: progress})
}

// snapshot says how far a snapshot is after an event.
func snapshot(e wire.SnapshotEvent, before wire.Snapshot) wire.Snapshot {
	s := before
	s.SnapshotID, s.SnapshotType, s.ConferenceID = e.SnapshotID, e.SnapshotType, e.ConferenceID
	s.TargetUserID, s.TargetUserEndpointID = e.TargetUserID, e.TargetUserEndpointID
	switch e.Type {
	case wire.EventSnapshotRequested:
		s.State, s.UserID, s.UserEndpointID, s.CreatedAt = wire.SnapshotRequested, e.UserID, e.UserEndpointID, e.Timestamp
	case wire.EventSnapshotApproved:
		s.State = wire.SnapshotDeclined
		if e.Succeeded != nil && *e.Succeeded {
			s.State = wire.SnapshotApproved
		}
	case wire.EventSnapshotAcquired:
		s.State, s.Size, s.SHA256 = wire.SnapshotAcquired, e.Size, e.SHA256
	}
	return s
}

// progress orders the states of a snapshot.
func progress(s wire.SnapshotState) int {
	switch s {
	case wire.SnapshotRequested:
		return 1
	case wire.SnapshotApproved, wire.SnapshotDeclined:
		return 2
	case wire.SnapshotAcquired:
		return 3
	}
	return 0
}
