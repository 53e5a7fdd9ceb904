package sound

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"guichet/media/level"
)

const (
	// beat is how often the device is looked after and missing ones are looked for.
	beat = 2 * time.Second
	// patience is how many beats without a period make a device dead: some need two
	// seconds for their first.
	patience = 2
)

// Device is an open pair of microphone and speaker, real or not.
type Device struct {
	cfg      Config
	captured *ring
	meter    level.Meter
	sources  atomic.Pointer[[]Source]
	closed   chan struct{}
	ended    chan struct{}
	periods  atomic.Uint64 // how many there were

	mu         sync.Mutex // guards what follows and who reads; the callback never takes it
	microphone end
	speaker    end
	input      Source    // stands in for a microphone
	recorder   *recorder // stands in for a speaker
	system     *system   // nil while there is no sound system
	clock      interface{ stop() }
	seen       string // devices there were when the clock started
	degraded   bool   // some wanted device is missing
	isClosed   bool

	// The callback's own.
	scratch  [Period]int16
	playback [Period]int16
	capture  [Period]int16
	sum      [Period]int32
}

// Open opens what cfg says. Devices that are missing do not fail it: OnWarning is
// told, and they are taken into use when they appear.
func Open(cfg Config) (*Device, error) {
	if cfg.OnWarning == nil {
		cfg.OnWarning = func(error) {}
	}
	microphone, err := parse(cfg.Microphone, true)
	if err != nil {
		return nil, err
	}
	speaker, err := parse(cfg.Speaker, false)
	if err != nil {
		return nil, err
	}
	d := &Device{cfg: cfg, captured: newRing(8), closed: make(chan struct{}), ended: make(chan struct{}),
		microphone: microphone, speaker: speaker}
	d.sources.Store(new([]Source))
	if d.input, err = openInput(microphone); err != nil {
		return nil, err
	}
	if d.recorder, err = d.openRecorder(speaker); err != nil {
		return nil, err
	}
	d.mu.Lock()
	warnings := d.start()
	d.mu.Unlock()
	d.warn(warnings)
	go d.supervise()
	return d, nil
}

func openInput(e end) (Source, error) {
	switch e.kind {
	case tone:
		return NewTone(e.hz), nil
	case file:
		return openLoop(e.path)
	default:
		return nil, nil
	}
}

func (d *Device) openRecorder(e end) (*recorder, error) {
	if e.kind != file {
		return nil, nil
	}
	return newRecorder(e.path, d.cfg.OnWarning)
}

func (d *Device) warn(warnings []error) {
	for _, err := range warnings {
		d.cfg.OnWarning(err)
	}
}

// Read returns the next 10 ms of the microphone, valid until the next Read. One
// goroutine may read; sound that nobody reads is dropped after 80 ms.
func (d *Device) Read(ctx context.Context) ([]int16, error) {
	return d.captured.next(ctx, d.closed)
}

// AddSource mixes a voice in until remove is called. The device may still be asking
// for its last samples when remove returns.
func (d *Device) AddSource(s Source) (remove func()) {
	d.change(func(list []Source) []Source { return append(list, s) })
	var once sync.Once
	return func() {
		once.Do(func() {
			d.change(func(list []Source) []Source {
				if i := slices.Index(list, s); i >= 0 {
					list = slices.Delete(list, i, i+1)
				}
				return list
			})
		})
	}
}

// change replaces the list, which the callback reads without a lock.
func (d *Device) change(edit func([]Source) []Source) {
	for {
		old := d.sources.Load()
		list := edit(slices.Clone(*old))
		if d.sources.CompareAndSwap(old, &list) {
			return
		}
	}
}

// MicrophoneLevel returns how loud the microphone is now, 0 to 1.
func (d *Device) MicrophoneLevel() float64 { return d.meter.Level() }

