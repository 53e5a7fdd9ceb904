package conference

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/wire"
)

var (
	direct  = create{id: "c1", mode: wire.ModeP2P}
	askV1   = ask{holdV1, "v=0 offer", &asked{make(chan string, 1), make(chan struct{})}}
	replyV1 = answerView{"anna", "a1", v1, [32]byte{1}}
	foundB  = trickle{"bert", "b1", v1, ofViewer, []wire.ICECandidate{{Candidate: "candidate:b"}}}
	foundA  = trickle{"anna", "a1", v1, ofPublisher, []wire.ICECandidate{{Candidate: "candidate:a"}}}
)

func TestApplyDirect(t *testing.T) {
	published := []command{direct, anna, bert, holdS1, pubS1, freeS1}
	waits := append(published[:6:6], askV1)
	talks := append(waits[:7:7], replyV1)
	router := append([]command{made}, published[1:]...)
	other := ask{holdViewer{"bert", "b1", viewerKey{"s1", "v2"}, 3}, "offer", nil}
	for name, tc := range map[string]struct {
		before []command
		do     command
		err    error
	}{
		"ask":                            {published, askV1, nil},
		"ask for no stream":              {published[:3], askV1, ErrUnknownStream},
		"ask twice":                      {waits, askV1, ErrExists},
		"answer":                         {waits, replyV1, nil},
		"answer again":                   {talks, replyV1, nil},
		"answer otherwise":               {talks, answerView{"anna", "a1", v1, [32]byte{2}}, ErrAnswered},
		"answer of the viewer":           {waits, answerView{"bert", "b1", v1, [32]byte{1}}, ErrNotYours},
		"answer of nobody":               {waits, answerView{"c", "c1", v1, [32]byte{1}}, ErrNotMember},
		"answer with another's endpoint": {waits, answerView{"bert", "a1", v1, [32]byte{1}}, ErrNotYours},
		"answer to nobody":               {published, replyV1, ErrUnknownViewer},
		"answer after the stream":        {append(waits[:7:7], unpublish{"anna", "a1", "s1"}), replyV1, ErrUnknownStream},
		"answer after the view":          {append(waits[:7:7], stopView{"bert", "b1", v1}), replyV1, ErrUnknownViewer},
		"answer after the attempt":       {append(waits[:7:7], letGo{v1, 2}), replyV1, ErrUnknownViewer},
		"answer in the SFU's place":      {append(router[:6:6], holdV1), replyV1, ErrNotP2P},
		"candidates of the viewer":       {waits, foundB, nil},
		"candidates of the publisher":    {waits, foundA, nil},
		"candidates of no viewer":        {published, foundB, ErrUnknownViewer},
		"candidates of another":          {append(waits[:7:7], join{user: "c", endpoint: "c1"}), trickle{"c", "c1", v1, ofViewer, foundB.candidates}, ErrNotYours},
		"candidates to another's viewer": {waits, trickle{"bert", "b1", v1, ofPublisher, foundB.candidates}, ErrNotYours},
		"stop while it waits":            {waits, stopView{"bert", "b1", v1}, nil},
		"stop another's":                 {waits, stopView{"anna", "a1", v1}, ErrNotYours},
		"no SDP":                         {published, other, &wire.Error{Code: wire.CodeInvalid, Message: "sdpOffer is not SDP: want v=0 first"}},
		"an offer to the SFU":            {router, other, nil},
		"a restart":                      {waits, unpublishAll{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := after(t, tc.before...)
			next, events, err := apply(s, tc.do, noon)
			var said *wire.Error
			if errors.As(err, &said) && cmp.Equal(said, tc.err) {
				return
			}
			if !errors.Is(err, tc.err) || len(events) != 0 || next.Version != s.Version {
				t.Errorf("%v with %d events, version from %d to %d; want %v", err, len(events), s.Version, next.Version, tc.err)
			}
		})
	}
}

