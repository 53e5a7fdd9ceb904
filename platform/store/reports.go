package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"guichet/platform/report"
	"guichet/platform/wire"
)

// maxAttendances bounds the participants that are told of one meeting.
const maxAttendances = 200

// ask puts a query together from the conditions that a report has. The index is
// named where there is a choice: the planner has no statistics.
type ask struct {
	where []string
	args  []any
}

// when adds a condition, which has one parameter, unless the value is empty.
func (a *ask) when(value, condition string) {
	if value != "" {
		a.and(condition, value)
	}
}

func (a *ask) and(condition string, args ...any) {
	a.where = append(a.where, condition)
	a.args = append(a.args, args...)
}

// from adds what a report of rows by time begins after: the newest rows come
// first. at and id are columns.
func (a *ask) from(q report.Query, at, id string, place any) {
	a.and(at+" >= ?", q.From.UnixMilli())
	if q.After.ID == "" {
		a.and(at+" < ?", q.To.UnixMilli())
		return
	}
	last := min(q.After.At, q.To.UnixMilli()-1)
	a.and(at+" <= ? AND ("+at+", "+id+") < (?, ?)", last, q.After.At, place)
}

// rows ends the query.
func (a *ask) rows(order string, limit int) string {
	a.args = append(a.args, limit)
	return " WHERE " + strings.Join(a.where, " AND ") + " ORDER BY " + order + " LIMIT ?"
}

// rowID is the place of a row whose id is a number; one that is none of ours is
// after all rows.
func rowID(p report.Place) int64 {
	id, err := strconv.ParseInt(p.ID, 10, 64)
	if err != nil {
		return math.MinInt64
	}
	return id
}

func place(at, id int64) report.Place { return report.Place{At: at, ID: strconv.FormatInt(id, 10)} }

// ReportInteractions implements report.Store.
func (s *Store) ReportInteractions(ctx context.Context, q report.Query) ([]report.Row[wire.InteractionReport], error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("report interactions: %w", err)
	}
	defer tx.Rollback() // nothing was written
	text, args := interactionsQuery(q)
	list, err := collect(ctx, tx, "report interactions", func(r row) (report.Row[wire.InteractionReport], error) { return scanMeeting(r, q.Now) }, text, args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, addAttendances(ctx, tx, list, q.Now)
}

func interactionsQuery(q report.Query) (string, []any) {
	var a ask
	within := func(of string) string {
		return of + ` >= m.started AND ` + of + ` <= coalesce(m.ended, ?)`
	}
	table := "meetings m INDEXED BY meetings_by_start"
	switch {
	case q.ConferenceID != "":
		table = "meetings m INDEXED BY meetings_by_conference"
	case q.InteractionID != "":
		table = "meetings m INDEXED BY meetings_by_interaction"
	case q.UserID != "": // from the few rows of one user to their meetings
		table = "(SELECT DISTINCT meeting FROM attendances WHERE organization = ? AND user = ? AND joined >= ?) u CROSS JOIN meetings m ON m.id = u.meeting"
		a.args = []any{q.Organization, q.UserID, q.From.UnixMilli()}
	}
	if q.ConferenceID+q.InteractionID != "" {
		a.when(q.UserID, "EXISTS (SELECT 1 FROM attendances p WHERE p.meeting = m.id AND p.user = ?)")
	}
	a.and("m.organization = ?", q.Organization)
	a.when(q.ConferenceID, "m.conference = ?")
	a.when(q.InteractionID, "m.interaction <> '' AND m.interaction = ?")
	a.when(q.ApplicationID, "EXISTS (SELECT 1 FROM attendances p WHERE p.meeting = m.id AND p.application = ?)")
	a.from(q, "m.started", "m.id", rowID(q.After))
	const newest = "m.started DESC, m.id DESC"
	now := q.Now.UnixMilli()
	return `WITH page AS MATERIALIZED (SELECT m.* FROM ` + table + a.rows(newest, q.Limit) + `) -- so that only its rows are counted
		SELECT m.id, m.interaction, m.conference, m.started, m.ended, m.reason,
		(SELECT count(*) FROM files f WHERE f.organization = m.organization AND f.conference = m.conference AND f.snapshot = '' AND ` + within("f.created") + `),
		(SELECT count(*) FROM files f WHERE f.organization = m.organization AND f.conference = m.conference AND f.snapshot <> '' AND ` + within("f.created") + `),
		(SELECT count(*) FROM chats c JOIN messages t ON t.chat = c.id WHERE c.organization = m.organization AND c.conference = m.conference AND ` + within("t.created") + `)
		FROM page m ORDER BY ` + newest, append(a.args, now, now, now)
}

