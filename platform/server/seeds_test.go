package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// seedToken is the example of the published contract: expired in 2021, and
// signed by somebody else.
const seedToken = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZXJ2aWNlIiwiZXhwIjoxNjMzNTE2NDIxLCJ1c2VySWQiOiJzb21lYm9keSIsImF1dGhvcml0aWVzIjpbIlJPTEVfVVNFUiJdLCJqdGkiOiI0NDM2OGY5Ni0yM2Q0LTQ4NzUtYmY3OC0wOGFmNjJmZWI5YTEiLCJjbGllbnRfaWQiOiJjbGllbnQifQ.IAzxFMs6f4xN2COp5IKM-qUVP2Z1iNxzd-IRzsooKxpWTW6HXfRECgdAVCI--A_5IuGvZcNprgFsPl_3JgWSDOF-BUOaCwFN0BxO0Ir8xhsNx_yUY2bogz9_IxI4FWoepSCteLxK0y9krzCN6SrlMsSlerr5mtwOUZ1DJCURIpDGrHzckSRQ_1fY4McyB6N1I6oRB21sqGuflrLLIatZy1sab2hmsNcJQw91_Dp8jWYZ2LgSWSCzMOIgViaAMM9JncomVbfousnkQZ2njrd_2AdwjOBpsmWK2Xi6GUrkC0O1SLC7byuN-0vZtm0e0p0-XJn2p5jwS_KuMMFyYgTEkA"

const (
	formType = "Content-Type: application/x-www-form-urlencoded"
	jsonType = "Content-Type: application/json"
)

// seeded is a server with a clock, asked by the program curl.
type seeded struct {
	*running
	*testing.T
	ahead *atomic.Int64 // seconds, of the server's clock
}

// TestSeedRequests sends the requests of the five published contracts as they
// are printed there, the host aside, and checks every answer that they promise.
func TestSeedRequests(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	var ahead atomic.Int64
	r := serve(t, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load()) * time.Second) }
	})
	for _, seed := range []struct {
		name string
		test func(seeded)
	}{
		{"1 Auvious token", seeded.auviousToken}, {"2 Auvious call", seeded.auviousCall}, {"3 Auvious ticket", seeded.auviousTicket},
		{"4 Bandwidth token", seeded.bandwidthToken}, {"5 AudioCodes token", seeded.audioCodesToken}, {"6 Bearer", seeded.bearerCalls},
		{"7 Basic", seeded.basicCalls}, {"8 SignalWire room token", seeded.roomToken}, {"9 Webex code", seeded.webexCode},
	} {
		t.Run(seed.name, func(t *testing.T) { seed.test(seeded{r, t, &ahead}) })
	}
}

// spoken is what came back, the bytes of its head included.
type spoken struct {
	answer
	head string
}

// curl runs the program with a seed's arguments and a path of this server.
func (s seeded) curl(path string, args ...string) spoken {
	s.Helper()
	// Nobody's settings of curl, nor a proxy of theirs, shall come between.
	args = slices.Concat([]string{"-q", "--noproxy", "*", "-isS", "--max-time", "30"}, args, []string{s.URL + path})
	out, err := exec.CommandContext(s.Context(), "curl", args...).Output()
	if err != nil {
		s.Fatalf("curl %s: %v", path, err)
	}
	return s.read(out)
}

func (s seeded) read(raw []byte) spoken {
	s.Helper()
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		s.Fatalf("%v in %s", err, raw)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return spoken{answer{s.T, response.StatusCode, response.Header, body}, string(head) + "\r\n"}
}

// is checks the status, and lines of the head byte for byte.
func (a spoken) is(status int, lines ...string) spoken {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	for _, line := range lines {
		if !strings.Contains(a.head, "\r\n"+line+"\r\n") {
			a.t.Errorf("no line %q in the head:\n%s", line, a.head)
		}
	}
	return a
}

