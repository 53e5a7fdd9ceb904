package conference

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"guichet/platform/wire"
)

// state is all of a conference. Values are immutable: a change makes new slices
// and maps for what it touches. Version 0 is a conference that does not exist.
type state struct {
	ID          string            `json:"id"`
	Interaction string            `json:"interaction,omitempty"`
	Mode        wire.Mode         `json:"mode"`
	Version     int64             `json:"version"` // of the next event
	Ended       bool              `json:"ended,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Members     []member          `json:"members,omitempty"` // in the order of joining
	Room        *room             `json:"room,omitempty"`    // nil: not a room's session
	Past        []past            `json:"past,omitempty"`    // what counts against who left, the oldest first

	// What dies with the process is not saved and makes no events.
	Held    map[wire.StreamID]holder `json:"-"` // stream ids whose offer the SFU is answering
	Viewers map[viewerKey]viewer     `json:"-"`
}

// member is one endpoint in the conference.
type member struct {
	User     string          `json:"user"`
	Endpoint string          `json:"endpoint"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Streams  []wire.Stream   `json:"streams,omitempty"`
	Guest    bool            `json:"guest,omitempty"` // came by a ticket
	Seat     *seat           `json:"seat,omitempty"`  // nil: nothing of rooms binds it
}

type viewerKey struct {
	stream wire.StreamID
	viewer string
}

// holder is who holds a stream's id. Every attempt has a number of its own, so
// that one which failed takes back what it did and nothing else.
type holder struct {
	endpoint string
	attempt  uint64
	screen   bool // of a stream: it is a screen
}

type viewer struct {
	holder
	held bool // its offer waits for the answer, of the SFU or, in mode P2P, of the publisher

	// Of mode P2P.
	asked  *asked
	digest [sha256.Size]byte // of the answer
	found  [2]int            // candidates, by side
}

// inSFU tells that the SFU is answering, so that whoever waits for it removes the
// viewer.
func (v viewer) inSFU() bool { return v.held && v.asked == nil }

func decode(s Saved) (state, error) {
	if s.Version == 0 {
		return state{}, nil
	}
	var st state
	if err := json.Unmarshal(s.State, &st); err != nil {
		return state{}, fmt.Errorf("stored state: %w", err)
	}
	return st, nil
}

// member returns the index of an endpoint, which must be the user's own.
func (s state) member(user, endpoint string) (int, error) {
	i := s.index(endpoint)
	if i < 0 {
		return -1, ErrNotMember
	}
	if s.Members[i].User != user {
		return -1, ErrNotYours
	}
	return i, nil
}

func (s state) hasEndpoint(endpoint string) bool { return s.index(endpoint) >= 0 }

// index returns where an endpoint is among the members, or -1.
func (s state) index(endpoint string) int {
	return slices.IndexFunc(s.Members, func(m member) bool { return m.Endpoint == endpoint })
}

// stream returns where a stream is: the index of its member and in its streams.
func (s state) stream(id wire.StreamID) (m, i int, ok bool) {
	for m := range s.Members {
		if i := streamIndex(s.Members[m].Streams, id); i >= 0 {
			return m, i, true
		}
	}
	return 0, 0, false
}

func streamIndex(streams []wire.Stream, id wire.StreamID) int {
	return slices.IndexFunc(streams, func(s wire.Stream) bool { return s.ID == id })
}

// limit returns how many endpoints may be in.
func (s state) limit() int {
	limit := maxMembers
	if n, err := strconv.Atoi(s.Metadata[wire.MetadataParticipantLimit]); err == nil {
		limit = min(limit, n)
	}
	if s.Room != nil && s.Room.MaxMembers > 0 {
		limit = min(limit, s.Room.MaxMembers)
	}
	return limit
}

// names are what the members call themselves, or their user ids.
func (s state) names() []string {
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = cmp.Or(nameIn(m.Metadata), m.User)
	}
	return names
}

// nameIn is what a member calls itself.
func nameIn(metadata json.RawMessage) string {
	var said wire.ParticipantMetadata
	if len(metadata) > 0 {
		_ = json.Unmarshal(metadata, &said) // written by clients: what is not readable is empty
	}
	return said.Name
}

// onHold tells that the SFU forwards nothing. A hold of mode P2P is the clients'.
func (s state) onHold() bool {
	return s.Metadata[wire.MetadataOnHold] == "true" && !s.Ended && s.Mode != wire.ModeP2P
}

