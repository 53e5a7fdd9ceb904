package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"guichet/platform/oauth"
)

// entries counts the audit log's entries of an event.
func (s *service) entries(event oauth.Event, refused bool) (n int) {
	s.t.Helper()
	for before := int64(0); ; {
		list, err := s.Audit(context.Background(), oauth.AuditFilter{Organization: "default", Event: event, Refused: refused, Before: before, Limit: 500})
		if err != nil {
			s.t.Fatal(err)
		}
		if n += len(list); len(list) < 500 {
			return n
		}
		before = list[len(list)-1].Seq
	}
}

// TestEndedOnceIsWrittenOnce: whoever has a token can end it, and not fill the
// store by doing so over and over.
func TestEndedOnceIsWrittenOnce(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	other := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	for range 3 {
		for _, token := range []string{v.AccessToken, v.RefreshToken} {
			if a := s.post("/security/oauth/revoke", "client_id=guichet&token="+token, ""); a.StatusCode != http.StatusOK {
				t.Errorf("revoke: %s", a.Status)
			}
		}
		if a := s.post("/security/oauth/end-session", url.Values{"id_token_hint": {other.IDToken}}.Encode(), ""); a.StatusCode != http.StatusOK {
			t.Errorf("end of the session: %s", a.Status)
		}
	}
	list, err := s.store.Revocations(context.Background(), 0, 100)
	kinds := map[string]int{}
	for _, r := range list {
		kinds[r.Kind]++
	}
	if err != nil || kinds[oauth.RevokedToken] != 1 || kinds[oauth.RevokedGrant] != 2 {
		t.Errorf("%v, %v", kinds, err)
	}
	if revoked, out := s.entries(oauth.EventRevoked, false), s.entries(oauth.EventSignOut, false); revoked != 2 || out != 1 {
		t.Errorf("the audit log has %d revocations and %d sign-outs", revoked, out)
	}
}

// TestReplayedCodeIsNewsOnce: the grant is over after the first time.
func TestReplayedCodeIsNewsOnce(t *testing.T) {
	s := start(t)
	code := s.code(s.authorizeURL(challenge))
	s.token(exchange(code)).token(t)
	for range 3 {
		s.token(exchange(code)).refused(t, 400, "invalid_grant")
	}
	if n := s.entries(oauth.EventReuse, true); n != 1 {
		t.Errorf("the audit log has it %d times", n)
	}
}

// TestRefusalsDoNotFillTheAuditLog: a client without a secret needs nothing to be
// refused. All are answered; what comes after many is not written down.
func TestRefusalsDoNotFillTheAuditLog(t *testing.T) {
	s := start(t)
	for range 400 {
		s.token("grant_type=refresh_token&client_id=guichet&refresh_token=x").refused(t, 400, "invalid_grant")
	}
	if n := s.entries(oauth.EventToken, true); n < 50 || n > 150 {
		t.Errorf("%d entries", n)
	}
	s.clock.Add(60)
	before := s.entries(oauth.EventToken, true)
	s.token("grant_type=refresh_token&client_id=guichet&refresh_token=x").refused(t, 400, "invalid_grant")
	if n := s.entries(oauth.EventToken, true); n != before+1 {
		t.Error("a later one is not written")
	}
}

// TestRefreshingIsLimited: a guest who refreshes in a loop would fill the store;
// the session is not lost by it.
func TestRefreshingIsLimited(t *testing.T) {
	s := start(t)
	v := s.token("grant_type=password&username=abc-def&password=k&client_id=customer").token(t)
	limited := false
	for range 100 {
		a := s.token(refreshOf("customer", v.RefreshToken))
		if limited = a.StatusCode == http.StatusTooManyRequests; limited {
			if a.Header.Get("Retry-After") == "" {
				t.Error("it is not said how long to wait")
			}
			break
		}
		v = a.token(t)
	}
	if !limited {
		t.Error("a hundred times at once")
	}
	s.clock.Add(600)
	s.token(refreshOf("customer", v.RefreshToken)).token(t)
}

// TestFlightsAreLimited: each sign-in that comes back from a provider is kept in
// mind for a while, so that it does not count twice.
func TestFlightsAreLimited(t *testing.T) {
	s, _, stored := federated(t)
	b := browser()
	defer b.CloseIdleConnections()
	for n := range 400 {
		field := s.page(b, s.authorizeURL(challenge))
		r, err := b.Get(s.url + "/sign-in/with?" + url.Values{"provider": {stored.ID}, "request": {field}}.Encode())
		to, locationErr := read(t, r, err).Location()
		if locationErr != nil {
			t.Fatal(locationErr)
		}
		a := s.land(b, s.url+"/sign-in/callback/"+stored.ID+"?error=access_denied&iss="+url.QueryEscape(stored.Issuer)+"&state="+url.QueryEscape(to.Query().Get("state")))
		if a.StatusCode == http.StatusTooManyRequests {
			if n < 100 {
				t.Errorf("limited after %d", n)
			}
			return
		}
	}
	t.Error("four hundred at once")
}
