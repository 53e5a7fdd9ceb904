package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"guichet/platform/wire"
)

// check holds a server that has just started against the ledger, and goes on with
// the sessions that are found good.
func (l *ledger) check(t *testing.T, p *program, done *counts) {
	t.Helper()
	l.checkKeys(t, p, done)
	l.checkAudit(t, p)
	var all sync.WaitGroup
	var mu sync.Mutex // of done and kept
	var kept []*session
	todo := make(chan *session)
	for range 4 {
		all.Go(func() {
			for s := range todo {
				c := &checker{program: p, keys: l.keys}
				c.session(s)
				mu.Lock()
				done.live, done.ended, done.refused = done.live+c.live, done.ended+c.ended, done.refused+c.refused
				done.refreshed, done.doubtful = done.refreshed+c.refreshed, done.doubtful+c.doubtful
				if s.checked++; s.checked < 4 {
					kept = append(kept, s)
				}
				mu.Unlock()
				for _, fault := range c.faults {
					t.Error(fault)
				}
			}
		})
	}
	for _, s := range l.idle {
		todo <- s
	}
	close(todo)
	all.Wait()
	l.idle = kept
}

// checkKeys: no key is lost, none comes back, and none comes from nowhere.
func (l *ledger) checkKeys(t *testing.T, p *program, done *counts) {
	t.Helper()
	var set struct {
		Keys []struct {
			KeyID string `json:"kid"`
		} `json:"keys"`
	}
	if err := p.expect(http.DefaultClient, 200, "GET", "/security/oauth/jwks", "", nil, &set); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, k := range set.Keys {
		found[k.KeyID] = true
	}
	missing, extra := 0, 0
	for id := range l.keys {
		if !found[id] {
			missing++
		}
	}
	for id := range found {
		if !l.keys[id] {
			extra++
		}
	}
	switch {
	case l.keys == nil, missing == 0 && extra == 0, l.changing == "plain" && missing == 0 && extra == 1,
		l.changing == "compromised" && missing == len(l.keys) && extra == 1:
	default:
		t.Errorf("signing keys %v, acknowledged %v, in doubt %q", found, l.keys, l.changing)
	}
	l.keys, l.changing = found, ""
	if done.keys == nil {
		done.keys = map[string]bool{}
	}
	maps.Copy(done.keys, found)
}

// checkAudit: what was issued is in the audit log, whose entry is the last thing
// that is written before the answer.
func (l *ledger) checkAudit(t *testing.T, p *program) {
	t.Helper()
	admin, err := p.signIn()
	if err != nil {
		t.Fatal(err)
	}
	var list wire.List[wire.AuditEntry]
	if err := p.expect(http.DefaultClient, 200, "GET", "/api/admin/audit?event=token&limit=500", admin.accesses[0].token, nil, &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, e := range list.Items {
		found[e.TokenID] = true
	}
	for _, s := range l.idle {
		for _, a := range s.accesses {
			if !a.audited && !found[a.jti] {
				t.Error("a token is not in the audit log")
			}
			a.audited = true
		}
	}
	l.put(admin)
}

// checker holds one session against the server.
type checker struct {
	*program
	counts
	keys   map[string]bool
	faults []error
}

func (c *checker) errorf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) must(err error) bool {
	if err != nil {
		c.faults = append(c.faults, err)
	}
	return err == nil
}

// active asks what a token is worth.
func (c *checker) active(token string) (active bool) {
	var v struct {
		Active bool `json:"active"`
	}
	c.must(c.expect(http.DefaultClient, 200, "POST", "/security/oauth/introspect", "", url.Values{"client_id": {"robot"}, "client_secret": {c.secret}, "token": {token}}, &v))
	return v.Active
}

func (c *checker) session(s *session) {
	for _, a := range s.accesses {
		c.access(a)
	}
	for _, old := range s.rotated {
		if c.active(old) {
			c.errorf("a rotated refresh token is said to be good")
		}
	}
	if s.refresh == "" {
		return
	}
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {s.refresh}}
	refused := func(what string) {
		c.refused++
		c.must(c.expect(http.DefaultClient, 400, "POST", "/security/oauth/token", "", form, nil))
		if c.active(s.refresh) {
			c.errorf("%s is refused and said to be good", what)
		}
	}
	switch s.state {
	case dead:
		refused("a revoked refresh token")
	case doubt:
		// Spent or not, revoked or not: what the server says must agree.
		c.doubtful++
		want := 400
		if c.active(s.refresh) {
			want = 200
		}
		c.must(c.expect(http.DefaultClient, want, "POST", "/security/oauth/token", "", form, nil))
		s.refresh = ""
		for _, a := range s.accesses {
			if a.state == live {
				a.state = doubt
			}
		}
	case live:
		if !c.active(s.refresh) {
			c.errorf("a good refresh token is said to be none")
		}
		if !c.must(c.program.refresh(s)) {
			return
		}
		c.refreshed++
		if s.checked == 2 { // of an old session: it was good once, and the second time ends it
			old := s.refresh
			form.Set("refresh_token", s.rotated[len(s.rotated)-1])
			refused("a rotated refresh token")
			form.Set("refresh_token", old)
			refused("the refresh token of a family that ended")
			s.state = dead
			for _, a := range s.accesses {
				a.state = dead
				c.access(a)
			}
		}
	}
}

// access holds an access token against what the API and introspection say.
func (c *checker) access(a *access) {
	status, body, _, err := c.ask(http.DefaultClient, "GET", "/rtc-api/iceServers", a.token, nil)
	if !c.must(err) {
		return
	}
	good := status == 200
	if !good && status != 401 {
		c.errorf("the API answers %d %s", status, body)
	}
	if c.active(a.token) != good {
		c.errorf("introspection says %v of a token to which the API answers %d", !good, status)
	}
	switch {
	case !c.keys[a.key] || a.state == dead:
		c.ended++
		if good {
			c.errorf("a token that ended opens the API")
		}
	case a.state == live:
		c.live++
		if !good {
			c.errorf("a good token is refused: %d %s", status, body)
		}
	}
}
