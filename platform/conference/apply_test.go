package conference

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/wire"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after applies commands that must all pass.
func after(t *testing.T, commands ...command) state {
	t.Helper()
	s := state{}
	for _, c := range commands {
		var err error
		if s, _, err = apply(s, c, noon); err != nil {
			t.Fatalf("%#v: %v", c, err)
		}
	}
	return s
}

var (
	made     = create{id: "c1"}
	anna     = join{user: "anna", endpoint: "a1", metadata: json.RawMessage(`{"name":"Anna"}`)}
	bert     = join{user: "bert", endpoint: "b1"}
	camera   = wire.Stream{ID: "s1", Type: wire.StreamCam}
	holdS1   = hold{"anna", "a1", "s1", 1, wire.StreamCam}
	pubS1    = publish{"anna", "a1", camera}
	freeS1   = letGo{viewerKey{stream: "s1"}, 1}
	v1       = viewerKey{"s1", "v1"}
	holdV1   = holdViewer{"bert", "b1", v1, 2}
	viewV1   = view{"bert", "b1", v1, 2}
	muteS1   = update{"anna", "a1", false, wire.OperationSet, wire.TrackMuted("audio", "s1"), "true"}
	onHold   = update{"anna", "a1", false, wire.OperationSet, "ON_HOLD", "true"}
	turned   = describeStream{"anna", "a1", "s1", json.RawMessage(`{"portraitMode":true}`)}
	finished = end{"anna", "a1", "done"}
)

