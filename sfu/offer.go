package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

const (
	maxSections  = 32
	maxOfferSize = 256 << 10 // bytes
	maxMid       = 32        // bytes
)

// use is what becomes of one media section of an offer.
type use int

const (
	rejected use = iota // port 0
	inactive            // kept for later, nothing flows
	taken               // carries a track
)

// section is one media section of an offer.
type section struct {
	media  *sdp.MediaDescription
	mid    string
	use    use
	format format // when taken
	track  *track // when taken by a viewer
}

// offer is a client's SDP offer and what is to be answered. pion is not shown
// the offer itself but one made anew from the sections taken and the few
// attributes that matter (see reduced), so that nothing else in it, by mistake
// or by intent, has any effect.
type offer struct {
	sections  []section
	group     bool // the client bundles, RFC 9143
	transport []sdp.Attribute
	passive   bool // the client leaves the beginning of the DTLS handshake to us, RFC 8842
	mixed     bool // a=extmap-allow-mixed, RFC 8285 section 6
}

func badOffer(format string, a ...any) error {
	return fmt.Errorf("%w: %s", ErrBadOffer, fmt.Sprintf(format, a...))
}

// parseOffer reads an offer; all sections that can be answered are inactive.
func parseOffer(text string) (*offer, error) {
	if len(text) > maxOfferSize {
		return nil, badOffer("longer than %d bytes", maxOfferSize)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, badOffer("not SDP")
	}
	if len(d.MediaDescriptions) == 0 || len(d.MediaDescriptions) > maxSections {
		return nil, badOffer("%d media sections, want 1 to %d", len(d.MediaDescriptions), maxSections)
	}
	if _, lite := d.Attribute(sdp.AttrKeyICELite); lite {
		return nil, badOffer("an ICE-lite client, which waits for checks as the server does")
	}
	o := &offer{}
	var bundled []string
	for _, a := range d.Attributes {
		if kind, mids, _ := strings.Cut(a.Value, " "); a.Key == sdp.AttrKeyGroup && kind == "BUNDLE" {
			o.group, bundled = true, strings.Fields(mids)
		}
	}
	_, o.mixed = d.Attribute(sdp.AttrKeyExtMapAllowMixed)
	for _, m := range d.MediaDescriptions {
		s := section{media: m}
		s.mid, _ = m.Attribute(sdp.AttrKeyMID)
		answerable := m.MediaName.Port.Value != 0 && len(m.MediaName.Formats) > 0 &&
			webrtc.NewRTPCodecType(m.MediaName.Media) != 0 &&
			slices.Contains(m.MediaName.Protos, "RTP") && slices.Contains(m.MediaName.Protos, "TLS")
		if answerable && (s.mid == "" || len(s.mid) > maxMid) {
			return nil, badOffer("a media section has no usable mid")
		}
		if s.mid != "" && slices.ContainsFunc(o.sections, func(x section) bool { return x.mid == s.mid }) {
			return nil, badOffer("mid used twice")
		}
		if answerable && (!o.group || slices.Contains(bundled, s.mid)) {
			s.use = inactive
		}
		o.sections = append(o.sections, s)
	}
	if !o.group && len(o.sections) > 1 {
		return nil, badOffer("several media sections without BUNDLE")
	}
	return o, o.readTransport(&d)
}

// readTransport picks the one transport of the bundle: the session's, else that
// of the first section that has it.
func (o *offer) readTransport(d *sdp.SessionDescription) error {
	for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint", sdp.AttrKeyConnectionSetup} {
		value, ok := d.Attribute(key)
		for i := 0; !ok && i < len(d.MediaDescriptions); i++ {
			value, ok = d.MediaDescriptions[i].Attribute(key)
		}
		switch {
		case !ok && key == sdp.AttrKeyConnectionSetup:
			value = "actpass"
		case !ok || value == "" || len(value) > 512:
			return badOffer("no %s", key)
		}
		o.transport = append(o.transport, sdp.Attribute{Key: key, Value: value})
		if key == sdp.AttrKeyConnectionSetup {
			if value != "actpass" && value != "active" && value != "passive" {
				return badOffer("unknown setup")
			}
			o.passive = value == "passive"
		}
	}
	return nil
}

