package oauth_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"guichet/platform/oauth"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var errNoTicket = &oauth.TicketError{Reason: "not found"}

func (s *service) endpoint() oauth2.Endpoint {
	return oauth2.Endpoint{AuthURL: s.url + "/security/oauth/authorize", TokenURL: s.url + "/security/oauth/token"}
}

func TestClientCredentials(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	for name, style := range map[string]oauth2.AuthStyle{"body": oauth2.AuthStyleInParams, "header": oauth2.AuthStyleInHeader} {
		c := clientcredentials.Config{ClientID: "test", ClientSecret: "secret", TokenURL: s.endpoint().TokenURL, AuthStyle: style}
		got, err := c.Token(ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		id, err := s.Verify(got.AccessToken)
		if err != nil || id.UserID != "test" || id.ClientID != "test" || id.Organization != "default" || !id.Has(oauth.RoleSupervisor) || id.IsCustomer() {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	a := s.token("grant_type=client_credentials&client_id=test&client_secret=secret")
	v := a.token(t)
	if v.TokenType != "bearer" || v.ExpiresIn != 600 || v.Scope != "any" || v.ID == "" || v.Subject != "test" || v.RefreshToken != "" {
		t.Errorf("answer %+v", v)
	}
	made, err := s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: "robot", Roles: []string{oauth.RoleAgent}})
	if err != nil || len(made) != 43 {
		t.Fatalf("secret %q, %v", made, err)
	}
	s.token("grant_type=client_credentials&client_id=robot&client_secret=" + made).token(t)
}

func TestCodeAndRefresh(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	verifier := oauth2.GenerateVerifier()
	c := oauth2.Config{ClientID: "guichet", Endpoint: s.endpoint(), RedirectURL: redirect, Scopes: []string{"openid", "profile", "offline_access"}}
	code := s.code(c.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)))
	first, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Verify(first.AccessToken)
	if err != nil || id.UserID != "agent1" || id.ClientID != "guichet" || id.Name != "Agent 1" || !slices.Equal(id.Roles, []string{oauth.RoleUser, oauth.RoleAgent}) {
		t.Errorf("%+v, %v", id, err)
	}
	if first.Extra("id_token") == nil || first.RefreshToken == "" {
		t.Errorf("answer %+v", first)
	}
	second, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Error("the tokens are not new")
	}
	if id, err := s.Verify(second.AccessToken); err != nil || id.UserID != "agent1" {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestTicketGrant(t *testing.T) {
	s := start(t)
	const customer = "Basic Y3VzdG9tZXI6" // customer:
	for name, a := range map[string]answer{
		"ios":     s.post("/security/oauth/token", "grant_type=password&username=abc-def&password=k", customer),
		"android": s.post("/security/oauth/token", "grant_type=password&ticket=abc-def", customer),
		"body":    s.token("grant_type=password&username=abc-def&password=&client_id=customer"),
	} {
		v := a.token(t)
		id, err := s.Verify(v.AccessToken)
		if err != nil || !id.IsCustomer() || id.Conference != "c1" || id.Ticket != "abc-def" || id.Name != "Guest" || len(id.Roles) != 1 {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
		if v.ConferenceID != "c1" || v.Subject != id.UserID || v.Organization != "default" || v.RefreshToken == "" {
			t.Errorf("%s: %+v", name, v)
		}
		again := s.post("/security/oauth/token", "grant_type=refresh_token&refresh_token="+v.RefreshToken, customer).token(t)
		if id2, err := s.Verify(again.AccessToken); err != nil || id2.UserID != id.UserID || id2.Conference != "c1" {
			t.Errorf("%s refreshed: %+v, %v", name, id2, err)
		}
	}
	e := s.post("/security/oauth/token", "grant_type=password&username=nwi-ssh&password=", customer).refused(t, http.StatusBadRequest, "invalid_grant")
	if e.Description != "Ticket nwi-ssh not found" {
		t.Error(e.Description)
	}
	s.token("grant_type=password&username=abc-def&client_id=guichet").refused(t, http.StatusBadRequest, "unauthorized_client")
	s.token("grant_type=password&username=abc-def&client_id=test&client_secret=secret").refused(t, http.StatusBadRequest, "unauthorized_client")
}

func BenchmarkVerify(b *testing.B) {
	s := start(b)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(b)
	for b.Loop() {
		if _, err := s.Verify(v.AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientCredentials(b *testing.B) {
	s := start(b)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if a := s.token(grantType + "&client_id=test&client_secret=secret"); a.StatusCode != http.StatusOK {
				b.Errorf("%s", a.Status)
			}
		}
	})
}
