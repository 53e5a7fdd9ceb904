package sfu

import "strings"

const (
	mimeVP8  = "video/VP8"
	mimeH264 = "video/H264"
	mimeOpus = "audio/opus"
	mimeRTX  = "video/rtx"
)

// H.264 NAL unit types, RFC 6184 section 5.2.
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// startsKeyFrame returns the test for one codec that says whether a payload is
// the first of a key frame, or nil when every packet can be decoded alone.
func startsKeyFrame(mime string) func(payload []byte) bool {
	switch {
	case strings.EqualFold(mime, mimeVP8):
		return vp8KeyFrame
	case strings.EqualFold(mime, mimeH264):
		return h264KeyFrame
	}
	return nil
}

// vp8KeyFrame reads the payload descriptor and the first byte of the payload
// header, RFC 7741 sections 4.2 and 4.3.
func vp8KeyFrame(b []byte) bool {
	if len(b) == 0 || b[0]&0x10 == 0 || b[0]&0x07 != 0 {
		return false // not the start of the first partition
	}
	at, ok := vp8Descriptor(b)
	return ok && b[at]&0x01 == 0
}

// vp8Descriptor returns how long the payload descriptor is, RFC 7741 section
// 4.2, and whether anything follows it.
func vp8Descriptor(b []byte) (size int, ok bool) {
	if len(b) < 2 {
		return 0, false
	}
	at := 1
	if b[0]&0x80 != 0 {
		ext := b[1]
		at = 2
		if ext&0x80 != 0 { // picture id, one or two bytes
			if len(b) <= at {
				return 0, false
			}
			if b[at]&0x80 != 0 {
				at++
			}
			at++
		}
		if ext&0x40 != 0 { // TL0PICIDX
			at++
		}
		if ext&0x30 != 0 { // TID, Y, KEYIDX
			at++
		}
	}
	return at, len(b) > at
}

// h264KeyFrame looks for a parameter set or the start of an IDR picture,
// RFC 6184 sections 5.6 to 5.8.
func h264KeyFrame(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch kind := b[0] & 0x1f; kind {
	case nalIDR, nalSPS:
		return true
	case nalFUA:
		return b[1]&0x80 != 0 && b[1]&0x1f == nalIDR
	case nalSTAPA:
		for b = b[1:]; len(b) > 2; {
			size := int(b[0])<<8 | int(b[1])
			if kind := b[2] & 0x1f; size > 0 && (kind == nalIDR || kind == nalSPS) {
				return true
			}
			if size+2 > len(b) {
				return false
			}
			b = b[size+2:]
		}
	}
	return false
}
