package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxPassword = 1024 // bytes; bounds the work of hashing
	maxName     = 128  // bytes of a name for people
)

// User is a person who signs in.
type User struct {
	Organization string // empty: the default one
	Name         string // what is typed; lower and upper case are the same
	DisplayName  string // empty: the name
	Roles        []string
}

// AddUser adds a user and returns the password, made here when it is empty. It
// fails with ErrTaken when the name is taken.
func (s *Service) AddUser(ctx context.Context, by Actor, u User, password string) (string, error) {
	password, err := s.addUser(ctx, u, password, false)
	if err != nil {
		return "", err
	}
	return password, s.recordChange(ctx, by, AuditEntry{Event: EventUser, Subject: strings.ToLower(u.Name), Detail: "added"})
}

func (s *Service) addUser(ctx context.Context, u User, password string, fixture bool) (string, error) {
	if u.Organization == "" {
		u.Organization = defaultOrganization
	}
	if u.DisplayName == "" {
		u.DisplayName = u.Name
	}
	id := strings.ToLower(u.Name)
	err := errors.Join(checkSubject(id), u.check())
	if len(password) > maxPassword {
		err = errors.Join(err, badSetting("the password is longer than %d bytes", maxPassword))
	}
	if err != nil {
		return "", fmt.Errorf("user %q: %w", u.Name, err)
	}
	if password == "" {
		password = newPassword()
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := s.config.Store.AddUser(ctx, StoredUser{User: u, ID: id, PasswordHash: hash, Fixture: fixture, Created: s.now(), Version: 1}); err != nil {
		return "", fmt.Errorf("user %q: %w", u.Name, err)
	}
	return password, nil
}

// check tells whether a user can be so.
func (u *User) check() error {
	if err := checkRoles(u.Roles, true); err != nil {
		return badSetting("%v", err)
	}
	if u.DisplayName == "" || len(u.DisplayName) > maxName || !utf8.ValidString(u.DisplayName) {
		return badSetting("the name must be 1 to %d bytes of UTF-8", maxName)
	}
	return nil
}

// Users returns all of an organization.
func (s *Service) Users(ctx context.Context, organization string) ([]StoredUser, error) {
	return s.config.Store.Users(ctx, organization)
}

// UserByName returns the user of an organization who signs in with a name, or
// has it for an id, or ErrUnknown.
func (s *Service) UserByName(ctx context.Context, organization, name string) (StoredUser, error) {
	return s.config.Store.User(ctx, organization, strings.ToLower(name))
}

func (s *Service) changeableUser(ctx context.Context, organization, id string) (StoredUser, error) {
	u, err := s.config.Store.User(ctx, organization, id)
	if err == nil && u.Fixture {
		return u, ErrFixed
	}
	return u, err
}

// ChangeUser gives a user of a version another name and other roles. Who is
// disabled, or lost a role, loses all tokens. The last administrator stays one.
func (s *Service) ChangeUser(ctx context.Context, by Actor, id string, version int64, to User, disabled bool) (StoredUser, error) {
	old, err := s.changeableUser(ctx, by.Organization, id)
	if err != nil {
		return old, err
	}
	to.Organization, to.Name = old.Organization, old.Name
	if err := to.check(); err != nil {
		return old, err
	}
	next := old
	next.User, next.Disabled, next.Version = to, disabled, version
	if old.administers() && !next.administers() {
		if err := s.otherAdmin(ctx, old); err != nil {
			return old, err
		}
	}
	revoke := disabled || lost(old.authorities(), next.authorities())
	if err := s.followed(ctx, s.config.Store.ChangeUser(ctx, next, revoke, s.now())); err != nil {
		return old, err
	}
	next.Version = version + 1
	detail := "changed: roles: " + strings.Join(ShortRoles(to.Roles), " ")
	switch {
	case disabled && !old.Disabled:
		detail += ", disabled"
	case old.Disabled && !disabled:
		detail += ", enabled"
	}
	return next, s.recordChange(ctx, by, AuditEntry{Event: EventUser, Subject: id, Detail: detail})
}

// RenewPassword makes a user's password anew and ends their sessions.
func (s *Service) RenewPassword(ctx context.Context, by Actor, id string) (StoredUser, string, error) {
	u, err := s.changeableUser(ctx, by.Organization, id)
	if err != nil {
		return u, "", err
	}
	if u.Provider != "" {
		return u, "", badSetting("this person signs in through an identity provider and has no password here")
	}
	password := newPassword()
	if u.PasswordHash, err = s.hasher.hash(ctx, password); err != nil {
		return u, "", err
	}
	if err := s.followed(ctx, s.config.Store.ChangeUser(ctx, u, true, s.now())); err != nil {
		return u, "", err
	}
	u.Version++
	return u, password, s.recordChange(ctx, by, AuditEntry{Event: EventSecret, Subject: id, Detail: "password made anew"})
}

// SignOutUser ends all sessions of a user, of a kiosk or of a guest.
func (s *Service) SignOutUser(ctx context.Context, by Actor, id string) error {
	if err := s.followed(ctx, s.config.Store.RevokeUser(ctx, by.Organization, id, s.now())); err != nil {
		return err
	}
	return s.recordChange(ctx, by, AuditEntry{Event: EventSignOut, Subject: id, Detail: "by an administrator"})
}

// RemoveUser removes a user with all sessions.
func (s *Service) RemoveUser(ctx context.Context, by Actor, id string) error {
	u, err := s.changeableUser(ctx, by.Organization, id)
	if err != nil {
		return err
	}
	if u.administers() {
		if err := s.otherAdmin(ctx, u); err != nil {
			return err
		}
	}
	if err := s.followed(ctx, s.config.Store.RemoveUser(ctx, by.Organization, id, s.now())); err != nil {
		return err
	}
	return s.recordChange(ctx, by, AuditEntry{Event: EventUser, Subject: id, Detail: "removed"})
}

func (u StoredUser) administers() bool {
	return !u.Disabled && slices.Contains(u.authorities(), RoleAdmin)
}

// otherAdmin fails with ErrLastAdmin when nobody but u administers.
func (s *Service) otherAdmin(ctx context.Context, u StoredUser) error {
	list, err := s.config.Store.Users(ctx, u.Organization)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(o StoredUser) bool {
		return o.ID != u.ID && o.administers() && (!o.Fixture || s.dev.Load())
	}) {
		return ErrLastAdmin
	}
	return nil
}