func scanMeeting(r row, now time.Time) (m report.Row[wire.InteractionReport], err error) {
	var id, started int64
	var ended sql.NullInt64
	v := &m.Of
	err = r.Scan(&id, &v.InteractionID, &v.ConferenceID, &started, &ended, &v.Reason, &v.Files, &v.Snapshots, &v.Messages)
	m.Place = place(started, id)
	v.StartedAt, v.EndedAt, v.DurationSeconds = moment(started), orNoMoment(ended), seconds(started, ended, now)
	v.Participants = []wire.AttendanceReport{}
	return m, err
}

// addAttendances fills in who was in the meetings.
func addAttendances(ctx context.Context, tx *sql.Tx, list []report.Row[wire.InteractionReport], now time.Time) error {
	at := map[string]*wire.InteractionReport{}
	args := make([]any, 0, len(list)+1)
	for i := range list {
		at[list[i].ID] = &list[i].Of
		args = append(args, rowID(list[i].Place))
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", ")
	_, err := collect(ctx, tx, "report attendances", func(r row) (struct{}, error) {
		var meeting, joined, count int64
		var left sql.NullInt64
		var v wire.AttendanceReport
		err := r.Scan(&meeting, &v.UserID, &v.Name, &v.Role, &v.UserEndpointID, &v.ApplicationID, &v.TicketID, &joined, &left, &v.Reason, &count)
		v.TicketID = dashed(v.TicketID)
		v.JoinedAt, v.LeftAt, v.DurationSeconds = moment(joined), orNoMoment(left), seconds(joined, left, now)
		if m := at[strconv.FormatInt(meeting, 10)]; m != nil {
			m.Participants, m.ParticipantCount = append(m.Participants, v), count
		}
		return struct{}{}, err
	}, `SELECT meeting, user, name, role, endpoint, application, ticket, joined, left, reason, of FROM
		(SELECT *, row_number() OVER (PARTITION BY meeting ORDER BY joined, id) AS place, count(*) OVER (PARTITION BY meeting) AS of
		FROM attendances WHERE meeting IN (`+marks+`)) WHERE place <= ? ORDER BY meeting, place`, append(args, maxAttendances)...)
	return err
}

// ReportAgents implements report.Store.
func (s *Store) ReportAgents(ctx context.Context, q report.Query) ([]report.Row[wire.AgentReport], error) {
	text, args := agentsQuery(q)
	return collect(ctx, s.read, "report agents", func(r row) (a report.Row[wire.AgentReport], err error) {
		var talked, first, last, samples int64
		var quality float64
		v := &a.Of
		err = r.Scan(&v.UserID, &v.Name, &v.Calls, &talked, &first, &last, &quality, &samples)
		a.ID = v.UserID
		v.TalkSeconds, v.AverageTalkSeconds = talked/1000, talked/1000/max(v.Calls, 1)
		v.FirstJoinedAt, v.LastLeftAt = moment(first), moment(last)
		if samples > 0 {
			average := hundredths(quality / float64(samples))
			v.AverageNetworkQuality = &average
		}
		return a, err
	}, text, args...)
}

func agentsQuery(q report.Query) (string, []any) {
	var a ask
	now := q.Now.UnixMilli()
	a.args = []any{now, now}
	a.and("a.organization = ? AND a.role = 'AGENT'", q.Organization)
	a.when(q.UserID, "a.user = ?")
	a.when(q.ConferenceID, "a.conference = ?")
	a.when(q.InteractionID, "a.interaction = ?")
	a.when(q.ApplicationID, "a.application = ?")
	a.when(q.After.ID, "a.user > ?")
	a.and("a.joined >= ? AND a.joined < ?", q.From.UnixMilli(), q.To.UnixMilli())
	where := a.rows("a.user", q.Limit)
	where = strings.Replace(where, " ORDER BY", " GROUP BY a.user ORDER BY", 1)
	return `SELECT a.user, (SELECT b.name FROM attendances b WHERE b.organization = a.organization AND b.user = a.user ORDER BY b.joined DESC LIMIT 1),
		count(DISTINCT a.meeting), sum(coalesce(a.left, max(?, a.joined)) - a.joined), min(a.joined), max(coalesce(a.left, max(?, a.joined))), sum(a.quality), sum(a.samples)
		FROM attendances a INDEXED BY attendances_of_agents` + where, a.args
}

// ReportTickets implements report.Store.
func (s *Store) ReportTickets(ctx context.Context, q report.Query) ([]report.Row[wire.TicketReport], error) {
	text, args := ticketsQuery(q)
	return collect(ctx, s.read, "report tickets", func(r row) (t report.Row[wire.TicketReport], err error) {
		var created, expires int64
		var opens, revoked, first, last sql.NullInt64
		v := &t.Of
		err = r.Scan(&t.ID, &v.Type, &v.ConferenceID, &v.ApplicationID, &v.UserID, &v.Name, &created, &opens, &expires, &revoked, &v.Redemptions, &first, &last)
		t.At, v.TicketID = created, dashed(t.ID)
		v.CreatedAt, v.OpensAt, v.ExpiresAt, v.RevokedAt = moment(created), orNoMoment(opens), moment(expires), orNoMoment(revoked)
		v.Expired, v.FirstRedeemedAt, v.LastRedeemedAt = expires <= q.Now.UnixMilli(), orNoMoment(first), orNoMoment(last)
		return t, err
	}, text, args...)
}

