package call

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/wire"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	a1    = Party{"a", "a1"} // calls
	b1    = Party{"b", "b1"} // is called, at two endpoints
	b2    = Party{"b", "b2"}
	begin = start{id: "k", offer: "offer", target: "b", caller: a1, callee: "b", callees: []string{"b1", "b2"}, until: noon.Add(ringTime)}
	one   = []wire.ICECandidate{{Candidate: "candidate:1"}}
)

func words(events []told) []string {
	var list []string
	for _, e := range events {
		w := fmt.Sprintf("%s %d by %s", strings.TrimSuffix(string(e.Type), "Event"), e.AggregateVersion, e.UserEndpointID)
		if e.Reason != "" {
			w += ", " + e.Reason + ","
		}
		w += " to"
		for _, p := range e.to {
			w += " " + p.Endpoint
		}
		list = append(list, w)
	}
	return list
}

func TestApply(t *testing.T) {
	took := answer{b1, "answer", "digest"}
	for _, tc := range []struct {
		name   string
		before []command // after begin
		do     command
		err    error
		want   []string
		phase  phase
	}{
		{"an endpoint rings", nil, ring{b1}, nil, []string{"CallRinging 2 by b1 to a1 b1 b2"}, ringing},
		{"it rings again", []command{ring{b1}}, ring{b1}, errUnchanged, nil, ringing},
		{"the caller rings for its own event", nil, ring{a1}, errUnchanged, nil, ringing},
		{"ringing after the answer", []command{took}, ring{b1}, errUnchanged, nil, answered},
		{"ringing after another's answer", []command{took}, ring{b2}, ErrAnswered, nil, answered},
		{"a stranger rings", nil, ring{Party{"c", "c1"}}, ErrNotParty, nil, ringing},
		{"a stranger rings as one who is called", nil, ring{Party{"c", "b1"}}, ErrNotYours, nil, ringing},
		{"a stranger cancels as the caller", nil, cancel{by: Party{"c", "a1"}}, ErrNotYours, nil, ringing},

		{"an answer", nil, took, nil,
			[]string{"CallCancelled 2 by b1, answered elsewhere, to b2", "CallAnswered 2 by b1 to a1 b1"}, answered},
		{"an answer where nothing else rings", []command{reject{b2, ""}}, took, nil, []string{"CallAnswered 2 by b1 to a1 b1"}, answered},
		{"an answer after candidates", []command{find{b1, one}, find{b2, one}}, took, nil,
			[]string{"CallCancelled 2 by b1, answered elsewhere, to b2", "CallAnswered 2 by b1 to a1 b1", "IceCandidatesFound 3 by b1 to a1 b1"}, answered},
		{"the same answer again", []command{took}, took, errUnchanged, nil, answered},
		{"another answer of the same endpoint", []command{took}, answer{b1, "other", "other"}, ErrAnswered, nil, answered},
		{"a second answer", []command{took}, answer{b2, "answer", "digest"}, ErrAnswered, nil, answered},
		{"an answer after no", []command{reject{b1, ""}}, took, ErrRejected, nil, ringing},
		{"an answer of the caller", nil, answer{a1, "answer", "digest"}, ErrWrongSide, nil, ringing},
		{"an answer after cancel", []command{cancel{by: a1}}, took, ErrEnded, nil, ended},
		{"an answer of an endpoint that went", []command{vanish{b1, ""}}, took, ErrNotParty, nil, ringing},

		{"one says no", nil, reject{b1, "busy"}, nil, []string{"CallRejected 2 by b1, busy, to b1"}, ringing},
		{"it says no again", []command{reject{b1, "busy"}}, reject{b1, "busy"}, errUnchanged, nil, ringing},
		{"the last says no", []command{reject{b1, "busy"}}, reject{b2, "later"}, nil, []string{"CallRejected 2 by b2, later, to a1 b2"}, ended},
		{"no after the own answer", []command{took}, reject{b1, ""}, ErrAnswered, nil, answered},
		{"no after another's answer", []command{took}, reject{b2, ""}, ErrAnswered, nil, answered},
		{"the caller says no", nil, reject{a1, ""}, ErrWrongSide, nil, ringing},

		{"cancel", []command{ring{b1}}, cancel{a1, "changed my mind"}, nil, []string{"CallCancelled 3 by a1, changed my mind, to a1 b1 b2"}, ended},
		{"cancel where one said no", []command{reject{b1, ""}}, cancel{by: a1}, nil, []string{"CallCancelled 2 by a1 to a1 b2"}, ended},
		{"cancel of one who is called", nil, cancel{by: b1}, ErrWrongSide, nil, ringing},
		{"cancel after the answer", []command{took}, cancel{by: a1}, ErrAnswered, nil, answered},
		{"cancel twice", []command{cancel{by: a1}}, cancel{by: a1}, ErrEnded, nil, ended},

		{"the caller hangs up while it rings", nil, hangup{a1, "x"}, nil, []string{"CallCancelled 2 by a1, x, to a1 b1 b2"}, ended},
		{"one who is called hangs up while it rings", nil, hangup{b1, "x"}, nil, []string{"CallRejected 2 by b1, x, to b1"}, ringing},
		{"the caller hangs up", []command{took}, hangup{a1, "x"}, nil, []string{"CallEnded 3 by a1, x, to a1 b1"}, ended},
		{"who answered hangs up", []command{took}, hangup{b1, "x"}, nil, []string{"CallEnded 3 by b1, x, to a1 b1"}, ended},
		{"who lost hangs up", []command{took}, hangup{b2, "x"}, ErrAnswered, nil, answered},
		{"who said no hangs up", []command{reject{b2, ""}}, hangup{b2, "x"}, errUnchanged, nil, ringing},

		{"the caller's candidates", nil, find{a1, one}, nil, []string{"IceCandidatesFound 2 by a1 to a1 b1 b2"}, ringing},
		{"candidates before the answer", nil, find{b1, one}, nil, nil, ringing},
		{"candidates after the answer", []command{took}, find{b1, one}, nil, []string{"IceCandidatesFound 3 by b1 to a1 b1"}, answered},
		{"the caller's after the answer", []command{took}, find{a1, one}, nil, []string{"IceCandidatesFound 3 by a1 to a1 b1"}, answered},
		{"candidates of who lost", []command{took}, find{b2, one}, ErrAnswered, nil, answered},
		{"candidates of who said no", []command{reject{b2, ""}}, find{b2, one}, ErrRejected, nil, ringing},
		{"no candidates", nil, find{a1, nil}, errUnchanged, nil, ringing},

		{"the caller vanishes", nil, vanish{a1, "dead"}, nil, []string{"CallCancelled 2 by a1, dead, to b1 b2"}, ended},
		{"one of two vanishes", nil, vanish{b1, "dead"}, nil, nil, ringing},
		{"both vanish", []command{vanish{b1, "dead"}}, vanish{b2, "dead"}, nil, []string{"CallEnded 2 by b2, dead, to a1"}, ended},
		{"one says no, the other vanishes", []command{reject{b1, "busy"}}, vanish{b2, "dead"}, nil, []string{"CallRejected 2 by b2, busy, to a1"}, ended},
		{"one vanishes, the other says no", []command{vanish{b1, "dead"}}, reject{b2, "busy"}, nil, []string{"CallRejected 2 by b2, busy, to a1 b2"}, ended},
		{"who answered vanishes", []command{took}, vanish{b1, "dead"}, nil, []string{"CallEnded 3 by b1, dead, to a1"}, ended},
		{"the caller vanishes after the answer", []command{took}, vanish{a1, "dead"}, nil, []string{"CallEnded 3 by a1, dead, to b1"}, ended},
		{"who lost vanishes", []command{took}, vanish{b2, "dead"}, errUnchanged, nil, answered},
		{"who said no vanishes", []command{reject{b1, ""}}, vanish{b1, "dead"}, errUnchanged, nil, ringing},

		{"the time is over", []command{ring{b1}}, expire{noon.Add(ringTime)}, nil, []string{"CallEnded 3 by , no answer, to a1 b1 b2"}, ended},
		{"the time is not over", nil, expire{noon.Add(ringTime - 1)}, errUnchanged, nil, ringing},
		{"the time of a call that was answered", []command{took}, expire{noon.Add(time.Hour)}, errUnchanged, nil, answered},
		{"the time of a call that ended", []command{cancel{by: a1}}, expire{noon.Add(time.Hour)}, ErrEnded, nil, ended},
		{"the id once more", nil, begin, ErrExists, nil, ringing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := must(t, state{}, append([]command{begin}, tc.before...)...)
			was := roundTrip(t, s)
			next, events, err := apply(s, tc.do, noon)
			if !errors.Is(err, tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if d := cmp.Diff(tc.want, words(events)); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			if next.Phase != tc.phase {
				t.Errorf("then it is %s, want %s", next.Phase, tc.phase)
			}
			if d := cmp.Diff(was, s); d != "" {
				t.Errorf("the state that it was given changed:\n%s", d)
			}
			if err != nil && next.Version != s.Version {
				t.Error("an error raises the version")
			}
			for _, e := range events {
				if e.CallID != "k" || e.AggregateID != "k" || e.Aggregate != wire.AggregateCall || !e.Timestamp.Equal(noon) {
					t.Errorf("incomplete event %+v", e.CallEvent)
				}
			}
		})
	}
}

func TestApplyToNothing(t *testing.T) {
	for _, c := range []command{ring{b1}, answer{by: b1}, reject{by: b1}, cancel{by: a1}, hangup{by: a1}, find{a1, one}, vanish{by: a1}, expire{noon}} {
		if _, _, err := apply(state{}, c, noon); !errors.Is(err, ErrUnknownCall) {
			t.Errorf("%T: %v", c, err)
		}
	}
}

func TestCandidatesAreBounded(t *testing.T) {
	for _, by := range []Party{a1, b1} {
		s := must(t, state{}, begin)
		var err error
		n := 0
		for ; err == nil && n <= maxFound; n++ {
			s, _, err = apply(s, find{by, one}, noon)
		}
		var refused *wire.Error
		if !errors.As(err, &refused) || n != maxFound+1 {
			t.Errorf("%s: %v after %d candidates", by.Endpoint, err, n)
		}
	}
}

// must applies commands one after the other.
func must(t *testing.T, s state, commands ...command) state {
	t.Helper()
	for _, c := range commands {
		var err error
		if s, _, err = apply(s, c, noon); err != nil {
			t.Fatalf("%T: %v", c, err)
		}
	}
	return s
}
