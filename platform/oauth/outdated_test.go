package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"guichet/platform/oauth"
)

const deskBack, otherBack = "https://desk.example/back", "https://desk.example/other"

func desk() oauth.Application {
	return oauth.Application{ID: "desk", Secret: "s3cret-of-the-desk", PKCEOptional: true, Scopes: []string{"openid", "conferences:read", "tickets:write"},
		RedirectURIs: []string{deskBack, otherBack}, Grants: []string{"authorization_code", "refresh_token"}}
}

// losses are changes of an application after which what was asked for before is
// not given any more.
func losses() map[string]func(*oauth.StoredApplication) {
	return map[string]func(*oauth.StoredApplication){
		"a scope":           func(a *oauth.StoredApplication) { a.Scopes = []string{"openid", "conferences:read"} },
		"the address":       func(a *oauth.StoredApplication) { a.RedirectURIs = []string{otherBack} },
		"the grant":         func(a *oauth.StoredApplication) { a.Grants = []string{"refresh_token"} },
		"being without":     func(a *oauth.StoredApplication) { a.PKCEOptional = false },
		"being there":       func(a *oauth.StoredApplication) { a.Disabled = true },
		"the secret it had": func(a *oauth.StoredApplication) { a.SecretHash = "sha256$" },
	}
}

// TestSignInPageOfSettingsOfBefore: the page carries what was asked for, for ten
// minutes. What it leads to is what the application may have then.
func TestSignInPageOfSettingsOfBefore(t *testing.T) {
	for what, lose := range losses() {
		for when, early := range map[string]bool{"before the password": true, "before the session": false} {
			t.Run(what+" "+when, func(t *testing.T) {
				ctx := context.Background()
				meddled := &between{then: func() {}}
				s := start(t, func(c *oauth.Config) { meddled.Store = c.Store; c.Store = meddled })
				if _, err := s.AddApplication(ctx, admin(), desk()); err != nil {
					t.Fatal(err)
				}
				b := browser()
				defer b.CloseIdleConnections()
				field := s.page(b, s.url+"/security/oauth/authorize?"+url.Values{"response_type": {"code"}, "client_id": {"desk"}, "redirect_uri": {deskBack}}.Encode())
				then := func() { // as another process does it, which this one has not heard of
					a, err := s.store.Application(ctx, "desk")
					if err == nil {
						lose(&a)
						err = s.store.ChangeApplication(ctx, a, true, s.now())
					}
					if err != nil {
						t.Error(err)
					}
				}
				if early {
					then()
				} else {
					meddled.then = then
				}
				a := s.signIn(b, field, "agent1", s.users["agent1"])
				if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
					t.Errorf("%s to %q", a.Status, a.Header.Get("Location"))
				}
			})
		}
	}
}

// TestTicketOfSettingsOfBefore is the same for guests, whose grant has no page.
func TestTicketOfSettingsOfBefore(t *testing.T) {
	ctx := context.Background()
	meddled := &between{}
	s := start(t, func(c *oauth.Config) { meddled.Store = c.Store; c.Store = meddled })
	if _, err := s.AddApplication(ctx, admin(), oauth.Application{ID: "kiosk", Public: true, Grants: []string{"password", "refresh_token"}}); err != nil {
		t.Fatal(err)
	}
	var begun oauth.Grant
	meddled.then = func() {
		a, err := s.store.Application(ctx, "kiosk")
		if a.Scopes = []string{"conferences:read"}; err == nil {
			err = s.store.ChangeApplication(ctx, a, true, s.now())
		}
		if err != nil {
			t.Error(err)
		}
	}
	meddled.given = &begun
	s.token("grant_type=password&username=abc-def&password=k&client_id=kiosk").refused(t, 400, "invalid_request")
	if ended, err := s.store.RevokeGrant(ctx, begun.ID, s.now()); err != nil || ended || begun.ID == "" {
		t.Errorf("the guest has %v, %v", begun.Scopes, err)
	}
}

// TestDeviceOfSettingsOfBefore: a device that asked by settings that a process
// still had in mind has no more than those of now permit.
func TestDeviceOfSettingsOfBefore(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	s.deviceApplication()
	a, err := s.store.Application(ctx, "tv")
	if err != nil {
		t.Fatal(err)
	}
	a.Scopes = []string{"openid"}
	s.device("tv") // so that it is in mind
	if err := s.store.ChangeApplication(ctx, a, true, s.now()); err != nil {
		t.Fatal(err)
	}
	late := oauth.Device{Digest: oauth.Digest{1}, UserCode: "BCDFGHJK", Application: "tv", Organization: "default", Scopes: []string{"any"}, Address: "192.0.2.1",
		Created: s.now(), Expires: s.now().Add(1e11)}
	if err := s.store.AddDevice(ctx, late, 0); err != nil {
		t.Fatal(err)
	}
	b := browser()
	defer b.CloseIdleConnections()
	page := s.approving(b, deviceAnswer{UserCode: late.UserCode}, "agent1")
	if got := s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}}); got.StatusCode != http.StatusBadRequest {
		t.Errorf("decided: %s", got.Status)
	}
	if d, g, err := s.store.PollDevice(ctx, late.Digest, "tv", oauth.Digest{}, 0, s.now()); err == nil && d.Approved && !g.Revoked {
		t.Errorf("the device has %v", g.Scopes)
	}
}

func (s *service) now() time.Time {
	return time.Now().Add(time.Duration(s.clock.Load()) * time.Second)
}
