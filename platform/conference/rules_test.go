package conference

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/wire"
)

// TestRulesOfRoomsHold runs random commands of members and rooms among those of
// conferences. After each the rules hold, the SFU knows the rights that the state
// gives, clients that follow the events know what the state tells, and the state
// that is read back is the same.
func TestRulesOfRoomsHold(t *testing.T) {
	seen := map[string]int{} // of outcomes that the run must have had
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 7))
		s := after(t, made)
		f := &Follower{Conference: s.conference()}
		media := map[string]Rights{}
		now := noon
		for step := range 1500 {
			now = now.Add(time.Duration(rng.IntN(2000)) * time.Millisecond)
			c := randomAct(rng, s, now)
			was, before := s, text(s)
			next, events, err := apply(s, c, now)
			fail := func(format string, args ...any) {
				t.Helper()
				t.Fatalf("seed %d, step %d, %#v: %s", seed, step, c, fmt.Sprintf(format, args...))
			}
			if after := text(s); before != after {
				fail("the state before was changed from %s to %s", before, after)
			}
			if err != nil {
				seen[err.Error()]++
				if len(events) > 0 {
					fail("%v with events", err)
				}
				continue
			}
			s = next
			for _, m := range s.Members {
				if p, _ := was.remembered(m.holder()); p.Removed && !was.hasEndpoint(m.Endpoint) {
					fail("%s comes in after it was removed", m.Endpoint)
				}
			}
			for i, e := range events {
				seen[string(e.Type)]++
				if *e.ConferenceVersion != was.Version+int64(i) {
					fail("event %d has version %d after %d", i, *e.ConferenceVersion, was.Version)
				}
				if err := f.Follow(e); err != nil {
					fail("%v", err)
				}
			}
			if s.Version != was.Version+int64(len(events)) {
				fail("version %d after %d and %d events", s.Version, was.Version, len(events))
			}
			changed, parted := permits(was, s)
			for _, p := range changed {
				media[p.endpoint] = p.rights
			}
			for _, endpoint := range parted {
				media[endpoint] = s.rightsOf(endpoint)
			}
			if broken := brokenRule(s, media); broken != "" {
				fail("%s", broken)
			}
			if s.Ended {
				seen["ended"]++
				s = after(t, made)
				f, media = &Follower{Conference: s.conference()}, map[string]Rights{}
				continue
			}
			if want, got := Sorted(s.conference()), Sorted(f.Conference); !reflect.DeepEqual(want, got) {
				fail("the follower differs (-state +follower):\n%s", cmp.Diff(want, got))
			}
			back, err := decode(Saved{Version: s.Version, State: []byte(text(s))})
			if err != nil || text(back) != text(s) || !reflect.DeepEqual(back.conference(), s.conference()) {
				fail("read back as %s, %v, want %s", text(back), err, text(s))
			}
		}
	}
	for _, what := range []error{ErrLocked, ErrRemoved, ErrAudience, ErrNotPermitted, ErrUnknownMember, ErrFull, ErrNotMember} {
		if seen[what.Error()] == 0 {
			t.Errorf("nothing was refused with %v", what)
		}
	}
	if seen["ended"] == 0 || seen[string(wire.EventStreamPublished)] < 50 {
		t.Errorf("a dull run: %v", seen)
	}
}

// brokenRule returns what must not be.
func brokenRule(s state, media map[string]Rights) string {
	for endpoint, has := range media {
		if want := s.rightsOf(endpoint); has != want {
			return fmt.Sprintf("the SFU gives %s %v, the state %v", endpoint, has, want)
		}
	}
	for _, m := range s.Members {
		has, told := media[m.Endpoint]
		if !told {
			has = AllRights
		}
		if has != m.rights() {
			return fmt.Sprintf("the SFU gives %s %v, the state %v", m.Endpoint, has, m.rights())
		}
		if m.Seat == nil {
			continue
		}
		r := m.rights()
		switch {
		case m.Seat.listens() && (len(m.Streams) > 0 || len(m.Seat.Permissions) > 0 || r.SendAudio || r.SendVideo):
			return fmt.Sprintf("%s of the audience has %+v", m.Endpoint, m)
		case m.Seat.AudioMuted && r.SendAudio, m.Seat.VideoMuted && r.SendVideo, m.Seat.Deaf && r.ReceiveAudio:
			return fmt.Sprintf("%s may do what it may not: %+v", m.Endpoint, r)
		}
	}
	if s.Room != nil && !s.Ended {
		for endpoint := range s.Room.Positions {
			if !s.hasEndpoint(endpoint) {
				return endpoint + " has a position and is not in"
			}
		}
	}
	if len(s.Past) > maxPast {
		return "too much is remembered"
	}
	return ""
}