func ticketsQuery(q report.Query) (string, []any) {
	var a ask
	table := "tickets t INDEXED BY tickets_by_owner"
	switch {
	case q.ConferenceID != "":
		table = "tickets t INDEXED BY tickets_by_conference"
	case q.UserID != "":
		table = "tickets t INDEXED BY tickets_by_user"
	}
	a.and("t.organization = ?", q.Organization)
	a.when(q.UserID, "t.user = ?")
	a.when(q.ConferenceID, "json_extract(t.properties, '$.conference_id') = ?")
	a.when(q.ApplicationID, "json_extract(t.properties, '$.applicationId') = ?")
	a.from(q, "t.created", "t.id", q.After.ID)
	return `SELECT t.id, t.type, coalesce(json_extract(t.properties, '$.conference_id'), ''), coalesce(json_extract(t.properties, '$.applicationId'), ''),
		t.user, t.user_name, t.created, t.not_before, t.expires, t.revoked,
		(SELECT count(*) FROM ticket_uses u WHERE u.ticket = t.id), (SELECT min(used) FROM ticket_uses u WHERE u.ticket = t.id),
		(SELECT max(used) FROM ticket_uses u WHERE u.ticket = t.id)
		FROM ` + table + a.rows("t.created DESC, t.id DESC", q.Limit), a.args
}

// ReportNetworkQuality implements report.Store.
func (s *Store) ReportNetworkQuality(ctx context.Context, q report.Query) ([]report.Row[wire.NetworkQualityReport], error) {
	text, args := networkQuery(q)
	return collect(ctx, s.read, "report network quality", func(r row) (n report.Row[wire.NetworkQualityReport], err error) {
		var id, joined, optimal, suboptimal, bad int64
		var left sql.NullInt64
		v := &n.Of
		err = r.Scan(&id, &v.InteractionID, &v.ConferenceID, &v.UserID, &v.Name, &v.Role, &v.UserEndpointID, &joined, &left, &v.Samples,
			&v.AverageNetworkQuality, &v.WorstNetworkQuality, &v.AverageJitter, &v.AverageRTT, &optimal, &suboptimal, &bad)
		n.Place = place(joined, id)
		v.JoinedAt, v.LeftAt = moment(joined), orNoMoment(left)
		for _, average := range []*float64{&v.AverageNetworkQuality, &v.AverageJitter, &v.AverageRTT} {
			*average = hundredths(*average / float64(max(v.Samples, 1)))
		}
		v.OptimalSeconds, v.SuboptimalSeconds, v.BadSeconds = optimal/1000, suboptimal/1000, bad/1000
		return n, err
	}, text, args...)
}

func networkQuery(q report.Query) (string, []any) {
	var a ask
	table := "attendances a INDEXED BY attendances_measured"
	if q.UserID != "" {
		table = "attendances a INDEXED BY attendances_by_user"
	}
	if q.ConferenceID != "" || q.InteractionID != "" { // from the few meetings to who was in them
		table = "meetings m CROSS JOIN attendances a ON a.meeting = m.id"
		a.and("m.organization = ?", q.Organization)
		a.when(q.ConferenceID, "m.conference = ?")
		a.when(q.InteractionID, "m.interaction <> '' AND m.interaction = ?")
	}
	a.and("a.organization = ? AND a.samples > 0", q.Organization)
	a.when(q.UserID, "a.user = ?")
	a.when(q.ApplicationID, "a.application = ?")
	a.from(q, "a.joined", "a.id", rowID(q.After))
	return `SELECT a.id, a.interaction, a.conference, a.user, a.name, a.role, a.endpoint, a.joined, a.left, a.samples, a.quality, a.worst, a.jitter, a.rtt,
		a.optimal, a.suboptimal, a.bad FROM ` + table + a.rows("a.joined DESC, a.id DESC", q.Limit), a.args
}

func moment(at int64) wire.Time { return wire.NewTime(time.UnixMilli(at)) }

func orNoMoment(at sql.NullInt64) *wire.Time {
	if !at.Valid {
		return nil
	}
	t := moment(at.Int64)
	return &t
}

// seconds is how long something was, or is until now.
func seconds(from int64, to sql.NullInt64, now time.Time) int64 {
	end := now.UnixMilli()
	if to.Valid {
		end = to.Int64
	}
	return max(end-from, 0) / 1000
}

func hundredths(v float64) float64 { return math.Round(v*100) / 100 }

// dashed is a ticket's id as people see it: abc-def or abc-def-ghi.
func dashed(id string) string {
	var parts []string
	for ; len(id) > 3; id = id[3:] {
		parts = append(parts, id[:3])
	}
	return strings.Join(append(parts, id), "-")
}
