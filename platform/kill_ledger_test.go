package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"guichet/platform/wire"
)

// state is what was acknowledged about a token. What was being changed when the
// answer was lost is in doubt.
type state int

const (
	live state = iota
	dead
	doubt
)

// access is an access token.
type access struct {
	token, jti, key string
	state           state
	audited         bool // found in the audit log
}

// session is a sign-in, with all the tokens that came of it. One worker at a time
// has it.
type session struct {
	person   bool   // anna's; else the application's own token
	refresh  string // the one that counts; empty: there is none
	state    state
	rotated  []string
	accesses []*access
	checked  int // how many starts it was found right after
}

// ledger is what the server has acknowledged.
type ledger struct {
	mu       sync.Mutex
	idle     []*session
	keys     map[string]bool // ids of the signing keys; nil: not known
	changing string          // a change of the keys that was not answered: plain or compromised
	faults   []error
}

func newLedger() *ledger { return &ledger{} }

func (l *ledger) take(c *rand.Rand) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	i := c.IntN(len(l.idle))
	s := l.idle[i]
	l.idle = slices.Delete(l.idle, i, i+1)
	return s
}

func (l *ledger) put(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, s)
}

func (l *ledger) fault(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

func (l *ledger) takeFaults() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.faults
	l.faults = nil
	return list
}

// errLost is an answer that the kill has swallowed.
var errLost = errors.New("no answer")

// ask sends a form, JSON or nothing and returns the status and body.
func (p *program) ask(c *http.Client, method, path, bearer string, body any) (int, []byte, *http.Response, error) {
	var reader io.Reader
	kind := ""
	switch v := body.(type) {
	case nil:
	case url.Values:
		reader, kind = strings.NewReader(v.Encode()), "application/x-www-form-urlencoded"
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return 0, nil, nil, err
		}
		reader, kind = strings.NewReader(string(b)), "application/json"
	}
	q, err := http.NewRequest(method, "http://"+p.address+path, reader)
	if err != nil {
		return 0, nil, nil, err
	}
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	if bearer != "" {
		q.Header.Set("Authorization", "Bearer "+bearer)
	}
	r, err := c.Do(q)
	if err != nil {
		return 0, nil, nil, errLost
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, nil, errLost
	}
	return r.StatusCode, got, r, nil
}

// expect is ask with one good status.
func (p *program) expect(c *http.Client, want int, method, path, bearer string, body, into any) error {
	status, got, _, err := p.ask(c, method, path, bearer, body)
	switch {
	case err != nil:
		return err
	case status != want:
		return fmt.Errorf("%s %s: %d %s", method, path, status, got)
	case into != nil:
		return json.Unmarshal(got, into)
	}
	return nil
}

// token asks for tokens.
func (p *program) token(form url.Values) (wire.Token, *access, error) {
	var t wire.Token
	if err := p.expect(http.DefaultClient, 200, "POST", "/security/oauth/token", "", form, &t); err != nil {
		return t, nil, err
	}
	head, _, _ := strings.Cut(t.AccessToken, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		KeyID string `json:"kid"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &header)
	}
	return t, &access{token: t.AccessToken, jti: t.ID, key: header.KeyID}, err
}

// refresh puts another refresh token in the place of the session's.
func (p *program) refresh(s *session) error {
	old := s.refresh
	s.state = doubt
	t, a, err := p.token(url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {old}})
	if err != nil {
		return err
	}
	s.refresh, s.state, s.rotated, s.accesses = t.RefreshToken, live, append(s.rotated, old), append(s.accesses, a)
	return nil
}

var request = regexp.MustCompile(`name="request" value="([^"]+)"`)