// fields are the members of the body, an object.
func (a spoken) fields() map[string]any {
	a.t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.body, &m); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return m
}

// refusedToken checks an error of the token endpoint (RFC 6749, section 5.2).
func (a spoken) refusedToken(status int, code string) {
	a.t.Helper()
	lines := []string{jsonType, "Cache-Control: no-store", "Pragma: no-cache"}
	if status == 401 {
		lines = append(lines, `Www-Authenticate: Basic realm="guichet", charset="UTF-8"`)
	}
	if got := a.is(status, lines...).fields()["error"]; got != code {
		a.t.Errorf("error %v, want %s", got, code)
	}
}

// claims proves an access token with the published keys and returns its claims.
func (s seeded) claims(token, kind string) map[string]any {
	s.Helper()
	var keys jose.JSONWebKeySet
	s.curl("/security/oauth/jwks").is(200).into(&keys)
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		s.Fatal(err)
	}
	h := signed.Signatures[0].Protected
	if len(keys.Key(h.KeyID)) != 1 || h.ExtraHeaders[jose.HeaderType] != kind {
		s.Fatalf("header %+v, keys %v", h, keys.Keys)
	}
	body, err := signed.Verify(keys.Key(h.KeyID)[0])
	if err != nil {
		s.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(body, &m); err != nil {
		s.Fatal(err)
	}
	return m
}

// access checks the claims of an application's access token; ids and times are
// checked by what they must fit to.
func (s seeded) access(token, id, scope string, authorities ...any) map[string]any {
	s.Helper()
	c := s.claims(token, "at+jwt")
	if c["exp"].(float64)-c["iat"].(float64) != 600 || c["jti"] == "" {
		s.Errorf("claims %v", c)
	}
	want := map[string]any{"iss": s.URL, "aud": s.URL, "sub": id, "userId": id, "client_id": id, "ver": float64(1), "authorities": append([]any{}, authorities...),
		"scope": scope, "organization": "default", "exp": c["exp"], "iat": c["iat"], "jti": c["jti"]}
	if d := cmp.Diff(want, c); d != "" {
		s.Error(d)
	}
	return c
}

func (s seeded) auviousToken() {
	const path, body = "/security/oauth/token", "grant_type=client_credentials&client_id=test&client_secret=secret"
	good := func(a spoken) {
		s.Helper()
		m := a.is(200, jsonType, "Cache-Control: no-store", "Pragma: no-cache").fields()
		c := s.access(m["access_token"].(string), "test", "any", "ROLE_AGENT", "ROLE_SUPERVISOR")
		want := map[string]any{"access_token": m["access_token"], "token_type": "bearer", "expires_in": 600.0, "scope": "any", "jti": c["jti"],
			"sub": "test", "organization": "default"}
		if d := cmp.Diff(want, m); d != "" {
			s.Error(d)
		}
	}
	lower := "content-type: application/x-www-form-urlencoded"
	good(s.curl(path, "-i", "-H", lower, "-d"+body))
	good(s.raw("POST "+path+" HTTP/1.1\r\nHost: %s\r\n"+formType+"\r\nContent-Length: 65\r\nConnection: close\r\n\r\n", body))
	good(s.curl(path+"?"+body, "-X", "POST"))

	s.curl(path+"?grant_type=client_credentials&client_id=CLIENT_ID&client_secret=CLIENT_SECRET", "-X", "POST").refusedToken(400, "invalid_request")
	s.curl(path+"?scope=any", "-d", body).refusedToken(400, "invalid_request")
	s.curl(path, "-d", strings.Replace(body, "=secret", "=Secret", 1)).refusedToken(401, "invalid_client")
	s.curl(path, "-d", strings.Replace(body, "=test", "=tset", 1)).refusedToken(401, "invalid_client")
	s.curl(path, "-d", strings.Replace(body, "=secret", "=secret%20", 1)).refusedToken(401, "invalid_client")
	s.curl(path, "-d", "client_id=test&client_secret=secret").refusedToken(400, "invalid_request")
	s.curl(path, "-d", body+"&scope=recordings:all").refusedToken(400, "invalid_scope")
	s.curl(path).is(405, "Allow: OPTIONS, POST")
}

