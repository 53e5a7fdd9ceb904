// Package sound is the ear and the mouth of a call: one clock of 10 ms in which a
// microphone is heard and all remote voices are mixed for a speaker.
//
// It owns the sound device, its clock and the files that stand in for devices. It
// must not know codecs, networks or windows. Everything is 48 kHz, 16 bit, mono, in
// periods of 480 samples. Capture and playback share one callback, so that an echo
// canceller between them sees both at the same instant. That callback belongs to
// the device and never waits: sound leaves it through bounded rings which drop the
// oldest. Without any device a ticker takes its place, so that a call goes on.
package sound

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	Rate   = 48000      // samples per second
	Period = Rate / 100 // samples of one period, 10 ms
)

var (
	// ErrNoMicrophone warns that there is none: others cannot hear.
	ErrNoMicrophone = errors.New("no microphone was found, so others cannot hear you")
	// ErrNoSpeaker warns that there is none: others cannot be heard.
	ErrNoSpeaker = errors.New("no speaker was found, so you cannot hear others")
	// ErrUnknownMicrophone warns that the default microphone is used instead.
	ErrUnknownMicrophone = errors.New("this microphone is not connected, so the default one is used")
	// ErrUnknownSpeaker warns that the default speaker is used instead.
	ErrUnknownSpeaker = errors.New("this speaker is not connected, so the default one is used")
	// ErrFile warns that a sound file could not be written any more.
	ErrFile = errors.New("the sound file could not be written")
	// ErrSpec is returned for a specification that is misspelt or a file that is no sound.
	ErrSpec = errors.New("not a usable sound source or target")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the sound device is closed")
)

// Source is a voice to be mixed: it is asked for the next samples every 10 ms, from
// the device's clock, and must not block.
type Source interface{ ReadPCM(dst []int16) }

// Processor stands between the devices and the call, for instance to cancel echo.
// It may change capture; playback is what the speaker plays in the same period.
type Processor interface {
	Process(capture, playback []int16)
}

// Config says what to open.
type Config struct {
	Microphone string      // "" for the default, "tone", "tone:HZ", "file:F.wav", "none", or a name
	Speaker    string      // "" for the default, "file:F.wav", "none", or a name
	Processor  Processor   // may be nil
	OnWarning  func(error) // may be nil; called without any lock, must not call the Device
}

// Info is a microphone or a speaker as people know it.
type Info struct {
	Name    string // what to show, to store and to give to Open
	Default bool   // the system's choice
}

type kind int

const (
	hardware kind = iota
	none
	tone
	file
)

// end is one end of the line: what a specification says.
type end struct {
	kind kind
	name string  // of hardware, "" for the default
	path string  // of a file
	hz   float64 // of a tone
}

func parse(spec string, microphone bool) (end, error) {
	word, value, found := strings.Cut(spec, ":")
	switch {
	case spec == "none":
		return end{kind: none}, nil
	case word == "file" && found:
		return end{kind: file, path: value}, nil
	case word == "tone" && microphone:
		e := end{kind: tone, hz: 440}
		if found {
			hz, err := strconv.ParseFloat(value, 64)
			if err != nil || !(hz >= 20 && hz <= 20000) {
				return end{}, fmt.Errorf("tone %q, want 20 to 20000 Hz: %w", value, ErrSpec)
			}
			e.hz = hz
		}
		return e, nil
	default:
		return end{kind: hardware, name: spec}, nil
	}
}
