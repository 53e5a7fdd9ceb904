package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func ptr[T any](v T) *T { return &v }

var at = NewTime(time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.UTC))

func event(t EventType, set func(*Event)) Event {
	e := Event{Type: t, ID: "5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", Timestamp: at, ConferenceID: "c1",
		ConferenceVersion: ptr(int64(7)), UserID: "agent1", UserEndpointID: "e1"}
	if set != nil {
		set(&e)
	}
	return e
}

func callEvent(t EventType, set func(*CallEvent)) CallEvent {
	e := CallEvent{Type: t, ID: "5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", Timestamp: at, Aggregate: AggregateCall, AggregateID: "k1",
		AggregateVersion: 7, CallID: "k1", UserID: "agent1", UserEndpointID: "e1"}
	if set != nil {
		set(&e)
	}
	return e
}

var (
	onMember = MemberAction{"c1", "e1", "e2"}
	inRoom   = RoomAction{"c1", "e1"}

	videoSettings = VideoSettings{Name: "my_room", DisplayName: "My room", Description: "Loans", MaxMembers: 8, Quality: Quality1080, FPS: 20,
		JoinFrom: &at, JoinUntil: &at, RemoveAt: &at, RemoveAfterSecondsElapsed: ptr(int64(200000)), Layout: "2x2", EnableRoomPreviews: true,
		SyncAudioVideo: true, Meta: json.RawMessage(`{"floor":2}`), PrioritizeHandraise: true}
	videoSession = VideoSession{ID: "c1", RoomID: ptr("r1"), VideoSettings: videoSettings, Locked: true, StartTime: at, Duration: 42,
		Status: SessionInProgress, PreviewURL: ptr("https://calls.example.org/previews/c1?expires=1767326645")}
)

