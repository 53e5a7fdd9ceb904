//go:build cgo

package capture

import (
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"guichet/media/yuv"
)

const (
	silence    = 6 * time.Second // after which a device counts as gone; the Linux driver says so after 5
	badPicture = 30              // damaged pictures in a row that are skipped
)

// device reads an opened driver on a goroutine of its own and keeps the newest
// picture for Next.
type device struct {
	driver driver.Driver
	reader video.Reader
	mode   prop.Media
	limit  image.Point // of screens: shrink to this box; zero for cameras
	rate   float64

	start  time.Time
	free   pool
	newest chan Frame    // holds one
	ended  chan struct{} // closed by the reading goroutine
	closed chan struct{}
	once   sync.Once
	err    error // of Close

	mu   sync.Mutex
	size image.Point
}

func newDevice(d driver.Driver, r video.Reader, mode prop.Media, o Options) *device {
	v := &device{driver: d, reader: r, mode: mode, rate: o.FrameRate, start: time.Now(), free: newPool(),
		newest: make(chan Frame, 1), ended: make(chan struct{}), closed: make(chan struct{}),
		size: image.Pt(mode.Width, mode.Height)}
	if d.Info().DeviceType == driver.Screen {
		v.limit = image.Pt(o.Width, o.Height)
		w, h := yuv.Fit(mode.Width, mode.Height, o.Width, o.Height)
		v.size = image.Pt(w&^1, h&^1)
	}
	if mode.FrameRate > 0 {
		v.rate = min(v.rate, float64(mode.FrameRate))
	}
	go v.read()
	return v
}

// read runs until the driver ends, by itself or because Close closed it.
func (v *device) read() {
	defer close(v.ended)
	// A camera that is faster than wished is thinned out.
	least := time.Duration(0.75 * float64(time.Second) / v.rate)
	last := -least
	for bad := 0; bad < badPicture; {
		if v.screen() && !v.pause(last+least) {
			return
		}
		img, release, err := v.reader.Read()
		if err != nil {
			if !damaged(err) {
				return
			}
			bad++
			continue
		}
		at := time.Since(v.start)
		if at-last >= least {
			last = at
			if m := v.convert(img); m != nil {
				bad = 0
				v.deliver(Frame{Image: m, Time: at, release: func() { v.free.put(m) }})
			} else {
				bad++
			}
		}
		if release != nil {
			release()
		}
	}
}

// screen tells whether the device is a screen.
func (v *device) screen() bool { return v.limit != (image.Point{}) }

// pause waits until a time since the start, as not every screen driver keeps a pace.
// It returns false on Close.
func (v *device) pause(until time.Duration) bool {
	timer := time.NewTimer(until - time.Since(v.start))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.closed:
		return false
	}
	select {
	case <-v.closed:
		return false
	default:
		return true
	}
}

// damaged tells a picture spoilt on the wire from a device that went away.
func damaged(err error) bool {
	var format jpeg.FormatError
	var unsupported jpeg.UnsupportedError
	return errors.As(err, &format) || errors.As(err, &unsupported) || errors.Is(err, io.ErrUnexpectedEOF)
}

// convert returns the driver's picture as our own 4:2:0, or nil if it is malformed.
func (v *device) convert(img image.Image) *image.YCbCr {
	b := img.Bounds()
	if b.Dx() < 2 || b.Dy() < 2 {
		return nil
	}
	m := v.free.get(b.Dx(), b.Dy())
	if err := yuv.FromAny(m, img, v.mode.FrameFormat == frame.FormatMJPEG); err != nil {
		return nil
	}
	if v.screen() {
		w, h := yuv.Fit(b.Dx(), b.Dy(), v.limit.X, v.limit.Y)
		if w, h = max(w&^1, 2), max(h&^1, 2); w != b.Dx() || h != b.Dy() {
			small := yuv.New(w, h)
			if err := yuv.Scale(small, m); err != nil {
				return nil
			}
			m = small
		}
	}
	v.mu.Lock()
	v.size = m.Rect.Size()
	v.mu.Unlock()
	return m
}

// deliver replaces a picture that nobody fetched.
func (v *device) deliver(f Frame) {
	select {
	case old := <-v.newest:
		old.Release()
	default:
	}
	v.newest <- f // has room: this goroutine alone fills it
}

func (v *device) Next(ctx context.Context) (Frame, error) {
	select {
	case <-v.closed:
		return Frame{}, ErrClosed
	default:
	}
	timer := time.NewTimer(silence)
	defer timer.Stop()
	select {
	case f := <-v.newest:
		return f, nil
	case <-ctx.Done():
		return Frame{}, ctx.Err()
	case <-v.closed:
		return Frame{}, ErrClosed
	case <-v.ended:
		return Frame{}, ErrGone
	case <-timer.C:
		return Frame{}, ErrGone
	}
}

func (v *device) Size() (w, h int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.size.X, v.size.Y
}

func (v *device) FrameRate() float64 { return v.rate }

// Close ends the reader and closes the driver. A camera's reader ends because its
// driver was closed: at once as a rule, after the driver's read timeout if the device
// hangs. A screen's driver, once closed, never wakes its reader, so that ends first.
func (v *device) Close() error {
	v.once.Do(func() {
		close(v.closed)
		if v.screen() {
			<-v.ended
		}
		v.err = v.driver.Close()
		<-v.ended
	})
	return v.err
}
