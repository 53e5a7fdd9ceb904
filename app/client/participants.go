package client

import (
	"cmp"
	"encoding/json"
	"slices"

	"guichet/platform/wire"
)

// Participant is one endpoint in a call, as people see it.
type Participant struct {
	UserID   string
	Endpoint string // unique in the call
	Name     string // never empty
	Roles    []string
	Customer bool // came by a ticket
	Self     bool
	// Muted and CameraOff say that no sound and no camera's picture is published, or
	// that all of it is muted. A screen counts for neither.
	Muted, CameraOff bool
	Streams          []wire.Stream
	// Seat is its place in a room; nil for who is bound by nothing there.
	Seat *wire.Member
	// Network is how good its network was lately; nil while that is not known.
	Network *wire.NetworkIndicator
}

// Participants returns everybody in the call in order of arrival, ourselves
// among them.
func (s CallState) Participants() []Participant {
	var list []Participant
	for _, p := range s.Conference.Participants {
		for _, e := range p.Endpoints {
			list = append(list, s.participant(p.ID, e))
		}
	}
	return list
}

func (s CallState) participant(user string, e wire.Endpoint) Participant {
	var m wire.ParticipantMetadata
	if len(e.Metadata) > 0 {
		_ = json.Unmarshal(e.Metadata, &m) // written by others: what is not readable is empty
	}
	p := Participant{UserID: user, Endpoint: e.ID, Name: cmp.Or(m.Name, user), Roles: m.Roles, Customer: slices.Contains(m.Roles, wire.RoleCustomer),
		Self: e.ID == s.Endpoint, Muted: true, CameraOff: true, Streams: e.Streams}
	for _, t := range e.Streams {
		if t.Type == wire.StreamScreen {
			continue
		}
		muted := func(kind string) bool { return s.Conference.Metadata[wire.TrackMuted(kind, t.ID)] == "true" }
		if HasAudio(t.Type) && !muted(Audio) {
			p.Muted = false
		}
		if HasVideo(t.Type) && !muted(Video) {
			p.CameraOff = false
		}
	}
	if m, ok := memberIn(s.Conference.Metadata, e.ID); ok {
		p.Seat, p.Name = &m, cmp.Or(m.Name, p.Name)
		p.Muted, p.CameraOff = p.Muted || m.AudioMuted, p.CameraOff || m.VideoMuted
	}
	if i, ok := s.Network[e.ID]; ok {
		p.Network = &i
	}
	return p
}

// HasAudio tells whether streams of a type have sound.
func HasAudio(t wire.StreamType) bool { return t != wire.StreamCam && t != wire.StreamScreen }

// HasVideo tells whether streams of a type have a picture.
func HasVideo(t wire.StreamType) bool { return t != wire.StreamMic }
