package server

import (
	"context"

	"guichet/platform/quality"
	"guichet/platform/report"
)

// startReports builds what tells of calls that are over, and what grades
// networks: it sees the SFU's legs, asks the conferences whose they are, and
// tells through the broker.
func (s *Server) startReports() error {
	var err error
	s.reports, err = report.New(report.Config{Store: s.store, Keep: s.config.KeepHistory, Now: s.config.Now, Logger: s.log.With("part", "report")})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, closer(s.reports.Close))
	s.quality, err = quality.New(quality.Config{Legs: s.legs, Room: s.room, Tell: s.broker.Notify, Record: s.store.AddQuality,
		Every: s.config.gradeEvery, Now: s.config.Now, Logger: s.log.With("part", "quality")})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, closer(s.quality.Close))
	return nil
}

func (s *Server) legs() []quality.Leg {
	all := s.sfu.Legs()
	list := make([]quality.Leg, len(all))
	for i, l := range all {
		list[i] = quality.Leg{LegKey: quality.LegKey{Stream: l.Stream.Stream, Viewer: l.Viewer, Track: l.Track}, Conference: l.Stream.Conference,
			Kind: l.Kind, Expected: l.Expected, Lost: l.Lost, Jitter: l.Jitter, RoundTrip: l.RoundTrip, Heard: l.Heard}
	}
	return list
}

func (s *Server) room(ctx context.Context, name string) (quality.Room, error) {
	p, err := s.conferences.Presence(ctx, name)
	if err != nil {
		return quality.Room{}, err
	}
	return quality.Room{Organization: p.Organization, ID: p.ID, Endpoints: p.Endpoints, Owner: func(k quality.LegKey) string {
		return p.Owner(k.Stream, k.Viewer)
	}}, nil
}
