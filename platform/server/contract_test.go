package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

func TestGuard(t *testing.T) {
	r := serve(t, nil)
	nobody := caller{r, ""}
	a := nobody.post("/rtc-api/conferences/create", wire.CreateConference{})
	a.refused("no token", 401, wire.CodeUnauthorized)
	if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || strings.Contains(got, "error=") {
		t.Errorf("challenge without a token: %q (RFC 6750, section 3.1: no error code)", got)
	}
	a = caller{r, "a.b.c"}.post("/rtc-api/conferences/create", wire.CreateConference{})
	a.refused("bad token", 401, wire.CodeUnauthorized)
	if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="invalid_token"`) {
		t.Errorf("challenge of a bad token: %q", got)
	}
	service := r.application("test", "secret")
	service.post("/api/test/endpoint", nil).refused("unknown path with a token", 404, wire.CodeNotFound)
	nobody.post("/api/test/endpoint", nil).refused("unknown path without a token", 401, wire.CodeUnauthorized)
	a = service.send("DELETE", "/rtc-api/conferences/create", "", nil)
	a.refused("wrong method", 405, wire.CodeMethod)
	if a.header.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

// TestBasic: applications that may use HTTP Basic call the API with it (the
// seeds' two forms), the others do not.
func TestBasic(t *testing.T) {
	r := serve(t, nil)
	call := func(id, secret string) answer {
		t.Helper()
		request, err := http.NewRequest("POST", r.URL+"/rtc-api/conferences/create", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(id, secret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{t, response.StatusCode, response.Header, body}
	}
	for id, secret := range map[string]string{"client-ID": "client-secret", "user-id": "password"} {
		var c wire.Summary
		if call(id, secret).into(&c); c.ID == "" {
			t.Errorf("%s made no conference", id)
		}
	}
	for id, secret := range map[string]string{"test": "secret", "user-id": "wrong", "nobody": "x", "customer": ""} {
		a := call(id, secret)
		a.refused(id, 401, wire.CodeUnauthorized)
		if got := strings.Join(a.header.Values("WWW-Authenticate"), "; "); !strings.Contains(got, "Basic ") || !strings.Contains(got, "Bearer ") {
			t.Errorf("%s: challenges %q", id, got)
		}
	}
}

func TestCustomerMayTouchItsOwnConferenceOnly(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var mine, other wire.Summary
	service.do("create", wire.CreateConference{}).into(&mine)
	service.do("create", wire.CreateConference{}).into(&other)
	var ticket wire.Ticket
	service.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse,
		Properties: map[string]string{wire.PropertyConferenceID: mine.ID}}).into(&ticket)
	customer, token := r.customer(ticket.ID, "key")
	if token.ConferenceID != mine.ID {
		t.Errorf("the token names conference %q, want %q", token.ConferenceID, mine.ID)
	}
	endpoint := customer.endpoint()
	customer.do("join", wire.JoinConference{ConferenceID: mine.ID, UserEndpointID: endpoint})
	conferences := "/rtc-api/conferences/"
	a := customer.post(conferences+"create", wire.CreateConference{})
	a.refused("create", 403, wire.CodeForbidden)
	if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_scope"`) {
		t.Errorf("challenge: %q", got)
	}
	customer.post(conferences+"end", wire.LeaveConference{ConferenceID: mine.ID, UserEndpointID: endpoint}).refused("end", 403, wire.CodeForbidden)
	customer.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse}).refused("ticket", 403, wire.CodeForbidden)
	customer.get("/security/ticket/"+ticket.ID).refused("read ticket", 403, wire.CodeForbidden)
	for _, a := range []answer{
		customer.post(conferences+"join", wire.JoinConference{ConferenceID: other.ID, UserEndpointID: endpoint}),
		customer.get(conferences + other.ID + "/simpleView"),
		customer.send("POST", "/whip/"+other.ID, "application/sdp", []byte("v=0\r\n")),
		customer.send("POST", "/whip/new", "application/sdp", []byte("v=0\r\n")),
	} {
		if a.status != 403 && a.status != 404 {
			t.Errorf("another conference: status %d: %s", a.status, a.body)
		}
	}
}