func TestApply(t *testing.T) {
	started := []command{made, anna, bert}
	published := append(started[:3:3], holdS1, pubS1, freeS1)
	viewed := append(published[:6:6], holdV1, viewV1)
	full := create{id: "c1", metadata: map[string]string{wire.MetadataParticipantLimit: "1"}}
	for name, tc := range map[string]struct {
		before []command
		do     command
		events []wire.EventType
		err    error
	}{
		"anything before create":          {nil, anna, nil, ErrUnknownConference},
		"letting go before create":        {nil, freeS1, nil, nil},
		"create":                          {nil, made, nil, nil},
		"create twice":                    {started, made, nil, ErrExists},
		"create after the end":            {append(started[:3:3], finished), made, nil, ErrExists},
		"join":                            {[]command{made}, anna, []wire.EventType{wire.EventJoined}, nil},
		"join again":                      {started, anna, nil, nil},
		"join with another's endpoint":    {started, join{user: "eve", endpoint: "a1"}, nil, ErrNotYours},
		"second endpoint of a user":       {started, join{user: "anna", endpoint: "a2"}, []wire.EventType{wire.EventJoined}, nil},
		"join a full conference":          {[]command{full, anna}, bert, nil, ErrFull},
		"join again where full":           {[]command{full, anna}, anna, nil, nil},
		"join after the end":              {append(started[:3:3], finished), join{user: "c", endpoint: "c1"}, nil, ErrEnded},
		"leave":                           {started, leave{"anna", "a1", "bye"}, []wire.EventType{wire.EventLeft}, nil},
		"leave with a stream":             {viewed, leave{"anna", "a1", ""}, []wire.EventType{wire.EventStreamUnpublished, wire.EventLeft}, nil},
		"leave of who is not in":          {started, leave{"c", "c1", ""}, nil, ErrNotMember},
		"leave of another's endpoint":     {started, leave{"bert", "a1", ""}, nil, ErrNotYours},
		"end":                             {viewed, finished, []wire.EventType{wire.EventEnded}, nil},
		"end by who is not in":            {started, end{"chef", "", ""}, []wire.EventType{wire.EventEnded}, nil},
		"end in another's name":           {started, end{"bert", "a1", ""}, nil, ErrNotYours},
		"end twice":                       {append(started[:3:3], finished), finished, nil, ErrEnded},
		"hold":                            {started, holdS1, nil, nil},
		"hold by who is not in":           {started, hold{"c", "c1", "s1", 3, wire.StreamCam}, nil, ErrNotMember},
		"hold an id that is held":         {append(started[:3:3], holdS1), hold{"bert", "b1", "s1", 3, wire.StreamCam}, nil, ErrExists},
		"hold an id in use":               {published, hold{"bert", "b1", "s1", 3, wire.StreamCam}, nil, ErrExists},
		"publish":                         {append(started[:3:3], holdS1), pubS1, []wire.EventType{wire.EventStreamPublished}, nil},
		"publish without a hold":          {started, pubS1, nil, ErrUnknownStream},
		"publish on another's hold":       {append(started[:3:3], hold{"bert", "b1", "s1", 3, wire.StreamCam}), pubS1, nil, ErrUnknownStream},
		"publish after leaving":           {append(started[:3:3], holdS1, leave{"anna", "a1", ""}), pubS1, nil, ErrNotMember},
		"publish after the end":           {append(started[:3:3], holdS1, finished), pubS1, nil, ErrEnded},
		"unpublish":                       {viewed, unpublish{"anna", "a1", "s1"}, []wire.EventType{wire.EventStreamUnpublished}, nil},
		"unpublish by the media":          {viewed, unpublish{stream: "s1"}, []wire.EventType{wire.EventStreamUnpublished}, nil},
		"unpublish what is not there":     {started, unpublish{"anna", "a1", "s1"}, nil, ErrUnknownStream},
		"unpublish another's":             {published, unpublish{"bert", "b1", "s1"}, nil, ErrNotYours},
		"restart":                         {viewed, unpublishAll{}, []wire.EventType{wire.EventStreamUnpublished}, nil},
		"restart without streams":         {started, unpublishAll{}, nil, nil},
		"hold a viewer":                   {published, holdV1, nil, nil},
		"hold a viewer of no stream":      {started, holdV1, nil, ErrUnknownStream},
		"hold a viewer twice":             {viewed, holdV1, nil, ErrExists},
		"view":                            {append(published[:6:6], holdV1), viewV1, nil, nil},
		"view without a hold":             {published, viewV1, nil, ErrUnknownViewer},
		"view what was unpublished":       {append(published[:6:6], holdV1, unpublish{"anna", "a1", "s1"}), viewV1, nil, ErrUnknownStream},
		"view after leaving":              {append(published[:6:6], holdV1, leave{"bert", "b1", ""}), viewV1, nil, ErrNotMember},
		"stop a viewer":                   {viewed, stopView{"bert", "b1", v1}, nil, nil},
		"stop a viewer by the media":      {viewed, stopView{key: v1}, nil, nil},
		"stop a held viewer":              {append(published[:6:6], holdV1), stopView{"bert", "b1", v1}, nil, ErrUnknownViewer},
		"stop another's viewer":           {viewed, stopView{"anna", "a1", v1}, nil, ErrNotYours},
		"stop no viewer":                  {published, stopView{"bert", "b1", v1}, nil, ErrUnknownViewer},
		"describe a stream":               {published, turned, []wire.EventType{wire.EventStreamMetadataUpdated}, nil},
		"describe it the same":            {append(published[:6:6], turned), turned, nil, nil},
		"describe it no more":             {append(published[:6:6], turned), describeStream{"anna", "a1", "s1", nil}, []wire.EventType{wire.EventStreamMetadataUpdated}, nil},
		"describe another's stream":       {published, describeStream{"bert", "b1", "s1", nil}, nil, ErrNotYours},
		"describe no stream":              {started, turned, nil, ErrUnknownStream},
		"mute":                            {published, muteS1, []wire.EventType{wire.EventMetadataUpdated}, nil},
		"mute again":                      {append(published[:6:6], muteS1), muteS1, nil, nil},
		"mute as a customer":              {published, update{"anna", "a1", true, wire.OperationSet, muteS1.key, "true"}, []wire.EventType{wire.EventMetadataUpdated}, nil},
		"mute another's stream":           {published, update{"bert", "b1", false, wire.OperationSet, muteS1.key, "true"}, nil, ErrNotYours},
		"mute no stream":                  {started, muteS1, nil, ErrUnknownStream},
		"unmute what is not muted":        {published, update{"anna", "a1", false, wire.OperationRemove, muteS1.key, ""}, nil, nil},
		"set":                             {started, onHold, []wire.EventType{wire.EventMetadataUpdated}, nil},
		"set as a customer":               {started, update{"anna", "a1", true, wire.OperationSet, "ON_HOLD", "true"}, nil, ErrForbidden},
		"set by who is not in":            {started, update{"c", "c1", false, wire.OperationSet, "k", "v"}, nil, ErrNotMember},
		"remove":                          {append(started[:3:3], onHold), update{"bert", "b1", false, wire.OperationRemove, "ON_HOLD", ""}, []wire.EventType{wire.EventMetadataUpdated}, nil},
		"unmute by unpublishing, then on": {append(published[:6:6], muteS1, unpublish{"anna", "a1", "s1"}), muteS1, nil, ErrUnknownStream},
	} {
		t.Run(name, func(t *testing.T) {
			s := after(t, tc.before...)
			was, _ := json.Marshal(s)
			next, events, err := apply(s, tc.do, noon)
			if !errors.Is(err, tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			var got []wire.EventType
			for i, e := range events {
				got = append(got, e.Type)
				if *e.ConferenceVersion != s.Version+int64(i) || e.ConferenceID != "c1" || !e.Timestamp.Equal(noon) {
					t.Errorf("event %d has version %d, conference %q, time %v", i, *e.ConferenceVersion, e.ConferenceID, e.Timestamp)
				}
			}
			if d := cmp.Diff(tc.events, got); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			if _, creates := tc.do.(create); next.Version != s.Version+int64(len(events)) && !creates {
				t.Errorf("version went from %d to %d with %d events", s.Version, next.Version, len(events))
			}
			if now, _ := json.Marshal(s); string(was) != string(now) {
				t.Errorf("apply changed its input from %s to %s", was, now)
			}
		})
	}
}

func TestLetGoTakesBackItsOwnAttemptOnly(t *testing.T) {
	s := after(t, made, anna, bert, holdS1, pubS1, freeS1, holdV1, hold{"bert", "b1", "s2", 3, wire.StreamCam},
		letGo{viewerKey{stream: "s2"}, 9}, letGo{v1, 9}, letGo{viewerKey{stream: "s9"}, 0})
	if len(s.Held) != 1 || len(s.Viewers) != 1 {
		t.Errorf("another attempt let go: %v, %v", s.Held, s.Viewers)
	}
	s, _, err := apply(s, viewV1, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []command{letGo{viewerKey{stream: "s2"}, 3}, letGo{v1, 2}} {
		s, _, _ = apply(s, c, noon)
	}
	if len(s.Held) != 0 || len(s.Viewers) != 0 {
		t.Errorf("the attempt's own stays: %v, %v", s.Held, s.Viewers)
	}
}

func TestReleased(t *testing.T) {
	s := after(t, made, anna, bert, holdS1, pubS1, freeS1, holdV1, viewV1)
	for name, tc := range map[string]struct {
		do   command
		want []release
	}{
		"the viewer leaves":    {leave{"bert", "b1", ""}, []release{{stream: "s1", viewer: "v1"}}},
		"the publisher leaves": {leave{"anna", "a1", ""}, []release{{stream: "s1", viewer: "v1"}, {stream: "s1"}}},
		"unpublish":            {unpublish{"anna", "a1", "s1"}, []release{{stream: "s1", viewer: "v1"}, {stream: "s1"}}},
		"stop":                 {stopView{"bert", "b1", v1}, []release{{stream: "s1", viewer: "v1"}}},
		"end":                  {finished, []release{{all: true}}},
		"a viewer is held":     {holdViewer{"bert", "b1", viewerKey{"s1", "v2"}, 3}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			next, _, err := apply(s, tc.do, noon)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, released(s, next), cmp.AllowUnexported(release{})); d != "" {
				t.Errorf("released (-want +got):\n%s", d)
			}
		})
	}
}

