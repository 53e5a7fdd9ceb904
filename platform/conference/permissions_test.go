package conference_test

import (
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

// holder is who came by a room token.
func holder(user string, set func(*conference.Admission)) conference.Caller {
	a := &conference.Admission{TokenID: "token-" + user, Name: "Name of " + user, Role: wire.JoinAsMember, MediaAllowed: wire.MediaAll}
	if set != nil {
		set(a)
	}
	return conference.Caller{Organization: "default", UserID: user, Customer: true, Admission: a}
}

func permitted(permissions ...wire.Permission) func(*conference.Admission) {
	return func(a *conference.Admission) { a.Permissions = permissions }
}

func (b *bench) enter(who conference.Caller, id, endpoint string) {
	b.t.Helper()
	must(b.Join(ctx, who, wire.JoinConference{ConferenceID: id, UserEndpointID: endpoint}))(b.t)
}

// seat is an endpoint's as the state tells it.
func (b *bench) seat(id, endpoint string) wire.Member {
	b.t.Helper()
	var m wire.Member
	if err := json.Unmarshal([]byte(b.state(id).Metadata[wire.MemberKey(endpoint)]), &m); err != nil {
		b.t.Fatalf("seat of %s: %v", endpoint, err)
	}
	return m
}

func (b *bench) room(id string) (r wire.Room) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.state(id).Metadata[wire.MetadataRoom]), &r); err != nil {
		b.t.Fatalf("room: %v", err)
	}
	return r
}

// deed is what a permission is for: done by an endpoint to another, or to itself.
type deed struct {
	first func(b *bench, id, target string) error // by staff, so that there is something to do
	do    func(b *bench, who conference.Caller, by wire.MemberAction) error
}

type memberCall func(*bench) func(conference.Caller, wire.MemberAction) error

func simple(first, call memberCall) deed {
	d := deed{do: func(b *bench, who conference.Caller, by wire.MemberAction) error { return call(b)(who, by) }}
	if first != nil {
		d.first = func(b *bench, id, target string) error {
			return first(b)(agent("z"), wire.MemberAction{ConferenceID: id, UserEndpointID: "z1", TargetUserEndpointID: target})
		}
	}
	return d
}

// deeds are what the permissions of a name after room.self. and room.member. are
// for.
func deeds() map[string]deed {
	call := func(f func(*conference.Directory) func(conference.Caller, wire.MemberAction) error) memberCall {
		return func(b *bench) func(conference.Caller, wire.MemberAction) error { return f(b.Directory) }
	}
	on := func(f func(d *conference.Directory, who conference.Caller, by wire.MemberAction) error) memberCall {
		return call(func(d *conference.Directory) func(conference.Caller, wire.MemberAction) error {
			return func(who conference.Caller, by wire.MemberAction) error { return f(d, who, by) }
		})
	}
	type (
		dir = *conference.Directory
		who = conference.Caller
		act = wire.MemberAction
	)
	muteAudio := on(func(d dir, w who, by act) error { return d.MuteAudio(ctx, w, by) })
	muteVideo := on(func(d dir, w who, by act) error { return d.MuteVideo(ctx, w, by) })
	deafen := on(func(d dir, w who, by act) error { return d.Deafen(ctx, w, by) })
	raise := on(func(d dir, w who, by act) error { return d.RaiseHand(ctx, w, by) })
	demote := on(func(d dir, w who, by act) error { return d.Demote(ctx, w, wire.Demote{MemberAction: by}) })
	n := 7
	publish := func(kind wire.StreamType) deed {
		return deed{do: func(b *bench, w who, by act) error {
			one := offer(by.ConferenceID, by.UserEndpointID, "extra")
			one.ConferenceStreamType = kind
			_, err := b.Publish(ctx, w, one)
			return err
		}}
	}
	return map[string]deed{
		"audio_mute":   simple(nil, muteAudio),
		"audio_unmute": simple(muteAudio, on(func(d dir, w who, by act) error { return d.UnmuteAudio(ctx, w, by) })),
		"video_mute":   simple(nil, muteVideo),
		"video_unmute": simple(muteVideo, on(func(d dir, w who, by act) error { return d.UnmuteVideo(ctx, w, by) })),
		"deaf":         simple(nil, deafen),
		"undeaf":       simple(deafen, on(func(d dir, w who, by act) error { return d.Undeafen(ctx, w, by) })),
		"set_input_volume": simple(nil, on(func(d dir, w who, by act) error {
			return d.SetInputVolume(ctx, w, wire.SetVolume{MemberAction: by, Volume: &n})
		})),
		"set_output_volume": simple(nil, on(func(d dir, w who, by act) error {
			return d.SetOutputVolume(ctx, w, wire.SetVolume{MemberAction: by, Volume: &n})
		})),
		"set_input_sensitivity": simple(nil, on(func(d dir, w who, by act) error {
			return d.SetInputSensitivity(ctx, w, wire.SetSensitivity{MemberAction: by, Value: &n})
		})),
		"set_position": simple(nil, on(func(d dir, w who, by act) error {
			return d.SetMemberPosition(ctx, w, wire.SetMemberPosition{MemberAction: by, Position: "standard-3"})
		})),
		"set_meta": simple(nil, on(func(d dir, w who, by act) error {
			return d.SetMemberMeta(ctx, w, wire.SetMemberMeta{MemberAction: by, Meta: json.RawMessage(`{"a":1}`)})
		})),
		"raisehand": simple(nil, raise),
		"lowerhand": simple(raise, on(func(d dir, w who, by act) error { return d.LowerHand(ctx, w, by) })),
		"remove": simple(nil, on(func(d dir, w who, by act) error {
			if by.TargetUserEndpointID == "" {
				by.TargetUserEndpointID = by.UserEndpointID
			}
			return d.RemoveMember(ctx, w, wire.RemoveMember{MemberAction: by})
		})),
		"promote":           simple(demote, on(func(d dir, w who, by act) error { return d.Promote(ctx, w, wire.Promote{MemberAction: by}) })),
		"demote":            simple(nil, demote),
		"screenshare":       publish(wire.StreamScreen),
		"additional_source": publish(wire.StreamCam),
	}
}

