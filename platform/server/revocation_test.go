package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

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