// raw sends a request over a plain connection; %s in its head is the host.
func (s seeded) raw(head, body string) spoken {
	s.Helper()
	host := strings.TrimPrefix(s.URL, "http://")
	c, err := net.DialTimeout("tcp", host, patience)
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, head+"%s", host, body); err != nil {
		s.Fatal(err)
	}
	out, err := io.ReadAll(c)
	if err != nil {
		s.Fatal(err)
	}
	return s.read(out)
}

func (s seeded) auviousCall() {
	call := func(token string) spoken {
		s.Helper()
		body := `{"conferenceId":"44368f96-23d4-4875-bf78-08af62feb9a1","userEndpointId":"an"}`
		return s.raw("POST /api/test/endpoint HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer "+token+
			"\r\ncontent-type: application/json\r\ncontent-length: 77\r\nConnection: close\r\n\r\n", body)
	}
	a := call(seedToken).is(401, `Www-Authenticate: Bearer realm="guichet", error="invalid_token", error_description="The access token is not valid"`)
	a.refused("the seed's token", 401, wire.CodeUnauthorized)
	call(s.application("test", "secret").token).refused("our token", 404, wire.CodeNotFound)
}

func (s seeded) auviousTicket() {
	c := s.application("test", "secret")
	ticket := func(seconds int64) (v wire.Ticket) {
		s.Helper()
		body := fmt.Sprintf(`{"type":"MULTI_USE_TICKET","ttl":%d,"length":6,"properties":{"applicationId":"a","conference_id":"c","customer_id":"k"}}`, seconds)
		s.curl("/security/ticket", "-H", jsonType, "-H", "Authorization: Bearer "+c.token, "-d", body).is(200, jsonType).into(&v)
		return v
	}
	live, short := ticket(14400), ticket(60)
	if !regexp.MustCompile(`^[a-z2-9]{3}-[a-z2-9]{3}$`).MatchString(live.ID) {
		s.Errorf("ticket id %q is not like nwi-ssh", live.ID)
	}
	const html = "Content-Type: text/html; charset=utf-8"
	page := s.curl("/t/"+live.ID).is(200, html).body
	if !bytes.Contains(page, []byte("<title>")) {
		s.Errorf("page %s", page)
	}
	s.curl("/t/"+strings.ReplaceAll(live.ID, "-", "")).is(200, html)
	s.curl("/t/nwi-ssh").is(404, html)
	s.ahead.Add(61)
	s.curl("/t/"+short.ID).is(410, html)
	s.curl("/t/"+live.ID).is(200, html)
	s.curl("/t/"+short.ID, "-H", "Accept: application/json").refused("expired", 410, wire.CodeGone)
	s.curl("/t/nwi-ssh", "-H", "Accept: application/json").refused("unknown", 404, wire.CodeNotFound)
}