// roomDeeds are what the permissions of the room are for.
func roomDeeds() map[wire.Permission]func(b *bench, who conference.Caller, by wire.RoomAction) error {
	type (
		who = conference.Caller
		act = wire.RoomAction
	)
	on := true
	missing := func(p wire.Permission) func(b *bench, w who, by act) error {
		return func(b *bench, w who, by act) error { return b.Missing(p)(ctx, w, by) }
	}
	return map[wire.Permission]func(b *bench, w who, by act) error{
		wire.RoomListAvailableLayouts: func(b *bench, w who, by act) error { return second(b.Layouts(ctx, w, by.ConferenceID)) },
		wire.RoomSetLayout: func(b *bench, w who, by act) error {
			return b.SetLayout(ctx, w, wire.SetLayout{RoomAction: by, Name: "2x2"})
		},
		wire.RoomSetPosition: func(b *bench, w who, by act) error {
			return b.SetPositions(ctx, w, wire.SetPositions{RoomAction: by, Positions: map[string]string{by.UserEndpointID: "auto"}})
		},
		wire.RoomSetMeta: func(b *bench, w who, by act) error {
			return b.SetRoomMeta(ctx, w, wire.SetRoomMeta{RoomAction: by, Meta: json.RawMessage(`{"a":1}`)})
		},
		wire.RoomHideVideoMuted: func(b *bench, w who, by act) error { return b.HideVideoMuted(ctx, w, by) },
		wire.RoomShowVideoMuted: func(b *bench, w who, by act) error { return b.ShowVideoMuted(ctx, w, by) },
		wire.RoomLock:           func(b *bench, w who, by act) error { return b.Lock(ctx, w, by) },
		wire.RoomUnlock:         func(b *bench, w who, by act) error { return b.Unlock(ctx, w, by) },
		wire.RoomPrioritizeHandraise: func(b *bench, w who, by act) error {
			return b.SetPrioritizeHandraise(ctx, w, wire.SetPrioritizeHandraise{RoomAction: by, On: &on})
		},
		wire.RoomRecording:    missing(wire.RoomRecording),
		wire.RoomPlayback:     missing(wire.RoomPlayback),
		wire.RoomPlaybackSeek: missing(wire.RoomPlaybackSeek),
		wire.RoomStream:       missing(wire.RoomStream),
	}
}

// TestPermissions tries each of the 44 permissions: with it alone, with all but
// it, as one of the audience who claims it, and as staff; to oneself and to
// another. What is refused changes nothing and says nothing to the SFU.
func TestPermissions(t *testing.T) {
	b := start(t)
	tried := 0
	for _, p := range wire.Permissions() {
		name := strings.TrimPrefix(string(p), "room.")
		group, verb, found := strings.Cut(name, ".")
		if !found {
			group, verb = "room", name
		}
		for _, self := range []bool{true, false} {
			for _, as := range []string{"with", "without", "audience", "staff"} {
				t.Run(fmt.Sprintf("%s/self=%v/%s", p, self, as), func(t *testing.T) {
					tried++
					b.t = t
					b.try(p, group, verb, self, as)
				})
			}
		}
	}
	b.t = t
	if tried != 44*8 {
		t.Errorf("%d cases", tried)
	}
}

