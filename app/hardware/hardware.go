package hardware

import (
	"guichet/app/session"
	"guichet/media/capture"
	"guichet/media/sound"
)

// Media is the hardware of this computer.
type Media struct{}

// Devices lists what is connected.
func (Media) Devices() (cameras, microphones, speakers []session.Device) {
	for _, d := range capture.Cameras() {
		cameras = append(cameras, session.Device{Name: d.Name, Label: d.Label})
	}
	return cameras, list(sound.Microphones()), list(sound.Speakers())
}

func list(found []sound.Info) []session.Device {
	devices := make([]session.Device, 0, len(found))
	for _, d := range found {
		devices = append(devices, session.Device{Name: d.Name})
	}
	return devices
}

// OpenSound opens microphone and speaker. Missing ones are a warning.
func (Media) OpenSound(cfg session.SoundConfig) (session.Sound, error) { return openSound(cfg) }

// OpenCamera opens a camera. One that is missing or busy is told to OnError.
func (Media) OpenCamera(cfg session.CameraConfig) (session.Camera, error) { return openCamera(cfg) }

// NewPlayer starts to decode a stream.
func (Media) NewPlayer(cfg session.PlayerConfig) (session.Player, error) { return newPlayer(cfg) }
