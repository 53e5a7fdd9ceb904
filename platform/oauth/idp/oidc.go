package idp

import (
	"context"
	"maps"
	"net/url"

	"golang.org/x/oauth2"
)

// finishOIDC signs in through an OpenID provider.
func (c *Client) finishOIDC(ctx context.Context, p Provider, t Transit, answer url.Values) (Person, error) {
	m, err := c.metadata(ctx, p.Issuer)
	if err != nil {
		return Person{}, err
	}
	code, err := readAnswer(answer, m.Issuer, m.AnswerNamesIssuer)
	if err != nil {
		return Person{}, err
	}
	style, err := m.authStyle(p.ClientSecret != "")
	if err != nil {
		return Person{}, err
	}
	tokens, err := c.exchange(ctx, p, m.TokenEndpoint, style, code, t.Verifier)
	if err != nil {
		return Person{}, err
	}
	token, _ := tokens.Extra("id_token").(string)
	if token == "" {
		return Person{}, untrusted("the provider gives no id_token")
	}
	claims, err := c.idToken(ctx, p, m, token, tokens.AccessToken, t.Nonce)
	if err != nil {
		return Person{}, err
	}
	if oneLine(text(claims, "name")) != "" || m.UserinfoEndpoint == "" {
		return person(claims), nil
	}
	more, err := c.userinfo(ctx, m, tokens.AccessToken, text(claims, "sub"))
	if err != nil {
		return Person{}, err
	}
	maps.Copy(more, claims) // what is signed wins
	return person(more), nil
}

// userinfo returns what the provider says of the owner of the access token, who
// must be the person of the id_token, OpenID Connect Core section 5.3.2.
func (c *Client) userinfo(ctx context.Context, m metadata, accessToken, subject string) (map[string]any, error) {
	var claims map[string]any
	if err := c.fetch(ctx, m.UserinfoEndpoint, accessToken, &claims); err != nil {
		return nil, err
	}
	if text(claims, "sub") != subject {
		return nil, untrusted("the userinfo is of another person")
	}
	return claims, nil
}

// authStyle returns how the provider wants to be told the secret. Basic is what
// silence stands for, Discovery section 3.
func (m metadata) authStyle(secret bool) (oauth2.AuthStyle, error) {
	switch {
	case !secret:
		return oauth2.AuthStyleInParams, nil
	case supports(m.AuthMethods, "client_secret_basic", true):
		return oauth2.AuthStyleInHeader, nil
	case supports(m.AuthMethods, "client_secret_post", false):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, nonsense("the provider takes the secret neither by client_secret_basic nor by client_secret_post, and nothing else is supported")
}
