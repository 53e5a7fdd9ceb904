package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"guichet/platform/wire"
)

const files = "/rtc-api/filetransfers"

// uploadTries bounds how often a file is sent anew because of outages.
const uploadTries = 5

// ErrNoFile is returned for something that is no file, such as a folder.
var ErrNoFile = errors.New("this is not a file")

// Upload is a file to send.
type Upload struct {
	Name string
	// Content is read once, and again after an outage if it is an io.Seeker, too.
	Content io.Reader
	Size    int64  // bytes; 0 when it is not known
	Target  string // the id of the only user who may have it; "" for everybody in the call
	// Transaction is the caller's choice, or "" for a new one: the same file sent
	// again with the same transaction makes no second one.
	Transaction string
	// Progress is told how much of the file is on its way, in bytes. May be nil.
	Progress func(sent int64)
}

// Files lists what was sent in a conference to everybody, to us or by us, the
// oldest first.
func (c *Client) Files(ctx context.Context, conference string) (list []wire.FileTransfer, err error) {
	err = c.call(ctx, http.MethodGet, files+"?"+url.Values{wire.FormConferenceID: {conference}}.Encode(), nil, &list)
	return list, err
}

// Files lists what was sent in the call.
func (c *Call) Files(ctx context.Context) ([]wire.FileTransfer, error) {
	return c.client.Files(ctx, c.conference())
}

// SendFile sends a file to the others in the call and returns when they are told
// of it. It waits for the call to be joined and online, and ends early with ctx.
func (c *Call) SendFile(ctx context.Context, u Upload) (f wire.FileTransfer, err error) {
	if u.Transaction == "" {
		u.Transaction = wire.NewID()
	}
	tries := 0
	err = c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		fields := [][2]string{{wire.FormConferenceID, c.conference()}, {wire.FormUserEndpointID, endpoint}}
		if u.Target != "" {
			fields = append(fields, [2]string{wire.FormTargetID, u.Target})
		}
		again, err := c.client.upload(ctx, form{path: files + "?targetType=user", part: wire.FormFile, name: u.Name, content: u.Content, size: u.Size,
			fields: fields, transaction: u.Transaction, progress: u.Progress}, &f)
		tries++
		return again && tries < uploadTries, err
	})
	if err == nil {
		c.offer(f)
	}
	return f, err
}

// SendPath sends a file of this computer under its own name, as SendFile does.
func (c *Call) SendPath(ctx context.Context, path string, u Upload) (wire.FileTransfer, error) {
	f, err := os.Open(path)
	if err != nil {
		return wire.FileTransfer{}, fmt.Errorf("send file: %w", err)
	}
	defer f.Close() // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return wire.FileTransfer{}, fmt.Errorf("send file: %w", err)
	case !info.Mode().IsRegular():
		return wire.FileTransfer{}, ErrNoFile
	}
	u.Name, u.Content, u.Size = filepath.Base(path), f, info.Size()
	return c.SendFile(ctx, u)
}

// Download writes a file that was sent and checks that it is whole and unchanged;
// ErrDamaged says that what was written must not be used. An outage is waited
// for until ctx ends. progress is told how much has come, in bytes; it may be
// nil.
func (c *Client) Download(ctx context.Context, f wire.FileTransfer, to io.Writer, progress func(got int64)) error {
	return c.download(ctx, fetching{link: files + "/" + url.PathEscape(f.FileTransferID) + "/signedUrl", size: f.Size, sha256: f.SHA256, to: to, progress: progress})
}

// transfer reads a file out of its event.
func transfer(e wire.FileEvent) wire.FileTransfer {
	return wire.FileTransfer{FileTransferID: e.FileTransferID, Filename: e.Filename, Size: e.Size, MIMEType: e.MIMEType, SHA256: e.SHA256,
		ConferenceID: e.ConferenceID, InteractionID: e.InteractionID, UserID: e.UserID, UserEndpointID: e.UserEndpointID,
		TargetID: e.TargetID, CreatedAt: e.Timestamp}
}
