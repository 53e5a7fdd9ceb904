package oauth

import (
	"context"
	"errors"
	"fmt"

	"guichet/platform/oauth/keyring"
)

var (
	// ErrChanged tells that somebody else changed it since it was read.
	ErrChanged = errors.New("changed by somebody else meanwhile")
	// ErrFixed tells that it is built in, or of --dev, and cannot be changed.
	ErrFixed = errors.New("cannot be changed")
	// ErrLastAdmin tells that nobody would be left who can change settings.
	ErrLastAdmin = errors.New("nobody else is an administrator")
)

// BadSettings tells what in a setting cannot be, in a sentence for the
// administrator.
type BadSettings struct{ Sentence string }

func (e *BadSettings) Error() string { return e.Sentence }

func badSetting(format string, args ...any) error {
	return &BadSettings{Sentence: fmt.Sprintf(format, args...)}
}

// Actor is who changes settings, and from where. Changes reach the actor's
// organization only.
type Actor struct{ Organization, UserID, ClientID, Address string }

// Console is the actor of commands that are given on the server's machine.
func Console() Actor { return Actor{Organization: defaultOrganization, UserID: "console"} }

// recordChange writes the audit entry of a change.
func (s *Service) recordChange(ctx context.Context, by Actor, e AuditEntry) error {
	e.Organization, e.Actor, e.Address = by.Organization, by.UserID, by.Address
	return s.record(ctx, e)
}

// Keys tells of the signing keys, the newest first.
func (s *Service) Keys() []keyring.Status { return s.keys.Keys() }

// RotateKey makes a new signing key, which nobody notices. When a key was
// compromised all others end at once, and with them every access token; who
// signed in refreshes theirs.
func (s *Service) RotateKey(ctx context.Context, by Actor, compromised bool) error {
	before := s.keys.Keys()
	if err := s.followed(ctx, s.keys.Rotate(ctx, compromised)); err != nil {
		return err
	}
	if compromised {
		if err := s.config.Store.DropRoomTokens(ctx); err != nil {
			return err
		}
	}
	return s.recordKeys(ctx, AuditEntry{Organization: by.Organization, Actor: by.UserID, Address: by.Address}, before)
}
