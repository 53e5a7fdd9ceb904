package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// A grant rests on who somebody was when they proved it and on what the
// application was permitted when it asked, which is up to a page's life ago. A
// change that comes after the grant finds it and ends it. For one that came before
// the two are looked at again once the grant is there, in the store itself: what
// another process changed may not have been heard of yet.

// orEnd returns err, the failure of such a look, after it has ended the grant.
func (s *Service) orEnd(ctx context.Context, given Grant, err error) error {
	if err == nil {
		return nil
	}
	_, revokeErr := s.config.Store.RevokeGrant(context.WithoutCancel(ctx), given.ID, s.now())
	return errors.Join(err, revokeErr)
}

// sameUser fails when a user was changed since they proved who they are.
func (s *Service) sameUser(ctx context.Context, u StoredUser) error {
	now, err := s.user(ctx, u.Organization, u.ID)
	if errors.Is(err, ErrUnknown) || err == nil && !now.same(u.Version, u.Created) {
		err = changedMeanwhile()
	}
	return err
}

// same tells whether nothing about a user was changed, and nobody else has taken
// their place. The store keeps times in milliseconds.
func (u StoredUser) same(version int64, created time.Time) bool {
	return u.Version == version && u.Created.UnixMilli() == created.UnixMilli()
}

func changedMeanwhile() *refusal {
	return &refusal{status: http.StatusForbidden, description: "Your account was changed while you signed in."}
}

// fits fails when an application, as it is now, does not permit what it did.
func (s *Service) fits(ctx context.Context, id string, permitted func(StoredApplication) bool) error {
	a, ok := s.builtIn(id)
	var err error
	if !ok {
		a, err = s.config.Store.Application(ctx, id)
	}
	if errors.Is(err, ErrUnknown) || err == nil && (a.Disabled || !permitted(a)) {
		err = invalidRequest("The program's settings were changed while you signed in.")
	}
	return err
}

// ofVersion permits what was permitted by settings of a version.
func ofVersion(version int64) func(StoredApplication) bool {
	return func(a StoredApplication) bool { return a.Version == version }
}
