package api

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/report"
	"guichet/platform/wire"
)

const (
	reportDays   = 31               // a report without a beginning goes back so far
	maxFilter    = 256              // bytes
	tableTimeout = 30 * time.Second // for a client to take one page of a table
)

// Filters of the reports; each takes some of them.
const (
	filterUser        = "userId"
	filterConference  = "conferenceId"
	filterInteraction = "interactionId"
	filterApplication = "applicationId"
)

func (a *API) routeReports() {
	everything := []string{filterUser, filterConference, filterInteraction, filterApplication}
	routeReport(a, "interactions", everything, a.Reports.Interactions, report.InteractionTable())
	routeReport(a, "agents", everything, a.Reports.Agents, report.AgentTable())
	routeReport(a, "tickets", []string{filterUser, filterConference, filterApplication}, a.Reports.Tickets, report.TicketTable())
	routeReport(a, "network-quality", everything, a.Reports.NetworkQuality, report.NetworkQualityTable())
}

// pager returns one page of a report.
type pager[T any] func(context.Context, report.Query) (wire.Page[T], error)

// routeReport serves a report as pages of JSON, or whole as CSV.
func routeReport[T any](a *API, name string, filters []string, page pager[T], table report.Table[T]) {
	a.mux.HandleFunc("GET /rtc-api/reports/"+name, a.guard(reportsRead, func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		w.Header().Add("Vary", "Accept")
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return invalid("the query is malformed")
		}
		q, err := a.reportQuery(values, filters)
		if err != nil {
			return err
		}
		q.Organization = id.Organization
		asTable, err := wantsTable(values.Get("format"), r.Header.Get("Accept"))
		if err != nil {
			return err
		}
		if asTable {
			return a.sendTable(w, r, name, q, func(ctx context.Context, q report.Query) ([][]string, string, error) {
				p, err := page(ctx, q)
				lines := make([][]string, len(p.Items))
				for i, item := range p.Items {
					lines[i] = table.Cells(item)
				}
				return lines, p.Next, err
			}, table.Header)
		}
		p, err := page(r.Context(), q)
		if err != nil {
			return err
		}
		return send(w, http.StatusOK, p)
	}))
}

// reportQuery reads what a report is asked with. A parameter that the report
// does not have is refused: an answer that ignored it would be taken for less
// than it is.
func (a *API) reportQuery(values url.Values, filters []string) (report.Query, error) {
	known := append([]string{"from", "to", "limit", "cursor", "format"}, filters...)
	for name, list := range values {
		if !slices.Contains(known, name) {
			return report.Query{}, invalid("%q is no parameter of this report, which has %s", cut(name), strings.Join(known, ", "))
		}
		if len(list) > 1 {
			return report.Query{}, invalid("%s: more than one", name)
		}
		if len(list[0]) > maxFilter && name != "cursor" {
			return report.Query{}, invalid("%s: longer than %d bytes", name, maxFilter)
		}
	}
	q := report.Query{UserID: values.Get(filterUser), ConferenceID: values.Get(filterConference), InteractionID: values.Get(filterInteraction),
		ApplicationID: values.Get(filterApplication), Limit: wire.DefaultReportPage}
	var err error
	if q.To, err = when(values, "to", a.Now().Add(time.Millisecond)); err != nil {
		return q, err
	}
	if q.From, err = when(values, "from", q.To.AddDate(0, 0, -reportDays)); err != nil {
		return q, err
	}
	if !q.From.Before(q.To) {
		return q, invalid("from: want a time before to, which is %s", q.To.UTC().Format(time.RFC3339))
	}
	if text := values.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > wire.MaxReportPage {
			return q, invalid("limit: want a whole number from 1 to %d", wire.MaxReportPage)
		}
	}
	if q.After, err = report.ParsePlace(values.Get("cursor")); err != nil {
		return q, invalid("cursor: want the next of an earlier page")
	}
	return q, nil
}

// when reads a time of the query; a year that no clock of ours has is refused.
func when(values url.Values, name string, preset time.Time) (time.Time, error) {
	text := values.Get(name)
	if text == "" {
		return preset, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 {
		return at, invalid("%s: want a time such as 2026-01-02T15:04:05Z", name)
	}
	return at, nil
}

func cut(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// wantsTable tells whether CSV is asked for, by the parameter or else by Accept.
func wantsTable(format, accept string) (bool, error) {
	switch format {
	case "csv":
		return true, nil
	case "json":
		return false, nil
	case "":
		return strings.Contains(accept, "text/csv") && !strings.Contains(accept, "application/json"), nil
	}
	return false, invalid("format: want json or csv")
}

// sendTable writes a report to its end as CSV (RFC 4180), a page at a time, so
// that it takes little memory and no read of the store lasts long. When the
// store fails on the way the answer ends without its end, so that nobody takes
// it for the whole.
func (a *API) sendTable(w http.ResponseWriter, r *http.Request, name string, q report.Query,
	page func(context.Context, report.Query) ([][]string, string, error), header []string) error {
	q.Limit = wire.MaxReportPage
	lines, next, err := page(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	out, control := csv.NewWriter(w), http.NewResponseController(w)
	out.UseCRLF = true
	if err = out.Write(header); err == nil {
		err = out.WriteAll(lines)
	}
	for err == nil && next != "" {
		if q.After, err = report.ParsePlace(next); err != nil {
			break
		}
		// A connection that cannot have a deadline has none.
		if err = control.SetWriteDeadline(time.Now().Add(tableTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			break
		}
		if lines, next, err = page(r.Context(), q); err == nil {
			err = out.WriteAll(lines)
		}
	}
	if err != nil {
		if r.Context().Err() == nil {
			a.Logger.Error("report ended early", "report", name, "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}
