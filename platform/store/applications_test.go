package store

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"guichet/platform/oauth"
)

func TestApplications(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	a := oauth.StoredApplication{SecretHash: "h", Disabled: true, Created: issued, Version: 1, Application: oauth.Application{ID: "Robot", Name: "The robot", Organization: "default",
		Roles: []string{"ROLE_AGENT"}, Scopes: []string{"any", "video"}, RedirectURIs: []string{"https://a.example/cb?x=1"},
		PostLogoutRedirectURIs: []string{"https://a.example/bye"},
		Grants:                 []string{"client_credentials"}, AllowQuery: true, AllowBasic: true, PKCEOptional: true}}
	if _, err := s.Application(ctx, "Robot"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("before: %v", err)
	}
	if err := s.AddApplication(ctx, a); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Application(ctx, "Robot"); err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := s.AddApplication(ctx, a); !errors.Is(err, oauth.ErrTaken) {
		t.Errorf("twice: %v", err)
	}
	u := oauth.StoredUser{ID: "robot", User: oauth.User{Organization: "default"}, Created: issued}
	if err := s.AddUser(ctx, u); !errors.Is(err, oauth.ErrTaken) {
		t.Errorf("a user of that name: %v", err)
	}
}

func TestUsers(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	u := oauth.StoredUser{ID: "anna", PasswordHash: "h", Fixture: true, Created: issued, Version: 1, Provider: "idp", Subject: "s",
		ProviderRoles: []string{"ROLE_SUPERVISOR"},
		User:          oauth.User{Organization: "default", Name: "anna", DisplayName: "Anna Ö", Roles: []string{"ROLE_AGENT", "ROLE_ADMIN"}}}
	if err := s.AddUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	if got, err := s.User(ctx, "default", "anna"); err != nil || !reflect.DeepEqual(got, u) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.User(ctx, "other", "anna"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another organization: %v", err)
	}
	// A fixture gives way to a real user, who gives way to nobody.
	u.Fixture, u.PasswordHash = false, "real"
	if err := s.AddUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	u.Fixture, u.PasswordHash = true, "fixture"
	if err := s.AddUser(ctx, u); !errors.Is(err, oauth.ErrTaken) {
		t.Errorf("a fixture over a real user: %v", err)
	}
	if got, err := s.User(ctx, "default", "anna"); err != nil || got.PasswordHash != "real" || got.Fixture {
		t.Errorf("got %+v, %v", got, err)
	}
	a := oauth.StoredApplication{Application: oauth.Application{ID: "Anna", Organization: "default"}, Created: issued}
	if err := s.AddApplication(ctx, a); !errors.Is(err, oauth.ErrTaken) {
		t.Errorf("an application of that name: %v", err)
	}
}