// idle tells that nothing is lost when the loop ends.
func (s state) idle() bool {
	return len(s.Members) == 0 && len(s.Held) == 0 && len(s.Viewers) == 0
}

// withMember returns s with a changed copy of one member.
func (s state) withMember(i int, change func(*member)) state {
	s.Members = slices.Clone(s.Members)
	change(&s.Members[i])
	return s
}

// withoutStream returns s without a stream, its mutes and its viewers, save
// those that the SFU is answering: whoever waits for the answer removes them.
func (s state) withoutStream(m, i int) state {
	id := s.Members[m].Streams[i].ID
	s = s.withMember(m, func(mem *member) { mem.Streams = slices.Delete(slices.Clone(mem.Streams), i, i+1) })
	for _, kind := range []string{"audio", "video"} {
		s = s.withoutKey(wire.TrackMuted(kind, id))
	}
	return s.withoutViewers(func(k viewerKey, _ viewer) bool { return k.stream == id })
}

func (s state) withoutKey(key string) state {
	if _, ok := s.Metadata[key]; !ok {
		return s
	}
	s.Metadata = maps.Clone(s.Metadata)
	delete(s.Metadata, key)
	return s
}

func (s state) withoutViewers(gone func(viewerKey, viewer) bool) state {
	for k, v := range s.Viewers {
		if !v.inSFU() && gone(k, v) {
			s.Viewers = maps.Clone(s.Viewers)
			maps.DeleteFunc(s.Viewers, func(k viewerKey, v viewer) bool { return !v.inSFU() && gone(k, v) })
			break
		}
	}
	return s
}

func (s state) withViewer(k viewerKey, v viewer) state {
	s.Viewers = maps.Clone(s.Viewers)
	if s.Viewers == nil {
		s.Viewers = map[viewerKey]viewer{}
	}
	s.Viewers[k] = v
	return s
}

func (s state) summary() wire.Summary {
	return wire.Summary{ID: s.ID, Mode: s.Mode, Version: s.Version}
}

// conference returns the state in the contract's shape, sharing nothing.
func (s state) conference() wire.Conference {
	c := wire.Conference{ID: s.ID, Mode: s.Mode, Version: s.Version, Metadata: maps.Clone(s.Metadata),
		Participants: []wire.Participant{}}
	if c.Metadata == nil {
		c.Metadata = map[string]string{}
	}
	if s.Room != nil {
		c.Metadata[wire.MetadataRoom] = text(s.toldRoom())
	}
	at := map[string]int{}
	for _, m := range s.Members {
		if m.Seat != nil {
			c.Metadata[wire.MemberKey(m.Endpoint)] = text(m.told())
		}
		i, ok := at[m.User]
		if !ok {
			i = len(c.Participants)
			at[m.User] = i
			c.Participants = append(c.Participants, wire.Participant{ID: m.User})
		}
		e := wire.Endpoint{ID: m.Endpoint, Metadata: slices.Clone(m.Metadata), Streams: []wire.Stream{}}
		for _, st := range m.Streams {
			st.Metadata = slices.Clone(st.Metadata)
			e.Streams = append(e.Streams, st)
		}
		c.Participants[i].Endpoints = append(c.Participants[i].Endpoints, e)
	}
	return c
}

// release is one thing that the SFU has to let go of, or a call that waits for an
// answer that will not come.
type release struct {
	stream wire.StreamID
	viewer string // empty: the stream itself
	all    bool   // the whole conference
	asked  *asked // of mode P2P: who waits
}

// released returns what was is and s is no more: viewers before their streams.
// Held ones are left to who holds them.
func released(was, s state) []release {
	if s.Mode == wire.ModeP2P {
		return forsaken(was, s)
	}
	if s.Ended && !was.Ended {
		return []release{{all: true}}
	}
	var out []release
	for k, v := range was.Viewers {
		if _, still := s.Viewers[k]; !still && !v.held {
			out = append(out, release{stream: k.stream, viewer: k.viewer})
		}
	}
	for _, m := range was.Members {
		for _, st := range m.Streams {
			if _, _, still := s.stream(st.ID); !still {
				out = append(out, release{stream: st.ID})
			}
		}
	}
	return out
}

// forsaken returns who waited for an answer in was and is no more in s.
func forsaken(was, s state) []release {
	var out []release
	for k, v := range was.Viewers {
		if _, still := s.Viewers[k]; !still && v.held {
			out = append(out, release{stream: k.stream, viewer: k.viewer, asked: v.asked})
		}
	}
	return out
}