func (s seeded) bandwidthToken() {
	const path, basic = "/api/v1/oauth2/token", "Authorization: Basic aGdyYW5nZXI6Q3IwMGskaEBuayQ="
	m := s.curl(path, "--request", "POST", "--header", basic, "--header", formType, "--data", "grant_type=client_credentials",
		"--data", "scope=voice.webrtc").is(200, jsonType, "Cache-Control: no-store", "Pragma: no-cache").fields()
	c := s.access(m["access_token"].(string), "hgranger", "voice.webrtc")
	want := map[string]any{"access_token": m["access_token"], "access_token_id": c["jti"], "token_type": "Bearer", "expires_in": 600.0}
	if d := cmp.Diff(want, m); d != "" {
		s.Error(d)
	}
	const grant, scope = "grant_type=client_credentials", "scope=voice.webrtc"
	s.curl(path, "-H", basic, "-d", grant).refusedToken(400, "invalid_scope")
	s.curl(path, "-H", basic, "-d", grant, "-d", "scope=any").refusedToken(400, "invalid_scope")
	s.curl(path, "-H", basic, "-d", "grant_type=refresh_token", "-d", scope, "-d", "refresh_token=x").refusedToken(400, "unsupported_grant_type")
	s.curl(path, "-d", grant, "-d", scope).refusedToken(401, "invalid_client")
	s.curl(path, "-d", grant, "-d", scope, "-d", "client_id=hgranger", "--data-urlencode", "client_secret=Cr00k$h@nk$").refusedToken(401, "invalid_client")
	s.curl(path, "-u", "hgranger:Cr00kshanks", "-d", grant, "-d", scope).refusedToken(401, "invalid_client")
	s.curl(path+"?"+grant+"&"+scope, "-X", "POST", "-H", basic).refusedToken(400, "invalid_request")
}

func (s seeded) audioCodesToken() {
	const path = "/oauth/token"
	for _, body := range []string{"client_id=CLIENT_ID &client_secret=CLIENT_SECRET &grant_type=client_credentials",
		"client_id=CLIENT_ID&client_secret=CLIENT_SECRET&grant_type=client_credentials"} {
		a := s.curl(path, "-i", "-X", "POST", "-H", "Accept: application/json", "-H", formType, "-d", body)
		m := a.is(200, "Content-Type: application/json;charset=UTF-8", "Cache-Control: no-store", "Pragma: no-cache").fields()
		if !strings.HasPrefix(a.head, "HTTP/1.1 200 OK\r\n") || m["token_type"] != "Bearer" || m["expires_in"] != 600.0 {
			s.Errorf("%s\n%v", a.head, m)
		}
		s.access(m["access_token"].(string), "CLIENT_ID", "any", "ROLE_AGENT")
	}
	s.curl(path, "-d", "client_id=CLIENT_ID&client_secret=CLIENT SECRET&grant_type=client_credentials").refusedToken(401, "invalid_client")
	s.curl(path, "-d", "client_id=CLIENT_ID&client_secret=wrong&grant_type=client_credentials").refusedToken(401, "invalid_client")
}

func (s seeded) bearerCalls() {
	const path = "/rtc-api/iceServers"
	bearer := func(token string) string { return "Authorization: Bearer " + token }
	token := s.application("CLIENT_ID", "CLIENT_SECRET").token
	s.curl(path, "-H", bearer(token)).is(200, jsonType)
	a := s.curl(path).is(401, `Www-Authenticate: Bearer realm="guichet"`, `Www-Authenticate: Basic realm="guichet", charset="UTF-8"`)
	if !strings.HasPrefix(a.head, "HTTP/1.1 401 Unauthorized\r\n") {
		s.Error(a.head)
	}
	s.curl(path, "-H", bearer("ACCESS_TOKEN")).is(401, `Www-Authenticate: Bearer realm="guichet", error="invalid_token", error_description="The access token is not valid"`)
	s.ahead.Add(601)
	s.curl(path, "-H", bearer(token)).is(401, `Www-Authenticate: Bearer realm="guichet", error="invalid_token", error_description="The access token expired"`)

	voice := s.grant("", url.Values{"grant_type": {"client_credentials"}, "client_id": {"hgranger"}, "client_secret": {"Cr00k$h@nk$"}}).AccessToken
	s.curl(path, "-H", bearer(voice)).is(200)
	a = s.curl("/security/ticket", "-H", bearer(voice), "-H", jsonType, "-d", "{}").is(403,
		`Www-Authenticate: Bearer realm="guichet", error="insufficient_scope", error_description="The access token does not allow this", scope="tickets:write"`)
	if !strings.HasPrefix(a.head, "HTTP/1.1 403 Forbidden\r\n") {
		s.Error(a.head)
	}
}