func TestEndpointsAreBounded(t *testing.T) {
	s := after(t, made, anna)
	for i := range maxStreams {
		id := wire.StreamID(fmt.Sprint(i))
		for _, c := range []command{hold{"anna", "a1", id, 1, wire.StreamCam}, publish{"anna", "a1", wire.Stream{ID: id}}, letGo{viewerKey{stream: id}, 1}} {
			var err error
			if s, _, err = apply(s, c, noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := apply(s, hold{"anna", "a1", "one more", 3, wire.StreamCam}, noon); !errors.Is(err, ErrFull) {
		t.Errorf("one stream too many: %v", err)
	}
	for i := range maxViewers {
		var err error
		if s, _, err = apply(s, holdViewer{"anna", "a1", viewerKey{"0", fmt.Sprint(i)}, 4}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := apply(s, holdViewer{"anna", "a1", viewerKey{"0", "one more"}, 4}, noon); !errors.Is(err, ErrFull) {
		t.Errorf("one viewer too many: %v", err)
	}
	for i := range maxKeys {
		var err error
		if s, _, err = apply(s, update{"anna", "a1", false, wire.OperationSet, fmt.Sprint(i), "v"}, noon); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *wire.Error
	if _, _, err := apply(s, update{"anna", "a1", false, wire.OperationSet, "one more", "v"}, noon); !errors.As(err, &invalid) {
		t.Errorf("one key too many: %v", err)
	}
}

// TestFollowersNeverDiffer runs random commands and has clients follow their
// events, from the start and from states fetched on the way.
func TestFollowersNeverDiffer(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		s := after(t, made)
		followers := []*Follower{{Conference: s.conference()}}
		for range 1200 {
			c := randomCommand(rng)
			next, events, err := apply(s, c, noon)
			if err != nil && len(events) > 0 {
				t.Fatalf("%#v: %v with events", c, err)
			}
			for _, f := range followers {
				for _, e := range events {
					if err := f.Follow(e); err != nil {
						t.Fatalf("%#v: %v", c, err)
					}
				}
				want, got := Sorted(next.conference()), Sorted(f.Conference)
				if !reflect.DeepEqual(want, got) {
					t.Fatalf("%#v: the follower differs (-state +follower):\n%s", c, cmp.Diff(want, got))
				}
			}
			s = next
			if rng.IntN(300) == 0 {
				stored, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				back, err := decode(Saved{Version: s.Version, State: stored})
				if err != nil {
					t.Fatal(err)
				}
				followers = append(followers, &Follower{Conference: back.conference()})
			}
		}
		s, events, err := apply(s, end{user: "chef"}, noon)
		if err != nil || followers[0].Follow(events[0]) != nil || !followers[0].Ended || !s.Ended {
			t.Fatalf("end: %v", err)
		}
	}
}

func randomCommand(rng *rand.Rand) command {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	user := pick("a", "b", "c")
	endpoint := user + pick("1", "2")
	if rng.IntN(20) == 0 {
		user = pick("a", "b", "c") // somebody else's, maybe
	}
	stream := wire.StreamID(pick("s1", "s2", "s3"))
	k := viewerKey{stream, pick("v1", "v2")}
	switch rng.IntN(15) {
	case 0, 1:
		return join{user: user, endpoint: endpoint, metadata: json.RawMessage(`{"name":"` + user + `"}`)}
	case 2:
		return leave{user, endpoint, "left"}
	case 3, 4:
		return hold{user, endpoint, stream, 1, wire.StreamCam}
	case 5, 6:
		return publish{user, endpoint, wire.Stream{ID: stream, Type: wire.StreamCam}}
	case 7:
		return letGo{viewerKey{stream: stream}, 1}
	case 8:
		return unpublish{user, endpoint, stream}
	case 9:
		return holdViewer{user, endpoint, k, 2}
	case 10:
		return view{user, endpoint, k, 2}
	case 11:
		return []command{stopView{user, endpoint, k}, letGo{k, 2}, unpublish{stream: stream}, unpublishAll{}}[rng.IntN(4)]
	case 12:
		return describeStream{user, endpoint, stream, []json.RawMessage{nil, json.RawMessage(`{"portraitMode":true}`), json.RawMessage(`{}`)}[rng.IntN(3)]}
	default:
		key := pick("ON_HOLD", "RECORDER", wire.TrackMuted("audio", stream), wire.TrackMuted("video", stream))
		op := wire.OperationSet
		value := pick("true", "false")
		if rng.IntN(3) == 0 {
			op, value = wire.OperationRemove, ""
		}
		return update{user, endpoint, rng.IntN(4) == 0, op, key, value}
	}
}

func TestLimits(t *testing.T) {
	long := func(n int) string { return string(make([]byte, n)) }
	for name, err := range map[string]error{
		"empty key":               checkEntry("", "v"),
		"long key":                checkEntry(long(maxKey+1), "v"),
		"long value":              checkEntry("k", long(maxValue+1)),
		"bad mute":                checkEntry("TRACK_MUTED/smell/s1", "true"),
		"bad limit":               checkEntry(wire.MetadataParticipantLimit, "many"),
		"no room at all":          checkEntry(wire.MetadataParticipantLimit, "0"),
		"mute at creation":        checkMetadata(map[string]string{wire.TrackMuted("audio", "s1"): "true"}),
		"empty limit at creation": checkMetadata(map[string]string{wire.MetadataParticipantLimit: ""}),
		"no offer":                checkSDP(""),
		"long offer":              checkSDP(long(maxSDP + 1)),
		"many candidates":         checkCandidates(make([]wire.ICECandidate, maxCandidates+1)),
		"long candidate":          checkCandidates([]wire.ICECandidate{{Candidate: long(maxCandidate + 1)}}),
	} {
		var e *wire.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range []string{`[]`, `"x"`, `{`, `{"x":"` + long(maxMetadata) + `"}`} {
		if _, err := checkObject("metadata", json.RawMessage(raw)); err == nil {
			t.Errorf("%.20s passes for an object", raw)
		}
	}
	if _, err := checkStreamType("SMELL"); err == nil {
		t.Error("a stream of smell passes")
	}
}

func TestDescribe(t *testing.T) {
	for name, tc := range map[string]struct {
		who      Caller
		in, want string
	}{
		"as it came":                    {Caller{Name: "Anna"}, `{"name":"Chef", "x":[1]}`, `{"name":"Chef", "x":[1]}`},
		"name of the token":             {Caller{Name: "Anna"}, ``, `{"name":"Anna"}`},
		"empty name":                    {Caller{Name: "Anna"}, `{"name":""}`, `{"name":"Anna"}`},
		"nothing at all":                {Caller{}, ``, ``},
		"null":                          {Caller{}, `null`, ``},
		"a customer":                    {Caller{Customer: true}, `{"name":"Bert"}`, `{"name":"Bert","roles":["CUSTOMER"]}`},
		"a customer that says it's not": {Caller{Customer: true}, `{"roles":["AGENT"]}`, `{"roles":["CUSTOMER"]}`},
	} {
		got, err := describe(tc.who, json.RawMessage(tc.in))
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tc.want)
		}
	}
}
