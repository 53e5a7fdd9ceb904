package hardware

import (
	"errors"
	"fmt"

	"guichet/app/session"
	"guichet/media/capture"
	"guichet/media/send"
)

// eye is a camera with its encoder.
type eye struct{ *send.Video }

func openCamera(cfg session.CameraConfig) (eye, error) {
	packetizer := send.NewVP8Packetizer()
	v, err := send.NewVideo(send.VideoConfig{Open: source(cfg.Name), Bitrate: cfg.Bitrate, Muted: cfg.Off, OnFrame: cfg.Show,
		OnSample: func(s send.Sample) {
			for _, p := range packetizer.Packets(s) {
				cfg.Send(p)
			}
		},
		OnError: func(err error) {
			if errors.Is(err, capture.ErrNone) {
				err = fmt.Errorf("%w: %w", session.ErrSwitchedOff, err)
			}
			cfg.OnError(err)
		}})
	return eye{v}, err
}

func source(name string) func() (capture.Video, error) {
	return func() (capture.Video, error) { return capture.Open(name, capture.Options{}) }
}

// Choose goes over to another camera.
func (e eye) Choose(name string) { e.Switch(source(name)) }

// SetOff stops the camera and frees the device, or opens it again.
func (e eye) SetOff(off bool) { e.SetMuted(off) }