// signIn signs anna in.
func (p *program) signIn() (*session, error) {
	jar, _ := cookiejar.New(nil) // never fails without options
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	// RFC 7636, appendix B.
	_, page, _, err := p.ask(c, "GET", "/security/oauth/authorize?response_type=code&client_id=guichet&redirect_uri=http://127.0.0.1/callback"+
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", "", nil)
	if err != nil {
		return nil, err
	}
	field := request.FindSubmatch(page)
	if field == nil {
		return nil, fmt.Errorf("no sign-in page: %s", page)
	}
	status, body, r, err := p.ask(c, "POST", "/sign-in", "", url.Values{"request": {string(field[1])}, "username": {"anna"}, "password": {p.password}})
	if err != nil {
		return nil, err
	}
	to, err := r.Location()
	if err != nil || to.Query().Get("code") == "" {
		return nil, fmt.Errorf("no code: %d %s", status, body)
	}
	t, a, err := p.token(url.Values{"grant_type": {"authorization_code"}, "client_id": {"guichet"}, "redirect_uri": {"http://127.0.0.1/callback"},
		"code": {to.Query().Get("code")}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}})
	if err != nil {
		return nil, err
	}
	return &session{person: true, refresh: t.RefreshToken, accesses: []*access{a}}, nil
}

// worker does one thing after the other until an answer is lost.
type worker struct {
	*program
	*ledger
	chance               *rand.Rand
	rotates, compromises bool
	acknowledged         func()
}

func (w *worker) run() {
	for {
		err := w.step()
		if errors.Is(err, errLost) {
			return
		}
		if err != nil {
			w.fault(err)
			return
		}
		w.acknowledged()
	}
}

func (w *worker) step() error {
	dice := w.chance.IntN(10)
	if w.rotates && dice == 0 {
		return w.rotate()
	}
	if dice < 3 {
		s, err := w.signIn()
		if err == nil {
			w.put(s)
		}
		return err
	}
	if dice == 3 {
		_, a, err := w.token(url.Values{"grant_type": {"client_credentials"}, "client_id": {"robot"}, "client_secret": {w.secret}})
		if err == nil {
			w.put(&session{accesses: []*access{a}})
		}
		return err
	}
	s := w.take(w.chance)
	if s == nil {
		return nil
	}
	defer w.put(s)
	a := s.accesses[w.chance.IntN(len(s.accesses))]
	switch {
	case s.refresh != "" && s.state == live && dice < 8:
		return w.refresh(s)
	case s.refresh != "" && s.state == live && dice == 8:
		return w.endSession(s)
	case a.state == live:
		return w.endToken(a, s.person)
	}
	return nil
}

func (w *worker) endSession(s *session) error {
	s.state = doubt
	for _, a := range s.accesses {
		if a.state == live {
			a.state = doubt
		}
	}
	if err := w.expect(http.DefaultClient, 200, "POST", "/security/oauth/revoke", "", url.Values{"client_id": {"guichet"}, "token": {s.refresh}}, nil); err != nil {
		return err
	}
	s.state = dead
	for _, a := range s.accesses {
		a.state = dead
	}
	return nil
}

func (w *worker) endToken(a *access, person bool) error {
	a.state = doubt
	form := url.Values{"client_id": {"guichet"}, "token": {a.token}}
	if !person {
		form.Set("client_id", "robot")
		form.Set("client_secret", w.secret)
	}
	err := w.expect(http.DefaultClient, 200, "POST", "/security/oauth/revoke", "", form, nil)
	if err == nil {
		a.state = dead
	}
	return err
}

// rotate changes the signing keys. No other worker does, so that what is
// acknowledged is what there is.
func (w *worker) rotate() error {
	s, err := w.signIn()
	if err != nil {
		return err
	}
	w.put(s)
	w.mu.Lock()
	if w.changing = "plain"; w.compromises {
		w.changing = "compromised"
	}
	w.mu.Unlock()
	var list wire.List[wire.SigningKey]
	if err := w.expect(http.DefaultClient, 200, "POST", "/api/admin/keys/rotate", s.accesses[0].token, wire.RotateKey{Compromised: w.compromises}, &list); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changing, w.keys = "", map[string]bool{}
	for _, k := range list.Items {
		w.keys[k.ID] = true
	}
	return nil
}

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