func (b *bench) try(p wire.Permission, group, verb string, self bool, as string) {
	t := b.t
	id := wire.NewID()
	must(b.Create(ctx, agent("z"), wire.CreateConference{ConferenceID: id}))(t)
	must(b.Join(ctx, agent("z"), wire.JoinConference{ConferenceID: id, UserEndpointID: "z1"}))(t)
	actor := holder("a", permitted(p))
	switch as {
	case "without":
		// The right over anybody is one over oneself, too.
		counterpart := wire.Permission("room.member." + verb)
		actor = holder("a", permitted(slices.DeleteFunc(wire.Permissions(), func(q wire.Permission) bool {
			return q == p || group == "self" && q == counterpart || group == "member" && self && q == wire.Permission("room.self."+verb)
		})...))
	case "audience":
		actor.Admission.Role = wire.JoinAsAudience
	case "staff":
		actor = agent("a")
	}
	b.enter(actor, id, "a1")
	b.enter(holder("b", nil), id, "b1")
	if verb == "additional_source" && as != "audience" {
		must(b.Publish(ctx, actor, offer(id, "a1", "first")))(t)
	}
	by := wire.MemberAction{ConferenceID: id, UserEndpointID: "a1"}
	affected := "a1"
	if !self {
		by.TargetUserEndpointID, affected = "b1", "b1"
	}
	one := deeds()[verb]
	if group == "room" {
		room := roomDeeds()[p]
		one = deed{do: func(b *bench, who conference.Caller, by wire.MemberAction) error {
			return room(b, who, wire.RoomAction{ConferenceID: id, UserEndpointID: "a1"})
		}}
		staff := wire.RoomAction{ConferenceID: id, UserEndpointID: "z1"}
		if p == wire.RoomShowVideoMuted {
			one.first = func(b *bench, _, _ string) error { return b.HideVideoMuted(ctx, agent("z"), staff) }
		}
		if p == wire.RoomUnlock {
			one.first = func(b *bench, _, _ string) error { return b.Lock(ctx, agent("z"), staff) }
		}
	}
	// Once demoted, nobody has a permission; with promote the actor acts on itself
	// in vain.
	vain := verb == "promote" && self
	if one.first != nil && !vain {
		if err := one.first(b, id, affected); err != nil {
			t.Fatal(err)
		}
	}
	was := b.state(id)
	b.sfu.took()
	actor.Admission = nil // as of a call that is no join
	err := one.do(b, actor, by)
	publishes := verb == "screenshare" || verb == "additional_source"
	allowed := as == "staff" || as == "with" && (group != "self" || self || publishes)
	var said *wire.Error
	missing := errors.As(err, &said) && said.Code == wire.CodeNotAvailable
	switch now := b.state(id); {
	case !allowed:
		if !errors.Is(err, conference.ErrNotPermitted) && !errors.Is(err, conference.ErrAudience) {
			t.Errorf("refused with %v", err)
		}
		equal(t, was, now)
		if calls := b.sfu.took(); len(calls) > 0 {
			t.Errorf("the SFU was told %q", calls)
		}
	case strings.HasPrefix(verb, "recording"), strings.HasPrefix(verb, "playback"), verb == "stream":
		if !missing {
			t.Errorf("answered %v", err)
		}
		equal(t, was, now)
	case err != nil:
		t.Errorf("refused: %v", err)
	case verb == "list_available_layouts", vain:
		equal(t, was, now)
	default:
		if now.Version == was.Version {
			t.Errorf("nothing changed: %+v", now)
		}
		media := slices.Contains([]string{"audio_mute", "audio_unmute", "video_mute", "video_unmute", "deaf", "undeaf", "set_input_sensitivity",
			"demote", "promote"}, verb)
		told := slices.ContainsFunc(b.sfu.took(), func(c string) bool { return strings.HasPrefix(c, "permit default/"+id+" "+affected) })
		if told != media && verb != "remove" {
			t.Errorf("the SFU was told: %v", told)
		}
	}
	if verb == "remove" && allowed {
		if _, err := b.Join(ctx, holder(affected[:1], nil), wire.JoinConference{ConferenceID: id, UserEndpointID: affected[:1] + "2"}); !errors.Is(err, conference.ErrRemoved) && (as != "staff" || !self) {
			t.Errorf("joins again: %v", err)
		}
	}
	if err := b.End(ctx, agent("z"), wire.LeaveConference{ConferenceID: id}); err != nil {
		t.Error(err)
	}
}

