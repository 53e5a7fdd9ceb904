package server

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/webrtc/v4"
)

// TestAnswersFitTheDocument walks through the whole API and holds every answer
// against the document: its status, its media type and its body, member by
// member; and what a request that succeeded sent. The contract tests are most of
// the way, since they try what is refused as well. In the end every operation
// has succeeded once.
func TestAnswersFitTheDocument(t *testing.T) {
	d := describe(t)
	for name, test := range map[string]func(*testing.T){
		"guard": TestGuard, "bad input": TestBadInput, "endpoints": TestEndpointForms, "conferences": TestConferenceLists,
		"ticket pages": TestTicketPages, "scheduled tickets": TestScheduledTicket, "ticket list": TestTicketList, "room links": TestRoomLinks,
		"WHIP and WHEP": TestWHIPAndWHEP, "calls": TestEventsOfAOneToOneCall, "refused calls": TestCallsThatDoNotComeAbout, "interactions": TestInteraction,
		"direct views": TestDirectViews, "refused direct views": TestDirectViewsThatFail,
		"files": TestFileTransfer, "refused files": TestFilesThatAreRefused, "links": TestLinksToFiles, "snapshots": TestSnapshot,
		"older snapshots": TestSnapshotsTakenByOlderClients, "refused snapshots": TestSnapshotsThatAreRefused, "cameras": TestCameraRequest, "reports": TestReportsOfACall, "refused reports": TestReportsThatAreRefused, "previews": TestPreviewOfARoom, "queues": TestContractOfQueues, "queue settings": TestQueueSettings, "closed queues": TestClosedQueue, "guests of queues": TestWhoMayDoWhatInQueues, "chat": TestChat, "refused chat": TestChatThatIsRefused,
	} {
		t.Run(name, test)
	}
	whole := serve(t, nil)
	for name, walk := range map[string]func(*running){
		"streams": (*running).walkStreams, "room tokens": (*running).walkRoomTokens, "rooms": (*running).walkRooms, "room actions": (*running).walkRoomActions, "settings": (*running).walkSettings,
		"tokens": (*running).walkTokens, "pages": (*running).walkPages,
	} {
		t.Run(name, func(t *testing.T) { walk(&running{whole.Ready, t, whole.server}) })
	}
	// Two are not available, and nothing but this is said. What the others take is made by a provider or a browser of its own; the token
	// service's tests have both.
	elsewhere := []string{"GET /sign-in/callback/{provider}", "GET /sign-in/with", "GET /ws", "POST /api/video/conferences", "POST /api/video/rooms/{id}/streams", "POST /device", "POST /device/decide"}
	for _, name := range missingActions() {
		elsewhere = append(elsewhere, "POST "+conferencesPath+name)
	}
	slices.Sort(elsewhere)
	if diff := cmp.Diff(elsewhere, d.report(t)); diff != "" {
		t.Errorf("operations that did not succeed (-expected +got):\n%s", diff)
	}
}

