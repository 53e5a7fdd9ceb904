package oauth_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// TestNothingSecretIsKept goes through all that the service does, well and badly,
// and looks for what was secret in the log and in the audit log.
func TestNothingSecretIsKept(t *testing.T) {
	s, p, stored := federated(t)
	ctx := context.Background()
	var secrets []string
	secret := func(list ...string) {
		for _, v := range list {
			if len(v) < 8 {
				t.Fatalf("%q is no secret", v)
			}
			secrets = append(secrets, v)
		}
	}
	tokens := func(v wire.Token) wire.Token {
		secret(v.AccessToken)
		for _, more := range []string{v.RefreshToken, v.IDToken} {
			if more != "" {
				secret(more)
			}
		}
		return v
	}
	b := browser()
	defer b.CloseIdleConnections()

	// Settings.
	made, err := s.AddApplication(ctx, admin(), oauth.Application{ID: "robot", Roles: []string{oauth.RoleService}})
	if err != nil {
		t.Fatal(err)
	}
	_, anew, err := s.RenewSecret(ctx, admin(), "robot")
	if err != nil {
		t.Fatal(err)
	}
	password, err := s.AddUser(ctx, admin(), oauth.User{Name: "berta", Roles: []string{oauth.RoleSupervisor}}, "")
	if err != nil {
		t.Fatal(err)
	}
	_, s.users["berta"], err = s.RenewPassword(ctx, admin(), "berta")
	if err != nil {
		t.Fatal(err)
	}
	stored.ClientSecret = "another-s3cret-of-the-provider"
	if stored, err = s.ChangeProvider(ctx, admin(), stored); err != nil {
		t.Fatal(err)
	}
	secret(made, anew, password, s.users["berta"], "s3cret-of-the-provider", "another-s3cret-of-the-provider")

	// A device, twice; the second time it comes too late.
	d := s.device("guichet-kiosk")
	field := fieldOf(t, s.approving(b, d, "berta"))
	decide := url.Values{"request": {field}, "decision": {"yes"}, "name": {"Branch 12"}}
	s.postForm(b, "/device/decide", decide)
	s.postForm(b, "/device/decide", decide)
	tokens(s.poll("guichet-kiosk", d).token(t))
	s.poll("guichet-kiosk", d).refused(t, 400, "invalid_grant")
	secret(d.DeviceCode, d.UserCode, strings.ReplaceAll(d.UserCode, "-", ""), field)

	// A provider: in, an answer that is refused, one that comes twice.
	back := s.depart(b, stored.ID)
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	secret(at.Query().Get("code"), at.Query().Get("state"))
	first := tokens(s.tokenOf(s.land(b, back)))
	s.land(b, back)
	p.is("nonce", "wrong-nonce")
	again := s.depart(b, stored.ID)
	if at, err = url.Parse(again); err != nil {
		t.Fatal(err)
	}
	secret(at.Query().Get("code"), at.Query().Get("state"))
	s.land(b, strings.Replace(again, "code=", "code=spoilt-code-", 1))

	// Tokens: in all their ends, and credentials in wrong places.
	code := s.code(s.authorizeURL(challenge))
	v := tokens(s.token(exchange(code)).token(t))
	s.token(exchange(code)).refused(t, 400, "invalid_grant")
	s.token(refreshOf("guichet", v.RefreshToken)).refused(t, 400, "invalid_grant")
	own := tokens(s.post("/security/oauth/token", grantType, basic("robot", anew)).token(t))
	for _, token := range []string{first.AccessToken, first.RefreshToken, own.AccessToken, "no-token-at-all"} {
		s.post("/security/oauth/introspect", "token="+token, basic("robot", anew))
		s.post("/security/oauth/introspect", "token="+token, basic("test", "secret"))
		s.post("/security/oauth/revoke", "token="+token, basic("robot", anew))
	}
	s.post("/security/oauth/revoke", "client_id=guichet&token="+first.RefreshToken, "")
	s.post("/security/oauth/end-session", url.Values{"id_token_hint": {v.IDToken}}.Encode(), "")
	s.post("/security/oauth/token", grantType, basic("robot", "a-wrong-secret"))
	s.token(grantType + "&client_id=robot&client_secret=a-wrong-secret")
	s.get("/security/oauth/end-session?id_token_hint=" + v.IDToken)
	secret(code, verifier, "a-wrong-secret", "spoilt-code-")

	list, err := s.Audit(ctx, oauth.AuditFilter{Organization: "default", Limit: 500})
	if err != nil || len(list) < 20 || len(list) == 500 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	kept := s.log.String()
	for _, e := range list {
		kept += fmt.Sprintf("%+v\n", e)
	}
	for _, v := range secrets {
		if at := strings.Index(kept, v); at >= 0 {
			t.Errorf("kept: …%s…", kept[max(0, at-200):min(len(kept), at+len(v))])
		}
	}
}
