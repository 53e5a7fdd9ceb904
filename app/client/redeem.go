package client

import (
	"context"
	"errors"
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
	token, err = grant(ctx, hc, server, customers, "", url.Values{"grant_type": {"password"}, "username": {id}, "password": {browserKey}})
	if err != nil {
		return "", token, err
	}
	return server, token, nil
}
