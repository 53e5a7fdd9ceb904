package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPassword bounds the work of hashing, in bytes.
const maxPassword = 1024

// User is a person who signs in.
type User struct {
	Organization string // empty: the default one
	Name         string // what is typed; lower and upper case are the same
	DisplayName  string // empty: the name
	Roles        []string
}

// AddUser adds a user and returns the password, made here when it is empty. It
// fails with ErrTaken when the name is taken.
func (s *Service) AddUser(ctx context.Context, u User, password string) (string, error) {
	return s.saveUser(ctx, u, password, false)
}

func (s *Service) saveUser(ctx context.Context, u User, password string, fixture bool) (string, error) {
	if u.Organization == "" {
		u.Organization = defaultOrganization
	}
	if u.DisplayName == "" {
		u.DisplayName = u.Name
	}
	id := strings.ToLower(u.Name)
	err := errors.Join(checkSubject(id), checkRoles(u.Roles))
	if len(u.DisplayName) > 128 || !utf8.ValidString(u.DisplayName) {
		err = errors.Join(err, errors.New("display name is longer than 128 bytes or not UTF-8"))
	}
	if len(password) > maxPassword {
		err = errors.Join(err, fmt.Errorf("password is longer than %d bytes", maxPassword))
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
	if err := s.config.Store.SaveUser(ctx, StoredUser{User: u, ID: id, PasswordHash: hash, Fixture: fixture, Created: s.now()}); err != nil {
		return "", fmt.Errorf("user %q: %w", u.Name, err)
	}
	return password, nil
}

// user returns a user, or ErrUnknown.
func (s *Service) user(ctx context.Context, organization, id string) (StoredUser, error) {
	u, err := s.config.Store.User(ctx, organization, id)
	if err == nil && u.Fixture && !s.dev.Load() {
		return StoredUser{}, ErrUnknown
	}
	return u, err
}

// authorities are the roles that a user's tokens carry.
func (u StoredUser) authorities() []string {
	if slices.Contains(u.Roles, RoleUser) {
		return u.Roles
	}
	return append([]string{RoleUser}, u.Roles...)
}

// signIn checks a name and password. A wrong name costs the time of a wrong
// password; both are ErrUnknown.
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
		return StoredUser{}, ErrUnknown
	}
	return u, nil
}
