package server

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// history is a server whose clock a test moves, and somebody who reads reports.
type history struct {
	*running
	ahead *atomic.Int64
	boss  caller
	data  string
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{ahead: new(atomic.Int64), data: t.TempDir()}
	begin := time.Now().Truncate(time.Second)
	h.running = serve(t, func(c *Config) {
		c.Data = h.data
		c.Now = func() time.Time { return begin.Add(time.Duration(h.ahead.Load())) }
	})
	h.boss, _ = h.desktop("supervisor1", h.Users["supervisor1"])
	return h
}

func (h *history) pass(d time.Duration) { h.ahead.Add(int64(d)) }
func (h *history) now() time.Time       { return h.server.config.Now() }

// rows reads a whole report, page by page.
func rows[T any](c caller, name string, query url.Values) (all []T) {
	c.t.Helper()
	for pages := 0; ; pages++ {
		var p wire.Page[T]
		c.get("/rtc-api/reports/" + name + "?" + query.Encode()).into(&p)
		all = append(all, p.Items...)
		if p.Next == "" {
			return all
		}
		if pages > 100 || len(p.Items) == 0 {
			c.t.Fatalf("%s goes on for ever", name)
		}
		query.Set("cursor", p.Next)
	}
}

// table reads a report as CSV, by its columns.
func (c caller) table(name, query string) (lines []map[string]string) {
	c.t.Helper()
	a := c.get("/rtc-api/reports/" + name + "?format=csv&" + query)
	if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv;") || !bytes.HasSuffix(a.body, []byte("\r\n")) {
		c.t.Fatalf("%s: %d %s: %q", name, a.status, a.header.Get("Content-Type"), a.body)
	}
	all, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cells := range all[1:] {
		line := map[string]string{}
		for i, cell := range cells {
			line[all[0][i]] = cell
		}
		lines = append(lines, line)
	}
	return lines
}

func at(t time.Time) wire.Time    { return wire.NewTime(t) }
func then(t time.Time) *wire.Time { v := wire.NewTime(t); return &v }

