// Package codec encodes and decodes what a call carries: VP8 pictures through
// libvpx and Opus sound through libopus.
//
// It owns the codecs' memory and their settings for conversation: little delay,
// steady bitrate, recovery by key frames and by Opus' in-band redundancy. It must
// not know RTP, devices or windows. Each encoder and decoder belongs to one
// goroutine at a time; only Close may be called twice.
//
// It needs cgo: without it there is no sense in a program that shows video.
package codec

import "errors"

var (
	// ErrClosed is returned by a codec after Close.
	ErrClosed = errors.New("codec is closed")
	// ErrSettings is returned for settings that no call can use.
	ErrSettings = errors.New("codec settings out of range")
	// ErrCorrupt is returned for data that cannot be decoded, or whose picture
	// builds on one that was lost: only a key frame helps.
	ErrCorrupt = errors.New("corrupt or incomplete data")
	// ErrTooLarge is returned for a key frame that announces more than 4096x2304 pixels.
	ErrTooLarge = errors.New("picture too large")
)

const (
	clockRate = 90000       // RTP clock of video, RFC 7741 section 4.1
	maxPixels = 4096 * 2304 // what a hostile key frame may make us allocate
)