func (s seeded) basicCalls() {
	for name, args := range map[string][]string{"curl -u": {"-u", "client-ID:client-secret"}, "header": {"-H", "Authorization: Basic dXNlci1pZDpwYXNzd29yZA=="}} {
		s.curl("/rtc-api/iceServers", args...).is(200)
		var c wire.Summary
		s.curl("/rtc-api/conferences/create", append(args, "-H", jsonType, "-d", "{}")...).is(200).into(&c)
		s.curl("/rtc-api/conferences/"+c.ID+"/simpleView", args...).is(200)
		s.curl("/security/ticket", append(args, "-H", jsonType, "-d", `{"type":"MULTI_USE_TICKET","properties":{"conference_id":"`+c.ID+`"}}`)...).is(200)
		// Its role is an agent's.
		if s.curl("/api/admin/applications", args...).is(403); s.Failed() {
			s.Fatal(name)
		}
	}
	for _, who := range []string{"client-ID:wrong", "nobody:secret", "test:secret", "customer:"} {
		s.curl("/rtc-api/iceServers", "-u", who).is(401, `Www-Authenticate: Basic realm="guichet", charset="UTF-8"`)
	}
}

func (s seeded) roomToken() {
	send := func(body string, args ...string) spoken {
		s.Helper()
		return s.curl("/api/video/room_tokens", append(args, "-i", "-H", jsonType, "-d", body)...)
	}
	project := []string{"-u", "project_id:token"}
	m := send(`{"room_name":"my_room","join_from":"2022-01-01T23:59:60Z","join_until":"2022-01-01"}`, project...).is(200, jsonType).fields()
	token, ok := m["token"].(string)
	if c := s.claims(token, "rt+jwt"); !ok || len(m) != 1 || c["project_id"] != "project_id" || c["room"].(map[string]any)["name"] != "my_room" ||
		len(c["room"].(map[string]any)["scopes"].([]any)) != 11 || c["iss"] != s.URL {
		s.Errorf("answer %v, claims %v", m, c)
	}
	// A room token is no access token.
	s.curl("/rtc-api/iceServers", "-H", "Authorization: Bearer "+token).is(401)

	var audience wire.RoomToken
	send(`{"room_name":"my_room","join_as":"audience","permissions":["room.self.audio_mute"]}`, project...).is(200).into(&audience)
	if got := s.claims(audience.Token, "rt+jwt")["room"].(map[string]any)["scopes"]; !cmp.Equal(got, []any{}) {
		s.Errorf("scopes of the audience: %v", got)
	}
	for body, attribute := range map[string]string{`{}`: "room_name", `{"room_name":"my room"}`: "room_name", `{"room_name":"` + strings.Repeat("x", 101) + `"}`: "room_name",
		`{"room_name":"r","remove_after_seconds_elapsed":200001}`: "remove_after_seconds_elapsed", `{"room_name":"r","join_as":"king"}`: "join_as",
		`{"room_name":"r","media_allowed":"smell"}`: "media_allowed", `{"room_name":"r","permissions":["room.self.fly"]}`: "permissions"} {
		var e wire.ValidationErrors
		a := send(body, project...).is(422, jsonType)
		if err := json.Unmarshal(a.body, &e); err != nil || len(e.Errors) != 1 || e.Errors[0] != wire.NewValidationError(attribute, e.Errors[0].Message) {
			s.Errorf("%s: %s", body, a.body)
		}
	}
	for _, who := range []string{"project_id:wrong", "test:secret"} {
		if got := send(`{"room_name":"r"}`, "-u", who).is(401, jsonType).body; string(bytes.TrimSpace(got)) != `{"error":"Unauthorized"}` {
			s.Errorf("%s: %s", who, got)
		}
	}
}

