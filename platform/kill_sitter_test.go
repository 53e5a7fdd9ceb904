package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"

	"guichet/platform/wire"
)

// sitter is a worker with a seat of its own, which nobody else touches. What was
// done to it is acknowledged but for the last thing, which the kill may have
// swallowed.
type sitter struct {
	*lobby
	holder
	name   string
	chance *rand.Rand
	count  int // so that nothing is said twice
	acks   int // that no check has looked at

	sure  sitting
	doubt *sitting // what it is if the last thing happened
}

// sitting is a seat as far as it changes.
type sitting struct {
	in                               bool
	name                             string
	role                             wire.JoinAs
	allowed                          wire.MediaAllowed
	permissions                      int
	audioMuted, videoMuted, deaf, up bool
	input, output, sensitivity       int
	position, meta                   string
}

// sittingOf reads a seat.
func sittingOf(state wire.Conference, endpoint string) (s sitting, err error) {
	text, in := state.Metadata[wire.MemberKey(endpoint)]
	if !in {
		return s, nil
	}
	var m wire.Member
	err = json.Unmarshal([]byte(text), &m)
	return sitting{true, m.Name, m.Role, m.MediaAllowed, len(m.Permissions), m.AudioMuted, m.VideoMuted, m.Deaf, m.HandRaisedAt != nil,
		m.InputVolume, m.OutputVolume, m.Sensitivity, m.Position, string(m.Meta)}, err
}

func (s *sitter) next() string {
	s.count++
	return fmt.Sprintf("%s.%d", s.name, s.count)
}

func (s *sitter) coin() bool { return s.chance.IntN(2) == 0 }

func (s *sitter) step() error {
	if !s.sure.in {
		return s.comeIn()
	}
	name, more, then := s.deed()
	body := map[string]any{"conferenceId": s.id, "userEndpointId": s.chair.endpoint, "targetUserEndpointId": s.endpoint}
	token := s.chair.token
	if s.coin() { // staff does it
		body["userEndpointId"], token = s.observers[0].endpoint, s.hall.token
	}
	for k, v := range more {
		body[k] = v
	}
	s.doubt = &then
	return s.settle(s.as(token, 204, name, body, nil))
}

// settle notes an answer.
func (s *sitter) settle(err error) error {
	if err != nil {
		return err
	}
	s.acks++
	if s.sure, s.doubt = *s.doubt, nil; !s.sure.in {
		s.gone()
	}
	return nil
}

// gone notes that the removal is sure.
func (s *sitter) gone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = append(s.removed, s.holder)
	s.outs++
	s.holder = holder{}
}

// comeIn takes a token and a seat, unless the room is locked just now.
func (s *sitter) comeIn() (err error) {
	name := s.next()
	then := sitting{in: true, name: name, role: wire.JoinAsMember, allowed: wire.MediaAll, permissions: 2, audioMuted: s.coin(), videoMuted: s.coin(),
		sensitivity: wire.DefaultSensitivity, meta: `{"name":"` + name + `"}`}
	fields := map[string]any{"user_name": name, "permissions": []string{"room.lock", "room.self.deaf"}, "join_audio_muted": then.audioMuted,
		"join_video_muted": then.videoMuted, "meta": map[string]string{"name": name}}
	if s.chance.IntN(3) == 0 {
		fields["join_as"], then.role, then.permissions = "audience", wire.JoinAsAudience, 0
	}
	if s.holder, err = s.admit(fields); err != nil {
		s.holder = holder{}
		return err
	}
	s.doubt = &then
	in, why, err := s.tries(s.holder)
	if err == nil && !in {
		s.holder, s.doubt = holder{}, nil
		if why != wire.ReasonLocked {
			err = fmt.Errorf("%s is not let in: %q", s.name, why)
		}
		return err
	}
	return s.settle(err)
}

// deed is one thing to do to the seat, and what it is then.
func (s *sitter) deed() (name string, more map[string]any, then sitting) {
	then = s.sure
	n := s.chance.IntN(51)
	switch s.chance.IntN(26) {
	case 0, 1:
		then.audioMuted, name = true, "muteAudio"
	case 2, 3:
		then.audioMuted, name = false, "unmuteAudio"
	case 4, 5:
		then.videoMuted, name = true, "muteVideo"
	case 6, 7:
		then.videoMuted, name = false, "unmuteVideo"
	case 8:
		then.deaf, name = true, "deaf"
	case 9, 10:
		then.deaf, name = false, "undeaf"
	case 11, 12:
		then.input, name, more = n, "setInputVolume", map[string]any{"volume": n}
	case 13:
		then.output, name, more = -n, "setOutputVolume", map[string]any{"volume": -n}
	case 14:
		then.sensitivity, name, more = n, "setInputSensitivity", map[string]any{"value": n}
	case 15, 16:
		then.position = fmt.Sprintf("standard-%d", n)
		name, more = "setMemberPosition", map[string]any{"position": then.position}
	case 17, 18, 19:
		then.meta = `{"n":"` + s.next() + `"}`
		name, more = "setMemberMeta", map[string]any{"meta": json.RawMessage(then.meta)}
	case 20:
		then.up, name = true, "raiseHand"
	case 21:
		then.up, name = false, "lowerHand"
	case 22, 23:
		name, more = "promote", map[string]any{"permissions": []string{"room.unlock"}, "joinVideoMuted": true, "mediaAllowed": "all"}
		if then.role == wire.JoinAsAudience {
			then.role, then.permissions, then.audioMuted, then.videoMuted, then.allowed = wire.JoinAsMember, 1, false, true, wire.MediaAll
		}
	case 24:
		allowed := []wire.MediaAllowed{wire.MediaAll, wire.MediaAudioOnly, wire.MediaVideoOnly}[s.chance.IntN(3)]
		then.role, then.permissions, then.allowed = wire.JoinAsAudience, 0, allowed
		name, more = "demote", map[string]any{"mediaAllowed": allowed}
	case 25:
		then, name, more = sitting{}, "removeMember", map[string]any{"reason": s.next()}
	}
	return name, more, then
}

