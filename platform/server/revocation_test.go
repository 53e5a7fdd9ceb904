package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/endpoint"
	"guichet/platform/oauth"
	"guichet/platform/oauth/vault"
	"guichet/platform/store"
	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/webrtc/v4"
)

// RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// person signs somebody in through the page of an application.
func (r *running) person(client, redirect, name, password string) (caller, wire.Token) {
	r.t.Helper()
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer b.CloseIdleConnections()
	shown, err := b.Get(r.URL + "/security/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode())
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := io.ReadAll(shown.Body)
	shown.Body.Close()
	field := regexp.MustCompile(`name="request" value="([^"]+)"`).FindSubmatch(page)
	if err != nil || field == nil {
		r.t.Fatalf("no sign-in page: %s %s %v", shown.Status, page, err)
	}
	posted, err := b.PostForm(r.URL+"/sign-in", url.Values{"request": {string(field[1])}, "username": {name}, "password": {password}})
	if err != nil {
		r.t.Fatal(err)
	}
	posted.Body.Close()
	to, err := posted.Location()
	if err != nil || to.Query().Get("code") == "" {
		r.t.Fatalf("no code: %s %v", posted.Status, err)
	}
	token := r.grant("", url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "redirect_uri": {redirect},
		"code": {to.Query().Get("code")}, "code_verifier": {verifier}})
	return caller{r, token.AccessToken}, token
}

// desktop signs in as the desktop program does.
func (r *running) desktop(name, password string) (caller, wire.Token) {
	r.t.Helper()
	return r.person("guichet", "http://127.0.0.1/callback", name, password)
}

// form posts to a path of the token service and returns the status.
func (r *running) form(path string, form url.Values) int {
	r.t.Helper()
	return caller{r, ""}.send("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode())).status
}

// connection is an MQTT connection and when it was lost.
type connection struct {
	mqtt.Client
	events chan wire.Event
	lost   chan struct{}
}

// connect signs in at a door of the broker.
func (r *running) connect(door, token string) (*connection, error) {
	r.t.Helper()
	c := &connection{events: make(chan wire.Event, 256), lost: make(chan struct{})}
	c.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(door).SetUsername(token).SetAutoReconnect(false).SetConnectTimeout(patience).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(c.lost) }))
	t := c.Connect()
	if !t.WaitTimeout(patience) {
		r.t.Fatal("connecting hangs")
	}
	r.t.Cleanup(func() { c.Disconnect(0) })
	return c, t.Error()
}

// listen connects and receives the events of an endpoint.
func (c caller) listen(door, endpointID string) *connection {
	c.t.Helper()
	l, err := c.connect(door, c.token)
	if err != nil {
		c.t.Fatalf("connect to %s: %v", door, err)
	}
	t := l.Subscribe(wire.EndpointTopic(endpointID), 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.Event
		if err := json.Unmarshal(m.Payload(), &e); err != nil {
			c.t.Errorf("%v in %s", err, m.Payload())
		}
		l.events <- e
	})
	if !t.WaitTimeout(patience) || t.Error() != nil {
		c.t.Fatalf("subscribe: %v", t.Error())
	}
	return l
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s: nothing happened", what)
	}
}

// alive fails when a connection was lost. It proves by an answer of the broker,
// which comes after whatever it had to say before, that it was not.
func (l *connection) alive(t *testing.T, what string) {
	t.Helper()
	if s := l.Unsubscribe("no/such/topic"); !s.WaitTimeout(patience) || s.Error() != nil || !l.IsConnected() {
		t.Errorf("%s was cut: %v", what, s.Error())
	}
}

// view watches a stream by WHEP; over is closed when its media has ended.
func view(t *testing.T, c caller, conference, stream string) (over <-chan struct{}) {
	t.Helper()
	p := newPeer(t, c)
	if _, err := p.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	flows, ended := make(chan struct{}), make(chan struct{})
	p.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer close(ended)
		for first := true; ; first = false {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			if first {
				close(flows)
			}
		}
	})
	p.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed {
			_ = p.Close() // ends the reading of the track, if it still goes on
		}
	})
	if a := p.negotiate("/whep/" + conference + "?stream=" + stream); a.status != http.StatusCreated {
		t.Fatalf("WHEP: status %d: %s", a.status, a.body)
	}
	wait(t, "media", flows)
	return ended
}

