package oauth_test

import (
	"context"
	"errors"
	"testing"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// TestProviderStaysTheSame: people are known by what their provider calls them,
// and its secret goes to its issuer alone. So neither may move.
func TestProviderStaysTheSame(t *testing.T) {
	s, p, stored := federated(t)
	ctx := context.Background()
	elsewhere := newProvider(t)
	move := func(v oauth.StoredProvider, secret string) (oauth.StoredProvider, error) {
		v.Issuer, v.ClientSecret = elsewhere.URL, secret
		return s.ChangeProvider(ctx, admin(), v)
	}
	refused := func(what string, err error) {
		t.Helper()
		var sentence *oauth.BadSettings
		if !errors.As(err, &sentence) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := move(stored, "")
	refused("the old secret for another issuer", err)
	// As long as nobody came, an issuer can be put right.
	moved, err := move(stored, "another")
	if err != nil {
		t.Fatal(err)
	}
	moved.Issuer, moved.ClientSecret = p.URL, "s3cret-of-the-provider"
	if stored, err = s.ChangeProvider(ctx, admin(), moved); err != nil {
		t.Fatal(err)
	}
	b := browser()
	defer b.CloseIdleConnections()
	v := s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	_, err = move(stored, "another")
	refused("another issuer for people who are known", err)
	for what, change := range map[string]func(*oauth.StoredProvider){
		"another kind": func(v *oauth.StoredProvider) {
			v.Kind, v.Region, v.OrganizationID = wire.ProviderGenesys, "mypurecloud.de", "o"
		},
		"another organization": func(v *oauth.StoredProvider) { v.OrganizationID = "o" },
		"another region":       func(v *oauth.StoredProvider) { v.Region = "mypurecloud.de" },
	} {
		other := stored
		other.ClientSecret = "another"
		change(&other)
		_, err := s.ChangeProvider(ctx, admin(), other)
		refused(what, err)
	}
	s.lives(v.AccessToken)
}

// TestRolesThatAProviderGivesNoMore are lost at once, not at the next sign-in.
func TestRolesThatAProviderGivesNoMore(t *testing.T) {
	for name, lose := range map[string]func(*oauth.StoredProvider){
		"mapping":        func(v *oauth.StoredProvider) { v.Mappings = v.Mappings[1:] },
		"role of anyone": func(v *oauth.StoredProvider) { v.Roles = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, _, stored := federated(t)
			ctx := context.Background()
			stored.Roles = []string{"supervisor"}
			stored, err := s.ChangeProvider(ctx, admin(), stored)
			if err != nil {
				t.Fatal(err)
			}
			b := browser()
			defer b.CloseIdleConnections()
			v := s.tokenOf(s.land(b, s.depart(b, stored.ID)))
			stored.Name = "The same bank"
			if stored, err = s.ChangeProvider(ctx, admin(), stored); err != nil {
				t.Fatal(err)
			}
			s.lives(v.AccessToken) // nothing was taken away
			lose(&stored)
			if _, err := s.ChangeProvider(ctx, admin(), stored); err != nil {
				t.Fatal(err)
			}
			s.dead(v.AccessToken)
			s.token(refreshOf("guichet", v.RefreshToken)).refused(t, 400, "invalid_grant")
			before, err := s.Verify(s.tokenOf(s.land(b, s.depart(b, stored.ID))).AccessToken)
			if err != nil || len(before.Roles) != 2 {
				t.Errorf("after signing in again: %+v, %v", before, err)
			}
		})
	}
}
