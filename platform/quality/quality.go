// Package quality grades the networks of who is in a conference with media, from
// what both legs' receivers report (RTCP), and tells everybody in it.
//
// It owns the arithmetic and one goroutine, which looks at all legs every few
// seconds and alone touches the figures of before. It knows the SFU, the
// conferences and the broker through the small interfaces below. What it tells
// is worth something now only and so goes past the journal; sums for the reports
// are handed on in batches.
package quality

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"guichet/platform/wire"
)

// Every is how often networks are graded, and SumsEvery how often what the
// reports need is handed on: so much of it is lost in a crash.
const (
	Every     = 5 * time.Second
	SumsEvery = 30 * time.Second
)

// LegKey names the way of one track between the server and one client.
type LegKey struct {
	Stream, Viewer string // Viewer is empty on the publisher's leg
	Track          int
}

// Leg is what its receiver knows of a leg since it began.
type Leg struct {
	LegKey
	Conference        string // as the conferences know it
	Kind              string // "audio" or "video"
	Expected, Lost    uint64 // packets
	Jitter, RoundTrip time.Duration
	Heard             uint64 // grows while anything comes from the client
}

// Room says who is behind the legs of a conference.
type Room struct {
	Organization, ID string
	Endpoints        []string // all that are in
	// Owner returns the endpoint that a leg belongs to, or "".
	Owner func(LegKey) string
}

// Sum is what one endpoint's network was like over some samples.
type Sum struct {
	Organization, Conference, Endpoint string
	Since                              time.Time // of the first sample
	Samples                            int
	Quality, Worst                     float64 // the sum of the scores, and the least
	Jitter, RTT                        float64 // the sums, in milliseconds
	Optimal, Suboptimal, Bad           time.Duration
}

// Config holds what a Service works with; all but Now are required.
type Config struct {
	// Legs returns all legs that there are.
	Legs func() []Leg
	// Room returns who is in a conference that has legs. An error leaves it out.
	Room func(ctx context.Context, conference string) (Room, error)
	// Tell sends a message to an endpoint that is connected. It must not block
	// or keep the message's bytes changed.
	Tell func(endpointID string, message []byte)
	// Record keeps sums.
	Record func(context.Context, []Sum) error
	Every  time.Duration    // 5 s when zero
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger
}

// Service is the running loop.
type Service struct {
	cfg  Config
	stop context.CancelFunc
	done chan struct{}

	// The loop's own.
	legs      map[legID]*figures
	endpoints map[endpointID]*endpoint
	sums      map[endpointID]*Sum
	recorded  time.Time
}

type legID struct {
	conference string
	LegKey
}

type endpointID struct{ conference, endpoint string }

// endpoint is what the loop remembers of one.
type endpoint struct {
	grader
	seen bool // in this look
}

// New starts the loop.
func New(cfg Config) (*Service, error) {
	if cfg.Legs == nil || cfg.Room == nil || cfg.Tell == nil || cfg.Record == nil || cfg.Logger == nil {
		return nil, errors.New("quality: a part is missing")
	}
	if cfg.Every == 0 {
		cfg.Every = Every
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := newService(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go s.run(ctx)
	return s, nil
}

func newService(cfg Config) *Service {
	return &Service{cfg: cfg, legs: map[legID]*figures{}, endpoints: map[endpointID]*endpoint{}, sums: map[endpointID]*Sum{}, recorded: cfg.Now()}
}

// Close ends the loop and hands on the sums that are left.
func (s *Service) Close() {
	s.stop()
	<-s.done
}

func (s *Service) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.look(ctx)
			if s.cfg.Now().Sub(s.recorded).Abs() >= SumsEvery {
				s.record(ctx)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Every)
			defer cancel()
			s.record(last)
			return
		}
	}
}

// look grades everybody once and tells of it.
func (s *Service) look(ctx context.Context) {
	now := s.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Every)
	defer cancel()
	byConference := map[string][]Leg{}
	for _, leg := range s.cfg.Legs() {
		byConference[leg.Conference] = append(byConference[leg.Conference], leg)
	}
	for _, f := range s.legs {
		f.seen = false
	}
	for _, e := range s.endpoints {
		e.seen = false
	}
	for conference, legs := range byConference {
		measured := s.measure(conference, legs)
		room, err := s.cfg.Room(ctx, conference)
		if err != nil {
			continue // it ended meanwhile, or cannot be read for now
		}
		s.tell(room, s.grade(conference, room, measured, now), now)
	}
	for id, f := range s.legs {
		if !f.seen {
			delete(s.legs, id)
		}
	}
	for id, e := range s.endpoints {
		if !e.seen {
			delete(s.endpoints, id)
		}
	}
}