// TestReportsOfACall: an agent and a customer meet; every report tells of it.
func TestReportsOfACall(t *testing.T) {
	h := newHistory(t)
	agent := h.application("test", "secret")
	began := h.now()
	var c wire.Summary
	agent.do("create", wire.CreateConference{InteractionID: "case-1"}).into(&c)
	var ticket wire.Ticket
	agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID, wire.PropertyApplicationID: "crm"}}).into(&ticket)
	h.pass(10 * time.Second)
	customer, token := h.customer(ticket.ID, "browser")
	a, g := agent.endpoint(), customer.endpoint()
	agent.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: a, Metadata: json.RawMessage(`{"name":"Anna"}`)})
	h.pass(20 * time.Second)
	customer.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: g, Metadata: json.RawMessage(`{"name":"=HYPERLINK(\"//x\")\n\"Maria\", Ö","roles":["AGENT"]}`)})
	agent.do("sendMessage", wire.SendMessage{ConferenceID: c.ID, UserEndpointID: a, MessageID: "1", Text: "hello"})

	var running wire.Page[wire.InteractionReport]
	h.boss.get("/rtc-api/reports/interactions?from=" + url.QueryEscape(began.Format(time.RFC3339)) + "&to=" + url.QueryEscape(h.now().Add(time.Second).Format(time.RFC3339))).into(&running)
	if len(running.Items) != 1 || running.Items[0].EndedAt != nil || len(running.Items[0].Participants) != 2 || running.Items[0].Participants[0].LeftAt != nil {
		t.Errorf("while it goes on: %+v", running)
	}
	h.pass(60 * time.Second)
	customer.do("leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: g, Reason: "-done"})
	h.pass(5 * time.Second)
	agent.do("end", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: a, Reason: "over"})
	h.pass(time.Second)

	started := began.Add(10 * time.Second)
	name := "=HYPERLINK(\"//x\")\n\"Maria\", Ö"
	meeting := wire.InteractionReport{InteractionID: "case-1", ConferenceID: c.ID, StartedAt: at(started), EndedAt: then(started.Add(85 * time.Second)), DurationSeconds: 85,
		Reason: "over", ParticipantCount: 2, Messages: 1, Participants: []wire.AttendanceReport{
			{UserID: "test", Name: "Anna", Role: wire.AttendeeAgent, UserEndpointID: a, ApplicationID: "test", JoinedAt: at(started),
				LeftAt: then(started.Add(85 * time.Second)), DurationSeconds: 85, Reason: "over"},
			{UserID: token.Subject, Name: name, Role: wire.AttendeeCustomer, UserEndpointID: g, ApplicationID: "customer", TicketID: ticket.ID,
				JoinedAt: at(started.Add(20 * time.Second)), LeftAt: then(started.Add(80 * time.Second)), DurationSeconds: 60, Reason: "-done"}}}
	if d := cmp.Diff([]wire.InteractionReport{meeting}, rows[wire.InteractionReport](h.boss, "interactions", url.Values{})); d != "" {
		t.Errorf("interactions (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]wire.AgentReport{{UserID: "test", Name: "Anna", Calls: 1, TalkSeconds: 85, AverageTalkSeconds: 85, FirstJoinedAt: at(started),
		LastLeftAt: at(started.Add(85 * time.Second))}}, rows[wire.AgentReport](h.boss, "agents", url.Values{})); d != "" {
		t.Errorf("agents (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]wire.TicketReport{{TicketID: ticket.ID, Type: wire.TicketMultiUse, ConferenceID: c.ID, ApplicationID: "crm", UserID: "test", CreatedAt: at(began),
		ExpiresAt: at(began.Add(4 * time.Hour)), Redemptions: 1, FirstRedeemedAt: then(started), LastRedeemedAt: then(started)}},
		rows[wire.TicketReport](h.boss, "tickets", url.Values{})); d != "" {
		t.Errorf("tickets (-want +got):\n%s", d)
	}
	lines := h.boss.table("interactions", "")
	want := "Anna (AGENT, test, 85 s); " + name + " (CUSTOMER, " + token.Subject + ", 60 s)"
	if len(lines) != 1 || lines[0]["participants"] != want || lines[0]["durationSeconds"] != "85" || lines[0]["endedAt"] != started.Add(85*time.Second).UTC().Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("as a table: %q", lines)
	}
	if list, lines := rows[wire.NetworkQualityReport](h.boss, "network-quality", url.Values{}), h.boss.table("network-quality", ""); len(list)+len(lines) != 0 {
		t.Errorf("networks without media: %+v, %q", list, lines)
	}
	if lines := h.boss.table("agents", ""); len(lines) != 1 || lines[0]["name"] != "Anna" || lines[0]["averageNetworkQuality"] != "" {
		t.Errorf("agents: %q", lines)
	}
	if lines := h.boss.table("tickets", ""); len(lines) != 1 || lines[0]["ticketId"] != ticket.ID || lines[0]["redemptions"] != "1" {
		t.Errorf("tickets: %q", lines)
	}

	h.pass(time.Minute)
	h.customer(ticket.ID, "another browser")
	agent.send("DELETE", "/security/ticket/"+ticket.ID, "", nil)
	tickets := rows[wire.TicketReport](h.boss, "tickets", url.Values{})
	if len(tickets) != 1 || tickets[0].Redemptions != 2 || tickets[0].RevokedAt == nil || !tickets[0].LastRedeemedAt.After(tickets[0].FirstRedeemedAt.Time) {
		t.Errorf("tickets: %+v", tickets)
	}
	h.pass(5 * time.Hour)
	if boss, _ := h.desktop("supervisor1", h.Users["supervisor1"]); !rows[wire.TicketReport](boss, "tickets", url.Values{})[0].Expired {
		t.Error("the ticket has not expired")
	}
}