// check holds the seat against what was acknowledged, and goes on from there.
func (s *sitter) check(state wire.Conference) {
	s.seatTally.acked, s.acks = s.seatTally.acked+s.acks, 0
	if s.holder.endpoint == "" {
		s.doubt = nil
		return
	}
	is, err := sittingOf(state, s.holder.endpoint)
	switch {
	case err != nil:
		s.errorf("%s: %w", s.name, err)
	case s.doubt == nil && is != s.sure:
		s.errorf("%s sits as %+v, acknowledged was %+v", s.name, is, s.sure)
	case s.doubt == nil:
	case is != s.sure && is != *s.doubt:
		s.errorf("%s sits as %+v, acknowledged was %+v, asked for %+v", s.name, is, s.sure, *s.doubt)
	default:
		if s.seatTally.doubtful++; is == *s.doubt {
			s.happened++
		}
		was := s.sure
		s.sure, s.doubt = is, nil
		switch {
		case was.in && !is.in:
			s.gone()
		case !is.in: // it never came in
			s.holder = holder{}
		}
	}
}

// manager changes the room, which nobody else does.
type manager struct {
	*lobby
	chance *rand.Rand
	count  int
	acks   int // that no check has looked at
	sure   setting
	doubt  *setting
}

// setting is a room as far as it changes.
type setting struct {
	locked, hidden, hands bool
	layout, meta, place   string
}

func (m *manager) step() error {
	then := m.sure
	m.count++
	name, more := "", map[string]any{}
	switch m.chance.IntN(8) {
	case 0:
		then.locked, name = true, "lock"
	case 1:
		then.locked, name = false, "unlock"
	case 2, 3:
		then.hidden, name = !then.hidden, "hideVideoMuted"
		if !then.hidden {
			name = "showVideoMuted"
		}
	case 4:
		then.hands, name = !then.hands, "setPrioritizeHandraise"
		more["on"] = then.hands
	case 5:
		then.layout, name = wire.LayoutNames()[m.chance.IntN(13)], "setLayout"
		more["name"] = then.layout
	case 6:
		then.meta, name = fmt.Sprintf(`{"n":%d}`, m.count), "setRoomMeta"
		more["meta"] = json.RawMessage(then.meta)
	case 7:
		then.place, name = fmt.Sprintf("reserved-%d", m.chance.IntN(200)), "setPositions"
		more["positions"] = map[string]string{m.chair.endpoint: then.place}
	}
	return m.change(name, more, then)
}

func (m *manager) change(name string, more map[string]any, then setting) error {
	more["conferenceId"], more["userEndpointId"] = m.id, m.chair.endpoint
	m.doubt = &then
	err := m.as(m.chair.token, http.StatusNoContent, name, more, nil)
	if err == nil {
		m.sure, m.doubt = then, nil
		m.acks++
	}
	return err
}

// unlock opens the room's door.
func (m *manager) unlock() error {
	then := m.sure
	then.locked = false
	return m.change("unlock", map[string]any{}, then)
}

func (m *manager) check(state wire.Conference) {
	m.seatTally.acked, m.acks = m.seatTally.acked+m.acks, 0
	var r wire.Room
	if err := json.Unmarshal([]byte(state.Metadata[wire.MetadataRoom]), &r); err != nil {
		m.errorf("the room: %w", err)
		return
	}
	is := setting{r.Locked, r.HideVideoMuted, r.PrioritizeHandraise, r.Layout, string(r.Meta), r.Positions[m.chair.endpoint]}
	switch {
	case m.doubt == nil && is != m.sure, m.doubt != nil && is != m.sure && is != *m.doubt:
		m.errorf("the room is %+v, acknowledged was %+v, asked for %+v", is, m.sure, m.doubt)
	case m.doubt != nil:
		if m.seatTally.doubtful++; is == *m.doubt {
			m.happened++
		}
	}
	m.sure, m.doubt = is, nil
}
