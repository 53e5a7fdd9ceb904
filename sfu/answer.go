package sfu

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// candidateLines returns the host candidates of every announced address, first
// over UDP, then over TCP (RFC 8445 section 5.1.2, RFC 6544 section 4.5). The
// server's candidates never change, so they are made once.
func candidateLines(addresses []netip.Addr, port uint16) []string {
	const udpHost, tcpHost = 126, 90
	var lines []string
	for i, a := range addresses {
		priority := udpHost<<24 | (65535-i)<<8 | 255
		lines = append(lines, fmt.Sprintf("%d 1 udp %d %s %d typ host", i+1, priority, a, port))
	}
	for i, a := range addresses {
		priority := tcpHost<<24 | (65535-i)<<8 | 255
		lines = append(lines, fmt.Sprintf("%d 1 tcp %d %s %d typ host tcptype passive",
			len(addresses)+i+1, priority, a, port))
	}
	return lines
}

// answer completes pion's answer to the reduced offer: it puts back the
// sections that pion was not shown, refused or inactive, and gives the first
// live one all candidates.
func (o *offer) answer(text string, candidates []string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return "", fmt.Errorf("read own answer: %w", err)
	}
	given := d.MediaDescriptions
	if len(given) == 0 {
		return "", fmt.Errorf("read own answer: no media")
	}
	var transport []sdp.Attribute
	for _, a := range given[0].Attributes {
		if slices.Contains([]string{"ice-ufrag", "ice-pwd", sdp.AttrKeyConnectionSetup}, a.Key) {
			transport = append(transport, a)
		}
	}
	group := "BUNDLE"
	d.MediaDescriptions = nil
	for i := range o.sections {
		s := &o.sections[i]
		var m *sdp.MediaDescription
		switch {
		case s.use == rejected:
			m = s.refuse()
		case s.use == inactive:
			m = s.idle(transport)
		case len(given) == 0 || given[0].MediaName.Port.Value == 0:
			return "", badOffer("section %s cannot be answered", s.mid)
		default:
			m, given = given[0], given[1:]
			m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
				return a.Key == "candidate" || a.Key == "end-of-candidates"
			})
		}
		if s.use != rejected {
			if group == "BUNDLE" {
				for _, c := range candidates {
					m.WithValueAttribute("candidate", c)
				}
				m.WithPropertyAttribute("end-of-candidates")
			}
			group += " " + s.mid
		}
		d.MediaDescriptions = append(d.MediaDescriptions, m)
	}
	d.Attributes = slices.DeleteFunc(d.Attributes, func(a sdp.Attribute) bool { return a.Key == sdp.AttrKeyGroup })
	if o.group {
		d.WithValueAttribute(sdp.AttrKeyGroup, group)
	}
	b, err := d.Marshal()
	return string(b), err
}

// refuse answers a section that is not wanted, RFC 3264 section 6.
func (s *section) refuse() *sdp.MediaDescription {
	m := &sdp.MediaDescription{MediaName: s.media.MediaName, ConnectionInformation: nowhere()}
	m.MediaName.Port = sdp.RangedPort{Value: 0}
	if s.mid != "" {
		m.WithValueAttribute(sdp.AttrKeyMID, s.mid)
	}
	return m
}

// idle answers a section that nothing flows in, with the first format offered.
func (s *section) idle(transport []sdp.Attribute) *sdp.MediaDescription {
	first := s.media.MediaName.Formats[0]
	m := &sdp.MediaDescription{MediaName: s.media.MediaName, ConnectionInformation: nowhere()}
	m.MediaName.Port = sdp.RangedPort{Value: 9}
	m.MediaName.Formats = []string{first}
	m.Attributes = slices.Clone(transport)
	m.WithValueAttribute(sdp.AttrKeyMID, s.mid).WithPropertyAttribute(sdp.AttrKeyRTCPMux)
	for _, a := range s.media.Attributes {
		if (a.Key == "rtpmap" || a.Key == "fmtp") && strings.HasPrefix(a.Value, first+" ") {
			m.Attributes = append(m.Attributes, a)
		}
	}
	return m.WithPropertyAttribute(sdp.AttrKeyInactive)
}

func nowhere() *sdp.ConnectionInformation {
	return &sdp.ConnectionInformation{
		NetworkType: "IN", AddressType: "IP4", Address: &sdp.Address{Address: "0.0.0.0"},
	}
}
