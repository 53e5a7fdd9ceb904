package oauth_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestStateCountsOnce: a provider gives as many codes as somebody asks for; the
// sign-in that they were asked for ends once.
func TestStateCountsOnce(t *testing.T) {
	s, _, stored := federated(t)
	b := browser()
	defer b.CloseIdleConnections()
	field := s.page(b, s.authorizeURL(challenge))
	r, err := b.Get(s.url + "/sign-in/with?" + url.Values{"provider": {stored.ID}, "request": {field}}.Encode())
	departure := read(t, r, err).Header.Get("Location")
	var back []string
	for range 2 {
		r, err := b.Get(departure)
		back = append(back, read(t, r, err).Header.Get("Location"))
	}
	if back[0] == back[1] {
		t.Fatal("the provider gives one code twice")
	}
	s.tokenOf(s.land(b, back[0]))
	if a := s.land(b, back[1]); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a second code for one state: %s to %q", a.Status, a.Header.Get("Location"))
	}
}