// call is a conference with somebody who watches, and a victim in it by every
// means that a token gives.
type call struct {
	*running
	watcher caller
	watched *connection
	media   [2]<-chan struct{} // the victim's that the watcher sees, and the other way round; each ends with the connection
	id      string

	victim    caller
	endpoints []string // the victim's: two over MQTT, one that publishes and one that views
	publisher string   // one of them
	doors     []*connection
}

// join brings a victim into a conference of its own.
func (r *running) join(victim caller) *call {
	r.t.Helper()
	watcher := r.application("client-ID", "client-secret")
	var made wire.Summary
	watcher.do("create", wire.CreateConference{}).into(&made)
	w := watcher.endpoint()
	c := &call{running: r, id: made.ID, watcher: watcher, watched: watcher.listen("tcp://"+r.MQTT, w), victim: victim}
	watcher.do("join", wire.JoinConference{ConferenceID: made.ID, UserEndpointID: w})
	for _, door := range []string{"tcp://" + r.MQTT, r.MQTTWS} {
		e := victim.endpoint()
		c.endpoints = append(c.endpoints, e)
		c.doors = append(c.doors, victim.listen(door, e))
		victim.do("join", wire.JoinConference{ConferenceID: made.ID, UserEndpointID: e})
	}
	publish(r.t, victim, made.ID)
	published := c.published()
	c.publisher = published.UserEndpointID
	c.media[0] = view(r.t, watcher, made.ID, string(published.StreamID))
	publish(r.t, watcher, made.ID)
	c.media[1] = view(r.t, victim, made.ID, string(c.published().StreamID))
	for _, p := range watcher.state(made.ID).Participants {
		if p.ID == published.UserID {
			c.endpoints = nil
			for _, e := range p.Endpoints {
				c.endpoints = append(c.endpoints, e.ID)
			}
		}
	}
	if len(c.endpoints) != 4 {
		r.t.Fatalf("the victim has the endpoints %v", c.endpoints)
	}
	return c
}

// published is the next event that tells of a stream.
func (c *call) published() wire.Event {
	c.t.Helper()
	for {
		if e := next(c.t, c.watched.events); e.Type == wire.EventStreamPublished {
			return e
		}
	}
}

// cut checks that nothing of the victim is left, and how long that took.
func (c *call) cut(since time.Time) {
	c.t.Helper()
	for i, door := range []string{"TCP", "WebSocket"} {
		wait(c.t, "MQTT over "+door, c.doors[i].lost)
	}
	left, unpublished := map[string]bool{}, false
	for len(left) < len(c.endpoints) {
		e := next(c.t, c.watched.events)
		if !slices.Contains(c.endpoints, e.UserEndpointID) {
			continue // the watcher's own
		}
		switch e.Type {
		case wire.EventStreamUnpublished:
			unpublished = true
		case wire.EventLeft:
			if e.Reason != endpoint.ReasonRevoked || left[e.UserEndpointID] {
				c.t.Errorf("%s left: %q, before %v", e.UserEndpointID, e.Reason, left)
			}
			left[e.UserEndpointID] = true
		}
		if left[c.publisher] && !unpublished {
			c.t.Error("who published has left with the stream in the air")
		}
	}
	wait(c.t, "end of the victim's media", c.media[0])
	wait(c.t, "end of what the victim sees", c.media[1])
	c.t.Logf("all cut after %v", time.Since(since).Round(time.Millisecond))
	c.refused(c.victim)
	c.watched.alive(c.t, "the watcher")
	if a := c.watcher.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}); a.status != 200 {
		c.t.Errorf("the watcher gets %d: %s", a.status, a.body)
	}
}

// refused checks that a token opens no door any more.
func (r *running) refused(who caller) {
	r.t.Helper()
	for _, door := range []string{"tcp://" + r.MQTT, r.MQTTWS} {
		if _, err := r.connect(door, who.token); err == nil {
			r.t.Errorf("%s lets the token in", door)
		}
	}
	who.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}).refused("registration", 401, wire.CodeUnauthorized)
}

// cause is a way in which tokens end: it brings the victim in and returns what
// ends it. It may give its name to whatever it adds.
type cause func(r *running, admin caller, name string) (victim caller, end func())

// user adds a person through the settings.
func (c caller) user(name string, roles ...string) (wire.User, string) {
	c.t.Helper()
	var made wire.UserPassword
	c.post("/api/admin/users", wire.User{ID: name, DisplayName: name, Roles: roles}).into(&made)
	return made.User, made.Password
}

