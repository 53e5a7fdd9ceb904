package hardware

import (
	"guichet/app/session"
	"guichet/media/capture"
	"guichet/media/send"
)

// Screens lists what of this computer's screen can be shown.
func (Media) Screens() ([]session.Screen, error) {
	found, err := capture.Screens()
	list := make([]session.Screen, 0, len(found))
	for _, s := range found {
		list = append(list, session.Screen{ID: s.ID, Name: s.Name, Window: s.Window, Width: s.Width, Height: s.Height})
	}
	return list, err
}

// OpenScreen shows a screen. One that is not there, or not any more, is told to
// OnError.
func (Media) OpenScreen(cfg session.ScreenConfig) (session.Shared, error) {
	packetizer := send.NewVP8Packetizer()
	v, err := send.NewVideo(send.VideoConfig{Screen: true, Bitrate: cfg.Bitrate, OnError: cfg.OnError,
		Open: func() (capture.Video, error) { return capture.OpenScreen(cfg.ID, capture.Options{}) },
		OnSample: func(s send.Sample) {
			for _, p := range packetizer.Packets(s) {
				cfg.Send(p)
			}
		}})
	if err != nil {
		return nil, err
	}
	return v, nil
}
