package session

import (
	"errors"
	"image"
	"time"

	"github.com/pion/rtp"
)

// Off is the name of the device that is none.
const Off = "none"

// ErrSwitchedOff is wrapped by a camera's error that is no trouble: the person
// wants none.
var ErrSwitchedOff = errors.New("switched off")

// Media is the hardware and the codecs of this computer. Its methods may take
// time; the session never calls them on its loop. Errors are sentences in lower
// case that a person understands.
type Media interface {
	Devices() (cameras, microphones, speakers []Device)
	OpenSound(SoundConfig) (Sound, error)
	OpenCamera(CameraConfig) (Camera, error)
	NewPlayer(PlayerConfig) (Player, error)
	// Screens lists what of this computer's screen can be shown to others.
	Screens() ([]Screen, error)
	OpenScreen(ScreenConfig) (Shared, error)
}

// SoundConfig says how to open microphone and speaker. Callbacks run on the
// media's goroutines and do not block.
type SoundConfig struct {
	Microphone, Speaker string
	Muted               bool
	Send                func(*rtp.Packet) // encoded sound
	OnWarning           func(error)
	OnMutedSpeech       func() // somebody speaks though muted
}

// Sound is an open microphone with its encoder, and a speaker.
type Sound interface {
	SetMicrophone(name string) error
	SetSpeaker(name string) error
	SetMuted(muted bool)
	SetLoss(percent int)
	MicrophoneLevel() float64
	Play(Player) (remove func())
	Close()
}

// CameraConfig says how to open a camera.
type CameraConfig struct {
	Name    string
	Off     bool              // start without opening the device
	Bitrate int               // bits per second
	Send    func(*rtp.Packet) // encoded pictures
	Show    func(*image.YCbCr)
	OnError func(error)
}

// Camera is a camera with its encoder. It exists also while the device is off
// or missing.
type Camera interface {
	Choose(name string)
	SetOff(off bool)
	SetBitrate(bitrate int)
	RequestKeyFrame()
	Close()
}

// ScreenConfig says what to show of this computer's screen.
type ScreenConfig struct {
	ID      string            // of a Screen
	Bitrate int               // bits per second
	Send    func(*rtp.Packet) // encoded pictures
	OnError func(error)       // it is not there any more
}

// Shared is a screen that is shown, with its encoder.
type Shared interface {
	SetBitrate(bitrate int)
	RequestKeyFrame()
	Close()
}

// PlayerConfig says where a received stream goes.
type PlayerConfig struct {
	Show             func(*image.YCbCr)
	OnKeyFrameNeeded func()
}

// Player decodes one received stream. Its sound is fetched by a Sound.
type Player interface {
	PushAudio(*rtp.Packet)
	PushVideo(*rtp.Packet)
	AudioReport(ntp uint64, rtp uint32)
	VideoReport(ntp uint64, rtp uint32)
	ReadPCM(dst []int16)
	Level() float64
	LastFrame() time.Time // zero before the first picture
	Close()
}
