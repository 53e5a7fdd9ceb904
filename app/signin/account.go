package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	requestTimeout = 15 * time.Second
	ahead          = time.Minute // how long before its end a token is replaced
)

// Person is who an account belongs to.
type Person struct {
	ID, Name   string
	Roles      []string
	Conference string // came by a link: the only conference to join, or the room's name
	Room       bool   // the link was a room token's
}

// renewal gets a token in place of an old one.
type renewal func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)

// Account is somebody who is signed in. Tokens are replaced when asked for
// within a minute of their end, one request at a time. That request is finished
// even if nobody waits for it any more: it uses the refresh token up, and losing
// the new one would sign the person out.
type Account struct {
	server     string
	renew      renewal
	keep       Vault  // nil: nothing is kept
	revocation string // RFC 7009, or ""
	hc         *http.Client
	logger     *slog.Logger
	now        func() time.Time
	running    sync.WaitGroup

	mu     sync.Mutex
	token  *oauth2.Token
	person Person
	flight *flight // the renewal under way, or nil
	closed bool
}

// flight is a renewal that everybody waits for together.
type flight struct {
	done chan struct{}
	err  error
}

func (a *Accounts) newAccount(server string, renew renewal) *Account {
	return &Account{server: server, renew: renew, hc: a.cfg.HTTP, logger: a.cfg.Logger, now: a.cfg.Now, token: &oauth2.Token{}}
}

// Server returns the address of the server.
func (a *Account) Server() string { return a.server }

// Person returns who is signed in.
func (a *Account) Person() Person {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.person
}

// Token returns an access token that is valid for a minute at least, unless
// tokens of this server live shorter. It wraps ErrSignedOut when there
// will be none any more.
func (a *Account) Token(ctx context.Context) (string, error) {
	a.mu.Lock()
	if t := a.token; t.AccessToken != "" && (t.Expiry.IsZero() || a.now().Add(margin(t)).Before(t.Expiry)) {
		a.mu.Unlock()
		return t.AccessToken, nil
	}
	if a.closed {
		a.mu.Unlock()
		return "", ErrSignedOut
	}
	f := a.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		a.flight = f
		a.running.Go(func() { a.fly(context.WithoutCancel(ctx), f) })
	}
	a.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if f.err != nil {
		return "", f.err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token.AccessToken, nil
}

// margin is how long before its end a token is replaced.
func margin(t *oauth2.Token) time.Duration {
	if t.ExpiresIn > 0 {
		return min(ahead, time.Duration(t.ExpiresIn)*time.Second/5)
	}
	return ahead
}

// fly renews the token.
func (a *Account) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	a.mu.Lock()
	old := a.token
	a.mu.Unlock()
	t, err := a.renew(ctx, old)
	if err == nil {
		if t.RefreshToken == "" {
			t.RefreshToken = old.RefreshToken
		}
		a.take(t)
	} else if err = outcome(err); errors.Is(err, ErrSignedOut) && a.keep != nil {
		if err := a.keep.Delete(a.server); err != nil {
			a.logger.Warn("the old sign-in could not be removed", "err", err)
		}
	}
	a.mu.Lock()
	a.flight = nil
	f.err = err
	a.mu.Unlock()
	close(f.done)
}

// take keeps a new token, at once where the next start finds it.
func (a *Account) take(t *oauth2.Token) {
	p := claims(t)
	a.mu.Lock()
	rotated := t.RefreshToken != a.token.RefreshToken || a.token.AccessToken == ""
	a.token = t
	if p.ID != "" {
		p.Conference, p.Room = a.person.Conference, a.person.Room
		a.person = p
	}
	a.mu.Unlock()
	if a.keep == nil || !rotated || t.RefreshToken == "" {
		return
	}
	if err := a.keep.Save(a.server, t.RefreshToken); err != nil {
		a.logger.Warn("the sign-in is not kept for the next start", "err", err)
	}
}

// outcome tells what an error of the token endpoint means. Its text may quote
// the server's answer, so only code and description are passed on.
func outcome(err error) error {
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) {
		return err
	}
	switch r.ErrorCode {
	case "invalid_grant", "invalid_client", "unauthorized_client":
		return fmt.Errorf("%w (%s)", ErrSignedOut, r.ErrorCode)
	}
	return fmt.Errorf("the server gave no token: %s", r.Response.Status)
}

// Refused makes the next Token another one.
func (a *Account) Refused(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token.AccessToken == token {
		t := *a.token
		t.AccessToken = ""
		a.token = &t
	}
}

// SignOut revokes the refresh token, and with it what was made of it, and
// forgets it.
func (a *Account) SignOut(ctx context.Context) error {
	a.mu.Lock()
	secret := a.token.RefreshToken
	a.token = &oauth2.Token{}
	a.closed = true
	a.mu.Unlock()
	var forgotten error
	if a.keep != nil {
		forgotten = a.keep.Delete(a.server)
	}
	if secret == "" || a.revocation == "" {
		return forgotten
	}
	form := url.Values{"token": {secret}, "token_type_hint": {"refresh_token"}, "client_id": {Application}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.Join(forgotten, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := a.hc.Do(r)
	if err != nil {
		return errors.Join(forgotten, err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("revoke the sign-in: %s", answer.Status)
	}
	return errors.Join(forgotten, err)
}

// Close waits for a renewal that is under way. There will be no other.
func (a *Account) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.running.Wait()
	a.hc.CloseIdleConnections()
}

// claims reads who an access token is for. It is read for show only: the server
// checks it, and it came from the server.
func claims(t *oauth2.Token) Person {
	var c struct {
		Subject     string   `json:"sub"`
		UserID      string   `json:"userId"`
		Name        string   `json:"name"`
		UserName    string   `json:"user_name"` // of room tokens
		Authorities []string `json:"authorities"`
	}
	parts := strings.Split(t.AccessToken, ".")
	if len(parts) != 3 {
		return Person{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return Person{}
	}
	p := Person{ID: c.Subject, Name: cmp.Or(c.Name, c.UserName), Roles: c.Authorities}
	if c.UserID != "" {
		p.ID = c.UserID
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	return p
}