// setting changes something below /api/admin and expects success.
func (c caller) setting(method, path string, v any) {
	c.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	if a := c.send(method, "/api/admin/"+path, "application/json", body); a.status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
}

const deskRedirect = "https://desk.example/back"

// desk adds a public application through which people sign in, and one of them.
func (c caller) desk(name string) (made wire.Application, victim caller) {
	c.t.Helper()
	var a wire.ApplicationSecret
	c.post("/api/admin/applications", wire.Application{ID: "desk-" + name, Public: true, RedirectURIs: []string{deskRedirect}}).into(&a)
	_, password := c.user(name, "agent")
	victim, _ = c.person("desk-"+name, deskRedirect, name, password)
	return a.Application, victim
}

func causes() map[string]cause {
	return map[string]cause{
		"its token revoked": func(r *running, _ caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"guichet"}, "token": {c.token}}); status != 200 {
					r.t.Errorf("revoke: %d", status)
				}
			}
		},
		"its session revoked": func(r *running, _ caller, _ string) (caller, func()) {
			c, token := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"guichet"}, "token": {token.RefreshToken}}); status != 200 {
					r.t.Errorf("revoke: %d", status)
				}
			}
		},
		"a refresh token used twice": func(r *running, _ caller, _ string) (caller, func()) {
			_, first := r.desktop("agent1", r.Users["agent1"])
			again := url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {first.RefreshToken}}
			second := r.grant("", again)
			return caller{r, second.AccessToken}, func() {
				if status := r.form("/security/oauth/token", again); status != 400 {
					r.t.Errorf("used twice: %d", status)
				}
			}
		},
		"signed out by an administrator": func(r *running, admin caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() { admin.setting("POST", "users/agent1/sign-out", nil) }
		},
		"the person lost a role": func(r *running, admin caller, name string) (caller, func()) {
			u, password := admin.user(name, "agent", "supervisor")
			c, _ := r.desktop(name, password)
			return c, func() { u.Roles = []string{"agent"}; admin.setting("PUT", "users/"+name, u) }
		},
		"the person disabled": func(r *running, admin caller, name string) (caller, func()) {
			u, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { u.Disabled = true; admin.setting("PUT", "users/"+name, u) }
		},
		"the person's password made anew": func(r *running, admin caller, name string) (caller, func()) {
			_, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { admin.setting("POST", "users/"+name+"/password", nil) }
		},
		"the person removed": func(r *running, admin caller, name string) (caller, func()) {
			_, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { admin.setting("DELETE", "users/"+name, nil) }
		},
		"the application disabled": func(r *running, admin caller, name string) (caller, func()) {
			a, c := admin.desk(name)
			return c, func() { a.Disabled = true; admin.setting("PUT", "applications/desk-"+name, a) }
		},
		"the application removed": func(_ *running, admin caller, name string) (caller, func()) {
			_, c := admin.desk(name)
			return c, func() { admin.setting("DELETE", "applications/desk-"+name, nil) }
		},
		"the application lost a role": func(r *running, admin caller, name string) (caller, func()) {
			var a wire.ApplicationSecret
			admin.post("/api/admin/applications", wire.Application{ID: name, Roles: []string{"agent", "supervisor"}}).into(&a)
			c := r.application(name, a.Secret)
			return c, func() {
				a.Application.Roles = []string{"agent"}
				admin.setting("PUT", "applications/"+name, a.Application)
			}
		},
		"signed out in another process": func(r *running, _ caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				r.elsewhere(func(ctx context.Context, s *oauth.Service) error {
					return s.SignOutUser(ctx, oauth.Console(), "agent1")
				})
			}
		},
	}
}

// elsewhere does something as another process does it on the same data folder.
func (r *running) elsewhere(do func(context.Context, *oauth.Service) error) {
	r.t.Helper()
	ctx := context.Background()
	secrets, err := vault.Open(r.server.config.KeyFile)
	if err != nil {
		r.t.Fatal(err)
	}
	db, err := store.Open(ctx, r.server.config.Data)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	s, err := oauth.New(ctx, oauth.Config{Issuer: "http://localhost", Store: db, Vault: secrets})
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	if err := do(ctx, s); err != nil {
		r.t.Fatal(err)
	}
}