func (s seeded) webexCode() {
	const redirect = "http://127.0.0.1/callback"
	exchange := func(code, redirect string) spoken {
		s.Helper()
		return s.curl("/v1/access_token", "-X", "POST", "-d", "grant_type=authorization_code", "-d", "client_id=YOUR_CLIENT_ID",
			"-d", "client_secret=YOUR_CLIENT_SECRET", "-d", "code="+code, "-d", "redirect_uri="+redirect)
	}
	api := func(token string) spoken {
		s.Helper()
		return s.curl("/rtc-api/iceServers", "-H", "Authorization: Bearer "+token)
	}
	code := s.signIn(redirect)
	m := exchange(code, redirect).is(200, jsonType, "Cache-Control: no-store", "Pragma: no-cache").fields()
	names := []string{}
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"access_token", "expires_in", "refresh_token", "refresh_token_expires_in", "scope", "token_type"}; !slices.Equal(names, want) ||
		m["token_type"] != "Bearer" || m["expires_in"] != 600.0 || m["refresh_token_expires_in"].(float64) < 600 || m["scope"] != "spark:webrtc_calling spark:calls_read" {
		s.Errorf("answer %v", m)
	}
	token := m["access_token"].(string)
	if c := s.claims(token, "at+jwt"); c["sub"] != "agent1" || c["client_id"] != "YOUR_CLIENT_ID" || !cmp.Equal(c["authorities"], []any{"ROLE_USER", "ROLE_AGENT"}) {
		s.Errorf("claims %v", c)
	}
	api(token).is(200)
	renewed := s.curl("/v1/access_token", "-d", "grant_type=refresh_token", "-d", "client_id=YOUR_CLIENT_ID", "-d", "client_secret=YOUR_CLIENT_SECRET",
		"-d", "refresh_token="+m["refresh_token"].(string)).is(200).fields()
	if renewed["refresh_token"] == m["refresh_token"] {
		s.Error("the refresh token is the old one")
	}
	// A second use ends what the first gave.
	exchange(code, redirect).refusedToken(400, "invalid_grant")
	api(token).is(401)
	api(renewed["access_token"].(string)).is(401)

	exchange(s.signIn(redirect), redirect+"/").refusedToken(400, "invalid_grant")
	exchange("AUTHORIZATION_CODE", redirect).refusedToken(400, "invalid_grant")
	late := s.signIn(redirect)
	s.ahead.Add(61)
	exchange(late, redirect).refusedToken(400, "invalid_grant")
	s.curl("/v1/access_token", "-d", "grant_type=authorization_code", "-d", "client_id=YOUR_CLIENT_ID", "-d", "client_secret=wrong",
		"-d", "code=x", "-d", "redirect_uri="+redirect).refusedToken(401, "invalid_client")
	s.curl("/v1/access_token", "-d", "grant_type=client_credentials", "-d", "client_id=test", "-d", "client_secret=secret").refusedToken(400, "unsupported_grant_type")
}

// signIn gets a code through the sign-in page, as agent1.
func (s seeded) signIn(redirect string) (code string) {
	s.Helper()
	jar := filepath.Join(s.TempDir(), "cookies")
	page := s.curl("/v1/authorize?response_type=code&client_id=YOUR_CLIENT_ID&state=s1&scope=spark:webrtc_calling+spark:calls_read&redirect_uri="+url.QueryEscape(redirect), "-c", jar).is(200)
	field := regexp.MustCompile(`name="request" value="([^"]+)"`).FindSubmatch(page.body)
	if field == nil {
		s.Fatalf("no form in %s", page.body)
	}
	a := s.curl("/sign-in", "-b", jar, "--data-urlencode", "request="+string(field[1]), "-d", "username=agent1", "--data-urlencode", "password="+s.Users["agent1"]).is(303)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		s.Fatal(err)
	}
	q := to.Query()
	if !strings.HasPrefix(to.String(), redirect+"?") || q.Get("state") != "s1" || q.Get("iss") != s.URL || q.Get("code") == "" {
		s.Fatalf("sent to %s", to)
	}
	return q.Get("code")
}