// direction returns what a section says of the flow, from the client's side.
func (s *section) direction() (sends, receives bool) {
	for _, a := range s.media.Attributes {
		switch a.Key {
		case sdp.AttrKeySendOnly:
			return true, false
		case sdp.AttrKeyRecvOnly:
			return false, true
		case sdp.AttrKeyInactive:
			return false, false
		}
	}
	return true, true
}

// reduced returns the offer as pion is to see it. sending says whose side the
// client is on.
func (o *offer) reduced(sending bool, extensions []string) (string, error) {
	d, err := sdp.NewJSEPSessionDescription(false)
	if err != nil {
		return "", err
	}
	group := "BUNDLE"
	d.Attributes = slices.Clone(o.transport)
	for i := range o.sections {
		s := &o.sections[i]
		if s.use != taken {
			continue
		}
		group += " " + s.mid
		d.MediaDescriptions = append(d.MediaDescriptions, s.reduced(sending, extensions))
	}
	if o.group {
		d.Attributes = append(d.Attributes, sdp.Attribute{Key: sdp.AttrKeyGroup, Value: group})
	}
	if o.mixed {
		d.Attributes = append(d.Attributes, sdp.Attribute{Key: sdp.AttrKeyExtMapAllowMixed})
	}
	b, err := d.Marshal()
	return string(b), err
}

func (s *section) reduced(sending bool, extensions []string) *sdp.MediaDescription {
	m := sdp.NewJSEPMediaDescription(s.media.MediaName.Media, nil)
	direction := sdp.AttrKeyRecvOnly
	if sending {
		direction = sdp.AttrKeySendOnly
	}
	m.WithValueAttribute(sdp.AttrKeyMID, s.mid).
		WithPropertyAttribute(sdp.AttrKeyRTCPMux).
		WithPropertyAttribute(direction)
	f := s.format
	m.WithCodec(f.payload, strings.SplitN(f.mime, "/", 2)[1], f.clock, f.channels, f.fmtp)
	for _, fb := range f.feedback {
		m.WithValueAttribute("rtcp-fb", strings.TrimSpace(fmt.Sprintf("%d %s %s", f.payload, fb.Type, fb.Parameter)))
	}
	if f.repair != 0 {
		m.WithCodec(f.repair, "rtx", f.clock, 0, fmt.Sprintf("apt=%d", f.payload))
	}
	for _, e := range s.extensions(extensions) {
		m.WithValueAttribute("extmap", fmt.Sprintf("%d %s", e.ID, e.URI))
	}
	if ssrc, ok := s.source(); ok && sending {
		m.WithValueAttribute("ssrc", fmt.Sprintf("%d cname:source", ssrc))
	}
	return m
}

// extensions returns the header extensions of the section among the known ones,
// RFC 8285 section 5.
func (s *section) extensions(known []string) []webrtc.RTPHeaderExtensionParameter {
	var list []webrtc.RTPHeaderExtensionParameter
	for _, a := range s.media.Attributes {
		if a.Key != "extmap" {
			continue
		}
		f := strings.Fields(a.Value)
		if len(f) < 2 || !slices.Contains(known, f[1]) {
			continue
		}
		id, _, _ := strings.Cut(f[0], "/")
		n, err := strconv.Atoi(id)
		if err != nil || n < 1 || n > 14 ||
			slices.ContainsFunc(list, func(e webrtc.RTPHeaderExtensionParameter) bool { return e.ID == n || e.URI == f[1] }) {
			continue
		}
		list = append(list, webrtc.RTPHeaderExtensionParameter{URI: f[1], ID: n})
	}
	return list
}

// source returns the SSRC that the section declares for its media: the first
// one that is not there to repair another, RFC 5576 section 4.
func (s *section) source() (uint32, bool) {
	repairs := map[string]bool{}
	for _, a := range s.media.Attributes {
		if a.Key == "ssrc-group" {
			if f := strings.Fields(a.Value); len(f) > 2 && f[0] != "SIM" {
				for _, id := range f[2:] {
					repairs[id] = true
				}
			}
		}
	}
	for _, a := range s.media.Attributes {
		id, _, _ := strings.Cut(a.Value, " ")
		if a.Key != "ssrc" || repairs[id] {
			continue
		}
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			return uint32(n), true
		}
	}
	return 0, false
}