// walkStreams publishes and views over REST, to the end.
func (r *running) walkStreams() {
	t := r.t
	m := r.meet()
	sender, receiver := newPeer(t, m.agent), newPeer(t, m.customer)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sender.AddTrack(track); err != nil {
		t.Fatal(err)
	}
	if _, err := receiver.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer := func(p *peer) string {
		o, err := p.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		return o.SDP
	}
	candidates := []wire.ICECandidate{{Candidate: "candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host"}}
	m.agent.do("publishStream", wire.PublishStream{ConferenceID: m.id, UserEndpointID: m.a, StreamID: "s1", ConferenceStreamType: wire.StreamCam, SDPOffer: offer(sender), Metadata: []byte(`{"a":1}`)})
	m.agent.do("addPublishStreamIceCandidates", wire.ICECandidates{ConferenceID: m.id, UserEndpointID: m.a, StreamID: "s1", ICECandidates: candidates})
	m.customer.do("viewStream", wire.ViewStream{ConferenceID: m.id, UserEndpointID: m.g, StreamID: "s1", ViewerID: "v1", SDPOffer: offer(receiver)})
	m.customer.do("addViewStreamIceCandidates", wire.ICECandidates{ConferenceID: m.id, UserEndpointID: m.g, StreamID: "s1", ViewerID: "v1", ICECandidates: candidates})
	m.agent.do("updateMetadata", wire.UpdateMetadata{ConferenceID: m.id, UserEndpointID: m.a, Operation: wire.OperationSet, Key: "k", Value: "v"})
	m.agent.do("updateStreamMetadata", wire.UpdateStreamMetadata{ConferenceID: m.id, UserEndpointID: m.a, StreamID: "s1", Metadata: []byte(`{"a":2}`)})
	m.agent.do("updateStreamMetadata", wire.UpdateStreamMetadata{ConferenceID: m.id, UserEndpointID: m.a, StreamID: "s1"})
	m.state(m.id)
	m.customer.do("stopViewStream", wire.StreamRef{ConferenceID: m.id, UserEndpointID: m.g, StreamID: "s1", ViewerID: "v1"})
	m.agent.do("unpublishStream", wire.StreamRef{ConferenceID: m.id, UserEndpointID: m.a, StreamID: "s1"})
	m.customer.do("leave", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.g})
	m.agent.do("end", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.a})
	m.agent.get("/rtc-api/conferences/"+m.id).refused("ended", 410, wire.CodeGone)
	m.agent.get("/rtc-api/iceServers")
	var ticket wire.Ticket
	m.agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: m.id}}).into(&ticket)
	m.agent.get("/security/ticket/" + ticket.ID)
	m.agent.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: m.a})
	m.agent.post("/rtc-api/users/endpoints/unregister", wire.UnregisterEndpoint{UserEndpointID: m.a})
	m.agent.send("OPTIONS", "/whip/x", "", nil)
	m.agent.send("OPTIONS", "/whep/x", "", nil)
}

func (m *meeting) state(id string) wire.Conference { return m.agent.state(id) }

