//go:build cgo

package capture

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/availability"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"
)

func openCamera(name string, o Options) (Video, error) {
	devices := scan()
	if name == "" {
		if len(devices) == 0 {
			return nil, ErrNoCamera
		}
		// The first may be in use while a second is free.
		var first error
		for _, d := range devices {
			v, err := openDriver(d.driver, o)
			if err == nil {
				return v, nil
			}
			if first == nil {
				first = fmt.Errorf("%s: %w", d.Name, err)
			}
		}
		return nil, first
	}
	for _, d := range devices {
		if d.Name == name {
			v, err := openDriver(d.driver, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknownCamera)
}

// openDriver opens a device with what comes nearest to the wishes.
func openDriver(d driver.Driver, o Options) (Video, error) {
	recorder, ok := d.(driver.VideoRecorder)
	if !ok {
		return nil, ErrSource
	}
	if err := d.Open(); err != nil {
		return nil, explain(d, err)
	}
	mode, ok := choose(d.Properties(), o)
	if !ok {
		_ = d.Close()
		return nil, fmt.Errorf("no picture format that we can read: %w", ErrSource)
	}
	if d.Info().DeviceType == driver.Screen {
		mode.FrameRate = float32(o.FrameRate)
	}
	reader, err := recorder.VideoRecord(mode)
	if err != nil {
		_ = d.Close()
		return nil, explain(d, err)
	}
	return newDevice(d, reader, mode, o), nil
}

// explain turns a driver's error into one of ours. The V4L2 library wraps some
// errors as text, so the text of EBUSY counts as EBUSY here and nowhere else.
func explain(d driver.Driver, err error) error {
	busy := errors.Is(err, syscall.EBUSY) || errors.Is(err, availability.ErrBusy) ||
		strings.Contains(err.Error(), syscall.EBUSY.Error())
	if !busy {
		_, available := driver.IsAvailable(d)
		busy = errors.Is(available, availability.ErrBusy)
	}
	if busy {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// choose returns the mode nearest to the wishes: the size counts most, then the
// rate, then how cheap the format is to read.
func choose(modes []prop.Media, o Options) (prop.Media, bool) {
	var best prop.Media
	lowest := math.Inf(1)
	for _, m := range modes {
		if m.Width < 16 || m.Height < 16 || m.FrameFormat == frame.FormatZ16 {
			continue
		}
		cost := 10 * math.Abs(math.Log2(float64(m.Width*m.Height)/float64(o.Width*o.Height)))
		cost += 10 * math.Abs(math.Log2(float64(m.Width)*float64(o.Height)/float64(m.Height)/float64(o.Width)))
		if m.Width%2 != 0 || m.Height%2 != 0 {
			cost += 20
		}
		switch rate := float64(m.FrameRate); {
		case rate == 0: // the driver does not say
		case rate < o.FrameRate:
			cost += 16 * (1 - rate/o.FrameRate)
		default:
			cost += min(0.5*math.Log2(rate/o.FrameRate), 2)
		}
		if m.FrameFormat == frame.FormatMJPEG {
			cost += 0.5
		}
		if cost < lowest {
			best, lowest = m, cost
		}
	}
	return best, !math.IsInf(lowest, 1)
}