// randomAct is a command of a room, or one of any conference.
func randomAct(rng *rand.Rand, s state, now time.Time) command {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	coin := func(n int) bool { return rng.IntN(n) == 0 }
	user := pick("a", "b", "c", "d") // of whom a is staff and d a guest
	endpoint := user + pick("1", "2")
	for id, h := range s.Held { // of which there is one at most
		if coin(2) {
			return publish{h.endpoint[:1], h.endpoint, wire.Stream{ID: id, Type: wire.StreamCam}}
		}
		return letGo{viewerKey{stream: id}, 1}
	}
	by := actor{user, endpoint, user == "a"}
	target := pick("", "a1", "b1", "b2", "c1", "d1", "e1")
	act := func(r right, alter func(*seat)) command { return onMember{by, target, r, always(alter)} }
	switch rng.IntN(28) {
	case 0, 1, 2, 3:
		c := join{user: user, endpoint: endpoint, guest: user == "d", staff: user == "a", now: now, steady: now}
		if user == "b" || user == "c" {
			c.admission = &Admission{TokenID: user + fmt.Sprint(rng.IntN(40)), Name: user, Role: wire.JoinAsMember, MediaAllowed: wire.MediaAll,
				AudioMuted: coin(4), VideoMuted: coin(4), Room: RoomSettings{MaxMembers: 5}, EndOnLeave: coin(60)}
			for _, p := range wire.Permissions() {
				if coin(2) {
					c.admission.Permissions = append(c.admission.Permissions, p)
				}
			}
			if coin(3) {
				c.admission.Role = wire.JoinAsAudience
			}
			if coin(8) {
				c.admission.RemoveAfter = time.Minute
			}
			if coin(8) {
				c.admission.RemoveAt = now.Add(time.Minute)
			}
		}
		return c
	case 4:
		return act(right{wire.SelfAudioMute, wire.MemberAudioMute}, func(s *seat) { s.AudioMuted = true })
	case 5:
		return act(right{wire.SelfAudioUnmute, wire.MemberAudioUnmute}, func(s *seat) { s.AudioMuted = false })
	case 6:
		return act(right{wire.SelfVideoMute, wire.MemberVideoMute}, func(s *seat) { s.VideoMuted = !s.VideoMuted })
	case 7:
		return act(right{wire.SelfDeaf, wire.MemberDeaf}, func(s *seat) { s.Deaf = !s.Deaf })
	case 8:
		n := rng.IntN(101)
		return act(right{wire.SelfSetInputSensitivity, wire.MemberSetInputSensitivity}, func(s *seat) { s.Sensitivity = n })
	case 9:
		return act(right{member: wire.MemberDemote}, func(s *seat) { s.Role, s.Permissions, s.Recast = wire.JoinAsAudience, nil, true })
	case 10, 11:
		return act(right{member: wire.MemberPromote}, func(s *seat) {
			if s.listens() {
				s.Role, s.Permissions, s.Recast = wire.JoinAsMember, wire.Permissions(), true
			}
		})
	case 12:
		if coin(3) {
			return remove{by, target, "out"}
		}
		return elapse{target, now, now}
	case 13:
		locked := coin(5)
		return onRoom{by, wire.RoomLock, setting(func(r *room) { r.Locked = locked })}
	case 14:
		return onRoom{by, wire.RoomSetPosition, func(s state, r *room) error {
			return r.place(s, map[string]string{"a1": "auto", target: "standard-1"})
		}}
	case 15:
		return onMember{by, target, right{wire.SelfSetMeta, wire.MemberSetMeta}, func(s *seat) (err error) {
			s.Meta, err = merging(json.RawMessage(`{"k":` + pick("1", "2", "{}") + `}`))(object(s.Meta))
			return err
		}}
	case 16:
		at := wire.NewTime(now)
		return act(right{wire.SelfRaiseHand, wire.MemberRaiseHand}, func(s *seat) { s.HandRaisedAt = &at })
	case 18, 19, 20:
		return hold{user, endpoint, wire.StreamID(pick("s1", "s2", "s3")), 1, []wire.StreamType{wire.StreamCam, wire.StreamScreen}[rng.IntN(2)]}
	case 17:
		return leave{user, endpoint, "left"}
	}
	c := randomCommand(rng)
	switch c.(type) {
	case join, hold:
		return leave{user, endpoint, "left"}
	}
	return c
}