// TestBadInput: every malformed request gets its 4xx and a sentence, and the
// conference beside it is as it was.
func TestBadInput(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var c wire.Summary
	service.do("create", wire.CreateConference{}).into(&c)
	endpoint := service.endpoint()
	service.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: endpoint})
	before := service.state(c.ID)

	conferences := "/rtc-api/conferences/"
	object := func(pairs ...string) []byte {
		m := map[string]any{"conferenceId": c.ID, "userEndpointId": endpoint}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tc := range []struct {
		name, path string
		body       []byte
		status     int
		code       wire.Code
	}{
		{"no JSON", conferences + "join", []byte("{"), 400, wire.CodeInvalid},
		{"empty body", conferences + "join", nil, 400, wire.CodeInvalid},
		{"a list", conferences + "join", []byte("[]"), 400, wire.CodeInvalid},
		{"null", conferences + "join", []byte("null"), 400, wire.CodeInvalid},
		{"number for a string", conferences + "join", []byte(`{"conferenceId":7}`), 400, wire.CodeInvalid},
		{"string for a number", "/rtc-api/users/endpoints", []byte(`{"keepAliveSeconds":"x"}`), 400, wire.CodeInvalid},
		{"huge number", "/rtc-api/users/endpoints", []byte(`{"keepAliveSeconds":1e300}`), 400, wire.CodeInvalid},
		{"deep nesting", conferences + "join", []byte(strings.Repeat("[", 100_000)), 400, wire.CodeInvalid},
		{"body over 1 MiB", conferences + "join", append([]byte(`{"conferenceId":"`), make([]byte, 1<<20)...), 413, wire.CodeTooLarge},
		{"endpoint id with a wildcard", "/rtc-api/users/endpoints", []byte(`{"keepAliveSeconds":5,"userEndpointId":"#"}`), 400, wire.CodeInvalid},
		{"long id", conferences + "create", object("conferenceId", strings.Repeat("x", 200)), 400, wire.CodeInvalid},
		{"id taken", conferences + "create", object(), 409, wire.CodeConflict},
		{"unknown mode", conferences + "create", []byte(`{"mode":"MESH"}`), 400, wire.CodeInvalid},
		{"unknown conference", conferences + "join", object("conferenceId", "nowhere"), 404, wire.CodeNotFound},
		{"unknown endpoint", conferences + "join", object("userEndpointId", "nobody"), 404, wire.CodeNotFound},
		{"broken SDP", conferences + "publishStream", object("streamId", "s", "conferenceStreamType", "CAM", "sdpOffer", "hello"), 400, wire.CodeInvalid},
		{"no SDP", conferences + "publishStream", object("streamId", "s", "conferenceStreamType", "CAM"), 400, wire.CodeInvalid},
		{"unknown stream type", conferences + "publishStream", object("streamId", "s", "conferenceStreamType", "FILM", "sdpOffer", "v=0"), 400, wire.CodeInvalid},
		{"no stream id", conferences + "publishStream", object("conferenceStreamType", "CAM", "sdpOffer", "v=0"), 400, wire.CodeInvalid},
		{"unknown stream", conferences + "viewStream", object("streamId", "s", "viewerId", "v", "sdpOffer", "v=0"), 404, wire.CodeNotFound},
		{"unknown stream to stop", conferences + "unpublishStream", object("streamId", "s"), 404, wire.CodeNotFound},
		{"unknown viewer", conferences + "stopViewStream", object("streamId", "s", "viewerId", "v"), 404, wire.CodeNotFound},
		{"candidate for nothing", conferences + "addPublishStreamIceCandidates", object("streamId", "s"), 404, wire.CodeNotFound},
		{"unknown operation", conferences + "updateMetadata", object("operation", "ADD", "key", "k"), 400, wire.CodeInvalid},
		{"long metadata", conferences + "updateMetadata", object("operation", "SET", "key", "k", "value", strings.Repeat("x", 5000)), 413, wire.CodeTooLarge},
		{"somebody's mute", conferences + "updateMetadata", object("operation", "SET", "key", "TRACK_MUTED/audio/s", "value", "true"), 404, wire.CodeNotFound},
		{"ticket of no type", "/security/ticket", []byte(`{}`), 400, wire.CodeInvalid},
		{"ticket of length 7", "/security/ticket", []byte(`{"type":"MULTI_USE_TICKET","length":7}`), 400, wire.CodeInvalid},
		{"ticket without end", "/security/ticket", []byte(`{"type":"MULTI_USE_TICKET","ttl":99999999999}`), 400, wire.CodeInvalid},
		{"WHIP as JSON", "/whip/" + c.ID, []byte(`{}`), 415, wire.CodeMediaType},
	} {
		service.send("POST", tc.path, "application/json", tc.body).refused(tc.name, tc.status, tc.code)
	}
	service.send("POST", conferences+"join", "text/plain", object()).refused("not JSON by its type", 415, wire.CodeMediaType)
	service.send("POST", "/whip/"+c.ID, "application/sdp", []byte("hello")).refused("WHIP with broken SDP", 400, wire.CodeInvalid)
	service.send("POST", "/whep/"+c.ID, "application/sdp", []byte("v=0")).refused("WHEP of nothing", 404, wire.CodeNotFound)
	service.send("DELETE", "/whip/"+c.ID+"/nothing", "", nil).refused("WHIP session", 404, wire.CodeNotFound)

	after := service.state(c.ID)
	if len(after.Participants) != len(before.Participants) || len(after.Participants[0].Endpoints) != 1 {
		t.Errorf("the conference changed: %+v, was %+v", after, before)
	}
}

