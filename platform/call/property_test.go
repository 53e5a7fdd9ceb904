package call

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/wire"
)

// roundTrip returns s as it comes back from the store.
func roundTrip(t testing.TB, s state) state {
	t.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(Saved{Revision: 1, State: body})
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// commandOf reads a command from two bytes.
func commandOf(what, who byte) command {
	by := []Party{a1, b1, b2, {"b", "b3"}, {"c", "c1"}, {"c", "b1"}, {"c", "a1"}}[who%7]
	switch what % 9 {
	case 0:
		return ring{by}
	case 1:
		return answer{by, "answer", string(rune('a' + who/7%3))}
	case 2:
		return reject{by, "no"}
	case 3:
		return cancel{by, ""}
	case 4:
		return hangup{by, ""}
	case 5:
		return find{by, make([]wire.ICECandidate, who/7%4)}
	case 6:
		return vanish{by, "dead"}
	case 7:
		return expire{noon}
	}
	return begin
}

// FuzzNoCallRingsForEver runs any commands in any order and checks after each
// what must always be so: who rings can be answered until a time that is known,
// what everybody sees is without gaps, and nothing follows the end.
func FuzzNoCallRingsForEver(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 4, 0})
	f.Add([]byte{5, 1, 1, 2, 5, 8, 6, 2})
	f.Add([]byte{2, 1, 6, 2, 6, 3})
	f.Add([]byte{2, 1, 2, 2, 2, 3, 7, 0})
	f.Add([]byte{6, 0, 7, 0})
	f.Fuzz(func(t *testing.T, moves []byte) {
		c := begin
		c.callees = []string{"b1", "b2", "b3"}
		s, events, err := apply(state{}, c, noon)
		if err != nil {
			t.Fatal(err)
		}
		next := map[string]int64{} // the version that each must see next
		out := map[string]bool{}   // has seen its last event
		see := func(events []told) {
			t.Helper()
			for _, e := range events {
				if len(e.to) == 0 {
					t.Errorf("%s to nobody", e.Type)
				}
				if e.Type == wire.EventICECandidatesFound && len(e.ICECandidates) == 0 {
					t.Error("no candidates found")
				}
				for _, p := range e.to {
					if out[p.Endpoint] {
						t.Errorf("%s sees %s after its last event", p.Endpoint, e.Type)
					}
					if want := max(1, next[p.Endpoint]); e.AggregateVersion != want {
						t.Errorf("%s sees %s with version %d, want %d", p.Endpoint, e.Type, e.AggregateVersion, want)
					}
					next[p.Endpoint] = e.AggregateVersion + 1
					switch e.Type {
					case wire.EventCallRejected, wire.EventCallCancelled, wire.EventCallEnded:
						out[p.Endpoint] = true
					}
				}
			}
		}
		see(events)
		for ; len(moves) > 1; moves = moves[2:] {
			cmd := commandOf(moves[0], moves[1])
			was := s
			s, events, err = apply(was, cmd, noon)
			if err != nil && (len(events) > 0 || !cmp.Equal(was, s)) {
				t.Fatalf("%T failed with %v and did something", cmd, err)
			}
			if was.Phase == ended && !errors.Is(err, ErrEnded) && !errors.Is(err, ErrExists) {
				t.Fatalf("%T after the end: %v", cmd, err)
			}
			see(events)
			for _, p := range without(was.parties(), s.parties()) {
				if v, vanishes := cmd.(vanish); !out[p.Endpoint] && !(vanishes && v.by == p) {
					t.Errorf("%s is out by %T and was not told", p.Endpoint, cmd)
				}
			}
			if d := cmp.Diff(s, roundTrip(t, s)); d != "" {
				t.Fatalf("the store gives another state back:\n%s", d)
			}
			switch s.Phase {
			case ringing:
				if s.RingsUntil.IsZero() || !s.rings() || s.Caller.Place != talking {
					t.Fatalf("rings for nobody or for ever: %+v", s)
				}
				if _, told, err := apply(s, expire{s.RingsUntil}, noon); err != nil || len(told) != 1 || len(told[0].to) != len(s.parties()) {
					t.Fatalf("does not end when its time is over: %v %v", told, err)
				}
			case answered:
				if s.rings() || len(s.parties()) != 2 {
					t.Fatalf("answered, with %v in it", s.parties())
				}
				for _, p := range s.parties() {
					if ended, _, err := apply(s, vanish{p, ""}, noon); err != nil || ended.Phase == answered {
						t.Fatalf("goes on without %s: %v", p.Endpoint, err)
					}
				}
			case ended:
				if len(s.parties()) > 0 {
					t.Fatalf("ended, with %v in it", s.parties())
				}
			}
			// Versions are as many as those who are in have seen.
			for _, p := range s.parties() {
				if next[p.Endpoint] != s.Version {
					t.Fatalf("%s waits for version %d, the call for %d", p.Endpoint, next[p.Endpoint], s.Version)
				}
			}
		}
	})
}

// TestAnyOrder runs the property over many orders of few moves.
func TestAnyOrder(t *testing.T) {
	seen := map[phase]int{}
	var walk func(s state, depth int)
	walk = func(s state, depth int) {
		seen[s.Phase]++
		if s.Phase == ringing && (s.RingsUntil != noon.Add(ringTime) || !s.rings()) {
			t.Fatalf("rings for nobody or for ever: %+v", s)
		}
		if depth == 0 {
			return
		}
		for what := range byte(8) {
			for who := range byte(3) {
				if next, _, err := apply(s, commandOf(what, who), noon.Add(time.Second)); err == nil {
					walk(next, depth-1)
				}
			}
		}
	}
	walk(must(t, state{}, begin), 4)
	if min(seen[ringing], seen[answered], seen[ended]) < 40 {
		t.Errorf("reached %v only", seen)
	}
}
