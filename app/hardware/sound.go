package hardware

import (
	"guichet/app/session"
	"guichet/media/send"
	"guichet/media/sound"
)

// ears is a sound device with the encoder of its microphone.
type ears struct {
	*sound.Device
	sender *send.Audio
}

func openSound(cfg session.SoundConfig) (*ears, error) {
	d, err := sound.Open(sound.Config{Microphone: cfg.Microphone, Speaker: cfg.Speaker, OnWarning: cfg.OnWarning})
	if err != nil {
		return nil, err
	}
	packetizer := send.NewOpusPacketizer()
	sender, err := send.NewAudio(send.AudioConfig{Source: d, Muted: cfg.Muted, OnMutedSpeech: cfg.OnMutedSpeech, OnError: cfg.OnWarning,
		OnSample: func(s send.Sample) {
			for _, p := range packetizer.Packets(s) {
				cfg.Send(p)
			}
		}})
	if err != nil {
		d.Close()
		return nil, err
	}
	return &ears{d, sender}, nil
}

// SetMuted stops sending; the level is still measured.
func (e *ears) SetMuted(muted bool) { e.sender.SetMuted(muted) }

// SetLoss tells how many percent of the packets get lost.
func (e *ears) SetLoss(percent int) { e.sender.SetLoss(percent) }

// Play mixes a voice in.
func (e *ears) Play(p session.Player) (remove func()) { return e.AddSource(p) }

// Close ends all.
func (e *ears) Close() {
	e.sender.Close()
	// What failed was told as a warning.
	_ = e.Device.Close()
}