// user returns a user who may be signed in, or ErrUnknown.
func (s *Service) user(ctx context.Context, organization, id string) (StoredUser, error) {
	u, err := s.config.Store.User(ctx, organization, id)
	if err == nil && (u.Disabled || u.Fixture && !s.dev.Load()) {
		return StoredUser{}, ErrUnknown
	}
	if err != nil || u.Provider == "" {
		return u, err
	}
	p, err := s.config.Store.Provider(ctx, organization, u.Provider)
	if err == nil && !p.Enabled {
		return StoredUser{}, ErrUnknown
	}
	return u, err
}

// authorities are the roles that a user's tokens carry.
func (u StoredUser) authorities() []string {
	list := []string{RoleUser}
	for _, r := range slices.Concat(u.Roles, u.ProviderRoles) {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// signIn checks a name and password. A wrong name costs the time of a wrong
// password; both are ErrUnknown, the latter with the user.
func (s *Service) signIn(ctx context.Context, organization, name, password string) (StoredUser, error) {
	u, err := s.user(ctx, organization, strings.ToLower(strings.TrimSpace(name)))
	if err != nil && !errors.Is(err, ErrUnknown) {
		return u, err
	}
	ok, hashErr := s.hasher.match(ctx, u.PasswordHash, password)
	if hashErr != nil {
		return u, hashErr
	}
	if err != nil || !ok {
		return u, ErrUnknown
	}
	return u, nil
}