// golden holds one value of every body and event; testdata has the JSON of
// each, which the JavaScript tests read too.
var golden = map[string]any{
	"create-room-links": CreateRoomLinks{"app", "standalone", "k-1", "i-1", 14400, "https://calls.example.org"},
	"room-links":        RoomLinks{"https://calls.example.org/t/abc-def", "https://calls.example.org/a?roomId=c1"},
	"invitation-early":  Invitation{"abc-def", "Guichet", "Anna", &at, &at},
	"error":             Error{Code: CodeNotFound, Message: "conference c1 is not known"},
	"error-gone":        Error{Code: CodeGone, Message: "this link was used already", Reason: ReasonUsed},
	"error-early": Error{Code: CodeForbidden, Message: "the room token is not valid yet", Reason: ReasonEarly,
		NotBefore: &at, Now: &at},
	"register-endpoint":   RegisterEndpoint{UserEndpointID: "e1", KeepAliveSeconds: 15, ServerKeepAliveReminderOn: true},
	"registered-endpoint": "e1",
	"endpoint":            RegisteredEndpoint{"e1", "agent1", 15, true, at},
	"keepalive":           KeepAlive{UserEndpointID: "e1", UserID: "agent1"},
	"unregister-endpoint": UnregisterEndpoint{UserEndpointID: "e1", Reason: "signed out", UserID: "agent1"},
	"ice-servers": ICEServers{[]ICEServer{
		{URLs: []string{"stun:127.0.0.1:3478"}},
		{URLs: []string{"turn:127.0.0.1:3478?transport=udp", "turn:127.0.0.1:3478?transport=tcp"}, Username: "1767323045:e1", Credential: "c2VjcmV0"},
	}},
	"create-conference": CreateConference{ConferenceID: "c1", Mode: ModeRouter, Metadata: map[string]string{MetadataParticipantLimit: "8"}},
	"summary":           Summary{"c1", ModeRouter, 1},
	"join-conference":   JoinConference{"c1", "e1", "agent1", json.RawMessage(`{"name":"Anna","roles":["CUSTOMER"]}`)},
	"leave-conference":  LeaveConference{"c1", "e1", "hung up", "agent1"},
	"publish-stream": PublishStream{"c1", "e1", "s1", StreamMicAndCam, "v=0\r\n",
		json.RawMessage(`{"portraitMode":false}`)},
	"published-stream": PublishedStream{"s1", "v=0\r\n"},
	"publish-ice-candidates": ICECandidates{"c1", "e1", "s1", "",
		[]ICECandidate{{"candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host", ptr(uint16(0)), ptr("0")}}},
	"view-ice-candidates": ICECandidates{"c1", "e1", "s1", "v1", []ICECandidate{{"", ptr(uint16(0)), ptr("0")}}},
	"unpublish-stream":    StreamRef{"c1", "e1", "s1", ""},
	"stop-view-stream":    StreamRef{"c1", "e1", "s1", "v1"},
	"view-stream":         ViewStream{"c1", "e1", "s1", "v1", "v=0\r\n", nil},
	"viewed-stream":       ViewedStream{"v1", "v=0\r\n"},
	"update-metadata":     UpdateMetadata{"c1", "e1", OperationSet, TrackMuted("audio", "s1"), "true"},
	"conference": Conference{"c1", ModeRouter, 4, map[string]string{TrackMuted("audio", "s1"): "true"},
		[]Participant{{"agent1", []Endpoint{{"e1", json.RawMessage(`{"name":"Anna"}`),
			[]Stream{{"s1", StreamMicAndCam, json.RawMessage(`{"portraitMode":false}`)}}}}}}},
	"conference-empty": Conference{"c1", ModeRouter, 1, map[string]string{}, []Participant{}},
	"event-joined": event(EventJoined, func(e *Event) {
		e.Metadata = json.RawMessage(`{"name":"Anna"}`)
	}),
	"event-left":  event(EventLeft, func(e *Event) { e.Reason = "hung up" }),
	"event-ended": event(EventEnded, func(e *Event) { e.Reason = "done" }),
	"event-stream-published": event(EventStreamPublished, func(e *Event) {
		e.StreamID, e.StreamType, e.Metadata = "s1", StreamMicAndCam, json.RawMessage(`{"portraitMode":false}`)
	}),
	"event-stream-unpublished": event(EventStreamUnpublished, func(e *Event) {
		e.StreamID, e.StreamType = "s1", StreamMicAndCam
	}),
	"update-stream-metadata": UpdateStreamMetadata{"c1", "e1", "s1", json.RawMessage(`{"portraitMode":true}`)},
	"conference-entry":       ConferenceEntry{Summary{"c1", ModeRouter, 4}, "i1", 2, []string{"Anna", "Maria"}, at},
	"event-stream-metadata-updated": event(EventStreamMetadataUpdated, func(e *Event) {
		e.StreamID, e.NewMetadata = "s1", json.RawMessage(`{"portraitMode":true}`)
	}),
	"event-metadata-updated": event(EventMetadataUpdated, func(e *Event) {
		e.Key, e.Operation, e.Value = TrackMuted("video", "s1"), OperationSet, "true"
	}),
	"event-network-indicator-updated": NetworkEvent{event(EventNetworkIndicatorUpdated, func(e *Event) {
		e.ConferenceVersion, e.UserID, e.UserEndpointID = nil, "", ""
	}), 3.1, map[string]NetworkIndicator{
		"e1": {3.2, 24, 4.3, GradeOptimal},
		"e2": {41.5, 310, 1.9, GradeBad},
	}},
	"event-stream-view-requested": ViewEvent{event(EventStreamViewRequested, func(e *Event) { e.ConferenceVersion, e.StreamID = nil, "s1" }), "v1", "v=0\r\n", nil},
	"event-stream-view-stopped":   ViewEvent{event(EventStreamViewStopped, func(e *Event) { e.ConferenceVersion, e.StreamID = nil, "s1" }), "v1", "", nil},
	"event-stream-ice-candidates-found": ViewEvent{event(EventStreamICECandidatesFound, func(e *Event) { e.ConferenceVersion, e.StreamID = nil, "s1" }), "v1", "",
		[]ICECandidate{{"candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host", ptr(uint16(0)), ptr("0")}}},
	"answer-view-stream": AnswerViewStream{"c1", "e1", "s1", "v1", "v=0\r\n"},
	"event-keepalive-reminder": event(EventKeepAliveReminder, func(e *Event) {
		e.ConferenceID, e.ConferenceVersion = "", nil
	}),
	"send-message":  SendMessage{"c1", "e1", "m1", "Good morning!\nYour form, please.", "agent1"},
	"chat-message":  ChatMessage{"m1", "c1", 12, "agent1", "e1", "Anna", "Good morning!\nYour form, please.", at},
	"chat-messages": ChatMessages{[]ChatMessage{{"m1", "c1", 12, "agent1", "e1", "Anna", "Good morning!", at}, {"m2", "c1", 13, "guest-1", "e2", "Maria", "😊", at}}, true},
	"event-message-sent": MessageEvent{event(EventMessageSent, func(e *Event) { e.ConferenceVersion = nil }),
		"m1", 12, "Anna", "Good morning!\nYour form, please."},
	"transcript": Transcript{"c1", []TranscriptLine{
		{TranscriptMessage, "m1", 12, "agent1", "e1", "Anna", "Good morning!", at},
		{TranscriptFile, "f1", 0, "guest-1", "e2", "", "May.pdf", at},
		{TranscriptSnapshot, "s1", 0, "guest-1", "e2", "", "PASSPORT", at},
	}},
	"start-call":   StartCall{"k1", "v=0\r\n", "agent2", "e1", "agent1", map[string]string{"X-Queue": "loans"}},
	"started-call": StartedCall{"k1", 2},
	"answer-call":  AnswerCall{"k1", "v=0\r\n", "e2", "agent2"},
	"call-ref":     CallRef{"k1", "e2", "busy", "agent2"},
	"call-candidates": CallCandidates{"k1", "e2", "agent2",
		[]ICECandidate{{"candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host", ptr(uint16(0)), ptr("0")}}},
	"event-call-created":   callEvent(EventCallCreated, func(e *CallEvent) { e.SDPOffer, e.Target = "v=0\r\n", "agent2" }),
	"event-call-ringing":   callEvent(EventCallRinging, nil),
	"event-call-answered":  callEvent(EventCallAnswered, func(e *CallEvent) { e.SDPAnswer = "v=0\r\n" }),
	"event-call-rejected":  callEvent(EventCallRejected, func(e *CallEvent) { e.Reason = "busy" }),
	"event-call-cancelled": callEvent(EventCallCancelled, func(e *CallEvent) { e.Reason = ReasonElsewhere }),
	"event-call-ended":     callEvent(EventCallEnded, func(e *CallEvent) { e.UserID, e.UserEndpointID, e.Reason = "", "", ReasonNoAnswer }),
	"event-ice-candidates-found": callEvent(EventICECandidatesFound, func(e *CallEvent) {
		e.ICECandidates = []ICECandidate{{"candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host", ptr(uint16(0)), ptr("0")}}
	}),
	"create-ticket": CreateTicket{TicketMultiUse, 14400, 6, map[string]string{PropertyConferenceID: "c1"}, false, nil},
	"ticket": Ticket{ID: "nwi-ssh", Type: TicketSingleUse, OrganizationID: "default", UserID: "agent1",
		Properties: map[string]string{PropertyConferenceID: "c1"}, CreatedAt: at, ExpiresAt: at, Expired: true,
		Revoked: &at, Version: 2, URL: "http://127.0.0.1:8080/t/nwi-ssh"},
	"invitation": Invitation{TicketID: "nwi-ssh", Organization: "Guichet", Host: "Anna"},
	"token": Token{AccessToken: "a.b.c", TokenType: "bearer", ExpiresIn: 600, RefreshToken: "r", Scope: "any",
		ID: "44368f96-0000-4000-8000-000000000000", Subject: "agent1", Organization: "default", ConferenceID: "c1"},
	"token-error": TokenError{"invalid_grant", "Ticket nwi-ssh not found"},
	"create-room-token": CreateRoomToken{
		RoomName: json.RawMessage(`"my_room"`), UserName: json.RawMessage(`"Anna"`),
		Permissions: json.RawMessage(`["room.self.audio_mute","room.lock"]`), JoinFrom: json.RawMessage(`"2022-01-01T23:59:60Z"`),
		JoinUntil: json.RawMessage(`"2022-01-02"`), RemoveAt: json.RawMessage(`"2022-01-02T01:00:00+01:00"`),
		RemoveAfterSecondsElapsed: json.RawMessage(`200000`), JoinAudioMuted: json.RawMessage(`true`), JoinVideoMuted: json.RawMessage(`true`),
		AutoCreateRoom: json.RawMessage(`false`), EnableRoomPreviews: json.RawMessage(`true`), RoomDisplayName: json.RawMessage(`"My room"`),
		EndRoomSessionOnLeave: json.RawMessage(`true`), JoinAs: json.RawMessage(`"member"`), MediaAllowed: json.RawMessage(`"audio-only"`),
		RoomMeta: json.RawMessage(`{"floor":2}`), Meta: json.RawMessage(`{"badge":"blue"}`), SyncAudioVideo: json.RawMessage(`true`)},
	"room-token": RoomToken{"a.b.c"},
	"write-room": WriteRoom{
		Name: json.RawMessage(`"my_room"`), DisplayName: json.RawMessage(`"My room"`), Description: json.RawMessage(`"Loans"`),
		MaxMembers: json.RawMessage(`8`), Quality: json.RawMessage(`"1080p"`), JoinFrom: json.RawMessage(`"2022-01-01T23:59:60Z"`),
		JoinUntil: json.RawMessage(`null`), RemoveAt: json.RawMessage(`"2022-01-02"`), RemoveAfterSecondsElapsed: json.RawMessage(`200000`),
		Layout: json.RawMessage(`"2x2"`), RecordOnStart: json.RawMessage(`false`), EnableRoomPreviews: json.RawMessage(`true`),
		SyncAudioVideo: json.RawMessage(`true`), Meta: json.RawMessage(`{"floor":2}`)},
	"video-room":        VideoRoom{ID: "r1", VideoSettings: videoSettings, CreatedAt: at, UpdatedAt: at},
	"video-room-active": VideoRoom{"r1", videoSettings, &videoSession, at, at},
	"video-session":     videoSession,
	"video-session-completed": VideoSession{ID: "c1", VideoSettings: VideoSettings{Name: "my_room", DisplayName: "my_room", MaxMembers: 300, Quality: Quality720,
		FPS: 20, Layout: DefaultLayout, Meta: json.RawMessage(`{}`)}, StartTime: at, EndTime: &at, Duration: 60, Status: SessionCompleted},
	"video-member":      VideoMember{"e1", "c1", "Anna", at, nil, 42, 0},
	"video-member-left": VideoMember{"e2", "c1", "Maria", at, &at, 0, 0},
	"video-event": VideoEvent{"5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", "project_id", ptr("r1"), "c1", "e1", "info", "member.joined",
		json.RawMessage(`{"type":"ConferenceJoinedEvent"}`), at},
	"video-list":      VideoList[VideoRoom]{VideoLinks{"/api/video/rooms?page_size=1", "/api/video/rooms?page_size=1", "/api/video/rooms?page_size=1&page_token=YTEgcjE", "/api/video/rooms?page_size=1&page_token=YjEgcjE"}, []VideoRoom{{ID: "r1", VideoSettings: videoSettings, CreatedAt: at, UpdatedAt: at}}},
	"video-list-none": VideoList[VideoNone]{VideoLinks{Self: "/api/video/logs", First: "/api/video/logs"}, []VideoNone{}},
	"member": Member{"e2", "Maria", JoinAsMember, []Permission{SelfAudioUnmute, MemberRemove}, true, true, true, -10, 20, DefaultSensitivity,
		"reserved-1", &at, json.RawMessage(`{"badge":"blue"}`), MediaAudioOnly, &at},
	"member-audience": Member{ID: "e2", Name: "Maria", Role: JoinAsAudience, Permissions: []Permission{}, Sensitivity: DefaultSensitivity,
		Meta: json.RawMessage(`{}`), MediaAllowed: MediaAll},
	"room": Room{"my_room", "My room", "c1", json.RawMessage(`{"floor":2}`), true, "2x2", map[string]string{"e2": "standard-2"}, true, true, true, true, 8},
	"event-member-updated": event(EventMetadataUpdated, func(e *Event) {
		e.Key, e.Operation = MemberKey("e2"), OperationSet
		e.Value = `{"id":"e2","name":"Maria","role":"audience","permissions":[],"audioMuted":false,"videoMuted":false,"deaf":false,"inputVolume":0,"outputVolume":0,"sensitivity":30,"meta":{},"mediaAllowed":"all"}`
	}),
	"member-action":       onMember,
	"set-volume":          SetVolume{onMember, ptr(-50)},
	"set-sensitivity":     SetSensitivity{onMember, ptr(100)},
	"set-member-position": SetMemberPosition{onMember, "off-canvas"},
	"set-member-meta":     SetMemberMeta{onMember, json.RawMessage(`{"badge":"blue"}`)},
	"delete-member-meta":  DeleteMemberMeta{onMember, []string{"badge"}},
	"remove-member":       RemoveMember{onMember, "not your turn"},
	"promote": Promote{onMember, []Permission{SelfAudioMute, SelfAudioUnmute}, json.RawMessage(`{"badge":"blue"}`), true, true,
		MediaAll},
	"demote":                   Demote{onMember, MediaVideoOnly},
	"room-action":              inRoom,
	"remove-all-members":       RemoveAllMembers{inRoom, "the office closes"},
	"set-layout":               SetLayout{inRoom, "2x2", map[string]string{"e2": "standard-2"}},
	"set-positions":            SetPositions{inRoom, map[string]string{"e2": "reserved-1"}},
	"set-room-meta":            SetRoomMeta{inRoom, json.RawMessage(`{"floor":2}`)},
	"delete-room-meta":         DeleteRoomMeta{inRoom, []string{"floor"}},
	"set-prioritize-handraise": SetPrioritizeHandraise{inRoom, ptr(true)},
	"layouts":                  Layouts{LayoutNames()},
	"left-reasons":             LeftReasons(),
	"validation-errors":        ValidationErrors{[]ValidationError{NewValidationError("name", "Name must be present")}},
	"video-error":              VideoError{"Unauthorized"},
	"ready": Ready{Ready: true, URL: "http://127.0.0.1:8080", MQTT: "127.0.0.1:1883", MQTTWS: "ws://127.0.0.1:8080/ws",
		Media: "127.0.0.1:7882", TURN: "127.0.0.1:3478", Users: map[string]string{"agent1": "PASSWORD"}},
}