// SetMicrophone changes the microphone. An error leaves all as it was. Other voices
// and the speaker go on; a real speaker halts for the moment of re-opening.
func (d *Device) SetMicrophone(spec string) error {
	e, err := parse(spec, true)
	if err != nil {
		return err
	}
	input, err := openInput(e)
	if err != nil {
		return err
	}
	return d.replace(func() error {
		d.microphone, d.input = e, input
		return nil
	})
}

// SetSpeaker changes the speaker, in the manner of SetMicrophone.
func (d *Device) SetSpeaker(spec string) error {
	e, err := parse(spec, false)
	if err != nil {
		return err
	}
	rec, err := d.openRecorder(e)
	if err != nil {
		return err
	}
	err = d.replace(func() error {
		old := d.recorder
		d.speaker, d.recorder = e, rec
		if old != nil {
			return old.close()
		}
		return nil
	})
	if errors.Is(err, ErrClosed) && rec != nil {
		return errors.Join(err, rec.close())
	}
	return err
}

// replace halts the clock for a change.
func (d *Device) replace(change func() error) error {
	d.mu.Lock()
	if d.isClosed {
		d.mu.Unlock()
		return ErrClosed
	}
	d.halt()
	err := change()
	warnings := d.start()
	d.mu.Unlock()
	d.warn(warnings)
	return err
}

// Close stops the sound and finishes files; it returns when all has ended.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.isClosed {
		d.mu.Unlock()
		<-d.ended
		return nil
	}
	d.isClosed = true
	close(d.closed)
	d.mu.Unlock()
	<-d.ended // the supervisor alone could start a clock now

	d.halt()
	if d.recorder != nil {
		return d.recorder.close()
	}
	return nil
}

// halt stops the clock and leaves the sound system, whose server may be gone.
func (d *Device) halt() {
	d.clock.stop()
	if d.system != nil {
		d.system.close()
		d.system = nil
	}
}

// start opens the hardware that is wanted and there, else a ticker. It returns what
// is missing. The caller holds the lock and has stopped the clock.
func (d *Device) start() (warnings []error) {
	wantMic, wantSpk := d.microphone.kind == hardware, d.speaker.kind == hardware
	d.degraded, d.seen = false, ""
	if wantMic || wantSpk {
		clock, missing := d.openHardware(wantMic, wantSpk)
		d.degraded = len(missing) > 0
		warnings = missing
		if clock != nil {
			d.clock = clock
			return warnings
		}
	}
	d.clock = newTicker(func() { d.cycle(nil, nil) })
	return warnings
}

// supervise re-opens hardware that stands still, for not every system tells when a
// device or the sound server went away, and looks for hardware that is missing.
func (d *Device) supervise() {
	defer close(d.ended)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	var last uint64
	idle := 0 // beats without a period
	for {
		select {
		case <-d.closed:
			return
		case <-ticker.C:
		}
		now := d.periods.Load()
		if idle++; now != last {
			last, idle = now, 0
		}
		dead := idle >= patience
		d.mu.Lock()
		var warnings []error
		if !d.isClosed && (dead || d.degraded && d.changed()) {
			idle = 0
			d.halt()
			warnings = d.start()
		}
		d.mu.Unlock()
		d.warn(warnings)
	}
}

// cycle is one period: in is what a real microphone heard, or nil; out is to be
// filled for a real speaker, or nil. One clock at a time calls it.
func (d *Device) cycle(in, out []int16) {
	d.periods.Add(1)
	capture := in
	if capture == nil {
		capture = d.capture[:]
		clear(capture)
		if d.input != nil {
			d.input.ReadPCM(capture)
		}
	}
	playback := d.playback[:]
	mix(playback, d.scratch[:], d.sum[:], *d.sources.Load())
	if d.cfg.Processor != nil {
		d.cfg.Processor.Process(capture, playback)
	}
	d.meter.Add(capture)
	d.captured.put(capture)
	if d.recorder != nil {
		d.recorder.ring.put(playback)
	}
	if out != nil {
		copy(out, playback)
	}
}
