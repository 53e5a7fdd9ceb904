package oauth_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
)

// TestFarewellTellsTheTruth: nobody is told to be signed out whose session goes
// on, because the key that proved it is gone, say.
func TestFarewellTellsTheTruth(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	if err := s.RotateKey(context.Background(), admin(), true); err != nil {
		t.Fatal(err)
	}
	for name, hint := range map[string]string{"of a key that is gone": v.IDToken, "of nobody's": "a.b.c"} {
		a := s.post("/security/oauth/end-session", url.Values{"id_token_hint": {hint}}.Encode(), "")
		if a.StatusCode != 200 || strings.Contains(string(a.body), "are signed out") || !strings.Contains(string(a.body), "not signed out") {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
	s.token(refreshOf("guichet", v.RefreshToken)).token(t)
}
