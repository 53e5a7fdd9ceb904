package sfu

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

const (
	audioLevelURI = sdp.AudioLevelURI
	transportURI  = sdp.TransportCCURI
)

// codec is what a published track is encoded in.
type codec struct {
	kind     webrtc.RTPCodecType
	mime     string
	clock    uint32
	channels uint16
	fmtp     string
}

// format is one payload type of a media section, with the codec it stands for.
type format struct {
	codec
	payload  uint8
	feedback []webrtc.RTCPFeedback
	repair   uint8 // payload type of RFC 4588 retransmissions, 0: none
}

// formats returns the codecs of a section that can be forwarded, in its order.
func formats(m *sdp.MediaDescription) []format {
	kind := webrtc.NewRTPCodecType(m.MediaName.Media)
	names, params := map[string]string{}, map[string]string{}
	feedback := map[string][]webrtc.RTCPFeedback{}
	for _, a := range m.Attributes {
		id, value, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			names[id] = value
		case "fmtp":
			params[id] = strings.TrimSpace(value)
		case "rtcp-fb":
			what, parameter, _ := strings.Cut(value, " ")
			feedback[id] = append(feedback[id], webrtc.RTCPFeedback{Type: what, Parameter: parameter})
		}
	}
	repairs := map[string]uint8{}
	for id, value := range names {
		if name, _, _ := strings.Cut(value, "/"); strings.EqualFold(name, "rtx") {
			apt := strings.TrimPrefix(params[id], "apt=")
			if n, ok := payloadType(id); ok {
				repairs[apt] = n
			}
		}
	}
	var list []format
	for _, id := range m.MediaName.Formats {
		c, ok := knownCodec(kind, names[id], params[id])
		n, valid := payloadType(id)
		if ok && valid {
			list = append(list, format{c, n, slices.Concat(feedback[id], feedback["*"]), repairs[id]})
		}
	}
	return list
}

func payloadType(id string) (uint8, bool) {
	n, err := strconv.ParseUint(id, 10, 7)
	return uint8(n), err == nil && n != 0
}

// knownCodec reads an rtpmap value, as "VP8/90000" or "opus/48000/2".
func knownCodec(kind webrtc.RTPCodecType, rtpmap, fmtp string) (codec, bool) {
	name, rest, _ := strings.Cut(rtpmap, "/")
	rate, _, _ := strings.Cut(rest, "/")
	switch {
	case kind == webrtc.RTPCodecTypeAudio && strings.EqualFold(name, "opus") && rate == "48000":
		return codec{kind, mimeOpus, 48000, 2, fmtp}, true
	case kind == webrtc.RTPCodecTypeVideo && strings.EqualFold(name, "VP8") && rate == "90000":
		return codec{kind, mimeVP8, 90000, 0, fmtp}, true
	case kind == webrtc.RTPCodecTypeVideo && strings.EqualFold(name, "H264") && rate == "90000" &&
		fmtpValue(fmtp, "packetization-mode") == "1":
		return codec{kind, mimeH264, 90000, 0, fmtp}, true
	}
	return codec{}, false
}

func fmtpValue(fmtp, key string) string {
	for part := range strings.SplitSeq(fmtp, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(k, key) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// preferred returns the format a publisher should use: VP8, which every viewer
// can decode, before H.264, and there the simplest profile.
func preferred(list []format) (format, bool) {
	simple := []string{"42e0", "4200", "4d00"}
	rank := func(f format) int {
		if f.mime != mimeH264 {
			return 0
		}
		if i := slices.Index(simple, profile(f.codec)); i >= 0 {
			return 1 + i
		}
		return 1 + len(simple)
	}
	if len(list) == 0 {
		return format{}, false
	}
	return slices.MinFunc(list, func(a, b format) int { return rank(a) - rank(b) }), true
}

// profile returns the H.264 profile of a codec without its level, RFC 6184
// section 8.1.
func profile(c codec) string {
	id := strings.ToLower(fmtpValue(c.fmtp, "profile-level-id"))
	if len(id) != 6 {
		return "4200" // the default, baseline
	}
	return id[:4]
}

// accepts reports whether a viewer that offers codec v can decode codec p.
func (v codec) accepts(p codec) bool {
	if v.kind != p.kind || v.mime != p.mime {
		return false
	}
	// Every H.264 decoder can decode constrained baseline.
	return p.mime != mimeH264 || profile(p) == "42e0" || profile(v) == profile(p)
}