// TestEndpointForms: both forms of registering, the list and one by its id.
func TestEndpointForms(t *testing.T) {
	r := serve(t, nil)
	mine, theirs := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	const path = "/rtc-api/users/endpoints"
	first := mine.endpoint()
	var object wire.RegisteredEndpoint
	mine.post(path+"/register", map[string]any{"keepAliveSeconds": 15, "userEndpointId": "mine-2", "userId": "test"}).into(&object)
	if object.ID != "mine-2" || object.UserID != "test" || object.KeepAliveSeconds != 15 || object.CreatedAt.IsZero() {
		t.Errorf("%+v", object)
	}
	var list []wire.RegisteredEndpoint
	mine.get(path).into(&list)
	if len(list) != 2 || list[0].ID != first || list[1] != object {
		t.Errorf("%+v", list)
	}
	var one wire.RegisteredEndpoint
	mine.get(path + "/mine-2").into(&one)
	if one != object {
		t.Errorf("%+v", one)
	}
	theirs.get(path+"/mine-2").refused("another's", 404, wire.CodeNotFound)
	theirs.get(path).into(&list)
	if len(list) != 0 {
		t.Errorf("another sees %+v", list)
	}
	theirs.post(path+"/register", wire.RegisterEndpoint{UserEndpointID: "mine-2"}).refused("register another's", 403, wire.CodeForbidden)
}

// TestConferenceLists: the list, the summary and the whole.
func TestConferenceLists(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var c wire.Summary
	service.do("create", wire.CreateConference{InteractionID: "i1"}).into(&c)
	endpoint := service.endpoint()
	service.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: endpoint})
	var list []wire.ConferenceEntry
	service.get("/rtc-api/conferences").into(&list)
	if len(list) != 1 || list[0].ID != c.ID || list[0].Participants != 1 || list[0].InteractionID != "i1" || list[0].UpdatedAt.IsZero() {
		t.Errorf("%+v", list)
	}
	var summary wire.Summary
	service.get("/rtc-api/conferences/" + c.ID + "/summary").into(&summary)
	var whole wire.Conference
	service.get("/rtc-api/conferences/" + c.ID).into(&whole)
	if summary.ID != c.ID || summary.Version != 2 || whole.Version != 2 || len(whole.Participants) != 1 {
		t.Errorf("%+v, %+v", summary, whole)
	}
	service.get("/rtc-api/conferences/nowhere/summary").refused("unknown", 404, wire.CodeNotFound)
	service.post("/rtc-api/conferences/updateStreamMetadata", wire.UpdateStreamMetadata{ConferenceID: c.ID, UserEndpointID: endpoint, StreamID: "none"}).
		refused("no stream", 404, wire.CodeNotFound)
}

func TestForeignEndpoint(t *testing.T) {
	r := serve(t, nil)
	mine, theirs := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	var c wire.Summary
	mine.do("create", wire.CreateConference{}).into(&c)
	endpoint := mine.endpoint()
	conferences := "/rtc-api/conferences/"
	theirs.post(conferences+"join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: endpoint}).refused("join", 403, wire.CodeForbidden)
	theirs.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: endpoint}).refused("keep alive", 403, wire.CodeForbidden)
	theirs.post("/rtc-api/users/endpoints/unregister", wire.UnregisterEndpoint{UserEndpointID: endpoint}).refused("unregister", 403, wire.CodeForbidden)
	mine.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: endpoint})
	theirs.post(conferences+"leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: endpoint}).refused("leave", 403, wire.CodeForbidden)
}