// TestStateOfBefore: what was stored before there were rooms reads as before.
func TestStateOfBefore(t *testing.T) {
	stored := `{"id":"c1","mode":"ROUTER","version":3,"metadata":{"k":"v"},"members":[{"user":"anna","endpoint":"a1"},{"user":"bert","endpoint":"b1"}]}`
	s, err := decode(Saved{Version: 3, State: []byte(stored)})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(s); got != stored {
		t.Errorf("written again as %s", got)
	}
	if c := s.conference(); len(c.Metadata) != 1 || s.seated() || s.rightsOf("a1") != AllRights {
		t.Errorf("read as %+v", c)
	}
}

// TestLeavingIsNoWayOut: what was done to a holder counts when it comes back with
// the same token and whatever endpoint, and not against others.
func TestLeavingIsNoWayOut(t *testing.T) {
	staff := actor{"anna", "a1", true}
	in := func(token, endpoint string, at time.Time) join {
		return join{user: token, endpoint: endpoint, now: at, steady: at, admission: &Admission{TokenID: token, Role: wire.JoinAsMember,
			Permissions: []wire.Permission{wire.SelfAudioMute}, MediaAllowed: wire.MediaAll, RemoveAfter: time.Minute}}
	}
	mute := onMember{staff, "t1", right{}, always(func(s *seat) { s.AudioMuted, s.VideoMuted, s.Deaf = true, true, true })}
	demote := onMember{staff, "t1", right{}, always(func(s *seat) { s.Role, s.Permissions, s.Recast = wire.JoinAsAudience, nil, true })}
	later := noon.Add(30 * time.Second)
	for name, c := range map[string]struct {
		back   join
		before []command
		rights Rights
		over   time.Time
	}{
		"after leaving":       {in("t", "t2", later), []command{mute, leave{"t", "t1", ""}}, Rights{ReceiveVideo: true, Quietest: 97}, noon.Add(time.Minute)},
		"while still in":      {in("t", "t2", later), []command{mute}, Rights{ReceiveVideo: true, Quietest: 97}, noon.Add(time.Minute)},
		"as somebody else":    {in("u", "u1", later), []command{mute, leave{"t", "t1", ""}}, Rights{true, true, true, true, 97}, later.Add(time.Minute)},
		"after being demoted": {in("t", "t2", later), []command{demote, leave{"t", "t1", ""}}, Rights{ReceiveAudio: true, ReceiveVideo: true, Quietest: 97}, noon.Add(time.Minute)},
		"after being demoted and leaving twice": {in("t", "t2", later), []command{demote, leave{"t", "t1", ""}, in("t", "t3", later), leave{"t", "t3", ""}},
			Rights{ReceiveAudio: true, ReceiveVideo: true, Quietest: 97}, noon.Add(time.Minute)},
		"after leaving freely": {in("t", "t2", later), []command{leave{"t", "t1", ""}}, Rights{true, true, true, true, 97}, noon.Add(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			s := after(t, append(append([]command{made, anna, in("t", "t1", noon)}, c.before...), c.back)...)
			m := s.Members[s.index(c.back.endpoint)]
			if m.rights() != c.rights || !m.Seat.Elapses.Equal(c.over) || (m.Seat.listens() && len(m.Seat.Permissions) > 0) {
				t.Errorf("came back as %+v with %+v", *m.Seat, m.rights())
			}
		})
	}
	s := after(t, made, anna, in("t", "t1", noon), leave{"t", "t1", ""})
	if _, _, err := apply(s, in("t", "t2", noon.Add(time.Minute)), noon); !errors.Is(err, ErrRemoved) {
		t.Errorf("came back after its time: %v", err)
	}
	for i := range 2 * maxPast {
		token := fmt.Sprint("x", i)
		s = onward(t, s, in(token, token, noon), leave{token, token, ""})
	}
	if len(s.Past) != maxPast || slices.ContainsFunc(s.Past, func(p past) bool { return p.Holder == "t" }) {
		t.Errorf("%d are remembered", len(s.Past))
	}
}

func onward(t *testing.T, s state, commands ...command) state {
	t.Helper()
	for _, c := range commands {
		var err error
		if s, _, err = apply(s, c, noon); err != nil {
			t.Fatalf("%#v: %v", c, err)
		}
	}
	return s
}
