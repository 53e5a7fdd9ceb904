// Package preview makes pictures of rooms out of the key frames that their
// members send, without decoding any: a VP8 key frame in a RIFF container is a
// WebP picture, and several are a short loop (RFC 9649).
//
// It owns how the members take turns in the picture, how old it may be, and the
// signed links that open it; what there is to see, and the frames, come from
// Config. A picture is made when somebody asks for one, so that rooms nobody
// looks at cost nothing. It knows nothing of HTTP, tokens or the SFU.
package preview

import (
	"encoding/binary"
	"errors"
	"time"
)

// ErrFrame tells that something is no VP8 key frame that can be shown.
var ErrFrame = errors.New("not a VP8 key frame")

// maxSide bounds the width and height of a frame, in pixels: VP8 has 14 bits.
const maxSide = 1<<14 - 1

// frameHead is the length of a key frame's header (RFC 6386, section 9.1).
const frameHead = 10

// Frame is a VP8 key frame and its size in pixels.
type Frame struct {
	Data          []byte
	Width, Height int
}

// ParseFrame reads the header of a key frame that shows something (RFC 6386,
// section 9.1); what follows is the decoder's to judge.
func ParseFrame(data []byte) (Frame, error) {
	if len(data) <= frameHead {
		return Frame{}, ErrFrame
	}
	tag := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	isKey, shown, first := tag&1 == 0, tag>>4&1 == 1, tag>>5
	f := Frame{data, int(binary.LittleEndian.Uint16(data[6:])) & maxSide, int(binary.LittleEndian.Uint16(data[8:])) & maxSide}
	if !isKey || !shown || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a || first > len(data)-frameHead || f.Width == 0 || f.Height == 0 {
		return Frame{}, ErrFrame
	}
	return f, nil
}

// Encode puts one frame into a still picture, several into a loop that shows each
// for a while, in the middle of a canvas that holds the largest.
func Encode(frames []Frame, each time.Duration) ([]byte, error) {
	switch len(frames) {
	case 0:
		return nil, ErrFrame
	case 1:
		return riff(chunk(nil, "VP8 ", frames[0].Data)), nil
	}
	width, height, size := 0, 0, 64
	for _, f := range frames {
		width, height, size = max(width, f.Width), max(height, f.Height), size+len(f.Data)+40
	}
	const animated = 1 << 1
	head := append(make([]byte, 0, frameHead), animated, 0, 0, 0)
	head = uint24(uint24(head, width-1), height-1)
	body := chunk(make([]byte, 0, size), "VP8X", head)
	body = chunk(body, "ANIM", make([]byte, 6)) // clear background, loop for ever
	for _, f := range frames {
		// Places count in steps of two pixels.
		part := uint24(uint24(make([]byte, 0, len(f.Data)+32), (width-f.Width)/4), (height-f.Height)/4)
		part = uint24(uint24(part, f.Width-1), f.Height-1)
		const alone = 1<<1 | 1 // do not blend with what was before, and leave nothing behind
		part = append(uint24(part, int(each/time.Millisecond)), alone)
		body = chunk(body, "ANMF", chunk(part, "VP8 ", f.Data))
	}
	return riff(body), nil
}

func riff(body []byte) []byte {
	out := append(make([]byte, 0, len(body)+12), "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...)
}

// chunk appends a chunk of an even length (RFC 9649, section 2.3).
func chunk(b []byte, name string, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, name...), uint32(len(data)))
	if b = append(b, data...); len(data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func uint24(b []byte, n int) []byte { return append(b, byte(n), byte(n>>8), byte(n>>16)) }
