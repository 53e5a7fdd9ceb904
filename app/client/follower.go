package client

import (
	"encoding/json"
	"maps"
	"slices"

	"guichet/platform/wire"
)

// maxHeld bounds the events that wait for their turn.
const maxHeld = 1024

// Follower keeps a copy of a conference in step with the server by the version
// rule of wire.Conference: an event below the state's version is in it already,
// one that equals it applies, one above waits. It does no I/O; whoever owns it
// fetches the state when Missing says so. Until the first fetch all events
// wait.
type Follower struct {
	state   wire.Conference
	fetched bool
	missing bool
	ended   bool
	reason  string
	held    map[int64]wire.Event

	own    string  // our endpoint; "" for who only follows
	parted *string // why it left, if it was not our doing
}

// Missing tells that the state must be fetched.
func (f *Follower) Missing() bool { return !f.ended && (!f.fetched || f.missing) }

// Ended tells whether the conference is over, and why.
func (f *Follower) Ended() (bool, string) { return f.ended, f.reason }

// Fetched takes a state that was fetched. One that is older than what is known
// already changes nothing, but it satisfies Missing only if it closes the gap.
func (f *Follower) Fetched(s wire.Conference) (changed bool) {
	if f.ended {
		return false
	}
	if !f.fetched || s.Version > f.state.Version {
		f.state, f.fetched, changed = clone(s), true, true
		if f.state.Metadata == nil {
			f.state.Metadata = map[string]string{}
		}
	}
	f.release()
	return changed
}

// Event takes an event of this conference, in any order and any number of
// times, and tells whether the state changed.
func (f *Follower) Event(e wire.Event) (changed bool) {
	if f.ended {
		return false
	}
	if e.ConferenceVersion == nil {
		return f.fetched && f.apply(e)
	}
	v := *e.ConferenceVersion
	if f.fetched && v < f.state.Version {
		return false
	}
	if f.held == nil {
		f.held = map[int64]wire.Event{}
	}
	if _, known := f.held[v]; !known && len(f.held) == maxHeld {
		clear(f.held)
		f.missing = true
	}
	f.held[v] = e
	if !f.fetched {
		return false
	}
	before := f.state.Version
	f.release()
	return f.state.Version != before || f.ended
}

// release applies the held events whose turn has come, and forgets those that
// are past. What is left stands behind a gap.
func (f *Follower) release() {
	maps.DeleteFunc(f.held, func(v int64, _ wire.Event) bool { return v < f.state.Version })
	for !f.ended {
		e, ok := f.held[f.state.Version]
		if !ok {
			break
		}
		delete(f.held, f.state.Version)
		f.apply(e)
		f.state.Version++
	}
	f.missing = len(f.held) > 0
}

// apply changes the state by one event. Events of endpoints that are not there
// and kinds that this client does not know change nothing but the version.
func (f *Follower) apply(e wire.Event) (changed bool) {
	s := &f.state
	p := slices.IndexFunc(s.Participants, func(p wire.Participant) bool { return p.ID == e.UserID })
	n := -1
	if p >= 0 {
		n = slices.IndexFunc(s.Participants[p].Endpoints, func(n wire.Endpoint) bool { return n.ID == e.UserEndpointID })
	}
	switch e.Type {
	case wire.EventJoined:
		f.join(p, n, e)
	case wire.EventLeft:
		if n < 0 {
			return false
		}
		if e.UserEndpointID == f.own {
			f.parted = &e.Reason
		}
		at := &s.Participants[p]
		for _, stream := range at.Endpoints[n].Streams {
			f.forget(stream.ID)
		}
		if at.Endpoints = slices.Delete(at.Endpoints, n, n+1); len(at.Endpoints) == 0 {
			s.Participants = slices.Delete(s.Participants, p, p+1)
		}
	case wire.EventEnded:
		f.ended, f.reason = true, e.Reason
		s.Participants = []wire.Participant{}
	case wire.EventStreamPublished:
		if n < 0 {
			return false
		}
		at := &s.Participants[p].Endpoints[n]
		at.Streams = slices.DeleteFunc(at.Streams, func(t wire.Stream) bool { return t.ID == e.StreamID })
		at.Streams = append(at.Streams, wire.Stream{ID: e.StreamID, Type: e.StreamType, Metadata: e.Metadata})
	case wire.EventStreamUnpublished:
		if n < 0 {
			return false
		}
		at := &s.Participants[p].Endpoints[n]
		at.Streams = slices.DeleteFunc(at.Streams, func(t wire.Stream) bool { return t.ID == e.StreamID })
		f.forget(e.StreamID)
	case wire.EventStreamMetadataUpdated:
		if n < 0 {
			return false
		}
		streams := s.Participants[p].Endpoints[n].Streams
		i := slices.IndexFunc(streams, func(t wire.Stream) bool { return t.ID == e.StreamID })
		if i < 0 {
			return false
		}
		if streams[i].Metadata = e.NewMetadata; string(e.NewMetadata) == "null" {
			streams[i].Metadata = nil
		}
	case wire.EventMetadataUpdated:
		if e.Operation == wire.OperationRemove {
			delete(s.Metadata, e.Key)
		} else {
			s.Metadata[e.Key] = e.Value
		}
	default:
		return false
	}
	return true
}

func (f *Follower) join(p, n int, e wire.Event) {
	s := &f.state
	if p < 0 {
		s.Participants = append(s.Participants, wire.Participant{ID: e.UserID, Endpoints: []wire.Endpoint{}})
		p = len(s.Participants) - 1
	}
	at := &s.Participants[p]
	if n >= 0 {
		at.Endpoints[n].Metadata = e.Metadata
		return
	}
	at.Endpoints = append(at.Endpoints, wire.Endpoint{ID: e.UserEndpointID, Metadata: e.Metadata, Streams: []wire.Stream{}})
}

// forget removes the metadata that vanishes with a stream.
func (f *Follower) forget(stream wire.StreamID) {
	delete(f.state.Metadata, wire.TrackMuted("audio", stream))
	delete(f.state.Metadata, wire.TrackMuted("video", stream))
}

// State returns a copy of the conference as it is known now.
func (f *Follower) State() wire.Conference { return clone(f.state) }

func clone(s wire.Conference) wire.Conference {
	s.Metadata = maps.Clone(s.Metadata)
	s.Participants = slices.Clone(s.Participants)
	for i := range s.Participants {
		p := &s.Participants[i]
		p.Endpoints = slices.Clone(p.Endpoints)
		for j := range p.Endpoints {
			n := &p.Endpoints[j]
			n.Metadata = json.RawMessage(slices.Clone(n.Metadata))
			n.Streams = slices.Clone(n.Streams)
		}
	}
	return s
}
