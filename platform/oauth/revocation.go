package oauth

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Kinds of revocations.
const (
	RevokedToken       = "token"       // one access token, by jti
	RevokedGrant       = "grant"       // one session, with all its tokens
	RevokedApplication = "application" // all tokens that an application had by an earlier version of its settings
	RevokedKey         = "key"         // all tokens that a compromised key signed
	RevokedIssuer      = "issuer"      // all room tokens that a user had made before a version of the user
	changedKeys        = "keys"        // the signing keys are others
	ChangedSettings    = "settings"    // an application is another, or new, or gone
)

// followEvery is how often the store is asked for what other processes revoked.
const followEvery = 250 * time.Millisecond

// revocationPage is how many are read at a time.
const revocationPage = 500

// Access is by what right something was done: what a token is about, small
// enough to be kept beside every connection and endpoint, until it is revoked.
type Access struct {
	Organization string
	UserID       string // of applications: the client id
	ClientID     string
	Version      int64  // of the application's settings by which the token was issued
	TokenID      string // jti; empty where HTTP Basic was used
	KeyID        string // that signed it
	GrantID      string // empty for an application's own token
	Expires      time.Time
	// Issuer is the user who had a room token made, of a version; empty: it is none,
	// or the application made it by itself.
	Issuer        string
	IssuerVersion int64
}

// IssuerID names a user of an organization in revocations.
func IssuerID(organization, user string) string { return organization + "/" + user }

func (a Access) issuer() string {
	if a.Issuer == "" {
		return ""
	}
	return IssuerID(a.Organization, a.Issuer)
}

// Revocation is the end of tokens before their time.
type Revocation struct {
	Seq     int64
	Kind    string
	ID      string
	Version int64 // of an application or issuer: tokens of earlier ones end
	At      time.Time
	Until   time.Time // when the token would have expired, if it lives longer than access tokens do
}

// last tells whether the revocation of an application or token may still matter
// long after it was made: to room tokens.
func (r Revocation) last(now time.Time) bool {
	return r.Kind == RevokedApplication || r.Until.After(now)
}

// Covers tells whether a token is among those that ended. No clock is asked:
// what was issued by the state of before is covered, and nothing else.
func (r Revocation) Covers(a Access) bool {
	switch r.Kind {
	case RevokedToken:
		return r.ID == a.TokenID
	case RevokedGrant:
		return r.ID == a.GrantID
	case RevokedApplication:
		return r.ID == a.ClientID && a.Version < r.Version
	case RevokedKey:
		return r.ID == a.KeyID
	case RevokedIssuer:
		return r.ID == a.issuer() && a.IssuerVersion < r.Version
	}
	return false
}

type revocationKey struct{ kind, id string }

// revocations are those that still matter: of which a token may live. Every
// process follows the store's list, its own entries included, so that there is
// one way in which they take effect.
type revocations struct {
	following sync.Mutex // held while the list is read on
	seq       int64      // the last that was read
	ended     func(context.Context, Revocation)

	mu sync.RWMutex
	by map[revocationKey]Revocation
}

func (v *revocations) add(r Revocation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := revocationKey{r.Kind, r.ID}
	if old, ok := v.by[k]; ok {
		r.Version = max(r.Version, old.Version)
		if old.Until.After(r.Until) {
			r.Until = old.Until
		}
	}
	v.by[k] = r
}

// cover tells whether any of them ended a token.
func (v *revocations) cover(a Access) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.by) == 0 {
		return false
	}
	for _, k := range [...]revocationKey{{RevokedToken, a.TokenID}, {RevokedGrant, a.GrantID}, {RevokedApplication, a.ClientID}, {RevokedKey, a.KeyID}, {RevokedIssuer, a.issuer()}} {
		if r, ok := v.by[k]; ok && r.Covers(a) {
			return true
		}
	}
	return false
}

// forget drops those older than a time, save what room tokens need.
func (v *revocations) forget(before time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for k, r := range v.by {
		if r.At.Before(before) && !r.last(before) {
			delete(v.by, k)
		}
	}
}

// Watch has ended told of every revocation from now on, also of those that other
// processes make. It returns when what hung on the tokens has ended, and must not
// revoke anything itself.
func (s *Service) Watch(ended func(context.Context, Revocation)) {
	s.revoked.following.Lock()
	defer s.revoked.following.Unlock()
	s.revoked.ended = ended
}

// follow reads on in the store's list of revocations and makes them count: for
// Verify at once, and for whoever is connected through Watch.
func (s *Service) follow(ctx context.Context) error {
	v := &s.revoked
	v.following.Lock()
	defer v.following.Unlock()
	for {
		list, err := s.config.Store.Revocations(ctx, v.seq, revocationPage)
		if err != nil {
			return fmt.Errorf("read revocations: %w", err)
		}
		for _, r := range list {
			switch r.Kind {
			case changedKeys:
				if err := s.keys.Reload(ctx); err != nil {
					return err
				}
			case ChangedSettings:
				s.cache.forget()
			default:
				v.add(r)
				if v.ended != nil {
					v.ended(ctx, r)
				}
			}
			v.seq = r.Seq
		}
		if len(list) < revocationPage {
			return nil
		}
	}
}

// Revoked tells whether a right has ended before its time.
func (s *Service) Revoked(a Access) bool { return s.revoked.cover(a) }

// followed is the end of a change that revoked something: the change is made
// when it counts everywhere in this process.
func (s *Service) followed(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return s.follow(context.WithoutCancel(ctx))
}
