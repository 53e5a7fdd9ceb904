package conference

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"
)

// command is one thing to do to a conference. change returns the new state and
// the events that lead there, without versions, or an error; it has no other
// effect and changes nothing of the state it is given.
type command interface {
	change(state) (state, []wire.Event, error)
}

// apply runs a command against a state. Every event takes the version of the
// state before it and raises it by one. Ids are left to the caller, being
// random.
func apply(s state, c command, at time.Time) (state, []wire.Event, error) {
	_, creates := c.(create)
	switch _, tidies := c.(tidy); {
	case s.Version == 0 && !creates && !tidies:
		return s, nil, ErrUnknownConference
	case s.Version > 0 && creates:
		return s, nil, ErrExists
	case s.Ended && !tidies:
		return s, nil, ErrEnded
	}
	next, events, err := c.change(s)
	if err != nil {
		return s, nil, err
	}
	for i := range events {
		version := next.Version
		events[i].ConferenceVersion = &version
		events[i].ConferenceID = next.ID
		events[i].Timestamp = wire.NewTime(at)
		next.Version++
	}
	return next, events, nil
}

// create makes the conference.
type create struct {
	id, interaction string
	metadata        map[string]string
	mode            wire.Mode // empty: ROUTER
}

func (c create) change(s state) (state, []wire.Event, error) {
	s.ID, s.Interaction, s.Mode, s.Version = c.id, c.interaction, cmp.Or(c.mode, wire.ModeRouter), 1
	s.Metadata = maps.Clone(c.metadata)
	return s, nil, nil
}

// join brings an endpoint in. One that is in already stays as it is.
type join struct {
	user, endpoint string
	metadata       json.RawMessage
	who            Attendee // for the store alone
	guest          bool
	staff          bool       // neither a guest nor the holder of a room token
	admission      *Admission // nil: without a room token
	now, steady    time.Time
}

func (c join) change(s state) (state, []wire.Event, error) {
	switch _, err := s.member(c.user, c.endpoint); err {
	case nil:
		return s, nil, nil
	case ErrNotYours:
		return s, nil, err
	}
	if err := c.admitted(s); err != nil {
		return s, nil, err
	}
	if len(s.Members) >= s.limit() {
		return s, nil, ErrFull
	}
	m := member{User: c.user, Endpoint: c.endpoint, Metadata: c.metadata, Guest: c.guest, Seat: c.seat(s)}
	s.Members = append(slices.Clip(s.Members), m)
	events := []wire.Event{{Type: wire.EventJoined, UserID: c.user, UserEndpointID: c.endpoint, Metadata: c.metadata}}
	if s.Room == nil && c.admission != nil {
		s.Room = newRoom(c.admission.Room)
		events = append(events, s.roomEvent(c.user, c.endpoint))
	}
	if m.Seat != nil {
		events = append(events, s.seatEvent(len(s.Members)-1, c.user, c.endpoint))
	}
	return s, events, nil
}

// leave takes an endpoint out, its streams and viewers first.
type leave struct{ user, endpoint, reason string }

func (c leave) change(s state) (state, []wire.Event, error) {
	m, err := s.member(c.user, c.endpoint)
	if err != nil {
		return s, nil, err
	}
	return s.without(m, c.reason)
}

// without takes a member out, and with one whose token says so everybody.
func (s state) without(m int, reason string) (state, []wire.Event, error) {
	gone := s.Members[m]
	if gone.Seat != nil && gone.Seat.EndOnLeave {
		return end{gone.User, gone.Endpoint, reason}.change(s)
	}
	s, events := s.silenced(m)
	s = s.withoutViewers(func(_ viewerKey, v viewer) bool { return v.endpoint == gone.Endpoint })
	s = s.remember(gone, false)
	if s.Room != nil && s.Room.Positions[gone.Endpoint] != "" {
		s.Room = s.Room.withoutPosition(gone.Endpoint)
		events = append(events, s.roomEvent(gone.User, gone.Endpoint))
	}
	if gone.Seat != nil {
		events = append(events, wire.Event{Type: wire.EventMetadataUpdated, UserID: gone.User, UserEndpointID: gone.Endpoint,
			Key: wire.MemberKey(gone.Endpoint), Operation: wire.OperationRemove})
	}
	s.Members = slices.Delete(slices.Clone(s.Members), m, m+1)
	return s, append(events, wire.Event{Type: wire.EventLeft, UserID: gone.User, UserEndpointID: gone.Endpoint, Reason: reason}), nil
}

