// Package report tells who met whom, when, for how long and how well.
//
// It owns what a report is asked with, the cursor by which its pages follow each
// other, its form as a table, and how long its history is kept. What it tells was
// written by the store beside the events of conferences; it changes nothing but
// to delete what is too old, in one goroutine of its own. It knows nothing of
// HTTP, of tokens or of other domains.
package report

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"guichet/platform/wire"
)

// Query says what a report is about. All but Organization, From and To may be
// empty.
type Query struct {
	Organization string
	From, To     time.Time // the first is in the period, the last is not
	UserID, ConferenceID, InteractionID,
	ApplicationID string

	Now   time.Time // of the durations of what goes on
	After Place     // where the page begins
	Limit int
}

// Row is one line of a report and its place among the others.
type Row[T any] struct {
	Of T
	Place
}

// Store reads the history. Each returns at most Limit rows past After: the
// newest first, agents by their ids.
type Store interface {
	ReportInteractions(ctx context.Context, q Query) ([]Row[wire.InteractionReport], error)
	ReportAgents(ctx context.Context, q Query) ([]Row[wire.AgentReport], error)
	ReportTickets(ctx context.Context, q Query) ([]Row[wire.TicketReport], error)
	ReportNetworkQuality(ctx context.Context, q Query) ([]Row[wire.NetworkQualityReport], error)
	// SweepHistory deletes what ended before a time, a little at a time.
	SweepHistory(ctx context.Context, before time.Time) error
}

// DefaultKeep is how long the history is kept unless somebody says otherwise.
const DefaultKeep = 400 * 24 * time.Hour

// sweepEvery is how often old history is looked for.
const sweepEvery = time.Hour

// Config holds what a Service works with; Store and Logger are required.
type Config struct {
	Store  Store
	Keep   time.Duration    // DefaultKeep when zero
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger
}

// Service answers reports. Its methods are safe for concurrent use.
type Service struct {
	cfg  Config
	stop context.CancelFunc
	done chan struct{}
}

// New starts the goroutine that deletes old history.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Logger == nil {
		return nil, errors.New("report: Store and Logger are required")
	}
	if cfg.Keep == 0 {
		cfg.Keep = DefaultKeep
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{cfg: cfg, stop: cancel, done: make(chan struct{})}
	go s.run(ctx)
	return s, nil
}

// Close ends the goroutine.
func (s *Service) Close() {
	s.stop()
	<-s.done
}

func (s *Service) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.cfg.Store.SweepHistory(ctx, s.cfg.Now().Add(-s.cfg.Keep)); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("old history is not deleted", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Interactions returns a page of the meetings that began in the period.
func (s *Service) Interactions(ctx context.Context, q Query) (wire.Page[wire.InteractionReport], error) {
	return page(ctx, s, q, s.cfg.Store.ReportInteractions)
}

// Agents returns a page of what agents did in the calls joined in the period.
func (s *Service) Agents(ctx context.Context, q Query) (wire.Page[wire.AgentReport], error) {
	return page(ctx, s, q, s.cfg.Store.ReportAgents)
}

// Tickets returns a page of the tickets made in the period.
func (s *Service) Tickets(ctx context.Context, q Query) (wire.Page[wire.TicketReport], error) {
	return page(ctx, s, q, s.cfg.Store.ReportTickets)
}

// NetworkQuality returns a page of the networks of who joined in the period.
func (s *Service) NetworkQuality(ctx context.Context, q Query) (wire.Page[wire.NetworkQualityReport], error) {
	return page(ctx, s, q, s.cfg.Store.ReportNetworkQuality)
}

// page asks for one row more than the page has, to know whether there is another.
func page[T any](ctx context.Context, s *Service, q Query, read func(context.Context, Query) ([]Row[T], error)) (wire.Page[T], error) {
	limit := q.Limit
	q.Limit++
	q.Now = s.cfg.Now()
	rows, err := read(ctx, q)
	if err != nil {
		return wire.Page[T]{}, err
	}
	p := wire.Page[T]{Items: make([]T, 0, min(len(rows), limit))}
	for i, r := range rows {
		if i == limit {
			p.Next = rows[i-1].Place.String()
			break
		}
		p.Items = append(p.Items, r.Of)
	}
	return p, nil
}
