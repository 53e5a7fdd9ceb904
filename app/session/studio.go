package session

import (
	"image"
	"sync"

	"guichet/app/client"

	"github.com/pion/rtp"
)

// wishes is how the devices should be.
type wishes struct {
	sound, camera    bool // open at all
	muted, cameraOff bool
	names            [3]string // by kind
	cameraTry        int       // another number: try the camera again
	bitrate          int       // of the camera, bits per second
	loss             int       // of sent sound, percent
	screen           *Screen   // to be shown; another pointer: open it anew
	screenBitrate    int       // bits per second
}

// studio brings microphone, speaker, camera and screen in line with the newest wishes.
// Devices take their time, so that is done on a goroutine of its own, which
// alone opens and closes them; wishes that it has not seen yet are replaced.
type studio struct {
	media  Media
	out    *client.Outgoing
	shown  *client.Outgoing // of the screen
	events studioEvents
	poke   chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	want   wishes
	voices map[Player]bool
	closed bool
	sound  Sound // set by the worker
	camera Camera
	shared Shared
}

// studioEvents are called on the media's goroutines.
type studioEvents struct {
	show        func(*image.YCbCr)
	warning     func(kind, error)
	mutedSpeech func()
	unshared    func(*Screen, error) // it is not there any more
}

// defaultBitrate is what a picture of 720 lines needs to look good.
const defaultBitrate = 1_500_000

func newStudio(m Media, out, shown *client.Outgoing, events studioEvents) *studio {
	s := &studio{media: m, out: out, shown: shown, events: events, poke: make(chan struct{}, 1), done: make(chan struct{}), voices: map[Player]bool{}}
	go s.work()
	return s
}

// wish says how the devices should be from now on.
func (s *studio) wish(w wishes) {
	s.mu.Lock()
	s.want = w
	s.mu.Unlock()
	s.wake()
}

// play mixes a player's sound in until stop is called.
func (s *studio) play(p Player) (stop func()) {
	s.set(p, true)
	return func() { s.set(p, false) }
}

func (s *studio) set(p Player, playing bool) {
	s.mu.Lock()
	if playing {
		s.voices[p] = true
	} else {
		delete(s.voices, p)
	}
	s.mu.Unlock()
	s.wake()
}

// close frees all devices and returns when that is done.
func (s *studio) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake()
	<-s.done
}

func (s *studio) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// level returns how loud the microphone is.
func (s *studio) level() float64 {
	s.mu.Lock()
	sound := s.sound
	s.mu.Unlock()
	if sound == nil {
		return 0
	}
	return sound.MicrophoneLevel()
}

// requestKeyFrame asks the encoder for a key frame.
func (s *studio) requestKeyFrame() {
	s.mu.Lock()
	camera := s.camera
	s.mu.Unlock()
	if camera != nil {
		camera.RequestKeyFrame()
	}
}

// requestScreenKeyFrame asks the screen's encoder for a key frame.
func (s *studio) requestScreenKeyFrame() {
	s.mu.Lock()
	shared := s.shared
	s.mu.Unlock()
	if shared != nil {
		shared.RequestKeyFrame()
	}
}

// work is the worker; have is how the devices are.
func (s *studio) work() {
	defer close(s.done)
	var have wishes
	playing := map[Player]func(){}
	for range s.poke {
		s.mu.Lock()
		want, closed := s.want, s.closed
		voices := make(map[Player]bool, len(s.voices))
		for p := range s.voices {
			voices[p] = true
		}
		s.mu.Unlock()
		if closed {
			want = wishes{}
		}
		s.workScreen(&have, want) // first: who stops sharing wants that now
		s.workSound(&have, want)
		s.mix(playing, voices)
		s.workCamera(&have, want)
		if closed {
			return
		}
	}
}