// TestReportsOfNetworks: what the indicator told is in the report.
func TestReportsOfNetworks(t *testing.T) {
	r := serve(t, func(c *Config) { c.gradeEvery = 200 * time.Millisecond })
	anna, bert := r.application("test", "secret").speaker("test"), r.application("CLIENT_ID", "CLIENT_SECRET").speaker("CLIENT_ID")
	var c wire.Summary
	anna.do("create", wire.CreateConference{InteractionID: "case-1"}).into(&c)
	anna.join(c.ID)
	bert.join(c.ID)
	anna.talk("a")
	bert.listen("a")
	anna.sees("anything", func(e wire.NetworkEvent) bool { return len(e.ParticipantIndicatorMap) > 0 })
	anna.do("end", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: anna.endpoint})
	r.server.quality.Close() // hands on what it has
	boss := r.application("test", "secret")
	list := rows[wire.NetworkQualityReport](boss, "network-quality", url.Values{"conferenceId": {c.ID}, "userId": {"test"}})
	if len(list) != 1 || list[0].Samples < 1 || list[0].AverageNetworkQuality < 3 || list[0].WorstNetworkQuality > list[0].AverageNetworkQuality+0.01 || list[0].AverageRTT <= 0 ||
		list[0].UserID != "test" || list[0].UserEndpointID != anna.endpoint || list[0].InteractionID != "case-1" || list[0].LeftAt == nil {
		t.Errorf("%+v", list)
	}
	agents := rows[wire.AgentReport](boss, "agents", url.Values{"userId": {"test"}})
	if len(agents) != 1 || agents[0].AverageNetworkQuality == nil || *agents[0].AverageNetworkQuality != list[0].AverageNetworkQuality {
		t.Errorf("%+v", agents)
	}
	if lines := boss.table("network-quality", ""); len(lines) < 1 || lines[0]["samples"] == "" || lines[0]["role"] != "AGENT" {
		t.Errorf("%q", lines)
	}
}

// met has an agent in a conference for a while.
func (h *history) met(by caller, interaction string) (conference string) {
	h.t.Helper()
	var c wire.Summary
	by.do("create", wire.CreateConference{InteractionID: interaction}).into(&c)
	e := by.endpoint()
	by.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: e})
	h.pass(20 * time.Second)
	by.do("leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: e})
	h.pass(time.Second)
	return c.ID
}

func conferencesOf(list []wire.InteractionReport) (ids []string) {
	for _, m := range list {
		ids = append(ids, m.ConferenceID)
	}
	return ids
}

// TestFiltersOfReports: each finds its own, and two together what both do.
func TestFiltersOfReports(t *testing.T) {
	h := newHistory(t)
	anna, bert := h.application("test", "secret"), h.application("CLIENT_ID", "CLIENT_SECRET")
	first := h.now()
	a := h.met(anna, "case-1")
	second := h.now()
	b := h.met(bert, "case-1")
	c := h.met(anna, "case-2")
	for name, tc := range map[string]struct {
		query url.Values
		want  []string
	}{
		"none":               {url.Values{}, []string{c, b, a}},
		"user":               {url.Values{"userId": {"test"}}, []string{c, a}},
		"application":        {url.Values{"applicationId": {"CLIENT_ID"}}, []string{b}},
		"conference":         {url.Values{"conferenceId": {b}}, []string{b}},
		"interaction":        {url.Values{"interactionId": {"case-1"}}, []string{b, a}},
		"interaction, user":  {url.Values{"interactionId": {"case-1"}, "userId": {"test"}}, []string{a}},
		"nobody":             {url.Values{"userId": {"nobody"}}, nil},
		"from":               {url.Values{"from": {second.Format(time.RFC3339)}}, []string{c, b}},
		"to":                 {url.Values{"to": {second.Format(time.RFC3339)}}, []string{a}},
		"from is in":         {url.Values{"from": {first.Format(time.RFC3339)}, "to": {first.Add(time.Second).Format(time.RFC3339)}}, []string{a}},
		"small pages":        {url.Values{"limit": {"1"}}, []string{c, b, a}},
		"small pages, user":  {url.Values{"limit": {"1"}, "userId": {"test"}}, []string{c, a}},
		"an empty parameter": {url.Values{"userId": {""}, "cursor": {""}}, []string{c, b, a}},
	} {
		if d := cmp.Diff(tc.want, conferencesOf(rows[wire.InteractionReport](h.boss, "interactions", tc.query))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	calls := func(query url.Values) map[string]int64 {
		m := map[string]int64{}
		for _, r := range rows[wire.AgentReport](h.boss, "agents", query) {
			m[r.UserID] = r.Calls
		}
		return m
	}
	for name, tc := range map[string]struct {
		query url.Values
		want  map[string]int64
	}{
		"none":        {url.Values{"limit": {"1"}}, map[string]int64{"test": 2, "CLIENT_ID": 1}},
		"user":        {url.Values{"userId": {"test"}}, map[string]int64{"test": 2}},
		"conference":  {url.Values{"conferenceId": {a}}, map[string]int64{"test": 1}},
		"interaction": {url.Values{"interactionId": {"case-1"}}, map[string]int64{"test": 1, "CLIENT_ID": 1}},
		"application": {url.Values{"applicationId": {"CLIENT_ID"}}, map[string]int64{"CLIENT_ID": 1}},
		"from":        {url.Values{"from": {second.Format(time.RFC3339)}}, map[string]int64{"test": 1, "CLIENT_ID": 1}},
	} {
		if d := cmp.Diff(tc.want, calls(tc.query)); d != "" {
			t.Errorf("agents, %s (-want +got):\n%s", name, d)
		}
	}
	make := func(by caller, conference, application string) string {
		var ticket wire.Ticket
		by.post("/security/ticket", wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: conference, wire.PropertyApplicationID: application}}).into(&ticket)
		h.pass(time.Second)
		return ticket.ID
	}
	x, y, z := make(anna, a, "crm"), make(bert, a, "web"), make(anna, b, "web")
	for name, tc := range map[string]struct {
		query url.Values
		want  []string
	}{
		"none":        {url.Values{"limit": {"2"}}, []string{z, y, x}},
		"user":        {url.Values{"userId": {"test"}, "limit": {"1"}}, []string{z, x}},
		"conference":  {url.Values{"conferenceId": {a}}, []string{y, x}},
		"application": {url.Values{"applicationId": {"web"}}, []string{z, y}},
		"all":         {url.Values{"applicationId": {"web"}, "conferenceId": {a}, "userId": {"CLIENT_ID"}}, []string{y}},
	} {
		var got []string
		for _, r := range rows[wire.TicketReport](h.boss, "tickets", tc.query) {
			got = append(got, r.TicketID)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("tickets, %s (-want +got):\n%s", name, d)
		}
	}
}

