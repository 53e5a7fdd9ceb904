package server

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

func (c caller) ticket(q wire.CreateTicket) (t wire.Ticket) {
	c.t.Helper()
	c.post("/security/ticket", q).into(&t)
	return t
}

// TestTicketTypes: every type of the contract, with its beginning and its end.
func TestTicketTypes(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	begins := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	in := func(extra ...string) map[string]string {
		p := map[string]string{wire.PropertyConferenceID: "c1", wire.PropertyApplicationID: "app", wire.PropertyCustomerID: "k-1"}
		for i := 0; i < len(extra); i += 2 {
			p[extra[i]] = extra[i+1]
		}
		return p
	}
	for _, kind := range []wire.TicketType{wire.TicketMultiUse, wire.TicketSingleUse, wire.TicketGenesysMultiUse} {
		ticket := service.ticket(wire.CreateTicket{Type: kind, TTL: 14400, Length: 6, Properties: in()})
		if ticket.Type != kind || len(ticket.ID) != 7 || ticket.ID[3] != '-' || ticket.ExpiresAt.Sub(ticket.CreatedAt.Time) != 4*time.Hour ||
			ticket.Expired || ticket.Properties["customer_id"] != "k-1" || ticket.NotBefore != nil {
			t.Errorf("%s: %+v", kind, ticket)
		}
	}
	for _, kind := range []wire.TicketType{wire.TicketSchedule, wire.TicketAppointmentSchedule} {
		ticket := service.ticket(wire.CreateTicket{Type: kind, TTL: 3600, Length: 9, Properties: in(wire.PropertyScheduledDate, begins.Format(time.RFC3339))})
		if len(ticket.ID) != 11 || ticket.NotBefore == nil || !ticket.NotBefore.Equal(begins) || !ticket.ExpiresAt.Equal(begins.Add(time.Hour)) {
			t.Errorf("%s: %+v", kind, ticket)
		}
	}
	for name, q := range map[string]wire.CreateTicket{
		"schedule without a date": {Type: wire.TicketSchedule, Properties: in()},
		"schedule of nonsense":    {Type: wire.TicketSchedule, Properties: in(wire.PropertyScheduledDate, "tomorrow")},
		"schedule too far ahead":  {Type: wire.TicketSchedule, Properties: in(wire.PropertyScheduledDate, "2999-01-01T00:00:00Z")},
		"unknown type":            {Type: "FREE_TICKET", Properties: in()},
	} {
		service.post("/security/ticket", q).refused(name, 400, wire.CodeInvalid)
	}
	disabled := service.ticket(wire.CreateTicket{Type: wire.TicketMultiUse, Disabled: true, Properties: in()})
	if disabled.Disabled == nil {
		t.Errorf("%+v", disabled)
	}
	if a := (caller{r, ""}).get("/t/" + disabled.ID); a.status != http.StatusGone {
		t.Errorf("a disabled ticket opens: %d", a.status)
	}
}

// TestScheduledTicket is refused before its time with the time, by the page's
// own call and by the token endpoint, and is good from then on.
func TestScheduledTicket(t *testing.T) {
	var ahead atomic.Int64
	r := serve(t, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	service := r.application("test", "secret")
	begins := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	ticket := service.ticket(wire.CreateTicket{Type: wire.TicketSchedule, TTL: 600,
		Properties: map[string]string{wire.PropertyConferenceID: "c1", wire.PropertyScheduledDate: begins.Format(time.RFC3339)}})
	open := func() (v wire.Invitation) {
		t.Helper()
		request, err := http.NewRequest("GET", r.URL+"/t/"+ticket.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		answer{t, response.StatusCode, response.Header, body}.into(&v)
		return v
	}
	redeem := func() answer {
		form := url.Values{"grant_type": {"password"}, "client_id": {"customer"}, "username": {ticket.ID}, "password": {"k"}}
		return caller{r, ""}.send("POST", "/security/oauth/token", "application/x-www-form-urlencoded", []byte(form.Encode()))
	}
	if v := open(); v.OpensAt == nil || !v.OpensAt.Equal(begins) || v.Now == nil || v.Now.After(begins) {
		t.Errorf("early: %+v", v)
	}
	if a := redeem(); a.status != 400 || !strings.Contains(string(a.body), "opens at "+begins.Format(time.RFC3339)) {
		t.Errorf("early: %d %s", a.status, a.body)
	}
	ahead.Store(int64(61 * time.Minute))
	if v := open(); v.OpensAt != nil {
		t.Errorf("in time: %+v", v)
	}
	if a := redeem(); a.status != 200 {
		t.Errorf("in time: %d %s", a.status, a.body)
	}
	ahead.Store(int64(71 * time.Minute))
	if a := redeem(); a.status != 400 || !strings.Contains(string(a.body), "expired") {
		t.Errorf("late: %d %s", a.status, a.body)
	}
}

func TestTicketList(t *testing.T) {
	r := serve(t, nil)
	mine, agent := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	q := wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: "c1"}}
	first, second, third := mine.ticket(q), agent.ticket(q), mine.ticket(q)
	mine.send("DELETE", "/security/ticket/"+first.ID, "", nil)
	ids := func(c caller, query string) (list []string) {
		t.Helper()
		var tickets []wire.Ticket
		c.get("/security/ticket" + query).into(&tickets)
		for _, ticket := range tickets {
			list = append(list, ticket.ID)
			if (ticket.ID == first.ID) != (ticket.Revoked != nil) {
				t.Errorf("%+v", ticket)
			}
		}
		return list
	}
	has := func(list []string, want ...string) {
		t.Helper()
		if len(list) != len(want) {
			t.Errorf("%q, want %q", list, want)
			return
		}
		for _, id := range want {
			if !strings.Contains(strings.Join(list, " "), id) {
				t.Errorf("%q lacks %s", list, id)
			}
		}
	}
	has(ids(mine, ""), first.ID, second.ID, third.ID) // a supervisor
	has(ids(agent, ""), second.ID)                    // an agent
	has(ids(agent, "?before="+url.QueryEscape(first.CreatedAt.Format(time.RFC3339))))
	if got := ids(mine, "?limit=1"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	mine.get("/security/ticket?limit=x").refused("limit", 400, wire.CodeInvalid)
	mine.get("/security/ticket?before=x").refused("before", 400, wire.CodeInvalid)
}

// TestRoomLinks is the one-call facade: the ticket leads to the conference that
// the agent's link names.
func TestRoomLinks(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var links wire.RoomLinks
	service.post("/security/genesys/room", map[string]any{"applicationId": "app", "cdestination": "standalone", "customerId": "k-1", "interactionId": "i-1",
		"ticketExpirationSeconds": 14400, "urlBase": "https://elsewhere.example"}).into(&links)
	agent, err := url.Parse(links.AgentURL)
	if err != nil || !strings.HasPrefix(links.TicketURL, r.URL+"/t/") || !strings.HasPrefix(links.AgentURL, r.URL+"/a?") ||
		agent.Query().Get("aid") != "app" || agent.Query().Get("cdestination") != "standalone" || !agent.Query().Has("corigin") {
		t.Fatalf("%+v, %v", links, err)
	}
	_, token := r.customer(strings.TrimPrefix(links.TicketURL, r.URL+"/t/"), "k")
	if token.ConferenceID == "" || token.ConferenceID != agent.Query().Get("roomId") {
		t.Errorf("the ticket leads to %q, the agent's link to %q", token.ConferenceID, agent.Query().Get("roomId"))
	}
	service.state(token.ConferenceID)
}