// silenced takes back all that a member publishes.
func (s state) silenced(m int) (state, []wire.Event) {
	var events []wire.Event
	for len(s.Members[m].Streams) > 0 {
		events = append(events, unpublished(s.Members[m], 0))
		s = s.withoutStream(m, 0)
	}
	return s, events
}

// end closes the conference for everybody, for good.
type end struct{ user, endpoint, reason string }

func (c end) change(s state) (state, []wire.Event, error) {
	if c.endpoint != "" {
		if _, err := s.member(c.user, c.endpoint); err == ErrNotYours {
			return s, nil, err
		}
	}
	s.Ended, s.Members, s.Past = true, nil, nil
	s = s.withoutViewers(func(viewerKey, viewer) bool { return true })
	return s, []wire.Event{{Type: wire.EventEnded, UserID: c.user, UserEndpointID: c.endpoint, Reason: c.reason}}, nil
}

// endEmpty closes a conference that nobody is in.
type endEmpty struct{ reason string }

func (c endEmpty) change(s state) (state, []wire.Event, error) {
	if len(s.Members) > 0 {
		return s, nil, ErrNotEmpty
	}
	return end{reason: c.reason}.change(s)
}

// hold keeps a stream's id while the SFU answers the offer.
type hold struct {
	user, endpoint string
	stream         wire.StreamID
	attempt        uint64
	kind           wire.StreamType
}

func (c hold) change(s state) (state, []wire.Event, error) {
	m, err := s.member(c.user, c.endpoint)
	if err != nil {
		return s, nil, err
	}
	_, _, taken := s.stream(c.stream)
	if _, held := s.Held[c.stream]; taken || held {
		return s, nil, ErrExists
	}
	held, sources := 0, 0 // sources are streams that are no screen
	for _, h := range s.Held {
		if h.endpoint == c.endpoint {
			held++
			if !h.screen {
				sources++
			}
		}
	}
	for _, st := range s.Members[m].Streams {
		if _, counted := s.Held[st.ID]; !counted && st.Type != wire.StreamScreen {
			sources++
		}
	}
	if err := s.Members[m].Seat.mayPublish(c.kind, sources); err != nil {
		return s, nil, err
	}
	if len(s.Members[m].Streams)+held >= maxStreams {
		return s, nil, ErrFull
	}
	s.Held = maps.Clone(s.Held)
	if s.Held == nil {
		s.Held = map[wire.StreamID]holder{}
	}
	s.Held[c.stream] = holder{c.endpoint, c.attempt, c.kind == wire.StreamScreen}
	return s, nil, nil
}

// publish records a stream whose id is held. The hold stays: it is let go by
// letGo once the outcome is known, so that nobody takes the id while a failed
// attempt is still being undone.
type publish struct {
	user, endpoint string
	stream         wire.Stream
}

func (c publish) change(s state) (state, []wire.Event, error) {
	m, err := s.member(c.user, c.endpoint)
	if err != nil {
		return s, nil, err
	}
	if s.Held[c.stream.ID].endpoint != c.endpoint {
		return s, nil, ErrUnknownStream
	}
	if _, _, taken := s.stream(c.stream.ID); taken {
		return s, nil, ErrExists
	}
	if s.Members[m].Seat.listens() { // since it was held
		return s, nil, ErrAudience
	}
	s = s.withMember(m, func(mem *member) { mem.Streams = append(slices.Clip(mem.Streams), c.stream) })
	return s, []wire.Event{{Type: wire.EventStreamPublished, UserID: c.user, UserEndpointID: c.endpoint,
		StreamID: c.stream.ID, StreamType: c.stream.Type, Metadata: c.stream.Metadata}}, nil
}

