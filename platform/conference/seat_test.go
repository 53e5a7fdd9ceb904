package conference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// room makes a conference with the staff's a1 and the holders' b1 and c1, of whom
// c may do everything.
func (b *bench) meeting(id string) (staff, member, chair conference.Caller) {
	b.t.Helper()
	b.create(id)
	b.join(id, "a1")
	member = holder("b", func(a *conference.Admission) {
		a.Room = conference.RoomSettings{Name: "lobby", DisplayName: "The lobby", Meta: json.RawMessage(`{"floor":2}`), Layout: "2x2", MaxMembers: 9,
			Previews: true, SyncAudioVideo: true, PrioritizeHandraise: true}
		a.Meta, a.Permissions = json.RawMessage(`{"badge":"blue"}`), []wire.Permission{wire.SelfAudioMute, wire.SelfAudioUnmute}
	})
	chair = holder("c", func(a *conference.Admission) { a.Room.Name, a.Permissions = "lobby", wire.Permissions() })
	b.enter(member, id, "b1")
	b.enter(chair, id, "c1")
	b.sfu.took()
	return agent("a"), member, chair
}

func by(id, endpoint, target string) wire.MemberAction {
	return wire.MemberAction{ConferenceID: id, UserEndpointID: endpoint, TargetUserEndpointID: target}
}

// permits are what the SFU was told of rights, of the conference.
func (b *bench) permits(id string) (list []string) {
	for _, c := range b.sfu.took() {
		if rest, ok := strings.CutPrefix(c, "permit default/"+id+" "); ok {
			list = append(list, rest)
		}
	}
	return list
}

// TestSeatIsWhatTheTokenSays reads every field of an admission back.
func TestSeatIsWhatTheTokenSays(t *testing.T) {
	b := start(t)
	_, _, _ = b.meeting("c1")
	equal(t, wire.Room{Name: "lobby", DisplayName: "The lobby", SessionID: "c1", Meta: json.RawMessage(`{"floor":2}`), Layout: "2x2", MaxMembers: 9,
		Previews: true, SyncAudioVideo: true, PrioritizeHandraise: true}, b.room("c1"))
	equal(t, wire.Member{ID: "b1", Name: "Name of b", Role: wire.JoinAsMember, Permissions: []wire.Permission{wire.SelfAudioMute, wire.SelfAudioUnmute},
		Sensitivity: wire.DefaultSensitivity, Meta: json.RawMessage(`{"badge":"blue"}`), MediaAllowed: wire.MediaAll}, b.seat("c1", "b1"))
	at := time.Now().Add(time.Hour)
	b.enter(holder("d", func(a *conference.Admission) {
		a.Room.Name, a.Role, a.Permissions, a.MediaAllowed = "lobby", wire.JoinAsAudience, wire.Permissions(), wire.MediaAudioOnly
		a.AudioMuted, a.VideoMuted, a.RemoveAt, a.RemoveAfter = true, true, at, 2*time.Hour
	}), "c1", "d1")
	told := wire.NewTime(at)
	equal(t, wire.Member{ID: "d1", Name: "Name of d", Role: wire.JoinAsAudience, Permissions: []wire.Permission{}, AudioMuted: true, VideoMuted: true,
		Sensitivity: wire.DefaultSensitivity, Meta: json.RawMessage(`{}`), MediaAllowed: wire.MediaAudioOnly, RemoveAt: &told}, b.seat("c1", "d1"))
	equal(t, []string{"d1 {false false true false 97}"}, b.permits("c1"))
	// A name that the holder gives itself is not taken, and no role.
	must(b.Join(ctx, holder("e", func(a *conference.Admission) { a.Room.Name = "lobby" }), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "e1",
		Metadata: json.RawMessage(`{"name":"The boss","roles":["AGENT"],"x":1}`)}))(t)
	for _, p := range b.state("c1").Participants {
		if p.ID == "e" && string(p.Endpoints[0].Metadata) != `{"name":"Name of e","roles":["CUSTOMER"],"x":1}` {
			t.Errorf("described as %s", p.Endpoints[0].Metadata)
		}
	}
}

