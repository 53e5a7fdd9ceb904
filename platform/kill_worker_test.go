package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"guichet/platform/wire"
)

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