// TestPagesOverChanges: while somebody reads on, calls begin and end; what was
// there when the reading began comes once.
func TestPagesOverChanges(t *testing.T) {
	h := newHistory(t)
	anna := h.application("test", "secret")
	var want []string
	for range 7 {
		want = append(want, h.met(anna, ""))
	}
	slices.Reverse(want)
	h.pass(time.Second)
	query := url.Values{"limit": {"2"}, "to": {h.now().Add(time.Hour).Format(time.RFC3339)}, "from": {h.now().Add(-time.Hour).Format(time.RFC3339)}}
	var got []string
	for {
		var p wire.Page[wire.InteractionReport]
		h.boss.get("/rtc-api/reports/interactions?" + query.Encode()).into(&p)
		got = append(got, conferencesOf(p.Items)...)
		if p.Next == "" {
			break
		}
		query.Set("cursor", p.Next)
		h.met(anna, "")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestReportsAreForSupervisors: not for agents, customers or other organizations.
func TestReportsAreForSupervisors(t *testing.T) {
	h := newHistory(t)
	h.met(h.application("test", "secret"), "case-1")
	agent, _ := h.desktop("agent1", h.Users["agent1"])
	admin, _ := h.desktop("admin1", h.Users["admin1"])
	var ticket wire.Ticket
	h.application("test", "secret").post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: "c"}}).into(&ticket)
	customer, _ := h.customer(ticket.ID, "k")
	other := h.foreigner()
	for _, name := range []string{"interactions", "agents", "tickets", "network-quality"} {
		for who, c := range map[string]caller{"an agent": agent, "a customer": customer} {
			c.get("/rtc-api/reports/"+name).refused(who+" reads "+name, 403, wire.CodeForbidden)
			c.get("/rtc-api/reports/"+name+"?format=csv").refused(who+" reads "+name, 403, wire.CodeForbidden)
		}
		caller{h.running, ""}.get("/rtc-api/reports/"+name).refused("nobody reads "+name, 401, wire.CodeUnauthorized)
		if list := rows[json.RawMessage](other, name, url.Values{}); len(list) != 0 {
			t.Errorf("another organization sees %s: %s", name, list)
		}
		if lines := other.table(name, ""); len(lines) != 0 {
			t.Errorf("another organization sees %s: %q", name, lines)
		}
		list := rows[json.RawMessage](admin, name, url.Values{})
		if (len(list) == 0) != (name == "network-quality") {
			t.Errorf("an administrator sees %s: %s", name, list)
		}
	}
	if list := rows[wire.InteractionReport](other, "interactions", url.Values{"interactionId": {"case-1"}}); len(list) != 0 {
		t.Errorf("another organization sees %+v", list)
	}
}

