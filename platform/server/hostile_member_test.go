package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/webrtc/v4"
)

// hostile is a client that follows no instruction, with the hall that it does so
// in and those who watch it there.
type hostile struct {
	*running
	session string
	chair   *seated   // may do everything
	victim  *seated   // a member like others, which sends the stream "victim"
	rooms   []*seated // in the rooms where nothing may change
	clock   *hearing  // of the chair, of its own: what nothing binds
	viewers int
	tried   int
}

// TestHostileMember: whatever a client does that its room token, its seat or the
// room does not let it do is refused, changes nothing, and reaches nobody.
func TestHostileMember(t *testing.T) {
	data := t.TempDir()
	r := serve(t, func(c *Config) { c.Data = data })
	h := &hostile{running: r, chair: r.sit("hall", "permissions", wire.Permissions(), "enable_room_previews", true), victim: r.sit("hall")}
	h.session, h.rooms = h.chair.session, []*seated{h.chair}
	h.chair.sends("clock")
	h.victim.sends("victim")
	h.clock = h.chair.views("clock", "clock")
	h.whileMuted()
	h.asAudience()
	h.wantsMore()
	h.inAnothersName()
	h.withoutPermission()
	h.asTheServer()
	h.afterRemoval()
	h.atALockedDoor()
	h.elsewhere(r.foreign(data))
	h.outOfTime()
	t.Logf("%d things were tried in vain", h.tried)
}

// tries wants a refusal that changes nothing and leaves media alone.
func (h *hostile) tries(what string, status int, code wire.Code, do func() answer) {
	h.t.Helper()
	h.unchanged(what, func() { do().refused(what, status, code) })
}

// forbidden is tries where the answer is the plain one.
func (h *hostile) forbidden(what string, do func() answer) {
	h.t.Helper()
	h.tries(what, http.StatusForbidden, wire.CodeForbidden, do)
}

// unchanged does something in vain: all versions, all metadata, all streams and
// viewers stay.
func (h *hostile) unchanged(what string, do func(), but ...cmp.Option) {
	h.t.Helper()
	h.tried++
	states := func() (all []wire.Conference) {
		for _, in := range h.rooms {
			all = append(all, in.state(in.session))
		}
		return all
	}
	was, media := states(), h.server.sfu.Stats()
	do()
	now, after := states(), h.server.sfu.Stats()
	if d := cmp.Diff(was, now, but...); d != "" {
		h.t.Errorf("%s changes (-was +is):\n%s", what, d)
	}
	if after.Streams != media.Streams || after.Viewers != media.Viewers {
		h.t.Errorf("%s: %d streams and %d viewers were %d and %d", what, after.Streams, after.Viewers, media.Streams, media.Viewers)
	}
}

// passes is forbidden for who comes in and must be put out again, so that versions
// go on.
func (h *hostile) passes(what string, do func() answer) {
	h.t.Helper()
	h.unchanged(what, func() { do().refused(what, http.StatusForbidden, wire.CodeForbidden) }, cmpopts.IgnoreFields(wire.Conference{}, "Version"))
}