func TestGolden(t *testing.T) {
	for name, value := range golden {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".json")
			got, err := json.MarshalIndent(value, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("encodes differently (-golden +got):\n%s", d)
			}
			back := reflect.New(reflect.TypeOf(value))
			dec := json.NewDecoder(bytes.NewReader(want))
			dec.DisallowUnknownFields()
			if err := dec.Decode(back.Interface()); err != nil {
				t.Fatal(err)
			}
			again, err := json.MarshalIndent(back.Elem().Interface(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(again)+"\n"); d != "" {
				t.Errorf("does not survive a round trip (-golden +again):\n%s", d)
			}
		})
	}
}

func TestEveryGoldenFileHasAValue(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); golden[name] == nil {
			t.Errorf("%s belongs to no type", f)
		}
	}
}

func TestTimeHasThreeDecimals(t *testing.T) {
	for _, tc := range []struct {
		in   time.Time
		want string
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), `"2026-01-02T03:04:05.000Z"`},
		{time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.FixedZone("", 3600)), `"2026-01-02T02:04:05.999Z"`},
	} {
		got, err := json.Marshal(NewTime(tc.in))
		if err != nil || string(got) != tc.want {
			t.Errorf("got %s, %v, want %s", got, err, tc.want)
		}
	}
	var v Time
	if err := json.Unmarshal([]byte(`"yesterday"`), &v); err == nil {
		t.Error("reads a time that is none")
	}
}

