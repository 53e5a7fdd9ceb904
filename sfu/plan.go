package sfu

import (
	"slices"

	"github.com/pion/webrtc/v4"
)

// planPublish takes the sections that the client sends and returns their codecs
// in order.
func (o *offer) planPublish() ([]codec, error) {
	var codecs []codec
	chosen := map[webrtc.RTPCodecType]uint8{}
	for i := range o.sections {
		s := &o.sections[i]
		sends, _ := s.direction()
		if s.use != inactive || !sends {
			continue
		}
		f, ok := preferred(formats(s.media))
		if !ok {
			s.use = rejected
			continue
		}
		if first, ok := chosen[f.kind]; ok && first != f.payload {
			continue // one codec of a kind
		}
		chosen[f.kind] = f.payload
		f.repair = 0 // publishers send again in the same stream
		s.use, s.format = taken, f
		codecs = append(codecs, f.codec)
	}
	if len(codecs) == 0 {
		return nil, badOffer("nothing to publish: want audio as Opus, or video as VP8 or H.264 with packetization-mode=1")
	}
	return codecs, nil
}

// planView takes a section for each track, in order, as far as the client asks
// for them.
func (o *offer) planView(tracks []*track) error {
	left := slices.Clone(tracks)
	n := 0
	for i := range o.sections {
		s := &o.sections[i]
		_, receives := s.direction()
		if s.use != inactive || !receives {
			continue
		}
		kind := webrtc.NewRTPCodecType(s.media.MediaName.Media)
		at := slices.IndexFunc(left, func(t *track) bool { return t.kind == kind })
		if at < 0 {
			continue
		}
		t := left[at]
		left = slices.Delete(left, at, at+1)
		list := formats(s.media)
		f := slices.IndexFunc(list, func(f format) bool { return f.accepts(t.codec) })
		if f < 0 {
			return badOffer("the stream's %s is %s, which the viewer does not offer", kind, t.codec.mime)
		}
		s.use, s.format, s.track = taken, list[f], t
		n++
	}
	if n == 0 {
		return badOffer("nothing to view: the offer asks for no kind that the stream has")
	}
	return nil
}