// unpublish takes back a stream of the endpoint, or with an empty endpoint
// whosever it is.
type unpublish struct {
	user, endpoint string
	stream         wire.StreamID
}

func (c unpublish) change(s state) (state, []wire.Event, error) {
	if c.endpoint != "" {
		if _, err := s.member(c.user, c.endpoint); err != nil {
			return s, nil, err
		}
	}
	m, i, ok := s.stream(c.stream)
	if !ok {
		return s, nil, ErrUnknownStream
	}
	if c.endpoint != "" && s.Members[m].Endpoint != c.endpoint {
		return s, nil, ErrNotYours
	}
	return s.withoutStream(m, i), []wire.Event{unpublished(s.Members[m], i)}, nil
}

func unpublished(m member, i int) wire.Event {
	return wire.Event{Type: wire.EventStreamUnpublished, UserID: m.User, UserEndpointID: m.Endpoint,
		StreamID: m.Streams[i].ID, StreamType: m.Streams[i].Type}
}

// unpublishAll takes back every stream that went through the SFU, where it died
// with the server; a conference that was loaded starts with it.
type unpublishAll struct{}

func (unpublishAll) change(s state) (state, []wire.Event, error) {
	if s.Mode == wire.ModeP2P {
		return s, nil, nil
	}
	var events []wire.Event
	for m := range s.Members {
		var some []wire.Event
		s, some = s.silenced(m)
		events = append(events, some...)
	}
	return s, events, nil
}

// holdViewer keeps a viewer's id while the SFU answers the offer.
type holdViewer struct {
	user, endpoint string
	key            viewerKey
	attempt        uint64
}

func (c holdViewer) change(s state) (state, []wire.Event, error) {
	if _, err := s.member(c.user, c.endpoint); err != nil {
		return s, nil, err
	}
	if _, _, ok := s.stream(c.key.stream); !ok {
		return s, nil, ErrUnknownStream
	}
	if _, taken := s.Viewers[c.key]; taken {
		return s, nil, ErrExists
	}
	n := 0
	for _, v := range s.Viewers {
		if v.endpoint == c.endpoint {
			n++
		}
	}
	if n >= maxViewers {
		return s, nil, ErrFull
	}
	return s.withViewer(c.key, viewer{holder: holder{endpoint: c.endpoint, attempt: c.attempt}, held: true}), nil, nil
}

// view records a held viewer.
type view struct {
	user, endpoint string
	key            viewerKey
	attempt        uint64
}

func (c view) change(s state) (state, []wire.Event, error) {
	if _, err := s.member(c.user, c.endpoint); err != nil {
		return s, nil, err
	}
	if _, _, ok := s.stream(c.key.stream); !ok {
		return s, nil, ErrUnknownStream
	}
	h := holder{endpoint: c.endpoint, attempt: c.attempt}
	if s.Viewers[c.key] != (viewer{holder: h, held: true}) {
		return s, nil, ErrUnknownViewer
	}
	return s.withViewer(c.key, viewer{holder: h}), nil, nil
}

// stopView removes a viewer of the endpoint, or with an empty endpoint
// whosever it is.
type stopView struct {
	user, endpoint string
	key            viewerKey
}

func (c stopView) change(s state) (state, []wire.Event, error) {
	if c.endpoint != "" {
		if _, err := s.member(c.user, c.endpoint); err != nil {
			return s, nil, err
		}
	}
	v, ok := s.Viewers[c.key]
	switch {
	case !ok || v.inSFU():
		return s, nil, ErrUnknownViewer
	case c.endpoint != "" && v.endpoint != c.endpoint:
		return s, nil, ErrNotYours
	}
	return s.withoutViewers(func(k viewerKey, _ viewer) bool { return k == c.key }), nil, nil
}

