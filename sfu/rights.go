package sfu

import (
	"github.com/pion/webrtc/v4"
)

// Rights are what one participant may send and receive, whatever it asks for.
// The zero value forbids everything.
type Rights struct {
	SendAudio, SendVideo       bool
	ReceiveAudio, ReceiveVideo bool
	// Quietest bounds what sound is forwarded of the participant: nothing below
	// this level, in -dBov as RFC 6464 has it (0 loud, 127 silence). At 127, and
	// of a publisher who tells no levels, everything is.
	Quietest uint8
}

// AllRights are those of a participant that Permit has not spoken of.
var AllRights = Rights{SendAudio: true, SendVideo: true, ReceiveAudio: true, ReceiveVideo: true, Quietest: silence}

// silence is the level of no sound at all (RFC 6464, section 3).
const silence = 127

func (r Rights) send(kind webrtc.RTPCodecType) bool {
	if kind == webrtc.RTPCodecTypeAudio {
		return r.SendAudio
	}
	return r.SendVideo
}

func (r Rights) receive(kind webrtc.RTPCodecType) bool {
	if kind == webrtc.RTPCodecTypeAudio {
		return r.ReceiveAudio
	}
	return r.ReceiveVideo
}

// ownerKey names a participant.
type ownerKey struct{ conference, owner string }

// Permit says what the owner of streams and viewers in a conference may send and
// receive. It counts at once, without a new negotiation, and for what the owner
// begins later, until the next Permit or EndConference. Video that was forbidden
// goes on with a key frame, and packets are numbered as if nothing had been left
// out.
func (s *SFU) Permit(conference, owner string, r Rights) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := ownerKey{conference, owner}
	if r == AllRights {
		delete(s.rights, k)
	} else {
		s.rights[k] = r
	}
	for key, st := range s.streams {
		if key.Conference != conference {
			continue
		}
		if st.owner == owner {
			st.permit(r)
		}
		for _, v := range st.viewers {
			if v.owner == owner {
				v.permit(r)
			}
		}
	}
}

// rightsLocked are those of a participant.
func (s *SFU) rightsLocked(conference, owner string) Rights {
	if r, ok := s.rights[ownerKey{conference, owner}]; ok {
		return r
	}
	return AllRights
}

func (st *stream) permit(r Rights) {
	for _, t := range st.tracks {
		t.hold(heldBySender, !r.send(t.kind))
		t.quietest.Store(uint32(r.Quietest))
	}
}

func (v *viewer) permit(r Rights) {
	for _, o := range v.outlets {
		o.permit(r.receive(o.track.kind))
	}
}

// The states of an outlet.
const (
	outletOpen    = iota // packets pass
	outletShut           // none does
	outletParched        // they pass again from the next key frame on
)

// permit lets packets pass to the viewer, or not any more.
func (o *outlet) permit(on bool) {
	if !on {
		o.gate.Store(outletShut)
	} else if o.gate.CompareAndSwap(outletShut, outletParched) {
		o.track.requestKey()
	}
}

// reopen goes on with a packet, if one can decode from there, in numbers without
// a gap: a long one would be taken for a wrap by the receiver's cipher, and a
// short one for loss.
func (o *outlet) reopen(p *packet) bool {
	if isKey := o.track.isKey; isKey != nil && !isKey(p.payload()) {
		return false
	}
	m := *o.mapping.Load()
	m.first, m.seq = p.number, o.next
	o.mapping.Store(&m)
	return o.gate.CompareAndSwap(outletParched, outletOpen)
}
