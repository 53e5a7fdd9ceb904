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

	"guichet/platform/wire"
)

// ErrTicketURL is returned for a link that is not a ticket's.
var ErrTicketURL = errors.New("not a link like https://calls.example.org/t/abc-def")

// ParseTicketURL splits a ticket's link into the server's address and the id.
func ParseTicketURL(link string) (server, id string, err error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return "", "", ErrTicketURL
	}
	id, found := strings.CutPrefix(strings.TrimRight(u.Path, "/"), "/t/")
	if !found || wire.CheckID("ticket", id) != nil {
		return "", "", ErrTicketURL
	}
	return u.Scheme + "://" + u.Host, id, nil
}

// RedeemTicket turns a ticket's link into a token. Whoever shows the same
// browser key again gets the same guest; it is at the caller to keep it. A
// refusal is a *wire.TokenError with a sentence for people.
func RedeemTicket(ctx context.Context, hc *http.Client, link, browserKey string) (server string, token wire.Token, err error) {
	server, id, err := ParseTicketURL(link)
	if err != nil {
		return "", token, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	form := url.Values{"grant_type": {"password"}, "username": {id}, "password": {browserKey}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/security/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", token, fmt.Errorf("redeem ticket: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("customer", "") // the public application of customers; its secret is empty
	answer, err := hc.Do(r)
	if err != nil {
		return "", token, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", token, fmt.Errorf("redeem ticket: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		var refused wire.TokenError
		if json.Unmarshal(body, &refused) == nil && refused.Code != "" {
			return "", token, &refused
		}
		return "", token, refusal(answer.StatusCode, body)
	}
	if err := json.Unmarshal(body, &token); err != nil || token.AccessToken == "" {
		return "", token, errors.New("redeem ticket: the server's answer holds no token")
	}
	return server, token, nil
}
