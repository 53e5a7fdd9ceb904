package session

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	_ "image/jpeg" // what the server takes as a photo
	_ "image/png"

	"guichet/app/client"
	"guichet/platform/wire"

	scale "golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

const (
	maxPicture = 64 << 20 // bytes of a photo's file
	maxPixels  = 100 << 20
	smallWidth = 576 // pixels; twice the side panel's room
)

// errPicture says that a photo cannot be shown.
var errPicture = errors.New("this picture is not readable, or too large to show; save it instead")

// fetchPicture fetches a photo, checks that it is what was sent, and decodes it.
func fetchPicture(ctx context.Context, c *client.Client, s wire.Snapshot) (m image.Image, extension string, err error) {
	if s.Size > maxPicture {
		return nil, "", errPicture
	}
	var file bytes.Buffer
	if err := c.DownloadSnapshot(ctx, s, &file, nil); err != nil {
		return nil, "", err
	}
	return decode(file.Bytes())
}

// decode decodes a picture that has no more pixels than fit into memory, and
// tells the extension of files of its kind.
func decode(file []byte) (m image.Image, extension string, err error) {
	head, kind, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || head.Width <= 0 || head.Height <= 0 || head.Width > maxPixels/head.Height {
		return nil, "", errPicture
	}
	if m, _, err = image.Decode(bytes.NewReader(file)); err != nil {
		return nil, "", errPicture
	}
	if kind == "jpeg" {
		kind = "jpg"
	}
	return m, "." + kind, nil
}

// small scales a picture down for the side panel.
func small(m image.Image) image.Image {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > smallWidth {
		w, h = smallWidth, max(1, h*smallWidth/w)
	}
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() {
		draw.Draw(to, to.Bounds(), m, b.Min, draw.Src)
	} else {
		scale.ApproxBiLinear.Scale(to, to.Bounds(), m, b, draw.Src, nil)
	}
	return to
}