// measure returns what the legs were like since the last look.
func (s *Service) measure(conference string, legs []Leg) []interval {
	list := make([]interval, 0, len(legs))
	for _, leg := range legs {
		id := legID{conference, leg.LegKey}
		f := s.legs[id]
		if f == nil {
			f = &figures{}
			s.legs[id] = f
		}
		f.seen = true
		if i, ok := f.since(leg); ok {
			list = append(list, i)
		}
	}
	return list
}

// grade returns the indicators of the endpoints that were measured.
func (s *Service) grade(conference string, room Room, measured []interval, now time.Time) map[string]wire.NetworkIndicator {
	pools := map[string]*pool{}
	for _, i := range measured {
		owner := room.Owner(i.LegKey)
		if owner == "" {
			continue
		}
		if pools[owner] == nil {
			pools[owner] = &pool{}
		}
		pools[owner].add(i)
	}
	indicators := make(map[string]wire.NetworkIndicator, len(pools))
	for owner, p := range pools {
		id := endpointID{conference, owner}
		e := s.endpoints[id]
		if e == nil {
			e = &endpoint{}
			s.endpoints[id] = e
		}
		e.seen = true
		jitter, rtt, score := p.result()
		indicators[owner] = wire.NetworkIndicator{AverageJitter: tidy(milliseconds(jitter)), AverageRTT: tidy(milliseconds(rtt)),
			AverageNetworkQuality: tidy(score), Grade: e.take(score)}
		s.sum(id, room, indicators[owner], now)
	}
	return indicators
}

// tell sends the indicator to all that are in the room.
func (s *Service) tell(room Room, indicators map[string]wire.NetworkIndicator, now time.Time) {
	if len(indicators) == 0 {
		return
	}
	total := 0.0
	for _, i := range indicators {
		total += i.AverageNetworkQuality
	}
	message, err := json.Marshal(wire.NetworkEvent{
		Event:                 wire.Event{Type: wire.EventNetworkIndicatorUpdated, ID: wire.NewID(), Timestamp: wire.NewTime(now), ConferenceID: room.ID},
		AverageNetworkQuality: tidy(total / float64(len(indicators))), ParticipantIndicatorMap: indicators})
	if err != nil {
		s.cfg.Logger.Error("encode network indicator", "conference", room.ID, "err", err)
		return
	}
	for _, id := range room.Endpoints {
		s.cfg.Tell(id, message)
	}
}

// sum adds a sample to what the reports get.
func (s *Service) sum(id endpointID, room Room, i wire.NetworkIndicator, now time.Time) {
	sum := s.sums[id]
	if sum == nil {
		sum = &Sum{Organization: room.Organization, Conference: room.ID, Endpoint: id.endpoint, Since: now, Worst: i.AverageNetworkQuality}
		s.sums[id] = sum
	}
	sum.Samples++
	sum.Quality += i.AverageNetworkQuality
	sum.Worst = min(sum.Worst, i.AverageNetworkQuality)
	sum.Jitter += i.AverageJitter
	sum.RTT += i.AverageRTT
	switch i.Grade {
	case wire.GradeOptimal:
		sum.Optimal += s.cfg.Every
	case wire.GradeSuboptimal:
		sum.Suboptimal += s.cfg.Every
	default:
		sum.Bad += s.cfg.Every
	}
}

// record hands the sums on. Those that cannot be kept wait for the next time,
// unless there are more than any server has calls.
func (s *Service) record(ctx context.Context) {
	s.recorded = s.cfg.Now()
	for chunk := range slices.Chunk(s.batch(), maxBatch) {
		if err := s.cfg.Record(ctx, values(chunk)); err != nil {
			s.cfg.Logger.Error("network quality is not recorded", "err", err)
			break
		}
		for _, b := range chunk {
			delete(s.sums, b.id)
		}
	}
	if len(s.sums) > maxSums {
		clear(s.sums)
	}
}

const (
	maxBatch = 500 // sums handed on at a time, so that nobody waits long for the disk
	maxSums  = 100_000
)

type batched struct {
	id  endpointID
	sum Sum
}

func (s *Service) batch() []batched {
	list := make([]batched, 0, len(s.sums))
	for id, sum := range s.sums {
		list = append(list, batched{id, *sum})
	}
	return list
}

func values(list []batched) []Sum {
	sums := make([]Sum, len(list))
	for i, b := range list {
		sums[i] = b.sum
	}
	return sums
}
