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

// Lengths of a file's parts (RFC 9649, section 2).
const (
	riffHead  = 12
	chunkHead = 8
	shotHead  = 16 // of a frame within a loop
)

// Encode puts one frame into a still picture, several into a loop that shows each
// for a while, in the middle of a canvas that holds the largest.
func Encode(frames []Frame, each time.Duration) ([]byte, error) {
	width, height, size := 0, 0, riffHead+2*chunkHead+frameHead+6
	for _, f := range frames {
		width, height = max(width, f.Width), max(height, f.Height)
		size += 2*chunkHead + shotHead + len(f.Data) + 1
	}
	out := append(make([]byte, 0, size), "RIFF\x00\x00\x00\x00WEBP"...)
	switch len(frames) {
	case 0:
		return nil, ErrFrame
	case 1:
		out = picture(out, frames[0])
	default:
		const animated = 1 << 1
		out = append(chunk(out, "VP8X", frameHead), animated, 0, 0, 0)
		out = uint24(uint24(out, width-1), height-1)
		out = append(chunk(out, "ANIM", 6), 0, 0, 0, 0, 0, 0) // clear background, loop for ever
		for _, f := range frames {
			out = chunk(out, "ANMF", shotHead+chunkHead+len(f.Data)+len(f.Data)%2)
			// Places count in steps of two pixels.
			out = uint24(uint24(out, (width-f.Width)/4), (height-f.Height)/4)
			out = uint24(uint24(out, f.Width-1), f.Height-1)
			const alone = 1<<1 | 1 // do not blend with what was before, and leave nothing behind
			out = append(uint24(out, int(each/time.Millisecond)), alone)
			out = picture(out, f)
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-chunkHead))
	return out, nil
}

// picture appends a frame as a chunk, which takes an even length.
func picture(b []byte, f Frame) []byte {
	b = append(chunk(b, "VP8 ", len(f.Data)), f.Data...)
	if len(f.Data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// chunk appends the head of a chunk.
func chunk(b []byte, name string, size int) []byte {
	return binary.LittleEndian.AppendUint32(append(b, name...), uint32(size))
}

func uint24(b []byte, n int) []byte { return append(b, byte(n), byte(n>>8), byte(n>>16)) }
