package codec

import (
	"fmt"

	"github.com/hraban/opus"
)

// Sound in a call is always 48 kHz mono (RFC 7587), sent 20 ms at a time.
const (
	SampleRate  = 48000               // samples per second
	OpusFrame   = SampleRate / 50     // samples of one packet we send, 20 ms
	OpusLongest = SampleRate * 3 / 25 // samples of the longest packet, 120 ms
)

// OpusConfig says how an Opus encoder works; zero fields take the defaults.
type OpusConfig struct {
	Bitrate int // bits per second, 32000 by default
	Loss    int // expected packet loss in percent, 10 by default: enables redundancy
}

// OpusEncoder encodes speech with in-band redundancy (FEC) and silence
// suppression (DTX).
type OpusEncoder struct {
	enc *opus.Encoder
	buf [1276]byte // the largest packet of one frame, RFC 6716 section 3.4
}

// NewOpusEncoder makes an encoder for voice.
func NewOpusEncoder(cfg OpusConfig) (*OpusEncoder, error) {
	if cfg.Bitrate == 0 {
		cfg.Bitrate = 32000
	}
	if cfg.Loss == 0 {
		cfg.Loss = 10
	}
	enc, err := opus.NewEncoder(SampleRate, 1, opus.AppVoIP)
	if err != nil {
		return nil, fmt.Errorf("opus encoder: %w", err)
	}
	e := &OpusEncoder{enc: enc}
	for _, err := range []error{
		enc.SetBitrate(cfg.Bitrate), enc.SetInBandFEC(true), enc.SetDTX(true), e.SetLoss(cfg.Loss),
	} {
		if err != nil {
			return nil, fmt.Errorf("opus encoder: %w: %w", err, ErrSettings)
		}
	}
	return e, nil
}

// Encode encodes 20 ms of sound, 960 samples. The packet is valid until the next
// Encode; it is empty while DTX finds nothing worth sending.
func (e *OpusEncoder) Encode(pcm []int16) ([]byte, error) {
	if len(pcm) != OpusFrame {
		return nil, fmt.Errorf("opus frame of %d samples: %w", len(pcm), ErrSettings)
	}
	n, err := e.enc.Encode(pcm, e.buf[:])
	if err != nil {
		return nil, fmt.Errorf("opus encode: %w", err)
	}
	// Two bytes or less need not be sent (opus_encoder.h, opus_encode).
	if n <= 2 {
		return nil, nil
	}
	return e.buf[:n], nil
}

// SetLoss tells how many percent of the packets get lost, which sets how much
// redundancy is sent.
func (e *OpusEncoder) SetLoss(percent int) error {
	return e.enc.SetPacketLossPerc(min(max(percent, 0), 100))
}

// SetBitrate changes the target in bits per second.
func (e *OpusEncoder) SetBitrate(bitrate int) error {
	return e.enc.SetBitrate(min(max(bitrate, 6000), 510_000))
}

// OpusDecoder decodes one stream to mono and fills its gaps.
type OpusDecoder struct {
	dec *opus.Decoder
	buf [OpusLongest]int16
}

// NewOpusDecoder makes a decoder.
func NewOpusDecoder() (*OpusDecoder, error) {
	dec, err := opus.NewDecoder(SampleRate, 1)
	if err != nil {
		return nil, fmt.Errorf("opus decoder: %w", err)
	}
	return &OpusDecoder{dec: dec}, nil
}

// Decode returns the packet's samples, valid until the next call.
func (d *OpusDecoder) Decode(packet []byte) ([]int16, error) {
	if len(packet) == 0 {
		return nil, fmt.Errorf("empty opus packet: %w", ErrCorrupt)
	}
	n, err := d.dec.Decode(packet, d.buf[:])
	if err != nil {
		return nil, fmt.Errorf("opus decode: %w: %w", err, ErrCorrupt)
	}
	return d.buf[:n], nil
}

// DecodeFEC returns the samples of the packet that was lost just before packet,
// from packet's redundancy if it has any, else concealed. Packet itself is to be
// decoded afterwards.
func (d *OpusDecoder) DecodeFEC(packet []byte, samples int) ([]int16, error) {
	if len(packet) == 0 {
		return d.Conceal(samples)
	}
	out, err := d.gap(samples)
	if err != nil {
		return nil, err
	}
	if err := d.dec.DecodeFEC(packet, out); err != nil {
		return nil, fmt.Errorf("opus redundancy: %w: %w", err, ErrCorrupt)
	}
	return out, nil
}

// Conceal returns samples that continue the sound over a lost packet, or the
// comfort noise of a pause. Samples must be a multiple of 120 (2.5 ms).
func (d *OpusDecoder) Conceal(samples int) ([]int16, error) {
	out, err := d.gap(samples)
	if err != nil {
		return nil, err
	}
	if err := d.dec.DecodePLC(out); err != nil {
		return nil, fmt.Errorf("opus concealment: %w", err)
	}
	return out, nil
}

// gap returns a buffer whose capacity is its length, by which the wrapper below
// tells libopus how much is missing.
func (d *OpusDecoder) gap(samples int) ([]int16, error) {
	if samples <= 0 || samples > OpusLongest || samples%120 != 0 {
		return nil, fmt.Errorf("opus gap of %d samples: %w", samples, ErrSettings)
	}
	return d.buf[:samples:samples], nil
}

// OpusDuration returns how many samples at 48 kHz a packet holds, from its first
// bytes (RFC 6716 section 3.1), or 0 if it is malformed.
func OpusDuration(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	toc := packet[0]
	var frame int
	switch config := toc >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = 120 << (config & 3)
	}
	count := 1
	switch toc & 3 {
	case 1, 2:
		count = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		count = int(packet[1] & 63)
	}
	if count*frame > OpusLongest {
		return 0
	}
	return count * frame
}