func (s *studio) workSound(have *wishes, want wishes) {
	switch {
	case !want.sound && s.sound != nil:
		old := s.sound
		s.setSound(nil)
		old.Close()
	case want.sound && s.sound == nil:
		sound, err := s.media.OpenSound(SoundConfig{Microphone: want.names[microphone], Speaker: want.names[speaker], Muted: want.muted,
			Send:          func(p *rtp.Packet) { _ = s.out.WriteAudio(p) }, // a connection that closes just now
			OnWarning:     func(err error) { s.events.warning(microphone, err) },
			OnMutedSpeech: s.events.mutedSpeech})
		if err != nil {
			s.events.warning(microphone, err)
			return
		}
		s.setSound(sound)
	case s.sound != nil:
		for k, set := range map[kind]func(string) error{microphone: s.sound.SetMicrophone, speaker: s.sound.SetSpeaker} {
			if have.names[k] != want.names[k] {
				if err := set(want.names[k]); err != nil {
					s.events.warning(k, err)
				}
			}
		}
		if have.muted != want.muted {
			s.sound.SetMuted(want.muted)
		}
	}
	if s.sound != nil && have.loss != want.loss {
		s.sound.SetLoss(want.loss)
	}
	have.names[microphone], have.names[speaker] = want.names[microphone], want.names[speaker]
	have.muted, have.loss = want.muted, want.loss
}

// mix brings the voices that the speaker plays in line with those wanted.
func (s *studio) mix(playing map[Player]func(), voices map[Player]bool) {
	for p, remove := range playing {
		if s.sound == nil || !voices[p] {
			remove()
			delete(playing, p)
		}
	}
	if s.sound == nil {
		return
	}
	for p := range voices {
		if playing[p] == nil {
			playing[p] = s.sound.Play(p)
		}
	}
}

func (s *studio) workCamera(have *wishes, want wishes) {
	switch {
	case !want.camera && s.camera != nil:
		old := s.camera
		s.setCamera(nil)
		old.Close()
	case want.camera && s.camera == nil:
		c, err := s.media.OpenCamera(CameraConfig{Name: want.names[camera], Off: want.cameraOff, Bitrate: want.bitrate,
			Send:    func(p *rtp.Packet) { _ = s.out.WriteVideo(p) }, // a connection that closes just now
			Show:    s.events.show,
			OnError: func(err error) { s.events.warning(camera, err) }})
		if err != nil {
			s.events.warning(camera, err)
			return
		}
		s.setCamera(c)
	case s.camera != nil:
		if have.names[camera] != want.names[camera] || have.cameraTry != want.cameraTry {
			s.camera.Choose(want.names[camera])
		}
		if have.cameraOff != want.cameraOff {
			s.camera.SetOff(want.cameraOff)
		}
		if have.bitrate != want.bitrate {
			s.camera.SetBitrate(want.bitrate)
		}
	}
	have.names[camera], have.cameraTry, have.cameraOff, have.bitrate = want.names[camera], want.cameraTry, want.cameraOff, want.bitrate
}

func (s *studio) workScreen(have *wishes, want wishes) {
	if s.shared != nil && have.screen != want.screen {
		old := s.shared
		s.setShared(nil)
		old.Close()
	}
	switch {
	case want.screen == nil:
	case have.screen != want.screen:
		of := want.screen
		shared, err := s.media.OpenScreen(ScreenConfig{ID: of.ID, Bitrate: want.screenBitrate,
			Send:    func(p *rtp.Packet) { _ = s.shown.WriteVideo(p) }, // a connection that closes just now
			OnError: func(err error) { s.events.unshared(of, err) }})
		if err != nil {
			s.events.unshared(of, err)
			break
		}
		s.setShared(shared)
	case s.shared != nil && have.screenBitrate != want.screenBitrate:
		s.shared.SetBitrate(want.screenBitrate)
	}
	have.screen, have.screenBitrate = want.screen, want.screenBitrate
}

func (s *studio) setShared(v Shared) {
	s.mu.Lock()
	s.shared = v
	s.mu.Unlock()
}

func (s *studio) setSound(v Sound) {
	s.mu.Lock()
	s.sound = v
	s.mu.Unlock()
}

func (s *studio) setCamera(v Camera) {
	s.mu.Lock()
	s.camera = v
	s.mu.Unlock()
}