// tidy marks the commands that run in any state: they undo.
type tidy interface{ tidies() }

// letGo ends an attempt's hold on a stream's id or, when a viewer is named, takes
// back that viewer. What the attempt does not hold stays.
type letGo struct {
	key     viewerKey
	attempt uint64
}

func (letGo) tidies() {}

func (c letGo) change(s state) (state, []wire.Event, error) {
	if h, ok := s.Held[c.key.stream]; c.key.viewer == "" && ok && h.attempt == c.attempt {
		s.Held = maps.Clone(s.Held)
		delete(s.Held, c.key.stream)
	}
	if v, ok := s.Viewers[c.key]; ok && v.attempt == c.attempt {
		s.Viewers = maps.Clone(s.Viewers)
		delete(s.Viewers, c.key)
	}
	return s, nil, nil
}

// describeStream replaces the metadata of a stream of the endpoint.
type describeStream struct {
	user, endpoint string
	stream         wire.StreamID
	metadata       json.RawMessage // nil: none
}

func (c describeStream) change(s state) (state, []wire.Event, error) {
	if _, err := s.member(c.user, c.endpoint); err != nil {
		return s, nil, err
	}
	m, i, ok := s.stream(c.stream)
	if !ok {
		return s, nil, ErrUnknownStream
	}
	if s.Members[m].Endpoint != c.endpoint {
		return s, nil, ErrNotYours
	}
	if bytes.Equal(s.Members[m].Streams[i].Metadata, c.metadata) {
		return s, nil, nil
	}
	s = s.withMember(m, func(mem *member) {
		mem.Streams = slices.Clone(mem.Streams)
		mem.Streams[i].Metadata = c.metadata
	})
	told := c.metadata
	if told == nil {
		told = json.RawMessage("null")
	}
	return s, []wire.Event{{Type: wire.EventStreamMetadataUpdated, UserID: c.user, UserEndpointID: c.endpoint, StreamID: c.stream, NewMetadata: told}}, nil
}

// update sets or removes a metadata key.
type update struct {
	user, endpoint string
	customer       bool
	operation      wire.Operation
	key, value     string
}

func (c update) change(s state) (state, []wire.Event, error) {
	if _, err := s.member(c.user, c.endpoint); err != nil {
		return s, nil, err
	}
	if ownedKey(c.key) {
		return s, nil, ErrForbidden
	}
	if id, mutes := muteOf(c.key); mutes {
		m, _, ok := s.stream(id)
		if !ok {
			return s, nil, ErrUnknownStream
		}
		if s.Members[m].Endpoint != c.endpoint {
			return s, nil, ErrNotYours
		}
	} else if c.customer {
		return s, nil, ErrForbidden
	}
	was, set := s.Metadata[c.key]
	if c.operation == wire.OperationRemove {
		if !set {
			return s, nil, nil
		}
		s = s.withoutKey(c.key)
	} else {
		if set && was == c.value {
			return s, nil, nil
		}
		if !set && len(s.Metadata) >= maxKeys {
			return s, nil, &wire.Error{Code: wire.CodeInvalid, Message: "the conference has too many metadata keys"}
		}
		s.Metadata = maps.Clone(s.Metadata)
		if s.Metadata == nil {
			s.Metadata = map[string]string{}
		}
		s.Metadata[c.key] = c.value
	}
	return s, []wire.Event{{Type: wire.EventMetadataUpdated, UserID: c.user, UserEndpointID: c.endpoint,
		Key: c.key, Operation: c.operation, Value: c.value}}, nil
}

// muteOf returns the stream that a key TRACK_MUTED/{audio|video}/{streamId}
// mutes a track of.
func muteOf(key string) (wire.StreamID, bool) {
	for _, kind := range []string{"audio", "video"} {
		if id, ok := strings.CutPrefix(key, wire.TrackMuted(kind, "")); ok {
			return wire.StreamID(id), true
		}
	}
	return "", false
}