func TestTicketPages(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var c wire.Summary
	service.do("create", wire.CreateConference{}).into(&c)
	var ticket wire.Ticket
	service.post("/security/ticket", wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	if want := r.URL + "/t/" + ticket.ID; ticket.URL != want {
		t.Errorf("link %q, want %q", ticket.URL, want)
	}
	nobody := caller{r, ""}
	open := func(id string) (page, data answer) {
		request, err := http.NewRequest("GET", r.URL+"/t/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var body json.RawMessage
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return nobody.get("/t/" + id), answer{t, response.StatusCode, response.Header, body}
	}
	page, data := open(ticket.ID)
	var invitation wire.Invitation
	data.into(&invitation)
	if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || invitation.TicketID != ticket.ID {
		t.Errorf("live ticket: page %d, %s", page.status, data.body)
	}
	if page, _ := open(strings.ReplaceAll(ticket.ID, "-", "")); page.status != 200 {
		t.Errorf("without the dash: %d", page.status)
	}
	page, data = open("zzz-zzz")
	data.refused("unknown", 404, wire.CodeNotFound)
	if page.status != 404 || len(page.body) == 0 {
		t.Errorf("unknown ticket: page %d", page.status)
	}
	service.send("DELETE", "/security/ticket/"+ticket.ID, "", nil)
	page, data = open(ticket.ID)
	data.refused("revoked", 410, wire.CodeGone)
	if page.status != 410 {
		t.Errorf("revoked ticket: page %d", page.status)
	}
	for range 60 {
		page, _ = open("zzz-zzy")
	}
	if page.status != 429 {
		t.Errorf("after many wrong links: %d, want 429", page.status)
	}
}

// TestTicketGrantSaysWhy: the token endpoint tells a dead ticket's holder what
// is the matter with it (contracts: a description makes clients show it).
func TestTicketGrantSaysWhy(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	var ticket wire.Ticket
	service.post("/security/ticket", wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: "c1"}}).into(&ticket)
	r.customer(ticket.ID, "first browser")
	redeem := func(id, key string) wire.TokenError {
		t.Helper()
		a := caller{r, ""}.send("POST", "/security/oauth/token", "application/x-www-form-urlencoded",
			[]byte("grant_type=password&client_id=customer&username="+id+"&password="+key))
		var e wire.TokenError
		if err := json.Unmarshal(a.body, &e); err != nil || a.status != 400 || e.Code != "invalid_grant" {
			t.Errorf("status %d: %s", a.status, a.body)
		}
		return e
	}
	for _, tc := range []struct{ id, key, want string }{
		{"nwi-ssh", "k", "Ticket nwi-ssh not found"},
		{ticket.ID, "second", "Ticket " + ticket.ID + " was used by another browser"},
	} {
		if e := redeem(tc.id, tc.key); e.Description != tc.want {
			t.Errorf("%q, want %q", e.Description, tc.want)
		}
	}
	service.send("DELETE", "/security/ticket/"+ticket.ID, "", nil)
	if e := redeem(ticket.ID, "first"); e.Description != "Ticket "+ticket.ID+" was withdrawn" {
		t.Errorf("revoked: %q", e.Description)
	}
}

// TestCallOutlivesItsTicket: a ticket's time is for coming in; who is in the
// call goes on after it.
func TestCallOutlivesItsTicket(t *testing.T) {
	var ahead atomic.Int64
	r := serve(t, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	service := r.application("test", "secret")
	var c wire.Summary
	service.do("create", wire.CreateConference{}).into(&c)
	var ticket wire.Ticket
	service.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, TTL: 60, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	customer, token := r.customer(ticket.ID, "k")
	endpoint := customer.endpoint()
	customer.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: endpoint})
	ahead.Store(int64(2 * time.Minute))
	customer.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: endpoint})
	if s := customer.state(c.ID); len(s.Participants) != 1 {
		t.Errorf("after the ticket's time: %+v", s)
	}
	again := r.grant("customer", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	if again.Subject != token.Subject || again.ExpiresIn != 600 {
		t.Errorf("refreshed: %d s for %s, want 600 s for %s", again.ExpiresIn, again.Subject, token.Subject)
	}
	if a := (caller{r, ""}).get("/t/" + ticket.ID); a.status != http.StatusGone {
		t.Errorf("the link answers %d after its time", a.status)
	}
}

func TestHealth(t *testing.T) {
	r := serve(t, nil)
	nobody := caller{r, ""}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := nobody.get(path); a.status != 200 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := nobody.get("/nothing"); a.status != 404 {
		t.Errorf("/nothing: %d", a.status)
	}
	for _, flag := range []func(*Config){
		func(c *Config) { c.Listen = "0.0.0.0:0" },
		func(c *Config) { c.MediaListen = "0.0.0.0:0" },
		func(c *Config) { c.Listen = "nonsense" },
		func(c *Config) { c.PublicURL = "calls.example.org" },
		func(c *Config) { c.TLSCert = "x.pem" },
		func(c *Config) { c.Database = "postgres://x" },
		func(c *Config) { c.Data = "" },
	} {
		c := freePorts(t)
		flag(&c)
		if s, err := New(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%+v was accepted", c)
		} else if !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("the error names no flag: %v", err)
		}
	}
}
