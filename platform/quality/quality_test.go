package quality

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rooms is a fake of all that a Service looks at: conferences of two, each
// publishing audio that the other views.
type rooms struct {
	mu     sync.Mutex
	legs   map[string][]Leg
	told   map[string][]wire.NetworkEvent
	sums   []Sum
	refuse error
}

func newRooms() *rooms {
	return &rooms{legs: map[string][]Leg{}, told: map[string][]wire.NetworkEvent{}}
}

func (r *rooms) open(conference string) {
	leg := func(stream, viewer string) Leg {
		return Leg{LegKey: LegKey{Stream: stream, Viewer: viewer}, Conference: conference, Kind: "audio", RoundTrip: 20 * ms}
	}
	r.legs[conference] = []Leg{leg("a", ""), leg("b", ""), leg("a", "b"), leg("b", "a")}
}

// pass lets five seconds of media pass, of which the first endpoint's lose lost.
func (r *rooms) pass(lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, legs := range r.legs {
		for i := range legs {
			legs[i].Expected, legs[i].Heard = legs[i].Expected+250, legs[i].Heard+3
			if legs[i].Stream == "a" && legs[i].Viewer == "" {
				legs[i].Lost += lost
			}
		}
	}
}

func (r *rooms) config() Config {
	return Config{
		Legs: func() (all []Leg) {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, legs := range r.legs {
				all = append(all, legs...)
			}
			return all
		},
		Room: func(_ context.Context, name string) (Room, error) {
			if r.legs[name] == nil {
				return Room{}, errors.New("no such room")
			}
			return Room{Organization: "o", ID: name, Endpoints: []string{name + "/a", name + "/b", name + "/c"}, Owner: func(k LegKey) string {
				switch k.Viewer {
				case "":
					return name + "/" + k.Stream
				default:
					return name + "/" + k.Viewer
				}
			}}, nil
		},
		Tell: func(endpoint string, message []byte) {
			var e wire.NetworkEvent
			if err := json.Unmarshal(message, &e); err != nil {
				panic(err)
			}
			r.told[endpoint] = append(r.told[endpoint], e)
		},
		Record: func(_ context.Context, sums []Sum) error {
			if r.refuse == nil {
				r.sums = append(r.sums, sums...)
			}
			return r.refuse
		},
		Every: Every, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}
}

func TestEverybodyInTheRoomIsToldEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRooms()
		r.open("x")
		s, err := New(r.config())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // between the looks
		for range 4 {
			r.pass(60)
			time.Sleep(Every)
			synctest.Wait()
		}
		s.Close()
		for _, endpoint := range []string{"x/a", "x/b", "x/c"} {
			if len(r.told[endpoint]) != 3 {
				t.Fatalf("%s was told %d times, want 3", endpoint, len(r.told[endpoint]))
			}
		}
		e := r.told["x/c"][2]
		if e.Type != wire.EventNetworkIndicatorUpdated || e.ConferenceID != "x" || e.ConferenceVersion != nil || e.ID == "" || e.UserEndpointID != "" {
			t.Errorf("%+v", e.Event)
		}
		a, b := e.ParticipantIndicatorMap["x/a"], e.ParticipantIndicatorMap["x/b"]
		if len(e.ParticipantIndicatorMap) != 2 || a.Grade != wire.GradeBad || b.Grade != wire.GradeOptimal || b.AverageRTT != 20 ||
			e.AverageNetworkQuality != tidy((a.AverageNetworkQuality+b.AverageNetworkQuality)/2) {
			t.Errorf("%+v", e)
		}
		if apart := r.told["x/c"][1].Timestamp.Sub(r.told["x/c"][0].Timestamp.Time); apart != Every {
			t.Errorf("%v apart", apart)
		}
	})
}

func TestNothingIsToldWithoutMeasurement(t *testing.T) {
	r := newRooms()
	r.open("x")
	s := newService(r.config())
	for range 3 {
		for i := range r.legs["x"] {
			r.legs["x"][i].Heard++ // muted, but alive
		}
		s.look(t.Context())
	}
	if len(r.told) != 0 {
		t.Errorf("told %v", r.told)
	}
}

func TestNothingIsKeptOfWhatEnded(t *testing.T) {
	r := newRooms()
	s := newService(r.config())
	for n := range 5 {
		r.open(fmt.Sprint(n))
	}
	for range 2 {
		r.pass(0)
		s.look(t.Context())
	}
	if len(s.legs) != 20 || len(s.endpoints) != 10 {
		t.Errorf("%d legs and %d endpoints", len(s.legs), len(s.endpoints))
	}
	clear(r.legs)
	s.look(t.Context())
	s.record(t.Context())
	if len(s.legs)+len(s.endpoints)+len(s.sums) != 0 {
		t.Errorf("kept: %d legs, %d endpoints, %d sums", len(s.legs), len(s.endpoints), len(s.sums))
	}
}

func TestSums(t *testing.T) {
	r := newRooms()
	r.open("x")
	s := newService(r.config())
	r.refuse = errors.New("disk is full")
	for n := range 4 {
		r.pass(uint64(60 * (n % 2)))
		s.look(t.Context())
		s.record(t.Context())
	}
	r.refuse = nil
	s.record(t.Context())
	slices.SortFunc(r.sums, func(x, y Sum) int { return len(y.Endpoint) - len(x.Endpoint) })
	i := slices.IndexFunc(r.sums, func(s Sum) bool { return s.Endpoint == "x/a" })
	if len(r.sums) != 2 || i < 0 {
		t.Fatalf("%+v", r.sums)
	}
	bad, good := meanOpinion(rating("audio", 60.0/250, 20*ms, 0)), meanOpinion(rating("audio", 0, 20*ms, 0))
	got := r.sums[i]
	got.Since = time.Time{}
	want := Sum{Organization: "o", Conference: "x", Endpoint: "x/a", Samples: 3, Quality: 2*tidy(bad) + tidy(good), Worst: tidy(bad), RTT: 60, Bad: 3 * Every}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	r.sums = nil
	s.record(t.Context())
	if len(r.sums) != 0 {
		t.Errorf("recorded again: %+v", r.sums)
	}
}

// BenchmarkLook is one look at 1,000 conferences of two who see each other.
func BenchmarkLook(b *testing.B) {
	r := newRooms()
	for n := range 1000 {
		r.open(fmt.Sprint(n))
	}
	cfg := r.config()
	cfg.Tell = func(string, []byte) {}
	s := newService(cfg)
	for b.Loop() {
		r.pass(1)
		s.look(b.Context())
	}
}
