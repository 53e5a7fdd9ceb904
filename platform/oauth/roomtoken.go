package oauth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/platform/oauth/keyring"
)

// A room token is signed with the same keys as an access token and is never taken
// for one: it has a type and an audience of its own, its holder is a guest, and
// what it says of rooms is for others to read.

// roomAudience follows the issuer in the audience of room tokens.
const roomAudience = "/rooms"

// maxRoomToken bounds what Verify parses of a room token, in bytes: two objects
// of 2,000 characters, names, and 44 permissions, all escaped.
const maxRoomToken = 64 << 10

// stayLife is how long at a time who is in a room may stay by a token whose time
// for joining is over.
const stayLife = accessLife

// roomClaims are those that are checked here.
type roomClaims struct {
	Issuer       string `json:"iss"`
	Audience     string `json:"aud"`
	Subject      string `json:"sub"`
	Type         string `json:"type"`
	Organization string `json:"organization"`
	Project      string `json:"project_id"`
	Version      int64  `json:"ver"`            // of the application's settings
	By           string `json:"by,omitempty"`   // the user who had it made
	ByVersion    int64  `json:"bver,omitempty"` // of that user
	Name         string `json:"user_name"`
	Room         struct {
		Name string `json:"name"`
	} `json:"room"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
}

// SignRoomToken signs the claims of a room token, an object with jti and exp, for
// the application or user that calls, from an address. It fails with
// ErrTooManyRoomTokens, or with ErrInvalidToken when the right to call has ended.
func (s *Service) SignRoomToken(ctx context.Context, by Identity, address string, claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	all := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // which keeps all digits
	var own roomClaims
	if err := errors.Join(d.Decode(&all), json.Unmarshal(body, &own)); err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	version, err := s.issue(ctx, by, own)
	if err != nil {
		return "", err
	}
	all["iss"], all["aud"], all["sub"] = s.config.Issuer, s.config.Issuer+roomAudience, roomUser(own.ID)
	all["organization"], all["ver"] = by.Organization, by.Version
	if version > 0 {
		all["by"], all["bver"] = by.UserID, version
	}
	token, err := s.keys.SignUntil(ctx, keyring.RoomToken, all, time.Unix(own.Expires, 0))
	if err != nil {
		return "", err
	}
	return token, s.record(ctx, AuditEntry{Organization: by.Organization, Event: EventRoomToken, Actor: by.UserID, Client: by.ClientID,
		Subject: roomUser(own.ID), TokenID: own.ID, Address: address, Detail: "issued, room " + own.Room.Name})
}

// roomUser is the user that the holders of a room token are. It tells nobody the
// token's id.
func roomUser(tokenID string) string {
	sum := sha256.Sum256([]byte("room token\x00" + tokenID))
	return "room-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:20])
}

// verifyRoom is Verify for room tokens. After its time a token is good as long as
// its holder is in the room, and no longer for joining.
func (s *Service) verifyRoom(token string) (Identity, error) {
	id, err := s.parseRoom(token)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	if s.revoked.cover(id.Access) {
		return Identity{}, fmt.Errorf("%w: revoked", ErrInvalidToken)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stayTimeout)
	defer cancel()
	a, err := s.application(ctx, id.ClientID)
	switch {
	case errors.Is(err, ErrUnknown) || err == nil && a.Organization != id.Organization:
		return Identity{}, fmt.Errorf("%w: its application is no more", ErrInvalidToken)
	case err != nil:
		return Identity{}, fmt.Errorf("application of a room token: %w", err)
	}
	if now := s.now(); now.Add(stayLife).After(id.Expires) {
		id.Late = !now.Before(id.Expires)
		if s.config.Stays != nil && s.config.Stays(ctx, id) {
			id.Expires = now.Add(stayLife)
		} else if id.Late {
			return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, ErrExpiredToken)
		}
	}
	return id, nil
}

// stayTimeout bounds the look at whether somebody is in a room.
const stayTimeout = 5 * time.Second

// parseRoom checks all but time and revocation.
func (s *Service) parseRoom(token string) (Identity, error) {
	if len(token) > maxRoomToken {
		return Identity{}, fmt.Errorf("longer than %d bytes", maxRoomToken)
	}
	body, key, err := s.keys.Verify(keyring.RoomToken, token)
	if err != nil {
		return Identity{}, err
	}
	var c roomClaims
	if err := json.Unmarshal(body, &c); err != nil {
		return Identity{}, err
	}
	switch {
	case c.Issuer != s.config.Issuer:
		return Identity{}, errors.New("issuer is another")
	case c.Audience != s.config.Issuer+roomAudience || c.Type != "video":
		return Identity{}, errors.New("audience or type is another")
	case c.ID == "" || c.Organization == "" || c.Project == "" || c.Expires == 0 || c.Subject != roomUser(c.ID):
		return Identity{}, errors.New("claims are missing")
	case max(c.IssuedAt, c.NotBefore) > s.now().Add(clockSkew).Unix():
		return Identity{}, errors.New("issued in the future")
	}
	return Identity{Access: Access{Organization: c.Organization, UserID: c.Subject, ClientID: c.Project, Version: c.Version, TokenID: c.ID, KeyID: key,
		Expires: time.Unix(c.Expires, 0), Issuer: c.By, IssuerVersion: c.ByVersion}, Name: c.Name, Roles: []string{RoleCustomer},
		Scopes: []string{ScopeEndpointsWrite, ScopeConferencesRead, ScopeConferencesWrite}, Room: body}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