// TestAdmission tries what a token says of joining, and of reading before that.
func TestAdmission(t *testing.T) {
	b := start(t)
	now := time.Now()
	with := func(set func(*conference.Admission)) conference.Caller { return holder("b", set) }
	for name, tc := range map[string]struct {
		who   conference.Caller
		first func(id string) error
		err   error
	}{
		"any":            {with(nil), nil, nil},
		"too early":      {with(func(a *conference.Admission) { a.JoinFrom = now.Add(time.Hour) }), nil, conference.ErrEarly},
		"too late":       {with(func(a *conference.Admission) { a.JoinUntil = now.Add(-time.Hour) }), nil, conference.ErrLate},
		"in time":        {with(func(a *conference.Admission) { a.JoinFrom, a.JoinUntil = now.Add(-time.Hour), now.Add(time.Hour) }), nil, nil},
		"to be removed":  {with(func(a *conference.Admission) { a.RemoveAt = now.Add(-time.Hour) }), nil, conference.ErrRemoved},
		"of other rooms": {with(func(a *conference.Admission) { a.Room.Name = "other" }), nil, conference.ErrForbidden},
		"a locked room": {with(nil), func(id string) error {
			return b.Lock(ctx, agent("a"), wire.RoomAction{ConferenceID: id, UserEndpointID: "a1"})
		}, conference.ErrLocked},
		"a locked room, as staff": {agent("b"), func(id string) error {
			return b.Lock(ctx, agent("a"), wire.RoomAction{ConferenceID: id, UserEndpointID: "a1"})
		}, nil},
		"a locked room, as guest": {conference.Caller{Organization: "default", UserID: "b", Customer: true}, func(id string) error {
			return b.Lock(ctx, agent("a"), wire.RoomAction{ConferenceID: id, UserEndpointID: "a1"})
		}, conference.ErrLocked},
		"after removal": {with(nil), func(id string) error {
			b.enter(with(nil), id, "b2")
			return b.RemoveMember(ctx, agent("a"), wire.RemoveMember{MemberAction: wire.MemberAction{ConferenceID: id, UserEndpointID: "a1", TargetUserEndpointID: "b2"}})
		}, conference.ErrRemoved},
		"after leaving": {with(nil), func(id string) error {
			b.enter(with(nil), id, "b2")
			return b.Leave(ctx, with(nil), wire.LeaveConference{ConferenceID: id, UserEndpointID: "b2"})
		}, nil},
		"of a guest who was removed": {conference.Caller{Organization: "default", UserID: "b", Customer: true}, func(id string) error {
			who := conference.Caller{Organization: "default", UserID: "b", Customer: true}
			b.enter(who, id, "b2")
			return b.RemoveMember(ctx, agent("a"), wire.RemoveMember{MemberAction: wire.MemberAction{ConferenceID: id, UserEndpointID: "a1", TargetUserEndpointID: "b2"}})
		}, conference.ErrRemoved},
		"a full room": {with(nil), func(id string) error {
			b.enter(holder("c", nil), id, "c2")
			b.enter(holder("d", nil), id, "d2")
			return nil
		}, conference.ErrFull},
	} {
		t.Run(name, func(t *testing.T) {
			id := wire.NewID()
			b.create(id)
			b.join(id, "a1")
			b.enter(holder("e", func(a *conference.Admission) { a.Room = conference.RoomSettings{MaxMembers: 4} }), id, "e1")
			if tc.first != nil {
				if err := tc.first(id); err != nil {
					t.Fatal(err)
				}
			}
			// Who may not come in does not see who is there either. A full room has
			// nothing to hide.
			reads := tc.err
			if errors.Is(reads, conference.ErrFull) {
				reads = nil
			}
			if _, err := b.State(ctx, tc.who, id); !errors.Is(err, reads) {
				t.Errorf("reads the state: %v, want %v", err, reads)
			}
			if _, err := b.Summary(ctx, tc.who, id); !errors.Is(err, reads) {
				t.Errorf("reads the summary: %v, want %v", err, reads)
			}
			was := b.state(id)
			if _, err := b.Join(ctx, tc.who, wire.JoinConference{ConferenceID: id, UserEndpointID: "b1"}); !errors.Is(err, tc.err) {
				t.Errorf("%v, want %v", err, tc.err)
			}
			if now := b.state(id); (now.Version == was.Version) != (tc.err != nil) {
				t.Errorf("from %d to %d", was.Version, now.Version)
			}
		})
	}
}
