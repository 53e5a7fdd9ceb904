package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guichet/platform/wire"
)

// customers is the public application of those who come by a ticket; its secret
// is empty.
const customers = "customer"

// NewGuest makes the client of a customer who came by a ticket's link, and tells
// the conference that the link leads to. key is the caller's secret for this
// link: who shows it again is the same guest. The client renews its tokens;
// Server and Token of cfg are not used.
func NewGuest(ctx context.Context, cfg Config, link, key string) (c *Client, conference string, err error) {
	own := cfg.HTTP == nil
	if own {
		cfg.HTTP = newHTTP()
	}
	server, first, err := RedeemTicket(ctx, cfg.HTTP, link, key)
	if err != nil {
		return nil, "", err
	}
	cfg.Server = server
	k := newTokenSource(first, func(ctx context.Context, old wire.Token) (wire.Token, error) {
		return grant(ctx, cfg.HTTP, server, customers, "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.RefreshToken}})
	})
	cfg.Token, cfg.Refused = k.get, k.refuse
	if c, err = New(cfg); err != nil {
		return nil, "", err
	}
	c.own = own
	return c, first.ConferenceID, nil
}

// NewApplication makes the client of a program that signs in as itself, with an
// application's id and secret (RFC 6749, section 4.4). The client renews its
// tokens; Token of cfg is not used.
func NewApplication(cfg Config, id, secret string) (*Client, error) {
	server, err := ParseServer(cfg.Server)
	if err != nil {
		return nil, err
	}
	own := cfg.HTTP == nil
	if own {
		cfg.HTTP = newHTTP()
	}
	k := newTokenSource(wire.Token{}, func(ctx context.Context, _ wire.Token) (wire.Token, error) {
		return grant(ctx, cfg.HTTP, server.String(), id, secret, url.Values{"grant_type": {"client_credentials"}})
	})
	cfg.Token, cfg.Refused = k.get, k.refuse
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	c.own = own
	return c, nil
}

func newHTTP() *http.Client {
	return &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
}

// tokenSource renews an access token before its end, one request at a time.
type tokenSource struct {
	renew func(ctx context.Context, old wire.Token) (wire.Token, error)
	now   chan tokenState // holds the state while nobody works on it
}

type tokenState struct {
	token wire.Token
	until time.Time
}

func newTokenSource(first wire.Token, renew func(context.Context, wire.Token) (wire.Token, error)) *tokenSource {
	k := &tokenSource{renew: renew, now: make(chan tokenState, 1)}
	k.now <- hold(first)
	return k
}

// hold says until when a token is given out: for four fifths of its time.
func hold(t wire.Token) tokenState {
	return tokenState{t, time.Now().Add(time.Duration(t.ExpiresIn) * time.Second * 4 / 5)}
}

func (k *tokenSource) get(ctx context.Context) (string, error) {
	select {
	case s := <-k.now:
		defer func() { k.now <- s }()
		if s.token.AccessToken != "" && time.Now().Before(s.until) {
			return s.token.AccessToken, nil
		}
		// A renewal uses the refresh token up, so it is finished though the caller may
		// not wait for it.
		t, err := k.renew(context.WithoutCancel(ctx), s.token)
		var refused *wire.TokenError
		switch {
		case errors.As(err, &refused) && (refused.Code == "invalid_grant" || refused.Code == "invalid_client" || refused.Code == "unauthorized_client"):
			return "", fmt.Errorf("%w: %w", ErrSignedOut, err)
		case err != nil:
			return "", err
		case t.RefreshToken == "":
			t.RefreshToken = s.token.RefreshToken
		}
		s = hold(t)
		return t.AccessToken, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// refuse forgets an access token that the server did not take.
func (k *tokenSource) refuse(token string) {
	s := <-k.now
	if s.token.AccessToken == token {
		s.until = time.Time{}
	}
	k.now <- s
}

// grant asks the token endpoint (RFC 6749, section 3.2). A refusal is a
// *wire.TokenError with a sentence for people.
func grant(ctx context.Context, hc *http.Client, server, id, secret string, form url.Values) (token wire.Token, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/security/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return token, fmt.Errorf("token: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) // RFC 6749, section 2.3.1
	answer, err := hc.Do(r)
	if err != nil {
		return token, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return token, fmt.Errorf("token: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		var refused wire.TokenError
		if json.Unmarshal(body, &refused) == nil && refused.Code != "" {
			return token, &refused
		}
		return token, refusal(answer.StatusCode, body)
	}
	if err := json.Unmarshal(body, &token); err != nil || token.AccessToken == "" {
		return token, errors.New("the server's answer holds no token")
	}
	return token, nil
}
