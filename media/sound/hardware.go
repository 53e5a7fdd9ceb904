//go:build cgo

package sound

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/gen2brain/malgo"
)

// system is a connection to the operating system's sound.
type system struct{ ctx *malgo.AllocatedContext }

// backends lists what may be used. It is never left to the library's own list: that
// ends with a null device, which looks like hardware and is none.
func backends() []malgo.Backend {
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	default:
		list := []malgo.Backend{malgo.BackendPulseaudio}
		// Without a card ALSA offers virtual devices and prints its troubles.
		if cards, err := os.ReadDir("/dev/snd"); err == nil && len(cards) > 0 {
			list = append(list, malgo.BackendAlsa)
		}
		return list
	}
}

// connect returns nil where there is no sound system.
func connect() *system {
	name := append([]byte("Guichet"), 0)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&name[0])
	ctx, err := malgo.InitContext(backends(), malgo.ContextConfig{
		Pulse: malgo.PulseContextConfig{PApplicationName: &name[0]},
	}, nil)
	if err != nil {
		return nil
	}
	return &system{ctx}
}

func (s *system) close() {
	_ = s.ctx.Uninit() // fails only for a context that is none
	s.ctx.Free()
}

// card is a device and its id for this run. The id lies by itself because C gets a
// pointer to it, and cgo allows no Go pointers in what that points into.
type card struct {
	Info
	id *malgo.DeviceID
}