// rules has the chair do something, which it may.
func (h *hostile) rules(name string, target *seated, more ...any) {
	h.t.Helper()
	if a := h.chair.act(name, target, more...); a.status != http.StatusNoContent {
		h.t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
}

// counts wants packets of these kinds at some viewers, and none of the others.
func (h *hostile) counts(what string, audio, video bool, at ...*hearing) {
	h.t.Helper()
	h.tried++
	measure(h.t, what, h.clock, audio, video, at...)
}

// watch has the chair view a stream.
func (h *hostile) watch(stream wire.StreamID) *hearing {
	h.t.Helper()
	h.viewers++
	return h.chair.views(stream, fmt.Sprintf("w%d", h.viewers))
}

// again is another device of the same token.
func (a *seated) again() *seated {
	a.t.Helper()
	endpoint, session := a.enter("hall")
	return &seated{a.caller, endpoint, session}
}

// goes leaves, with which its media ends.
func (a *seated) goes() {
	a.t.Helper()
	a.do("leave", wire.LeaveConference{ConferenceID: a.session, UserEndpointID: a.endpoint})
}

// streams are those that a token's holders publish.
func (h *hostile) streams(of *seated) (list []wire.StreamID) {
	h.t.Helper()
	user := claimsOf(h.t, of.token)["sub"]
	for _, p := range h.chair.state(h.session).Participants {
		for _, e := range p.Endpoints {
			for _, s := range e.Streams {
				if p.ID == user {
					list = append(list, s.ID)
				}
			}
		}
	}
	return list
}

// whileMuted: a mute of the server's is one of its holder, with whatever device,
// stream, protocol, and after leaving, and whatever it says of its tracks.
func (h *hostile) whileMuted() {
	m := h.sit("hall", "permissions", []string{"room.self.additional_source", "room.self.audio_mute", "room.self.video_mute"})
	m.sends("loud")
	first := h.watch("loud")
	h.counts("nothing is muted yet", true, true, first)
	h.rules("muteAudio", m)
	h.rules("muteVideo", m)
	h.counts("muted, and goes on sending", false, false, first)
	for _, name := range []string{"unmuteAudio", "unmuteVideo"} {
		h.forbidden(name+" of itself", func() answer { return m.act(name, nil) })
	}
	h.forbidden("promotes itself out of a mute", func() answer { return m.act("promote", nil) })
	for _, kind := range []string{"audio", "video"} { // of its own tracks it may say what it likes
		for _, op := range []wire.Operation{wire.OperationSet, wire.OperationRemove} {
			m.do("updateMetadata", wire.UpdateMetadata{ConferenceID: h.session, UserEndpointID: m.endpoint, Operation: op, Key: wire.TrackMuted(kind, "loud"), Value: "false"})
		}
	}
	m.sends("second")
	other := m.again()
	other.sends("third")
	plain := publish(h.t, m.caller, "hall") // by WHIP
	all := []*hearing{first}
	mine := h.streams(m)
	if len(mine) != 4 {
		h.t.Fatalf("it sends %v", mine)
	}
	for _, s := range mine {
		all = append(all, h.watch(s))
	}
	h.counts("muted, with another stream, another device, and by WHIP", false, false, all...)
	if a := m.send("DELETE", plain.location, "", nil); a.status != http.StatusOK {
		h.t.Fatalf("DELETE: %d %s", a.status, a.body)
	}
	m.goes()
	other.goes()
	back := m.again()
	back.sends("fourth")
	last := h.watch("fourth")
	h.counts("muted, and came back", false, false, append(all, last)...)
	h.rules("unmuteAudio", back)
	h.rules("unmuteVideo", back)
	measure(h.t, "nothing but the mute held it back", h.clock, true, true, last)
	back.goes()
}

// asAudience: the audience sends nothing, by whatever call.
func (h *hostile) asAudience() {
	m := h.sit("hall", "join_as", "audience", "permissions", wire.Permissions())
	at, end := h.session, m.endpoint
	for _, kind := range []wire.StreamType{wire.StreamMic, wire.StreamCam, wire.StreamMicAndCam, wire.StreamScreen, wire.StreamUnknown, ""} {
		for _, id := range []string{"hall", at} {
			h.forbidden("publishes "+string(kind), func() answer {
				return m.post(conferencesPath+"publishStream", wire.PublishStream{ConferenceID: id, UserEndpointID: end, StreamID: "mine", ConferenceStreamType: kind, SDPOffer: offer(h.t)})
			})
		}
	}
	for _, path := range []string{"/whip/hall", "/whip/" + at} {
		h.passes("publishes by "+path, func() answer { return newPeerOffer(h.t, m.caller, path) })
	}
	candidates := []wire.ICECandidate{{Candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host"}}
	for name, body := range map[string]any{
		"addPublishStreamIceCandidates": wire.ICECandidates{ConferenceID: at, UserEndpointID: end, StreamID: "victim", ICECandidates: candidates},
		"unpublishStream":               wire.StreamRef{ConferenceID: at, UserEndpointID: end, StreamID: "victim"},
		"updateStreamMetadata":          wire.UpdateStreamMetadata{ConferenceID: at, UserEndpointID: end, StreamID: "victim", Metadata: []byte(`{"mine":true}`)},
		"create":                        wire.CreateConference{Mode: wire.ModeP2P},
		"promote":                       wire.Promote{MemberAction: wire.MemberAction{ConferenceID: at, UserEndpointID: end}, Permissions: wire.Permissions()},
	} {
		h.forbidden(name+" of the audience", func() answer { return m.post(conferencesPath+name, body) })
	}
	h.tries("answers the views of another's stream", http.StatusConflict, wire.CodeConflict, func() answer {
		return m.post(conferencesPath+"answerViewStream", wire.AnswerViewStream{ConferenceID: at, UserEndpointID: end, StreamID: "victim", ViewerID: "clock", SDPAnswer: offer(h.t)})
	})
	for _, target := range []string{"test", claimsOf(h.t, h.victim.token)["sub"].(string)} {
		h.forbidden("calls one to one", func() answer {
			return m.post("/rtc-api/calls/call", wire.StartCall{SDPOffer: offer(h.t), Target: target, UserEndpointID: end})
		})
	}
	// Who joins again, in whatever words, is what it was.
	h.unchanged("joins as an agent", func() {
		m.do("join", wire.JoinConference{ConferenceID: "hall", UserEndpointID: end, Metadata: []byte(`{"name":"The chair","roles":["AGENT"],"joinAs":"member"}`)})
	})
	if mine := h.streams(m); len(mine) > 0 {
		h.t.Errorf("the audience sends %v", mine)
	}
}

// wantsMore: what media_allowed excludes does not come, by either protocol, also to
// who asks for nothing else; nor as a picture.
func (h *hostile) wantsMore() {
	for allowed, kind := range map[string]webrtc.RTPCodecType{"audio-only": webrtc.RTPCodecTypeVideo, "video-only": webrtc.RTPCodecTypeAudio} {
		m := h.sit("hall", "media_allowed", allowed)
		audio, video := allowed == "audio-only", allowed == "video-only"
		only := m.viewsOnly("victim", "only-"+allowed, kind)
		other := m.again()
		byName, first := m.watches("hall", "victim")
		byID, second := m.watches(h.session, "victim")
		all := []*hearing{m.views("victim", "all-"+allowed), other.views("victim", "again-"+allowed), byName, byID}
		h.counts(allowed, audio, video, all...)
		h.counts(allowed+", to who asks for nothing but the other", false, false, only)
		if allowed == "audio-only" {
			for _, id := range []string{"hall", h.session} {
				h.forbidden("looks at the preview with "+allowed, func() answer { return m.get("/previews/" + id) })
			}
		}
		h.rules("demote", m, "mediaAllowed", "all")
		measure(h.t, "nothing but media_allowed held it back", h.clock, !audio, !video, only)
		for _, p := range []*peer{first, second} {
			if a := m.send("DELETE", p.location, "", nil); a.status != http.StatusOK {
				h.t.Fatalf("DELETE: %d %s", a.status, a.body)
			}
		}
		m.goes()
		other.goes()
	}
}

// watches views a stream by WHEP.
func (c caller) watches(room, stream string) (*hearing, *peer) {
	c.t.Helper()
	p := newPeer(c.t, c)
	h := hears(c.t, p.PeerConnection, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo)
	if a := p.negotiate("/whep/" + room + "?stream=" + stream); a.status != http.StatusCreated {
		c.t.Fatalf("WHEP: %d %s", a.status, a.body)
	}
	return h, p
}

// granted tells whether the broker lets a connection hear a topic.
func (l *connection) granted(t *testing.T, topic string) bool {
	t.Helper()
	s := l.Subscribe(topic, 1, func(mqtt.Client, mqtt.Message) { t.Errorf("something came on %s", topic) })
	if !s.WaitTimeout(patience) {
		t.Fatal("the broker does not answer")
	}
	return s.(*mqtt.SubscribeToken).Result()[topic] == 1
}

// roomCall is a call on a member or the room, with all that it takes.
type roomCall struct {
	name     string
	onMember bool
	more     []any
}

func roomCalls() []roomCall {
	blue := map[string]any{"badge": "blue"}
	all := []roomCall{
		{"setInputVolume", true, []any{"volume", -50}}, {"setOutputVolume", true, []any{"volume", 50}}, {"setInputSensitivity", true, []any{"value", 100}},
		{"setMemberPosition", true, []any{"position", "reserved-1"}}, {"setMemberMeta", true, []any{"meta", blue}}, {"updateMemberMeta", true, []any{"meta", blue}},
		{"deleteMemberMeta", true, []any{"keys", []string{"badge"}}}, {"removeMember", true, []any{"reason", "mine"}}, {"promote", true, []any{"permissions", wire.Permissions()}},
		{"demote", true, []any{"mediaAllowed", "all"}}, {"removeAllMembers", false, nil}, {"setLayout", false, []any{"name", "2x2"}},
		{"setPositions", false, []any{"positions", map[string]string{}}}, {"setRoomMeta", false, []any{"meta", blue}}, {"updateRoomMeta", false, []any{"meta", blue}},
		{"deleteRoomMeta", false, []any{"keys", []string{"badge"}}}, {"setPrioritizeHandraise", false, []any{"on", true}},
	}
	for _, name := range strings.Fields("muteAudio unmuteAudio muteVideo unmuteVideo deaf undeaf raiseHand lowerHand") {
		all = append(all, roomCall{name, true, nil})
	}
	for _, name := range append(strings.Fields("hideVideoMuted showVideoMuted lock unlock"), missingActions()...) {
		all = append(all, roomCall{name, false, nil})
	}
	return all
}
