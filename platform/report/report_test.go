package report

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store of agents a, b, c…, and of when it was told to sweep.
type shelf struct {
	agents string
	err    error
	swept  []time.Time
}

func (s *shelf) ReportAgents(_ context.Context, q Query) (list []Row[wire.AgentReport], err error) {
	for _, id := range s.agents {
		if string(id) > q.After.ID && len(list) < q.Limit {
			list = append(list, Row[wire.AgentReport]{wire.AgentReport{UserID: string(id)}, Place{ID: string(id)}})
		}
	}
	return list, s.err
}

func (s *shelf) ReportInteractions(context.Context, Query) ([]Row[wire.InteractionReport], error) {
	return nil, s.err
}
func (s *shelf) ReportTickets(context.Context, Query) ([]Row[wire.TicketReport], error) {
	return nil, s.err
}
func (s *shelf) ReportNetworkQuality(context.Context, Query) ([]Row[wire.NetworkQualityReport], error) {
	return nil, s.err
}
func (s *shelf) SweepHistory(_ context.Context, before time.Time) error {
	s.swept = append(s.swept, before)
	return s.err
}

func start(t *testing.T, s *shelf) *Service {
	t.Helper()
	service, err := New(Config{Store: s, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func TestPages(t *testing.T) {
	for agents, want := range map[string][]string{"": {""}, "a": {"a"}, "ab": {"ab"}, "abc": {"ab", "c"}, "abcd": {"ab", "cd"}, "abcde": {"ab", "cd", "e"}} {
		s := start(t, &shelf{agents: agents})
		var got []string
		for q := (Query{Limit: 2}); ; {
			p, err := s.Agents(t.Context(), q)
			if err != nil || p.Items == nil {
				t.Fatal(p, err)
			}
			ids := ""
			for _, a := range p.Items {
				ids += a.UserID
			}
			got = append(got, ids)
			if p.Next == "" {
				break
			}
			if q.After, err = ParsePlace(p.Next); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", agents, d)
		}
	}
	broken := start(t, &shelf{err: errors.New("disk is gone")})
	defer broken.Close()
	if _, err := broken.Tickets(t.Context(), Query{Limit: 2}); err == nil {
		t.Error("a page of a store that is broken")
	}
}

func TestOldHistoryIsLookedForEveryHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begun := &shelf{}, time.Now()
		service := start(t, s)
		time.Sleep(150 * time.Minute)
		service.Close()
		want := []time.Time{begun.Add(-DefaultKeep), begun.Add(time.Hour - DefaultKeep), begun.Add(2*time.Hour - DefaultKeep)}
		if d := cmp.Diff(want, s.swept); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestFormulasAreText(t *testing.T) {
	for in, want := range map[string]string{
		"Anna": "Anna", "": "", "a=b": "a=b", "Ärger, \"x\"": "Ärger, \"x\"",
		"=1+1": "'=1+1", "+30 210": "'+30 210", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "\n=x": "'\n=x",
		"＝1": "'＝1", "|calc": "'|calc", "%0": "'%0", "'=x": "'=x",
	} {
		if got := text(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	// Every cell that people wrote, in every table.
	const evil = "=cmd|' /C calc'!A0"
	for name, cells := range map[string][]string{
		"interactions": InteractionTable().Cells(wire.InteractionReport{InteractionID: evil, ConferenceID: evil, Reason: evil, Participants: []wire.AttendanceReport{{Name: evil, UserID: evil}}}),
		"agents":       AgentTable().Cells(wire.AgentReport{UserID: evil, Name: evil}),
		"tickets":      TicketTable().Cells(wire.TicketReport{TicketID: evil, Type: evil, ConferenceID: evil, ApplicationID: evil, UserID: evil, Name: evil}),
		"networks":     NetworkQualityTable().Cells(wire.NetworkQualityReport{InteractionID: evil, ConferenceID: evil, UserID: evil, Name: evil, Role: evil, UserEndpointID: evil}),
	} {
		for _, cell := range cells {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("%s: a cell is %q", name, cell)
			}
		}
	}
}

func TestTablesAreAsWideAsTheirHeaders(t *testing.T) {
	for name, widths := range map[string][2]int{
		"interactions": {len(InteractionTable().Header), len(InteractionTable().Cells(wire.InteractionReport{}))},
		"agents":       {len(AgentTable().Header), len(AgentTable().Cells(wire.AgentReport{}))},
		"tickets":      {len(TicketTable().Header), len(TicketTable().Cells(wire.TicketReport{}))},
		"networks":     {len(NetworkQualityTable().Header), len(NetworkQualityTable().Cells(wire.NetworkQualityReport{}))},
	} {
		if widths[0] != widths[1] {
			t.Errorf("%s: a header of %d and lines of %d", name, widths[0], widths[1])
		}
	}
}

// FuzzParsePlace: what is read comes back as it was, and nothing else is read.
func FuzzParsePlace(f *testing.F) {
	for _, p := range []Place{{}, {1, "7"}, {-5, "a b"}, {0, "anna@example.org"}} {
		f.Add(p.String())
	}
	f.Add("MTIz")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := ParsePlace(cursor)
		if err == nil && p.String() != cursor {
			t.Errorf("%q is read as %+v, which is %q", cursor, p, p)
		}
	})
}