// cards lists devices, each with a name of its own. What a speaker plays can be
// recorded on PulseAudio; such monitors are no microphones.
func (s *system) cards(of malgo.DeviceType) []card {
	infos, err := s.ctx.Devices(of)
	if err != nil {
		return nil
	}
	var list []card
	seen := map[string]int{}
	for _, info := range infos {
		key, _, _ := strings.Cut(string(info.ID[:]), "\x00")
		if of == malgo.Capture && strings.HasSuffix(key, ".monitor") {
			continue
		}
		name := info.Name()
		seen[name]++
		if n := seen[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		id := new(malgo.DeviceID)
		*id = info.ID
		list = append(list, card{Info{name, info.IsDefault != 0}, id})
	}
	return list
}

// pick returns the id for a name, nil for the system's default. It returns an error
// to warn with, and false if there is nothing at all.
func pick(list []card, name string, absent, unknown error) (id *malgo.DeviceID, warning error, ok bool) {
	if len(list) == 0 {
		return nil, absent, false
	}
	for _, c := range list {
		if name != "" && c.Name == name {
			return c.id, nil, true
		}
	}
	if name != "" {
		warning = fmt.Errorf("%s: %w", name, unknown)
	}
	for _, c := range list {
		if c.Default {
			return nil, warning, true
		}
	}
	// The default is none that we list, such as a monitor.
	return list[0].id, warning, true
}

func list(of malgo.DeviceType) []Info {
	s := connect()
	if s == nil {
		return nil
	}
	defer s.close()
	var infos []Info
	for _, c := range s.cards(of) {
		infos = append(infos, c.Info)
	}
	return infos
}

// Microphones lists the microphones there are now.
func Microphones() []Info { return list(malgo.Capture) }

// Speakers lists the speakers there are now.
func Speakers() []Info { return list(malgo.Playback) }

// changed tells whether other devices are there than when the clock started. It
// asks by a connection of its own, as the one in use may be dead.
func (d *Device) changed() bool {
	s := connect()
	if s == nil {
		return d.seen != ""
	}
	defer s.close()
	return s.names() != d.seen
}

// names joins the names of all devices.
func (s *system) names() string {
	var b strings.Builder
	for _, of := range []malgo.DeviceType{malgo.Capture, malgo.Playback} {
		for _, c := range s.cards(of) {
			b.WriteString(c.Name)
			b.WriteByte(0)
		}
		b.WriteByte(1)
	}
	return b.String()
}

// openHardware opens what is wanted and there. It returns a nil clock when nothing
// could be opened, and what to warn of.
func (d *Device) openHardware(wantMic, wantSpk bool) (clock interface{ stop() }, warnings []error) {
	d.system = connect()
	var mic, spk *malgo.DeviceID
	haveMic, haveSpk := false, false
	note := func(err error) {
		if err != nil {
			warnings = append(warnings, err)
		}
	}
	var mics, spks []card
	if d.system != nil {
		d.seen = d.system.names()
		mics, spks = d.system.cards(malgo.Capture), d.system.cards(malgo.Playback)
	}
	var err error
	if wantMic {
		mic, err, haveMic = pick(mics, d.microphone.name, ErrNoMicrophone, ErrUnknownMicrophone)
		note(err)
	}
	if wantSpk {
		spk, err, haveSpk = pick(spks, d.speaker.name, ErrNoSpeaker, ErrUnknownSpeaker)
		note(err)
	}
	// Both at once first; if that fails, what works of the two.
	if haveMic && haveSpk {
		c, err := d.openDuplex(mic, spk, true, true)
		if err == nil {
			return c, warnings
		}
	}
	if haveSpk {
		c, err := d.openDuplex(nil, spk, false, true)
		if err == nil {
			if haveMic {
				note(ErrNoMicrophone)
			}
			return c, warnings
		}
		note(fmt.Errorf("%w: %w", ErrNoSpeaker, err))
	}
	if haveMic {
		c, err := d.openDuplex(mic, nil, true, false)
		if err == nil {
			return c, warnings
		}
		note(fmt.Errorf("%w: %w", ErrNoMicrophone, err))
	}
	return nil, warnings
}

// line is the clock of real devices.
type line struct {
	device *malgo.Device
	cycle  func(in, out []int16)
	mic    bool
	in     []int16 // heard and less than a period
	out    []int16 // to be played
	buf    [Period]int16
	ran    atomic.Uint64 // callbacks that ended
}

func (d *Device) openDuplex(mic, spk *malgo.DeviceID, useMic, useSpk bool) (*line, error) {
	l := &line{cycle: d.cycle, mic: useMic, in: make([]int16, 0, 8*Period), out: make([]int16, 0, 8*Period)}
	var pin runtime.Pinner
	defer pin.Unpin()
	which := malgo.Duplex
	switch {
	case !useSpk:
		which = malgo.Capture
	case !useMic:
		which = malgo.Playback
	}
	cfg := malgo.DefaultDeviceConfig(which)
	cfg.SampleRate, cfg.PeriodSizeInFrames, cfg.Periods = Rate, Period, 3
	cfg.Capture.Format, cfg.Capture.Channels = malgo.FormatS16, 1
	cfg.Playback.Format, cfg.Playback.Channels = malgo.FormatS16, 1
	cfg.Pulse.StreamNameCapture, cfg.Pulse.StreamNamePlayback = "Call", "Call"
	if mic != nil {
		pin.Pin(mic)
		cfg.Capture.DeviceID = unsafe.Pointer(mic)
	}
	if spk != nil {
		pin.Pin(spk)
		cfg.Playback.DeviceID = unsafe.Pointer(spk)
	}
	device, err := malgo.InitDevice(d.system.ctx.Context, cfg, malgo.DeviceCallbacks{
		Data: func(out, in []byte, _ uint32) { l.run(samples(in), samples(out)) },
	})
	if err != nil {
		return nil, err
	}
	l.device = device
	// Anything but 16 bit mono at 48 kHz would be read as noise.
	if useMic && (device.CaptureFormat() != malgo.FormatS16 || device.CaptureChannels() != 1) ||
		useSpk && (device.PlaybackFormat() != malgo.FormatS16 || device.PlaybackChannels() != 1) || device.SampleRate() != Rate {
		device.Uninit()
		return nil, errors.New("the device has no usable format")
	}
	if err := device.Start(); err != nil {
		device.Uninit()
		return nil, err
	}
	return l, nil
}

// stop returns when the callback has ended for good.
func (l *line) stop() {
	// Uninit alone waits for ever for a thread that listens to a dead sound server;
	// Stop wakes it. Its error says that the device is not running, which is well.
	_ = l.device.Stop()
	l.device.Uninit()
	// The thread was joined in C: order what it wrote before what comes now.
	l.ran.Load()
}

// run is the device's callback, with any number of samples. A microphone sets the
// pace if there is one, else the speaker.
func (l *line) run(in, out []int16) {
	defer l.ran.Add(1)
	if l.mic {
		l.in = append(l.in, in...)
		at := 0
		for ; len(l.in)-at >= Period; at += Period {
			l.cycle(l.in[at:at+Period], l.buf[:])
			if out != nil {
				l.out = append(l.out, l.buf[:]...)
			}
		}
		l.in = l.in[:copy(l.in, l.in[at:])]
	} else {
		for len(l.out) < len(out) {
			l.cycle(nil, l.buf[:])
			l.out = append(l.out, l.buf[:]...)
		}
	}
	n := copy(out, l.out)
	clear(out[n:])
	l.out = l.out[:copy(l.out, l.out[n:])]
	// Speaker and microphone that drift apart must not add delay.
	if extra := len(l.out) - 2*Period; extra > 0 {
		l.out = l.out[:copy(l.out, l.out[extra:])]
	}
}

// samples views a device's bytes as 16-bit samples.
func samples(b []byte) []int16 {
	if len(b) < 2 {
		return nil
	}
	return unsafe.Slice((*int16)(unsafe.Pointer(&b[0])), len(b)/2)
}