func TestStreamIDReadsBothForms(t *testing.T) {
	for in, want := range map[string]StreamID{`"s1"`: "s1", `{"id":"s1"}`: "s1"} {
		var got StreamID
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`7`, `["s1"]`, `{"id":7}`} {
		var got StreamID
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: read as %q", in, got)
		}
	}
}

func TestParseTopic(t *testing.T) {
	for topic, want := range map[string][2]string{
		EndpointTopic("e1"):   {"", "e1"},
		UserTopic("u1", "e1"): {"u1", "e1"},
	} {
		user, endpoint, ok := ParseTopic(topic)
		if got := [2]string{user, endpoint}; !ok || got != want {
			t.Errorf("%s: got %v, %v", topic, got, ok)
		}
	}
	for _, topic := range []string{"", "#", "users/endpoints/", "users/endpoints/+", "users/endpoints/a/b", "users/#",
		"user/u1", "user//e1", "user/+/e1", "user/u1/#", "$SYS/broker", "users/endpoints/a b"} {
		if _, _, ok := ParseTopic(topic); ok {
			t.Errorf("%q is taken for an endpoint's topic", topic)
		}
	}
}

func TestLeftByRemoval(t *testing.T) {
	for reason, want := range map[string]bool{"": false, LeftSilent: false, LeftUnregistered: false, LeftAccessEnded: false, LeftRemoved: true, LeftTimeUp: true, "Too loud.": true} {
		if LeftByRemoval(reason) != want {
			t.Errorf("%q: %v", reason, !want)
		}
	}
}

func TestCheckID(t *testing.T) {
	for _, id := range []string{"a", "44368f96-0000-4000-8000-000000000000", "anna@example.org", strings.Repeat("x", MaxID)} {
		if err := CheckID("id", id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", "a/b", "a b", "a+", "#", "é", "a\x00", `"`, strings.Repeat("x", MaxID+1)} {
		if err := CheckID("id", id); err == nil {
			t.Errorf("%q passes", id)
		}
	}
}

func TestNewIDIsAnIDAndNew(t *testing.T) {
	a, b := NewID(), NewID()
	if a == b {
		t.Error("the same id twice")
	}
	if err := CheckID("id", a); err != nil || len(a) != 36 || a[14] != '4' {
		t.Errorf("%q is no random UUID: %v", a, err)
	}
}