func TestDirectViewsAreBounded(t *testing.T) {
	s := after(t, direct, anna, bert, holdS1, pubS1, freeS1)
	push := func(c command) (err error) {
		var next state
		if next, _, err = apply(s, c, noon); err == nil {
			s = next
		}
		return err
	}
	wish := func(user, endpoint, viewer string) ask {
		return ask{holdViewer{user, endpoint, viewerKey{"s1", viewer}, 1}, "v=0", &asked{}}
	}
	for i := range maxAsked {
		if err := push(wish("bert", "b1", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := push(wish("bert", "b1", "more")); !errors.Is(err, ErrBusy) {
		t.Errorf("one wish too many: %v", err)
	}
	if err := push(answerView{"anna", "a1", viewerKey{"s1", "0"}, [32]byte{1}}); err != nil {
		t.Error(err)
	}
	if err := push(wish("bert", "b1", "more")); err != nil {
		t.Errorf("an answer makes no room: %v", err)
	}
	for n := maxAsked; n < maxAllAsked; n++ {
		id := fmt.Sprint("x", n/maxAsked)
		push(join{user: "x", endpoint: id})
		if err := push(wish("x", id, fmt.Sprint("x", n))); err != nil {
			t.Fatal(err)
		}
	}
	push(join{user: "y", endpoint: "y1"})
	if err := push(wish("y", "y1", "last")); !errors.Is(err, ErrBusy) {
		t.Errorf("one wish too many for the conference: %v", err)
	}
	many := trickle{"bert", "b1", viewerKey{"s1", "0"}, ofViewer, make([]wire.ICECandidate, maxFound)}
	if err := push(many); err != nil {
		t.Error(err)
	}
	many.candidates = many.candidates[:1]
	if err := push(many); !errors.Is(err, ErrBusy) {
		t.Errorf("one candidate too many: %v", err)
	}
	many.user, many.endpoint, many.by = "anna", "a1", ofPublisher
	if err := push(many); err != nil {
		t.Errorf("the other side has its own: %v", err)
	}
}

func TestRelayedLines(t *testing.T) {
	mid := "0\r\na=x"
	for name, c := range map[string]wire.ICECandidate{
		"two lines":     {Candidate: "candidate:1\r\na=fingerprint:x"},
		"something":     {Candidate: "fingerprint:x"},
		"two lines mid": {Candidate: "candidate:1", SDPMid: &mid},
		"a delete":      {Candidate: "candidate:\x7f"},
	} {
		if checkLines([]wire.ICECandidate{c}) == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := checkLines([]wire.ICECandidate{{}, {Candidate: "candidate:1 1 udp 1 127.0.0.1 1 typ host"}, {Candidate: "a=candidate:1"}}); err != nil {
		t.Error(err)
	}
	if checkRelayed("sdpAnswer", "v=0"+strings.Repeat("x", maxRelayed)) == nil {
		t.Error("a long answer passes")
	}
}

// TestNobodyElseIsTold runs random commands in mode P2P. Each note goes to the
// other side of a view and to nobody else; a view that ends while its stream goes
// on is told once; who waits is let go of once, unless answered.
func TestNobodyElseIsTold(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	told := map[wire.EventType]int{}
	for range 30 {
		s := after(t, direct)
		waiting := map[*asked]viewerKey{}
		for range 1500 {
			c := randomDirect(rng)
			next, _, err := apply(s, c, noon)
			if err != nil {
				continue
			}
			if l, ok := c.(leave); ok && rng.IntN(4) > 0 && l.user != "" {
				continue // most stay a while
			}
			if a, ok := c.(ask); ok {
				waiting[a.asked] = a.key
			}
			if a, ok := c.(answerView); ok {
				delete(waiting, next.Viewers[a.key].asked)
			}
			for _, r := range released(s, next) {
				if _, waits := waiting[r.asked]; r.asked == nil || !waits {
					t.Fatalf("%#v lets go of %+v", c, r)
				}
				delete(waiting, r.asked)
			}
			for a, k := range waiting {
				if v, ok := next.Viewers[k]; !ok || v.asked != a || !v.held {
					t.Fatalf("%#v: %v waits for ever", c, k)
				}
			}
			stopped := map[viewerKey]bool{}
			for _, note := range notes(c, s, next) {
				told[note.Type]++
				k := viewerKey{note.StreamID, note.ViewerID}
				v, was := s.Viewers[k], s
				if note.Type != wire.EventStreamViewStopped {
					v, was = next.Viewers[k], next
				}
				m, _, ok := next.stream(note.StreamID)
				if !ok {
					t.Fatalf("%#v tells %+v of no stream", c, note)
				}
				publisher, sender := next.Members[m].Endpoint, note.UserEndpointID
				toPublisher := note.to == publisher && sender == v.endpoint
				toViewer := note.Type == wire.EventStreamICECandidatesFound && note.to == v.endpoint && sender == publisher
				if !toPublisher && !toViewer || !was.hasEndpoint(sender) || !next.hasEndpoint(note.to) {
					t.Fatalf("%#v tells %+v", c, note)
				}
				if note.Type == wire.EventStreamViewStopped {
					if _, still := next.Viewers[k]; still || stopped[k] {
						t.Fatalf("%#v: %v stopped", c, k)
					}
					stopped[k] = true
				}
			}
			for k := range s.Viewers {
				_, still := next.Viewers[k]
				if _, _, goes := next.stream(k.stream); !still && goes && !stopped[k] {
					t.Fatalf("%#v: the publisher does not learn that %v ended", c, k)
				}
			}
			s = next
		}
	}
	for _, kind := range []wire.EventType{wire.EventStreamViewRequested, wire.EventStreamViewStopped, wire.EventStreamICECandidatesFound} {
		if told[kind] < 100 {
			t.Errorf("%s was told %d times: the test does not test", kind, told[kind])
		}
	}
}

func randomDirect(rng *rand.Rand) command {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	user := pick("a", "b", "c")
	endpoint := user + "1"
	k := viewerKey{wire.StreamID(pick("s1", "s2")), pick("v1", "v2", "v3")}
	switch rng.IntN(20) {
	case 0, 1:
		return join{user: user, endpoint: endpoint}
	case 2:
		return []command{leave{user, endpoint, ""}, unpublish{user, endpoint, k.stream}, unpublish{stream: k.stream}}[rng.IntN(3)]
	case 3:
		return hold{user, endpoint, k.stream, 1, wire.StreamCam}
	case 4:
		return publish{user, endpoint, wire.Stream{ID: k.stream}}
	case 5:
		return letGo{viewerKey{stream: k.stream}, 1}
	case 6, 7, 8, 9:
		return ask{holdViewer{user, endpoint, k, uint64(rng.IntN(3))}, "v=0", &asked{}}
	case 10, 11, 12:
		return answerView{user, endpoint, k, [32]byte{byte(rng.IntN(2))}}
	case 13:
		return stopView{user, endpoint, k}
	case 14:
		return letGo{k, uint64(rng.IntN(3))}
	default:
		return trickle{user, endpoint, k, side(rng.IntN(2)), slices.Clone(foundA.candidates)[:rng.IntN(2)]}
	}
}
