package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/conference"
	"guichet/platform/quality"
	"guichet/platform/report"
	"guichet/platform/ticket"
	"guichet/platform/wire"
)

// told is the history of a conference in minutes since noon: each meeting with
// who was in it, "-" standing for the end of what goes on.
func told(t *testing.T, s *Store, k conference.Key) (list []string) {
	t.Helper()
	rows, err := s.ReportInteractions(bg, report.Query{Organization: k.Organization, ConferenceID: k.ID, From: noon.Add(-time.Hour), To: noon.AddDate(1, 0, 0),
		Now: noon.AddDate(1, 0, 0), Limit: 500})
	check(t, err)
	minute := func(at *wire.Time) string {
		if at == nil {
			return "-"
		}
		return fmt.Sprint(int(at.Sub(noon).Minutes()))
	}
	for _, r := range slices.Backward(rows) {
		line := minute(&r.Of.StartedAt) + ".." + minute(r.Of.EndedAt)
		for _, p := range r.Of.Participants {
			line += " " + p.UserEndpointID + " " + minute(&p.JoinedAt) + ".." + minute(p.LeftAt)
		}
		list = append(list, line)
	}
	return list
}

func TestHistoryFollowsTheConference(t *testing.T) {
	for name, tc := range map[string]struct {
		minutes []string // the words of each minute
		want    []string
	}{
		"two meet":                   {[]string{"+a", "+b", "-b", "-a"}, []string{"0..3 a 0..3 b 1..2"}},
		"it is ended":                {[]string{"+a", "+b", "."}, []string{"0..2 a 0..2 b 1..2"}},
		"it goes on":                 {[]string{"+a", "+b", "-a"}, []string{"0..- a 0..2 b 1..-"}},
		"two meetings":               {[]string{"+a", "-a", "x", "+b", "-b"}, []string{"0..1 a 0..1", "3..4 b 3..4"}},
		"somebody comes back":        {[]string{"+a", "+b", "-b", "+b", "-b", "-a"}, []string{"0..5 a 0..5 b 1..2 b 3..4"}},
		"everything in one change":   {[]string{"+a +b -a -b"}, []string{"0..0 a 0..0 b 0..0"}},
		"others' events are nothing": {[]string{"x", "+a", "x", "-a", "x"}, []string{"1..3 a 1..3"}},
		"nobody came":                {[]string{"x", "."}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for minute, words := range tc.minutes {
				save(t, s, c1, noon.Add(time.Duration(minute)*time.Minute), strings.Fields(words)...)
			}
			if d := cmp.Diff(tc.want, told(t, s, c1)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// A clock that is set back makes no time below zero.
func TestHistoryOfAClockThatIsSetBack(t *testing.T) {
	s := open(t)
	save(t, s, c1, noon, "+a")
	save(t, s, c1, noon.Add(-time.Minute), "-a")
	if d := cmp.Diff([]string{"0..0 a 0..0"}, told(t, s, c1)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What is not written is not told either.
func TestHistoryOfAChangeThatFails(t *testing.T) {
	s := open(t)
	save(t, s, c1, noon, "+a")
	stale := conference.Change{Key: c1, Was: 99, Version: 100, State: []byte(`{}`), At: noon, Entries: entries([]string{"a"}, "+b", "-a")}
	if err := s.SaveConference(bg, stale); !errors.Is(err, conference.ErrStale) {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"0..- a 0..-"}, told(t, s, c1)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Whatever happens, those who are in a conference are those who are in its
// meeting, and there is a meeting as long as anybody is.
func TestHistoryAgreesWithMemberships(t *testing.T) {
	s := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	keys := []conference.Key{c1, {Organization: "default", ID: "c2"}}
	for step := range 120 {
		k := keys[random.IntN(2)]
		in := members(t, s, k)
		word := fmt.Sprintf("+%s-%d", k.ID, step)
		if len(in) > 0 && random.IntN(2) == 0 {
			word = "-" + in[random.IntN(len(in))]
		}
		if random.IntN(20) == 0 {
			word = "x"
		}
		save(t, s, k, noon.Add(time.Duration(step)*time.Second), word)
		for _, k := range keys {
			want := members(t, s, k)
			got, err := collect(bg, s.read, "attendances", func(r row) (id string, err error) { return id, r.Scan(&id) },
				`SELECT a.endpoint FROM attendances a JOIN meetings m ON m.id = a.meeting
				WHERE a.conference = ? AND a.left IS NULL AND m.ended IS NULL AND m.conference = a.conference`, k.ID)
			check(t, err)
			var open, dangling int
			check(t, s.read.QueryRow(`SELECT count(*) FROM meetings WHERE conference = ? AND ended IS NULL`, k.ID).Scan(&open))
			check(t, s.read.QueryRow(`SELECT count(*) FROM attendances a JOIN meetings m ON m.id = a.meeting
				WHERE m.conference = ? AND m.ended IS NOT NULL AND (a.left IS NULL OR a.left > m.ended)`, k.ID).Scan(&dangling))
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) || open != min(1, len(want)) || dangling != 0 {
				t.Fatalf("step %d, %s: %v are in, %v by the history, %d meetings go on, %d are in one that is over", step, word, want, got, open, dangling)
			}
		}
	}
}

func TestQualityGoesToTheAttendanceOfItsTime(t *testing.T) {
	s := open(t)
	save(t, s, c1, noon, "+a")
	save(t, s, c1, noon.Add(time.Minute), "-a", "+b")
	save(t, s, c1, noon.Add(2*time.Minute), "+a")
	sum := func(endpoint string, minute int, score float64) quality.Sum {
		return quality.Sum{Organization: "default", Conference: "c1", Endpoint: endpoint, Since: noon.Add(time.Duration(minute)*time.Minute + time.Second),
			Samples: 2, Quality: 2 * score, Worst: score - 1, Jitter: 6, RTT: 80, Optimal: 5 * time.Second, Bad: 5 * time.Second}
	}
	check(t, s.AddQuality(bg, []quality.Sum{sum("a", 0, 4), sum("a", 2, 3), sum("nobody", 0, 4)}))
	check(t, s.AddQuality(bg, []quality.Sum{sum("a", 0, 3), sum("a", 3, 4)}))
	foreign := sum("b", 1, 1)
	foreign.Organization = "elsewhere"
	check(t, s.AddQuality(bg, []quality.Sum{foreign}))
	rows, err := s.ReportNetworkQuality(bg, report.Query{Organization: "default", From: noon, To: noon.AddDate(0, 0, 1), Limit: 10})
	check(t, err)
	var got []wire.NetworkQualityReport
	for _, r := range rows {
		got = append(got, r.Of)
	}
	left := wire.NewTime(noon.Add(time.Minute))
	want := wire.NetworkQualityReport{ConferenceID: "c1", UserEndpointID: "a", JoinedAt: wire.NewTime(noon.Add(2 * time.Minute)), Samples: 4, AverageNetworkQuality: 3.5,
		WorstNetworkQuality: 2, AverageJitter: 3, AverageRTT: 40, OptimalSeconds: 10, BadSeconds: 10}
	first := want
	first.JoinedAt, first.LeftAt = wire.NewTime(noon), &left
	if d := cmp.Diff([]wire.NetworkQualityReport{want, first}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestOldHistoryIsDeleted(t *testing.T) {
	s := open(t)
	check(t, s.update(bg, fill(3*sweepChunk/2)))
	goesOn, young := conference.Key{Organization: "default", ID: "on"}, conference.Key{Organization: "default", ID: "young"}
	end := noon.AddDate(1, 0, 0)
	save(t, s, goesOn, noon, "+a")
	save(t, s, young, noon, "+b")
	save(t, s, young, end.Add(2*time.Hour), "-b")
	for id, expires := range map[string]time.Time{"aaaaaa": noon, "bbbbbb": end.Add(2 * time.Hour)} {
		check(t, s.AddTicket(bg, ticket.Record{ID: id, Owner: ticket.Owner{Organization: "default"}, Created: noon, Expires: expires}))
		_, err := s.UseTicket(bg, id, ticket.Use{UserID: "g", At: noon}, false)
		check(t, err)
	}
	check(t, s.SweepHistory(bg, end))
	for table, want := range map[string]int{"meetings": 2, "attendances": 2, "tickets": 1, "ticket_uses": 1} {
		var n int
		check(t, s.read.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		if n != want {
			t.Errorf("%d %s are left, want %d", n, table, want)
		}
	}
}

// A meeting with more attendances than are told is cut, and says how many there
// were.
func TestMeetingOfManyAttendances(t *testing.T) {
	s := open(t)
	save(t, s, c1, noon, "+z")
	for n := range maxAttendances {
		save(t, s, c1, noon.Add(time.Second), fmt.Sprint("+", n), fmt.Sprint("-", n))
	}
	rows, err := s.ReportInteractions(bg, report.Query{Organization: "default", From: noon, To: noon.AddDate(0, 0, 1), Now: noon, Limit: 10})
	check(t, err)
	if m := rows[0].Of; len(m.Participants) != maxAttendances || m.ParticipantCount != maxAttendances+1 || m.Participants[0].UserEndpointID != "z" {
		t.Errorf("%d of %d, the first is %s", len(m.Participants), m.ParticipantCount, m.Participants[0].UserEndpointID)
	}
}

// plan is how SQLite will run a query, a line for each step.
func plan(t *testing.T, s *Store, query string, args []any) (lines []string) {
	t.Helper()
	lines, err := collect(bg, s.read, "explain", func(r row) (detail string, err error) {
		var id, parent, unused int
		return detail, r.Scan(&id, &parent, &unused, &detail)
	}, "EXPLAIN QUERY PLAN "+query, args...)
	check(t, err)
	return lines
}

// TestReportsUseTheirIndices: no report reads a whole table, and none sorts but
// those of one user's or one case's rows, and the page that was found.
func TestReportsUseTheirIndices(t *testing.T) {
	s := open(t)
	check(t, s.update(bg, fill(2000)))
	type query = func(report.Query) (string, []any)
	base := report.Query{Organization: "default", From: noon, To: noon.AddDate(1, 0, 0), Now: noon, Limit: 101, After: report.Place{At: noon.AddDate(0, 1, 0).UnixMilli(), ID: "7"}}
	with := func(set func(*report.Query)) report.Query { q := base; set(&q); return q }
	user := with(func(q *report.Query) { q.UserID = "agent1" })
	room := with(func(q *report.Query) { q.ConferenceID = "c7" })
	business := with(func(q *report.Query) { q.InteractionID = "i7" })
	program := with(func(q *report.Query) { q.ApplicationID = "guichet" })
	for name, tc := range map[string]struct {
		query query
		of    report.Query
		index string
		sorts bool
	}{
		"interactions":                {interactionsQuery, base, "meetings_by_start", false},
		"interactions of a user":      {interactionsQuery, user, "attendances_by_user", true},
		"interactions of conference":  {interactionsQuery, room, "meetings_by_conference", false},
		"interactions of interaction": {interactionsQuery, business, "meetings_by_interaction", false},
		"interactions of application": {interactionsQuery, program, "meetings_by_start", false},
		"agents":                      {agentsQuery, base, "attendances_of_agents", false},
		"one agent":                   {agentsQuery, user, "attendances_of_agents", false},
		"tickets":                     {ticketsQuery, base, "tickets_by_owner", false},
		"tickets of a user":           {ticketsQuery, user, "tickets_by_user", false},
		"tickets of a conference":     {ticketsQuery, room, "tickets_by_conference", false},
		"networks":                    {networkQuery, base, "attendances_measured", false},
		"networks of a user":          {networkQuery, user, "attendances_by_user", false},
		"networks of a conference":    {networkQuery, room, "meetings_by_conference", true},
		"networks of an interaction":  {networkQuery, business, "meetings_by_interaction", true},
	} {
		text, args := tc.query(tc.of)
		steps := strings.Join(plan(t, s, text, args), "\n")
		steps, _, _ = strings.Cut(steps, "SCAN m\n") // the page itself
		if !strings.Contains(steps, tc.index) || strings.Contains(steps, "SCAN m") || strings.Contains(steps, "SCAN a") || strings.Contains(steps, "SCAN t") ||
			strings.Contains(steps, "FOR ORDER BY") != tc.sorts {
			t.Errorf("%s is run as\n%s\nin\n%s", name, steps, text)
		}
	}
}

// fill makes n meetings, one a minute, of 50 agents and as many guests, most of
// them measured, and a ticket for each.
func fill(n int) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		const numbers = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) `
		const attends = `INSERT INTO attendances (meeting, organization, conference, interaction, user, name, role, application, ticket, endpoint, joined, left,
			samples, quality, worst, jitter, rtt, optimal) `
		for _, text := range []string{
			numbers + `INSERT INTO meetings (id, organization, conference, interaction, started, ended, reason)
				SELECT i + 1, 'default', 'c' || i, 'i' || (i / 2), ?2 + i * 60000, ?2 + i * 60000 + 300000, 'hung up' FROM n`,
			numbers + attends + `SELECT i + 1, 'default', 'c' || i, 'i' || (i / 2), 'agent' || (i % 50), 'Agent ' || (i % 50), 'AGENT', 'guichet', '', 'e' || i,
				?2 + i * 60000, ?2 + i * 60000 + 300000, 60, 240, 3.5, 300, 2400, 300000 FROM n`,
			numbers + attends + `SELECT i + 1, 'default', 'c' || i, 'i' || (i / 2), 'guest-' || i, 'Guest ' || i, 'CUSTOMER', 'customer', 'ticket' || i, 'g' || i,
				?2 + i * 60000 + 10000, ?2 + i * 60000 + 290000, 60 * (i % 5 > 0), 240, 3.5, 300, 2400, 300000 FROM n`,
			numbers + `INSERT INTO tickets (id, organization, user, user_name, type, properties, created, expires, version)
				SELECT 'ticket' || i, 'default', 'agent' || (i % 50), 'Agent', 'MULTI_USE_TICKET', json_object('conference_id', 'c' || i), ?2 + i * 60000, ?2 + i * 60000 + 1e7, 1 FROM n`,
			numbers + `INSERT INTO ticket_uses (ticket, key, user, used) SELECT 'ticket' || i, x'00', 'guest-' || i, ?2 + i * 60000 FROM n`,
		} {
			if _, err := tx.Exec(text, n, noon.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	}
}

// BenchmarkReports reads pages of 100 rows of 100,000 calls from random places,
// and tells the 99th percentile.
func BenchmarkReports(b *testing.B) {
	const calls = 100_000
	s, err := Open(bg, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.update(bg, fill(calls)); err != nil {
		b.Fatal(err)
	}
	var pages, size int64
	if err := s.read.QueryRow(`SELECT page_count, page_size FROM pragma_page_count, pragma_page_size`).Scan(&pages, &size); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d calls take %d bytes each", calls, pages*size/calls)
	all := report.Query{Organization: "default", From: noon, To: noon.AddDate(1, 0, 0), Now: noon.AddDate(1, 0, 0), Limit: 101}
	month := func(q report.Query) report.Query {
		q.From = noon.AddDate(0, 0, rand.IntN(30))
		q.To = q.From.AddDate(0, 0, 31)
		return q
	}
	somewhere := func(q report.Query) report.Query {
		i := rand.IntN(calls)
		q.After = report.Place{At: noon.Add(time.Duration(i) * time.Minute).UnixMilli(), ID: fmt.Sprint(i)}
		return q
	}
	for _, bench := range []struct {
		name string
		read func() (int, error)
	}{
		{"interactions", func() (int, error) { r, err := s.ReportInteractions(bg, somewhere(all)); return len(r), err }},
		{"interactions/user", func() (int, error) {
			q := somewhere(all)
			q.UserID = fmt.Sprint("agent", rand.IntN(50))
			r, err := s.ReportInteractions(bg, q)
			return len(r), err
		}},
		{"interactions/application", func() (int, error) {
			q := somewhere(all)
			q.ApplicationID = "guichet"
			r, err := s.ReportInteractions(bg, q)
			return len(r), err
		}},
		{"interactions/nobody's application", func() (int, error) {
			q := all
			q.ApplicationID = "none"
			_, err := s.ReportInteractions(bg, q)
			return 1, err
		}},
		{"agents/31 days", func() (int, error) { r, err := s.ReportAgents(bg, month(all)); return len(r), err }},
		{"agents/everything", func() (int, error) { r, err := s.ReportAgents(bg, all); return len(r), err }},
		{"tickets", func() (int, error) { r, err := s.ReportTickets(bg, somewhere(all)); return len(r), err }},
		{"networks", func() (int, error) { r, err := s.ReportNetworkQuality(bg, somewhere(all)); return len(r), err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				n, err := bench.read()
				if err != nil || n == 0 {
					b.Fatalf("%d rows: %v", n, err)
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkJoins joins and leaves, one after the other.
func BenchmarkJoins(b *testing.B) {
	s, err := Open(bg, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	version := int64(0)
	for b.Loop() {
		for _, e := range []conference.Entry{{Body: []byte(`{}`), Joins: "e"}, {Body: []byte(`{}`), Leaves: "e"}} {
			if err := s.SaveConference(bg, conference.Change{Key: c1, Was: version, Version: version + 1, State: []byte(`{}`), At: noon, Entries: []conference.Entry{e}}); err != nil {
				b.Fatal(err)
			}
			version++
		}
	}
}