func (r *running) walkRooms() {
	t := r.t
	project, guest := r.project(), r.guest(fields("walk"))
	endpoint, _ := guest.enter("walk")
	guest.do("leave", wire.LeaveConference{ConferenceID: "walk", UserEndpointID: endpoint})
	_, session := guest.enter("walk")
	project.post("/api/video/rooms", map[string]any{"name": "other", "max_members": 5, "layout": "2x2", "meta": map[string]any{"a": 1}}).into(&wire.VideoRoom{})
	for _, path := range []string{"/rooms?include_active_session=true", "/rooms/walk?include_active_session=1", "/rooms/other/streams", "/room_sessions?status=in-progress",
		"/room_sessions/" + session, "/room_sessions/" + session + "/members?page_size=1", "/room_sessions/" + session + "/events", "/room_sessions/" + session + "/recordings?media_ttl=60",
		"/room_recordings", "/conferences", "/logs"} {
		if a := project.get("/api/video" + path); a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	project.send("PUT", "/api/video/rooms/other", "application/json", []byte(`{"description":"d","join_until":null}`)).into(&wire.VideoRoom{})
	for _, path := range []string{"/rooms/other/streams", "/conferences"} {
		if a := project.post("/api/video"+path, map[string]any{}); a.status != 501 || string(a.body) != `{"error":"Not Implemented"}` {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, room := range []string{"other", "walk"} {
		if a := project.send("DELETE", "/api/video/rooms/"+room, "", nil); a.status != 204 {
			t.Errorf("delete %s: %d %s", room, a.status, a.body)
		}
	}
	guest.get("/rtc-api/conferences/"+session).refused("a session whose room was deleted", 403, wire.CodeForbidden)
}

func (r *running) walkRoomTokens() {
	t := r.t
	project := r.application("project_id", "token")
	project.post("/api/video/room_tokens", map[string]any{"room_name": "r", "user_name": "Anna", "permissions": []string{"room.self.audio_mute"}, "join_as": "member",
		"media_allowed": "all", "join_audio_muted": true, "remove_after_seconds_elapsed": 60, "meta": map[string]any{"a": 1}}).into(&wire.RoomToken{})
	for _, bad := range []any{map[string]any{}, map[string]any{"room_name": 7}, "text", nil} {
		if a := project.post("/api/video/room_tokens", bad); a.status < 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
}

func (r *running) walkSettings() {
	t := r.t
	admin, _ := r.desktop("admin1", r.Users["admin1"])
	const base = "/api/admin/"
	var application wire.ApplicationSecret
	var person wire.UserPassword
	var provider wire.Provider
	admin.post(base+"applications", map[string]any{"id": "crm", "name": "CRM", "roles": []string{"service"}, "grants": []string{"client_credentials"}}).into(&application)
	admin.post(base+"users", map[string]any{"id": "maria", "displayName": "Maria", "roles": []string{"agent"}}).into(&person)
	admin.post(base+"providers", map[string]any{"name": "Corp", "kind": "oidc", "issuer": "https://login.invalid", "clientId": "x", "clientSecret": "y",
		"roles": []string{"agent"}, "mappings": []wire.RoleMapping{{Claim: "groups", Value: "bosses", Role: "supervisor"}}}).into(&provider)
	corp := "providers/" + provider.ID
	for path, changed := range map[string]any{
		"applications/crm": map[string]any{"version": application.Application.Version, "name": "CRM 2", "roles": []string{"service"}, "grants": []string{"client_credentials"}},
		"users/maria":      map[string]any{"version": person.User.Version, "displayName": "Maria B", "roles": []string{"supervisor"}},
		corp: map[string]any{"version": provider.Version, "name": "Corp", "kind": "oidc", "issuer": "https://login.invalid", "clientId": "x",
			"parameters": map[string]string{"prompt": "login"}},
	} {
		kind, _, _ := strings.Cut(path, "/")
		if a := admin.put(base+path, changed); a.status != 200 {
			t.Errorf("change %s: %d %s", path, a.status, a.body)
		}
		admin.put(base+path, changed).refused(path+" of before", 409, wire.CodeConflict)
		admin.put(base+kind+"/nobody", changed).refused("nobody", 404, wire.CodeNotFound)
		admin.get(base + path)
		admin.get(base + kind)
		admin.get(base+kind+"/nobody").refused("nobody", 404, wire.CodeNotFound)
		admin.post(base+kind, map[string]any{"id": "a/b"}).refused("bad id", 400, wire.CodeInvalid)
	}
	admin.post(base+"users", map[string]any{"id": "maria", "displayName": "M", "roles": []string{"agent"}}).refused("taken", 409, wire.CodeConflict)
	for _, path := range []string{"applications/crm/secret", "users/maria/password", "users/maria/sign-out", corp + "/try", "keys/rotate"} {
		if a := admin.post(base+path, wire.RotateKey{}); a.status >= 300 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	r.guest(fields("walked"))
	var issued wire.List[wire.IssuedRoomToken]
	admin.get(base + "room-tokens?room=walked&limit=1").into(&issued)
	if len(issued.Items) != 1 {
		t.Fatalf("room tokens %+v", issued)
	}
	if a := admin.send("DELETE", base+"room-tokens/"+issued.Items[0].ID, "", nil); a.status != 204 {
		t.Errorf("withdraw: %d %s", a.status, a.body)
	}
	admin.send("DELETE", base+"room-tokens/"+issued.Items[0].ID, "", nil).refused("twice", 404, wire.CodeNotFound)
	admin.get(base+"room-tokens?before=x").refused("a bad number", 400, wire.CodeInvalid)
	for _, path := range []string{"policy", "keys", "room-tokens", "audit", "audit?limit=2&refused=false&from=2026-01-02T15:04:05Z"} {
		if a := admin.get(base + path); a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	admin.get(base+"audit?limit=none").refused("limit", 400, wire.CodeInvalid)
	admin.send("DELETE", base+"applications/test", "", nil).refused("built in", 403, wire.CodeForbidden)
	for _, path := range []string{"applications/crm", "users/maria", corp} {
		if a := admin.send("DELETE", base+path, "", nil); a.status != 204 {
			t.Errorf("remove %s: %d %s", path, a.status, a.body)
		}
	}
}

// walkTokens asks the token service in all its dialects.
func (r *running) walkTokens() {
	t := r.t
	nobody := caller{r, ""}
	const formType = "application/x-www-form-urlencoded"
	form := func(path string, status int, pairs ...string) answer {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		a := nobody.send("POST", path, formType, []byte(v.Encode()))
		if a.status != status {
			t.Errorf("%s %v: %d %s", path, v, a.status, a.body)
		}
		return a
	}
	const base = "/security/oauth/"
	me := []string{"client_id", "test", "client_secret", "secret"}
	asked := append([]string{"grant_type", "client_credentials"}, me...)
	form("/oauth/token", 200, asked...)
	form(base+"token", 401, "grant_type", "client_credentials", "client_id", "test", "client_secret", "wrong")
	form(base+"token", 400, "grant_type", "unknown", "client_id", "test", "client_secret", "secret")
	nobody.send("POST", base+"token", "application/json", []byte("{}"))
	nobody.send("POST", base+"token", formType, []byte(strings.Repeat("x", 1<<17)))
	basic, err := http.NewRequest("POST", r.URL+"/api/v1/oauth2/token", strings.NewReader("grant_type=client_credentials&scope=voice.webrtc"))
	if err != nil {
		t.Fatal(err)
	}
	basic.Header.Set("Content-Type", formType)
	basic.SetBasicAuth("hgranger", "Cr00k$h@nk$")
	response, err := http.DefaultClient.Do(basic)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	form("/v1/access_token", 400, asked...)

	const back = "http://127.0.0.1/callback"
	var calling wire.CallingToken
	form("/v1/access_token", 200, "grant_type", "authorization_code", "client_id", "YOUR_CLIENT_ID", "client_secret", "YOUR_CLIENT_SECRET", "redirect_uri", back,
		"code_verifier", verifier, "code", r.code("YOUR_CLIENT_ID", "spark:webrtc_calling")).into(&calling)
	var signedIn wire.Token
	form(base+"token", 200, "grant_type", "authorization_code", "client_id", "guichet", "redirect_uri", back, "code_verifier", verifier,
		"code", r.code("guichet", "openid profile")).into(&signedIn)
	admin := caller{r, signedIn.AccessToken}
	for token, active := range map[string]bool{r.application("test", "secret").token: true, admin.token: false, "x": false} {
		var found struct{ Active bool }
		if form(base+"introspect", 200, append([]string{"token", token}, me...)...).into(&found); found.Active != active {
			t.Errorf("introspection: %v, want %v", found.Active, active)
		}
	}
	form(base+"introspect", 200, "token", calling.RefreshToken, "client_id", "YOUR_CLIENT_ID", "client_secret", "YOUR_CLIENT_SECRET")
	form(base+"introspect", 401, "token", "x", "client_id", "guichet")
	form(base+"device", 200, "client_id", "guichet-kiosk", "scope", "any")
	form(base+"device", 400, me...)
	for _, method := range []string{"GET", "POST"} {
		for _, who := range []caller{admin, nobody, {r, "a.b.c"}, r.application("test", "secret")} {
			who.send(method, base+"userinfo", "", nil)
		}
	}
	form(base+"revoke", 200, "token", admin.token, "client_id", "guichet")
	form(base+"revoke", 400, me...)
	for _, path := range []string{base + "jwks", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		if a := nobody.get(path); a.status != 200 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// code signs agent1 in on the page of an application.
func (r *running) code(client, scope string) string {
	r.t.Helper()
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer b.CloseIdleConnections()
	shown, err := b.Get(r.URL + "/v1/authorize?" + url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {"http://127.0.0.1/callback"},
		"scope": {scope}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode())
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := io.ReadAll(shown.Body)
	shown.Body.Close()
	field := regexp.MustCompile(`name="request" value="([^"]+)"`).FindSubmatch(page)
	if err != nil || field == nil {
		r.t.Fatalf("no sign-in page: %s %s %v", shown.Status, page, err)
	}
	posted, err := b.PostForm(r.URL+"/sign-in", url.Values{"request": {string(field[1])}, "username": {"agent1"}, "password": {r.Users["agent1"]}})
	if err != nil {
		r.t.Fatal(err)
	}
	posted.Body.Close()
	to, err := posted.Location()
	if err != nil {
		r.t.Fatalf("no code: %s %v", posted.Status, err)
	}
	return to.Query().Get("code")
}

// walkPages opens what browsers see.
func (r *running) walkPages() {
	t := r.t
	nobody := caller{r, ""}
	for _, path := range []string{"/a", "/r/standup", "/admin", "/admin/", "/docs", "/openapi.json", "/healthz", "/readyz", "/device", "/sign-in/style.css", "/security/oauth/end-session"} {
		if a := nobody.get(path); a.status != 200 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	q := url.Values{"response_type": {"code"}, "client_id": {"guichet"}, "redirect_uri": {"http://127.0.0.1/callback"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode()
	for _, path := range []string{"/security/oauth/authorize", "/v1/authorize"} {
		nobody.get(path + "?" + q)
		nobody.get(path)
		nobody.send("POST", path, "application/x-www-form-urlencoded", []byte(q))
	}
	nobody.send("POST", "/security/oauth/end-session", "application/x-www-form-urlencoded", []byte("state=s"))
}

// TestDocumentTellsWhoMayCall asks every operation without a token, and with one
// of another scope: the answers are 401 and 403 and name the scope that the
// document names. What the document calls open answers neither.
func TestDocumentTellsWhoMayCall(t *testing.T) {
	d := describe(t)
	r := serve(t, nil)
	nobody, video, voice := caller{r, ""}, r.application("project_id", "token"), r.application("hgranger", "Cr00k$h@nk$")
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	asked := 0
	for path, item := range d.root["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			security := o.(map[string]any)["security"].([]any)
			if len(security) == 0 || slices.ContainsFunc(security, func(s any) bool { return len(s.(map[string]any)) == 0 }) || strings.HasPrefix(path, "/security/oauth/") {
				continue
			}
			asked++
			method, at := strings.ToUpper(method), parameter.ReplaceAllString(path, "x")
			scope := security[0].(map[string]any)["bearer"].([]any)[0].(string)
			if a := nobody.send(method, at, "", nil); a.status != 401 {
				t.Errorf("%s %s without a token: %d", method, path, a.status)
			}
			other := video
			if scope == "video" {
				other = voice
			}
			a := other.send(method, at, "", nil)
			if want := `scope="` + scope + `"`; a.status != 403 || !strings.Contains(a.header.Get("WWW-Authenticate"), want) {
				t.Errorf("%s %s with another scope: %d, %q; want 403 with %s", method, path, a.status, a.header.Get("WWW-Authenticate"), want)
			}
		}
	}
	if asked < 60 {
		t.Errorf("only %d operations asked", asked)
	}
	d.report(t)
}

// TestDocumentIsServed: the same bytes to everybody, and none to who has them.
func TestDocumentIsServed(t *testing.T) {
	r := serve(t, nil)
	request, err := http.NewRequest("GET", r.URL+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	first.Body.Close()
	if first.StatusCode != 200 || first.Header.Get("Access-Control-Allow-Origin") != "*" || first.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", first.StatusCode, first.Header)
	}
	request.Header.Set("If-None-Match", first.Header.Get("ETag"))
	second, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	second.Body.Close()
	if second.StatusCode != http.StatusNotModified || first.Header.Get("ETag") == "" {
		t.Errorf("asked again with %q: %d", first.Header.Get("ETag"), second.StatusCode)
	}
}