// TestRevokedTokenCutsEverything: whoever is in a call by a token is out of it
// when the token ends, in whatever way it ends, and nobody else is.
func TestRevokedTokenCutsEverything(t *testing.T) {
	whole := serve(t, nil)
	n := 0
	for what, cause := range causes() {
		n++
		t.Run(what, func(t *testing.T) {
			r := &running{whole.Ready, t, whole.server}
			admin, _ := r.desktop("admin1", r.Users["admin1"])
			victim, end := cause(r, admin, fmt.Sprintf("berta%d", n))
			c := r.join(victim)
			since := time.Now()
			end()
			c.cut(since)
			if a := admin.get("/api/admin/policy"); a.status != 200 {
				t.Errorf("the administrator gets %d: %s", a.status, a.body)
			}
		})
	}
}

// TestOtherTokensOfTheUserStay: of one person's two sessions one ends; the other
// stays, and so does what was kept alive with it before.
func TestOtherTokensOfTheUserStay(t *testing.T) {
	var ahead atomic.Int64
	r := serve(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	old, _ := r.desktop("agent1", r.Users["agent1"])
	c := r.join(old)
	ahead.Add(int64(5 * time.Second)) // later, so that the other token lasts longer
	fresh, _ := r.desktop("agent1", r.Users["agent1"])
	own, kept := fresh.endpoint(), old.endpoint()
	streams := map[string]*connection{"the other session": fresh.listen(r.MQTTWS, own), "what was kept alive with it": old.listen("tcp://"+r.MQTT, kept)}
	fresh.do("join", wire.JoinConference{ConferenceID: c.id, UserEndpointID: kept})
	next(t, streams["what was kept alive with it"].events) // now its connection is known to serve the endpoint
	if a := fresh.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: kept}); a.status != 204 {
		t.Fatalf("keep-alive: %d %s", a.status, a.body)
	}
	since := time.Now()
	if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"guichet"}, "token": {old.token}}); status != 200 {
		t.Fatalf("revoke: %d", status)
	}
	c.cut(since)
	for name, s := range streams {
		s.alive(t, name)
	}
	for _, e := range []string{own, kept} {
		if a := fresh.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: e}); a.status != 204 {
			t.Errorf("keep-alive afterwards: %d %s", a.status, a.body)
		}
	}
}

// TestCompromisedKeysCutEverybody: connections of tokens that verify no longer
// are cut, wherever the keys were changed. Who signed in refreshes; who came
// with HTTP Basic showed no token and stays.
func TestCompromisedKeysCutEverybody(t *testing.T) {
	for name, rotate := range map[string]func(r *running, admin caller){
		"in the settings": func(_ *running, admin caller) {
			admin.setting("POST", "keys/rotate", wire.RotateKey{Compromised: true})
		},
		"in another process": func(r *running, _ caller) {
			r.elsewhere(func(ctx context.Context, s *oauth.Service) error { return s.RotateKey(ctx, oauth.Console(), true) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, nil)
			admin, _ := r.desktop("admin1", r.Users["admin1"])
			victim, token := r.desktop("agent1", r.Users["agent1"])
			c := r.join(victim)
			basic := func(path string, v any) answer { return r.basic("client-ID", "client-secret", path, v) }
			var stays string
			basic("/rtc-api/users/endpoints", wire.RegisterEndpoint{}).into(&stays)

			rotate(r, admin)
			for _, door := range append(c.doors, c.watched) {
				wait(t, "MQTT", door.lost)
			}
			wait(t, "end of the victim's media", c.media[0])
			wait(t, "end of what the victim sees", c.media[1])
			for _, old := range []caller{victim, c.watcher, admin} {
				r.refused(old)
			}
			if a := basic("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: stays}); a.status != 204 {
				t.Errorf("keep-alive with Basic: %d %s", a.status, a.body)
			}
			again := caller{r, r.grant("", url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {token.RefreshToken}}).AccessToken}
			again.listen(r.MQTTWS, again.endpoint())
			for _, e := range c.endpoints {
				again.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: e}).refused("keep-alive of what was cut", 404, wire.CodeNotFound)
			}
		})
	}
}

// basic posts JSON with HTTP Basic.
func (r *running) basic(id, secret, path string, v any) answer {
	r.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	q, err := http.NewRequest("POST", r.URL+path, strings.NewReader(string(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	q.SetBasicAuth(id, secret)
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{r.t, a.StatusCode, a.Header, got}
}
