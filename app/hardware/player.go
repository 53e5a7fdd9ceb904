package hardware

import (
	"time"

	"guichet/app/session"
	"guichet/media/codec"
	"guichet/media/playout"

	"github.com/pion/rtp"
)

// player decodes a stream's sound and pictures, in step with each other.
type player struct {
	audio *playout.Audio
	video *playout.Video
}

func newPlayer(cfg session.PlayerConfig) (*player, error) {
	decoder, err := codec.NewOpusDecoder()
	if err != nil {
		return nil, err
	}
	audio, err := playout.NewAudio(playout.AudioConfig{Decoder: decoder})
	if err != nil {
		return nil, err
	}
	video, err := playout.NewVideo(playout.VideoConfig{OnFrame: cfg.Show, OnKeyFrameNeeded: cfg.OnKeyFrameNeeded, Sound: audio})
	if err != nil {
		return nil, err
	}
	return &player{audio, video}, nil
}

// PushAudio takes a packet of Opus.
func (p *player) PushAudio(packet *rtp.Packet) { p.audio.Push(packet) }

// PushVideo takes a packet of VP8.
func (p *player) PushVideo(packet *rtp.Packet) { p.video.Push(packet) }

// AudioReport takes the times of a sender report of the sound.
func (p *player) AudioReport(ntp uint64, rtp uint32) { p.audio.SetSenderReport(ntp, rtp) }

// VideoReport takes the times of a sender report of the pictures.
func (p *player) VideoReport(ntp uint64, rtp uint32) { p.video.SetSenderReport(ntp, rtp) }

// ReadPCM fills dst with what is heard now.
func (p *player) ReadPCM(dst []int16) { p.audio.ReadPCM(dst) }

// Level returns how loud the stream is, 0 to 1.
func (p *player) Level() float64 { return p.audio.Level() }

// LastFrame returns when the newest picture was shown.
func (p *player) LastFrame() time.Time { return p.video.Stats().LastFrameAt }

// Close ends the decoding.
func (p *player) Close() { p.video.Close() }