// TestKeysOfTheServerAreItsOwn: nobody writes a seat or the room's settings by
// updateMetadata, and they take none of the keys that others may set.
func TestKeysOfTheServerAreItsOwn(t *testing.T) {
	b := start(t)
	staff, member, _ := b.meeting("c1")
	member.Admission = nil
	was := b.state("c1")
	for _, who := range []conference.Caller{staff, member} {
		for _, key := range []string{wire.MetadataRoom, wire.MemberKey("b1"), wire.MemberKey("nobody"), wire.MemberPrefix} {
			for _, op := range []wire.Operation{wire.OperationSet, wire.OperationRemove} {
				err := b.UpdateMetadata(ctx, who, wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: who.UserID + "1", Operation: op, Key: key, Value: "{}"})
				if !errors.Is(err, conference.ErrForbidden) {
					t.Errorf("%s %s by %s: %v", op, key, who.UserID, err)
				}
			}
		}
	}
	if err := second(b.Create(ctx, staff, wire.CreateConference{Metadata: map[string]string{wire.MetadataRoom: "{}"}})); !errors.Is(err, conference.ErrForbidden) {
		t.Errorf("at creation: %v", err)
	}
	if err := b.UpdateMetadata(ctx, member, wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "b1", Operation: wire.OperationSet, Key: "k", Value: "v"}); !errors.Is(err, conference.ErrForbidden) {
		t.Errorf("a holder sets metadata: %v", err)
	}
	equal(t, was, b.state("c1"))
	for i := range 100 {
		if err := b.UpdateMetadata(ctx, staff, wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "a1", Operation: wire.OperationSet, Key: fmt.Sprint(i), Value: "v"}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStaffActsOnAnybody: who has no seat takes one, with everything else as it
// was; staff need not be in; nobody else acts on staff.
func TestStaffActsOnAnybody(t *testing.T) {
	b := start(t)
	staff, _, chair := b.meeting("c1")
	chair.Admission = nil
	guest := customer("g", "c1")
	b.enter(guest, "c1", "g1")
	b.publish("c1", "a1", "s1")
	if err := b.MuteAudio(ctx, guest, by("c1", "g1", "")); !errors.Is(err, conference.ErrNotPermitted) {
		t.Errorf("a guest mutes itself: %v", err)
	}
	if err := b.MuteAudio(ctx, agent("x"), by("c1", "x1", "g1")); err != nil {
		t.Error(err)
	}
	equal(t, []string{"g1 {false true true true 127}"}, b.permits("c1"))
	if s := b.seat("c1", "g1"); !s.AudioMuted || s.VideoMuted || s.Role != wire.JoinAsMember || len(s.Permissions) != 15 {
		t.Errorf("seat %+v", s)
	}
	if err := b.UnmuteAudio(ctx, guest, by("c1", "g1", "")); err != nil {
		t.Errorf("a guest with a seat unmutes itself: %v", err)
	}
	equal(t, []string{"g1 {true true true true 127}"}, b.permits("c1"))
	for name, err := range map[string]error{
		"mutes an agent":         b.MuteAudio(ctx, chair, by("c1", "c1", "a1")),
		"removes an agent":       b.RemoveMember(ctx, chair, wire.RemoveMember{MemberAction: by("c1", "c1", "a1")}),
		"acts in another's name": b.MuteAudio(ctx, chair, by("c1", "b1", "")),
		"acts from outside":      b.MuteAudio(ctx, holderless("q"), by("c1", "q1", "b1")),
		"mutes nobody":           b.MuteAudio(ctx, staff, by("c1", "a1", "nobody")),
		"mutes itself, not in":   b.MuteAudio(ctx, agent("x"), by("c1", "x1", "x1")),
		"locks from outside":     b.Lock(ctx, holderless("q"), wire.RoomAction{ConferenceID: "c1", UserEndpointID: "q1"}),
	} {
		if err == nil || errors.Is(err, conference.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.MuteVideo(ctx, staff, by("c1", "a1", "")); err != nil {
		t.Errorf("staff mutes itself: %v", err)
	}
	must(b.Create(ctx, staff, wire.CreateConference{ConferenceID: "p2p", Mode: wire.ModeP2P}))(t)
	b.join("p2p", "a1")
	if err := b.MuteAudio(ctx, staff, by("p2p", "a1", "")); !errors.Is(err, conference.ErrP2P) {
		t.Errorf("mode P2P: %v", err)
	}
	if err := second(b.Join(ctx, holder("b", nil), wire.JoinConference{ConferenceID: "p2p", UserEndpointID: "b2"})); !errors.Is(err, conference.ErrP2P) {
		t.Errorf("a holder joins in mode P2P: %v", err)
	}
}

// holderless is the holder of a room token in a call that is no join.
func holderless(user string) conference.Caller {
	c := holder(user, nil)
	c.Admission = nil
	return c
}

// TestRemovalInOrder: what is removed leaves the media before the answer, tells
// why, and loses its endpoint soon after.
func TestRemovalInOrder(t *testing.T) {
	b := start(t)
	staff, member, _ := b.meeting("c1")
	b.publishAs("c1", member, "b1", "s1")
	must(b.View(ctx, member, viewing("c1", "b1", "s1", "v1")))(t)
	if err := b.MuteAudio(ctx, staff, by("c1", "a1", "b1")); err != nil {
		t.Fatal(err)
	}
	if err := b.SetPositions(ctx, staff, wire.SetPositions{RoomAction: wire.RoomAction{ConferenceID: "c1", UserEndpointID: "a1"}, Positions: map[string]string{"b1": "auto"}}); err != nil {
		t.Fatal(err)
	}
	b.sfu.took()
	_, past := b.events("b1", 0)
	for _, reason := range wire.LeftReasons() {
		var refused *wire.Error
		if err := b.RemoveMember(ctx, staff, wire.RemoveMember{MemberAction: by("c1", "a1", "b1"), Reason: reason}); !errors.As(err, &refused) || refused.Code != wire.CodeInvalid {
			t.Errorf("removed with the server's own reason %q: %v", reason, err)
		}
	}
	if err := b.RemoveMember(ctx, staff, wire.RemoveMember{MemberAction: by("c1", "a1", "b1"), Reason: "not your turn"}); err != nil {
		t.Fatal(err)
	}
	answered := time.Now()
	m := "default/c1"
	equal(t, []string{"stop " + m + " s1 v1", "unpublish " + m + " s1", "permit " + m + " b1 {true true true true 127}"}, b.sfu.took())
	heard, _ := b.events("b1", past)
	var told []string
	for _, e := range heard {
		told = append(told, strings.TrimSpace(fmt.Sprint(strings.TrimPrefix(string(e.Type), "Conference"), " ", e.Key, " ", e.Operation, " ", e.Reason)))
	}
	equal(t, []string{"StreamUnpublishedEvent", "MetadataUpdatedEvent ROOM SET", "MetadataUpdatedEvent MEMBER/b1 REMOVE", "LeftEvent   not your turn"}, told)
	select {
	case got := <-b.dropped:
		if passed := time.Since(answered); got != "b1 not your turn" || passed < 300*time.Millisecond {
			t.Errorf("dropped %q after %v", got, passed)
		}
	case <-time.After(hang):
		t.Fatal("the endpoint lives on")
	}
	if r := b.room("c1"); len(r.Positions) > 0 {
		t.Errorf("positions of who left: %v", r.Positions)
	}
	if err := b.RemoveAllMembers(ctx, staff, wire.RemoveAllMembers{RoomAction: wire.RoomAction{ConferenceID: "c1", UserEndpointID: "a1"}}); err != nil {
		t.Error(err)
	}
	if p := b.state("c1").Participants; len(p) != 1 || p[0].ID != "a" {
		t.Errorf("left over: %+v", p)
	}
}

func (b *bench) publishAs(id string, who conference.Caller, endpoint, stream string) {
	b.t.Helper()
	must(b.Publish(ctx, who, offer(id, endpoint, stream)))(b.t)
}

// TestEndOnLeave: the session goes with the member whose token says so, however it
// leaves.
func TestEndOnLeave(t *testing.T) {
	for name, how := range map[string]func(*bench, conference.Caller) error{
		"leaves": func(b *bench, who conference.Caller) error {
			return b.Leave(ctx, who, wire.LeaveConference{ConferenceID: "c1", UserEndpointID: "h1"})
		},
		"is removed": func(b *bench, _ conference.Caller) error {
			return b.RemoveMember(ctx, agent("a"), wire.RemoveMember{MemberAction: by("c1", "a1", "h1")})
		},
		"is gone": func(b *bench, _ conference.Caller) error {
			b.EndpointGone(ctx, "default", "h", "h1", "silent")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			b.meeting("c1")
			host := holder("h", func(a *conference.Admission) { a.EndOnLeave, a.Room.Name = true, "lobby" })
			b.enter(host, "c1", "h1")
			if err := how(b, host); err != nil {
				t.Fatal(err)
			}
			if err := second(b.State(ctx, agent("a"), "c1")); !errors.Is(err, conference.ErrEnded) {
				t.Errorf("it goes on: %v", err)
			}
			if mine, _ := b.events("b1", 0); mine[len(mine)-1].Type != wire.EventEnded {
				t.Errorf("the last that others hear is %s", mine[len(mine)-1].Type)
			}
		})
	}
}

// TestSeatsOutliveTheServer: after a restart seats, mutes, the lock and what is
// held against tokens are as before, and the SFU knows before anything is
// published.
func TestSeatsOutliveTheServer(t *testing.T) {
	b := start(t)
	staff, member, _ := b.meeting("c1")
	room := wire.RoomAction{ConferenceID: "c1", UserEndpointID: "a1"}
	gone := holder("x", func(a *conference.Admission) { a.Room.Name = "lobby" })
	b.enter(gone, "c1", "x1")
	for _, err := range []error{
		b.MuteAudio(ctx, staff, by("c1", "a1", "b1")), b.Deafen(ctx, staff, by("c1", "a1", "c1")), b.RaiseHand(ctx, staff, by("c1", "a1", "b1")),
		b.RemoveMember(ctx, staff, wire.RemoveMember{MemberAction: by("c1", "a1", "x1")}), b.Lock(ctx, staff, room),
		b.SetPositions(ctx, staff, wire.SetPositions{RoomAction: room, Positions: map[string]string{"b1": "auto"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	was := b.state("c1")
	b.reopen()
	equal(t, was, b.state("c1"))
	got := b.permits("c1")
	slices.Sort(got)
	equal(t, []string{"b1 {false true true true 97}", "c1 {true true false true 97}"}, got)
	b.publishAs("c1", member, "b1", "s1")
	if err := second(b.Join(ctx, holder("y", func(a *conference.Admission) { a.Room.Name = "lobby" }), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "y1"})); !errors.Is(err, conference.ErrLocked) {
		t.Errorf("the lock: %v", err)
	}
	if err := second(b.Join(ctx, gone, wire.JoinConference{ConferenceID: "c1", UserEndpointID: "x2"})); !errors.Is(err, conference.ErrRemoved) {
		t.Errorf("who was removed: %v", err)
	}
}

// TestWhatIsNotWrittenIsNotPermitted: a mute that fails is not told to the SFU,
// and one that was written all the same is, as soon as that is known.
func TestWhatIsNotWrittenIsNotPermitted(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			b := start(t)
			staff, _, _ := b.meeting("c1")
			b.faulty.fail(errors.New("disk full"), after)
			if err := b.MuteAudio(ctx, staff, by("c1", "a1", "b1")); !errors.Is(err, conference.ErrUnavailable) {
				t.Fatalf("muted: %v", err)
			}
			b.faulty.fail(nil, false)
			guard := time.Now().Add(hang)
			for second(b.State(ctx, staff, "c1")) != nil && time.Now().Before(guard) {
			}
			var want []string
			if after {
				want = []string{"b1 {false true true true 97}"}
			}
			if b.seat("c1", "b1").AudioMuted != after {
				t.Error("the state differs")
			}
			equal(t, want, b.permits("c1"))
		})
	}
}

// TestDemotedWhileItPublishes: who becomes one of the audience while the SFU
// answers publishes nothing.
func TestDemotedWhileItPublishes(t *testing.T) {
	b := start(t)
	staff, member, _ := b.meeting("c1")
	b.sfu.publish = func(context.Context) error {
		return b.Demote(ctx, staff, wire.Demote{MemberAction: by("c1", "a1", "b1")})
	}
	if err := second(b.Publish(ctx, member, offer("c1", "b1", "s1"))); !errors.Is(err, conference.ErrAudience) {
		t.Errorf("published: %v", err)
	}
	m := "default/c1"
	equal(t, []string{"publish " + m + " s1", "permit " + m + " b1 {false false true true 97}", "unpublish " + m + " s1"}, b.sfu.took())
	for _, p := range b.state("c1").Participants {
		for _, e := range p.Endpoints {
			if len(e.Streams) > 0 {
				t.Errorf("%s has %+v", e.ID, e.Streams)
			}
		}
	}
}
