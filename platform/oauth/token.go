package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"guichet/platform/oauth/keyring"
	"guichet/platform/wire"
)

// claims are those of an access token (RFC 9068) with the ones of the contract.
type claims struct {
	Issuer       string   `json:"iss"`
	Subject      string   `json:"sub"`
	Audience     string   `json:"aud"`
	Expires      int64    `json:"exp"`
	IssuedAt     int64    `json:"iat"`
	NotBefore    int64    `json:"nbf,omitempty"`
	ID           string   `json:"jti"`
	ClientID     string   `json:"client_id"`
	UserID       string   `json:"userId"`
	Authorities  []string `json:"authorities"`
	Scope        string   `json:"scope"`
	Grant        string   `json:"gid,omitempty"`
	Version      int64    `json:"ver,omitempty"` // of the application's settings
	Name         string   `json:"name,omitempty"`
	Organization string   `json:"organization"`
	Conference   string   `json:"conference_id,omitempty"`
	Ticket       string   `json:"ticket,omitempty"`
}

// idClaims are those of an id token (OpenID Connect Core, section 2).
type idClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	AuthTime int64  `json:"auth_time"`
	Session  string `json:"sid"` // the grant: what ending the session ends
	Nonce    string `json:"nonce,omitempty"`
	AtHash   string `json:"at_hash"`
	Name     string `json:"name,omitempty"`
}

// newToken makes a code or refresh token of 256 bits.
func newToken() (token string, d Digest) {
	var b [32]byte
	rand.Read(b[:])
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, digest(token)
}

func digest(token string) Digest { return sha256.Sum256([]byte(token)) }

// attempt is one request for a token, as the audit log will tell of it.
type attempt struct {
	entry  AuditEntry
	token  wire.Token // once it was issued
	grant  Grant      // that the token belongs to
	issued time.Time
}

type attemptKey struct{}

// attemptOf is the attempt that a request of the token endpoint carries.
func attemptOf(ctx context.Context) *attempt {
	t, _ := ctx.Value(attemptKey{}).(*attempt)
	return t
}

// answer issues an access token for an application's grant; scopes may be fewer than the
// grant's. A grant without id is one of client credentials.
func (s *Service) answer(t *attempt, a StoredApplication, g Grant, roles, scopes []string, refresh string) error {
	now := s.now()
	expires := now.Add(accessLife)
	if !g.Expires.IsZero() && g.Expires.Before(expires) {
		expires = g.Expires
	}
	if roles == nil {
		roles = []string{}
	}
	c := claims{Issuer: s.config.Issuer, Subject: g.UserID, Audience: s.config.Issuer, Expires: expires.Unix(), IssuedAt: now.Unix(),
		ID: wire.NewID(), ClientID: a.ID, Version: a.Version, UserID: g.UserID, Authorities: roles, Scope: strings.Join(scopes, " "), Grant: g.ID,
		Name: g.Name, Organization: g.Organization, Conference: g.Conference, Ticket: g.Ticket}
	token, err := s.keys.Sign(keyring.AccessToken, c)
	if err != nil {
		return err
	}
	t.grant, t.issued = g, now
	t.token = wire.Token{AccessToken: token, TokenType: "bearer", ExpiresIn: c.Expires - c.IssuedAt, RefreshToken: refresh, Scope: c.Scope,
		ID: c.ID, Subject: g.UserID, Organization: g.Organization, ConferenceID: g.Conference}
	return nil
}

// identify adds an id token to an answer whose scopes have openid.
func (s *Service) identify(t *attempt, nonce string) error {
	g := t.grant
	if !slices.Contains(strings.Fields(t.token.Scope), scopeOpenID) {
		return nil
	}
	half := sha256.Sum256([]byte(t.token.AccessToken))
	c := idClaims{Issuer: s.config.Issuer, Subject: g.UserID, Audience: g.Application, IssuedAt: s.now().Unix(), AuthTime: g.Started.Unix(),
		Session: g.ID, Nonce: nonce, AtHash: base64.RawURLEncoding.EncodeToString(half[:len(half)/2])}
	c.Expires = c.IssuedAt + int64(accessLife/time.Second)
	if slices.Contains(strings.Fields(t.token.Scope), scopeProfile) {
		c.Name = g.Name
	}
	var err error
	t.token.IDToken, err = s.keys.Sign(keyring.IDToken, c)
	return err
}

// rolesOf are the authorities of a user's or guest's grant today; ErrUnknown
// means that the user is no more.
func (s *Service) rolesOf(ctx context.Context, g Grant) ([]string, error) {
	if len(g.Roles) > 0 {
		return g.Roles, nil
	}
	u, err := s.user(ctx, g.Organization, g.UserID)
	if err != nil {
		return nil, err
	}
	return u.authorities(), nil
}
