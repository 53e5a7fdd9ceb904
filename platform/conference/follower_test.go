package conference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"guichet/platform/wire"
)

// Follower is a client's view of a conference: a state that was fetched once
// and the events since, by the version rule of wire.Conference.
type Follower struct {
	wire.Conference
	Ended bool
}

// Follow applies one event; a gap is an error.
func (f *Follower) Follow(e wire.Event) error {
	switch {
	case e.ConferenceVersion == nil || *e.ConferenceVersion < f.Version:
		return nil
	case *e.ConferenceVersion > f.Version:
		return fmt.Errorf("event %d at version %d", *e.ConferenceVersion, f.Version)
	case f.Ended:
		return fmt.Errorf("%s after the end", e.Type)
	}
	f.Version++
	p := slices.IndexFunc(f.Participants, func(p wire.Participant) bool { return p.ID == e.UserID })
	n := -1
	if p >= 0 {
		n = slices.IndexFunc(f.Participants[p].Endpoints, func(n wire.Endpoint) bool { return n.ID == e.UserEndpointID })
	}
	staff := e.Type == wire.EventMetadataUpdated && e.UserEndpointID == "" // who is not in
	if n < 0 && e.Type != wire.EventJoined && e.Type != wire.EventEnded && !staff {
		return fmt.Errorf("%s of %s, which is not in", e.Type, e.UserEndpointID)
	}
	switch e.Type {
	case wire.EventJoined:
		if n >= 0 {
			return fmt.Errorf("%s joined twice", e.UserEndpointID)
		}
		if p < 0 {
			f.Participants = append(f.Participants, wire.Participant{ID: e.UserID})
			p = len(f.Participants) - 1
		}
		f.Participants[p].Endpoints = append(f.Participants[p].Endpoints,
			wire.Endpoint{ID: e.UserEndpointID, Metadata: e.Metadata, Streams: []wire.Stream{}})
	case wire.EventLeft:
		at := &f.Participants[p]
		if len(at.Endpoints[n].Streams) > 0 {
			return fmt.Errorf("%s left with streams", e.UserEndpointID)
		}
		if at.Endpoints = slices.Delete(at.Endpoints, n, n+1); len(at.Endpoints) == 0 {
			f.Participants = slices.Delete(f.Participants, p, p+1)
		}
	case wire.EventEnded:
		f.Ended, f.Participants = true, []wire.Participant{}
	case wire.EventStreamPublished:
		at := &f.Participants[p].Endpoints[n]
		at.Streams = append(at.Streams, wire.Stream{ID: e.StreamID, Type: e.StreamType, Metadata: e.Metadata})
	case wire.EventStreamUnpublished:
		at := &f.Participants[p].Endpoints[n]
		at.Streams = slices.DeleteFunc(at.Streams, func(s wire.Stream) bool { return s.ID == e.StreamID })
		maps.DeleteFunc(f.Metadata, func(k, _ string) bool {
			return k == wire.TrackMuted("audio", e.StreamID) || k == wire.TrackMuted("video", e.StreamID)
		})
	case wire.EventStreamMetadataUpdated:
		at := &f.Participants[p].Endpoints[n]
		i := slices.IndexFunc(at.Streams, func(s wire.Stream) bool { return s.ID == e.StreamID })
		if at.Streams[i].Metadata = e.NewMetadata; string(e.NewMetadata) == "null" {
			at.Streams[i].Metadata = nil
		}
	case wire.EventMetadataUpdated:
		if e.Operation == wire.OperationRemove {
			delete(f.Metadata, e.Key)
		} else {
			f.Metadata[e.Key] = e.Value
		}
	default:
		return fmt.Errorf("unknown event %s", e.Type)
	}
	return nil
}

// Sorted returns a conference with its participants in the order of their ids,
// since the order of a list says nothing.
func Sorted(c wire.Conference) wire.Conference {
	c.Participants = slices.Clone(c.Participants)
	slices.SortFunc(c.Participants, func(a, b wire.Participant) int { return strings.Compare(a.ID, b.ID) })
	for i := range c.Participants {
		p := &c.Participants[i]
		p.Endpoints = slices.Clone(p.Endpoints)
		slices.SortFunc(p.Endpoints, func(a, b wire.Endpoint) int { return strings.Compare(a.ID, b.ID) })
	}
	return c
}
