//go:build cgo

package capture

import (
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"guichet/media/capture/pattern"
)

// fakeCamera is a driver whose pictures the test hands over one by one.
type fakeCamera struct {
	modes    []prop.Media
	openErr  error
	pictures chan any // image.Image or error
	closed   chan struct{}
	chosen   prop.Media
}

func (c *fakeCamera) Open() error              { return c.openErr }
func (c *fakeCamera) Close() error             { close(c.closed); return nil }
func (c *fakeCamera) Properties() []prop.Media { return c.modes }

func (c *fakeCamera) VideoRecord(p prop.Media) (video.Reader, error) {
	c.chosen = p
	return video.ReaderFunc(func() (image.Image, func(), error) {
		select {
		case <-c.closed:
			return nil, func() {}, io.EOF
		case p := <-c.pictures:
			if err, ok := p.(error); ok {
				return nil, nil, err // no release, as the MJPEG decoder does
			}
			return p.(image.Image), func() {}, nil
		}
	}), nil
}

func mode(w, h int, fps float32, f frame.Format) prop.Media {
	return prop.Media{Video: prop.Video{Width: w, Height: h, FrameRate: fps, FrameFormat: f}}
}

// plug registers a fake camera and returns its driver.
func plug(t *testing.T, c *fakeCamera, info driver.Info) driver.Driver {
	t.Helper()
	c.pictures, c.closed = make(chan any), make(chan struct{})
	info.DeviceType = driver.Camera
	if err := driver.GetManager().Register(c, info); err != nil {
		t.Fatal(err)
	}
	for _, d := range driver.GetManager().Query(driver.FilterDeviceType(driver.Camera)) {
		if d.Info() == info {
			t.Cleanup(func() { driver.GetManager().Delete(d.ID()) })
			return d
		}
	}
	t.Fatal("driver not found")
	return nil
}

func TestCameraPicturesAndUnplug(t *testing.T) {
	c := &fakeCamera{modes: []prop.Media{mode(320, 180, 30, frame.FormatMJPEG)}}
	v, err := openDriver(plug(t, c, driver.Info{Name: "Fake;usb1", Label: "fake1"}), Options{Width: 320, Height: 180, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio422)
	for i := range m.Y {
		m.Y[i] = 255
	}
	c.pictures <- jpeg.FormatError("spoilt on the wire")
	c.pictures <- m
	f, err := v.Next(guard(t))
	if err != nil {
		t.Fatal(err)
	}
	if f.Image.SubsampleRatio != image.YCbCrSubsampleRatio420 || f.Image.Y[0] != 235 {
		t.Errorf("picture %v with luma %d, want 4:2:0 in limited range", f.Image.SubsampleRatio, f.Image.Y[0])
	}
	f.Release()
	c.pictures <- errors.New("read timeout")
	if _, err := v.Next(guard(t)); !errors.Is(err, ErrGone) {
		t.Errorf("after the unplug: %v, want ErrGone", err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if _, err := v.Next(guard(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestCameraKeepsTheNewest hands over three pictures before anyone asks.
func TestCameraKeepsTheNewest(t *testing.T) {
	c := &fakeCamera{modes: []prop.Media{mode(320, 180, 120, frame.FormatI420)}}
	v, err := openDriver(plug(t, c, driver.Info{Name: "Fake;usb2", Label: "fake2"}), Options{Width: 320, Height: 180, FrameRate: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	dev := v.(*device)
	for i := range 3 {
		m := pattern.New(320, 180)
		pattern.Draw(m, 1, uint16(i))
		dev.deliver(Frame{Image: m})
	}
	f, err := v.Next(guard(t))
	if err != nil {
		t.Fatal(err)
	}
	if code, ok := pattern.Read(f.Image); !ok || code.Counter != 2 {
		t.Errorf("read %+v, %v, want the third", code, ok)
	}
}

func TestBusyCamera(t *testing.T) {
	c := &fakeCamera{openErr: errors.New("Failed to map request buffers: " + syscall.EBUSY.Error())}
	_, err := openDriver(plug(t, c, driver.Info{Name: "Fake;usb3", Label: "fake3"}), Options{Width: 1280, Height: 720, FrameRate: 30})
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "used by another program") {
		t.Errorf("busy: %v", err)
	}
}

func TestChoose(t *testing.T) {
	want := Options{Width: 1280, Height: 720, FrameRate: 30}
	for name, c := range map[string]struct {
		modes []prop.Media
		want  prop.Media
	}{
		"exact": {[]prop.Media{mode(640, 480, 30, frame.FormatYUYV), mode(1280, 720, 30, frame.FormatMJPEG)}, mode(1280, 720, 30, frame.FormatMJPEG)},
		"raw before compressed": {[]prop.Media{mode(1280, 720, 30, frame.FormatMJPEG), mode(1280, 720, 30, frame.FormatYUYV)},
			mode(1280, 720, 30, frame.FormatYUYV)},
		"rate before raw": {[]prop.Media{mode(1280, 720, 10, frame.FormatYUYV), mode(1280, 720, 30, frame.FormatMJPEG)},
			mode(1280, 720, 30, frame.FormatMJPEG)},
		"no depth":  {[]prop.Media{mode(1280, 720, 30, frame.FormatZ16), mode(640, 480, 30, frame.FormatYUYV)}, mode(640, 480, 30, frame.FormatYUYV)},
		"not 60":    {[]prop.Media{mode(1280, 720, 60, frame.FormatYUYV), mode(1280, 720, 30, frame.FormatYUYV)}, mode(1280, 720, 30, frame.FormatYUYV)},
		"shape":     {[]prop.Media{mode(960, 960, 30, frame.FormatYUYV), mode(1024, 576, 30, frame.FormatYUYV)}, mode(1024, 576, 30, frame.FormatYUYV)},
		"even size": {[]prop.Media{mode(1281, 721, 30, frame.FormatYUYV), mode(960, 540, 30, frame.FormatYUYV)}, mode(960, 540, 30, frame.FormatYUYV)},
	} {
		got, ok := choose(c.modes, want)
		if !ok || got != c.want {
			t.Errorf("%s: %v, %v", name, got.Video, ok)
		}
	}
	if _, ok := choose(nil, want); ok {
		t.Error("chose from nothing")
	}
}

func TestNamesForPeople(t *testing.T) {
	a := plug(t, &fakeCamera{}, driver.Info{Name: "HD Webcam;usb-1", Label: "b;video2"})
	b := plug(t, &fakeCamera{}, driver.Info{Name: "HD Webcam;usb-2", Label: "a;video4"})
	first := plug(t, &fakeCamera{}, driver.Info{Name: "Built-in;usb-0", Label: "z;video0", Priority: driver.PriorityHigh})
	metadata := plug(t, &fakeCamera{}, driver.Info{Name: ";", Label: "c;video1"})
	got := list(name([]driver.Driver{a, metadata, b, first}))
	want := []Device{{"Built-in", "z;video0"}, {"HD Webcam", "a;video4"}, {"HD Webcam (2)", "b;video2"}}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
}

// TestWithoutCamera runs where there is no camera; with one it checks the list.
func TestWithoutCamera(t *testing.T) {
	devices := Cameras()
	v, err := Open("", Options{})
	if len(devices) == 0 {
		if !errors.Is(err, ErrNoCamera) {
			t.Errorf("no camera: %v", err)
		}
		return
	}
	if err == nil {
		_ = v.Close()
	}
}
