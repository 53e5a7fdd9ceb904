// Package capture gives the pictures that a person sends: a camera's, a screen's,
// a file's or a test pattern's, all as 4:2:0 in BT.601 limited range.
//
// It owns the devices it has opened and the memory of their pictures. It must not
// know codecs, networks or windows, and it names devices as people know them, never
// by an id that changes from run to run. Next belongs to one goroutine; Close and
// Release may be called from any.
package capture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrNone is returned by Open for "none": there shall be no picture.
	ErrNone = errors.New("the camera is switched off")
	// ErrNoCamera is returned when the first camera is wanted and there is none.
	ErrNoCamera = errors.New("no camera is connected")
	// ErrUnknownCamera is returned when no camera has the wanted name.
	ErrUnknownCamera = errors.New("no camera of this name is connected")
	// ErrBusy is returned when a camera cannot be opened because it is in use.
	ErrBusy = errors.New("the camera is used by another program")
	// ErrGone is returned when a camera was unplugged or delivers nothing any more.
	ErrGone = errors.New("the camera was unplugged or stopped answering")
	// ErrSource is returned for a source that is misspelt or a file that is no video.
	ErrSource = errors.New("not a usable picture source")
	// ErrClosed is returned by Next after Close.
	ErrClosed = errors.New("the picture source is closed")
)

// Frame is one picture. Its planes are valid until Release.
type Frame struct {
	Image *image.YCbCr  // 4:2:0, BT.601 limited range
	Time  time.Duration // since the source opened

	release func()
}

// NewFrame makes a frame of a source outside of this package. release may be nil.
func NewFrame(m *image.YCbCr, at time.Duration, release func()) Frame {
	return Frame{Image: m, Time: at, release: release}
}

// Release gives the planes back to the source. It must be called once.
func (f Frame) Release() {
	if f.release != nil {
		f.release()
	}
}

// Video is a source of pictures.
type Video interface {
	// Next waits for the next picture; pictures that nobody waited for are skipped.
	// It returns ErrGone when the device went away, ErrClosed after Close.
	Next(ctx context.Context) (Frame, error)
	// Size returns width and height in pixels of the pictures to expect.
	Size() (w, h int)
	// FrameRate returns the frames per second to expect.
	FrameRate() float64
	// Close frees the device and returns when that is done.
	Close() error
}

// Options are wishes: a source comes as near as it can. Zero fields take the default.
type Options struct {
	Width, Height int     // pixels, 1280x720 by default
	FrameRate     float64 // frames per second, 30 by default
}

func (o Options) orDefault() (Options, error) {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 1280, 720
	}
	if o.FrameRate == 0 {
		o.FrameRate = 30
	}
	if o.Width < 16 || o.Height < 16 || o.Width > 8192 || o.Height > 8192 || !(o.FrameRate >= 1 && o.FrameRate <= 120) {
		return o, fmt.Errorf("%dx%d at %v frames/s: %w", o.Width, o.Height, o.FrameRate, ErrSource)
	}
	return o, nil
}

// Device is a camera as people know it.
type Device struct {
	Name  string // what to show, to store and to give to Open
	Label string // where it is plugged in, for support
}

// Open opens a source by its specification: "pattern" or "pattern:ID" (0 to 255) is
// the moving test picture, "file:F" plays a .y4m video of its own size and rate in
// a loop, "none" gives ErrNone, "" is the first camera, and anything else is the
// name of a camera.
func Open(spec string, o Options) (Video, error) {
	o, err := o.orDefault()
	if err != nil {
		return nil, err
	}
	kind, value, _ := strings.Cut(spec, ":")
	switch {
	case spec == "none":
		return nil, ErrNone
	case spec == "pattern":
		return newPattern(0, o), nil
	case kind == "pattern":
		id, err := strconv.ParseUint(value, 10, 8)
		if err != nil {
			return nil, fmt.Errorf("pattern %q, want a number from 0 to 255: %w", value, ErrSource)
		}
		return newPattern(uint8(id), o), nil
	case kind == "file":
		return openFile(value)
	default:
		return openCamera(spec, o)
	}
}