// foreigner is a service of another organization.
func (h *history) foreigner() caller {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.data, "guichet.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO organizations (id, name) VALUES ('elsewhere', 'Elsewhere')"); err != nil {
		h.t.Fatal(err)
	}
	secret, err := h.server.oauth.AddApplication(h.t.Context(), oauth.Console(), oauth.Application{ID: "spy", Organization: "elsewhere",
		Roles: []string{oauth.RoleService}, Grants: []string{"client_credentials"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.application("spy", secret)
}

// TestReportsThatAreRefused: each mistake is told in words.
func TestReportsThatAreRefused(t *testing.T) {
	h := newHistory(t)
	for query, word := range map[string]string{
		"from=yesterday":            "from",
		"to=2026-01-02":             "to",
		"from=0001-01-01T00:00:00Z": "from",
		"from=2026-01-02T15:04:05Z&to=2026-01-02T15:04:05Z": "before",
		"from=2999-01-01T00:00:00Z":                         "before",
		"limit=0":                                           "limit",
		"limit=501":                                         "limit",
		"limit=many":                                        "limit",
		"cursor=x":                                          "cursor",
		"cursor=MTIz":                                       "cursor",
		"format=xml":                                        "format",
		"user=anna":                                         "user",
		"limit=1&limit=2":                                   "limit",
		"userId=" + strings.Repeat("x", 300):                "userId",
		"userId=%zz":                                        "query",
	} {
		for _, name := range []string{"interactions", "agents", "tickets", "network-quality"} {
			a := h.boss.get("/rtc-api/reports/" + name + "?" + query)
			a.refused(name+"?"+query, 400, wire.CodeInvalid)
			if !strings.Contains(string(a.body), word) {
				t.Errorf("%s?%s: %s does not tell of %s", name, query, a.body, word)
			}
		}
	}
	h.boss.get("/rtc-api/reports/tickets?interactionId=x").refused("a filter that tickets do not have", 400, wire.CodeInvalid)
	h.boss.get("/rtc-api/reports/nothing").refused("no such report", 404, wire.CodeNotFound)
	h.boss.post("/rtc-api/reports/agents", struct{}{}).refused("a change", 405, wire.CodeMethod)
}

// TestReportByAccept: the media type decides where no format is named.
func TestReportByAccept(t *testing.T) {
	h := newHistory(t)
	for accept, want := range map[string]string{
		"text/csv": "text/csv; charset=utf-8; header=present", "application/json": "application/json", "*/*": "application/json",
		"": "application/json", "text/csv, application/json": "application/json",
	} {
		request, err := http.NewRequest("GET", h.URL+"/rtc-api/reports/agents", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+h.boss.token)
		request.Header.Set("Accept", accept)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != want || response.Header.Get("Vary") != "Accept" {
			t.Errorf("Accept %q: %d %s, want %s", accept, response.StatusCode, got, want)
		}
	}
}

// TestNobodyIsInACallForEver: who is silent is dropped, also when the server
// stopped meanwhile, and the report tells so.
func TestNobodyIsInACallForEver(t *testing.T) {
	data := t.TempDir()
	var c wire.Summary
	t.Run("before", func(t *testing.T) {
		r := serve(t, func(c *Config) { c.Data = data })
		agent := r.application("test", "secret")
		agent.do("create", wire.CreateConference{}).into(&c)
		var e string
		agent.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: 5}).into(&e)
		agent.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: e})
	})
	r := serve(t, func(c *Config) { c.Data = data })
	service := r.application("test", "secret")
	hung := time.After(2 * patience)
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		list := rows[wire.InteractionReport](service, "interactions", url.Values{"conferenceId": {c.ID}})
		if len(list) == 1 && list[0].EndedAt != nil && list[0].Participants[0].LeftAt != nil && list[0].Participants[0].Reason != "" {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-hung:
			t.Fatalf("still in: %+v", list)
		}
	}
}
