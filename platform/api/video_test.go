package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/platform/api"
	"guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/page"
	"guichet/platform/preview"
	"guichet/platform/queue"
	"guichet/platform/report"
	"guichet/platform/room"
	"guichet/platform/ticket"
	"guichet/platform/wire"
)

// project is the server as a project sees it: sign-in and signer are fakes, the
// parts that /api/video/ does not touch are empty.
type project struct {
	*testing.T
	url    string
	signed []room.Claims
	fails  error // of the signer
}

func serveVideo(t *testing.T) *project {
	t.Helper()
	p := &project{T: t}
	identity := func(id string) (oauth.Identity, error) {
		i := oauth.Identity{Scopes: []string{"video"}}
		i.Organization, i.UserID, i.ClientID = "branch", id, id
		switch id {
		case "project_id":
			return i, nil
		case "no-scope":
			i.Scopes = []string{"voice.webrtc"}
			return i, nil
		case "eager":
			return oauth.Identity{}, oauth.ErrTooManyTries
		case "late":
			return oauth.Identity{}, errors.Join(oauth.ErrInvalidToken, oauth.ErrExpiredToken)
		case "broken":
			return oauth.Identity{}, errors.New("disk is gone")
		}
		return oauth.Identity{}, oauth.ErrInvalidToken
	}
	handler, err := api.New(api.Config{
		Verify: func(token string) (oauth.Identity, error) { return identity(strings.TrimPrefix(token, "token-of-")) },
		VerifyBasic: func(r *http.Request) (oauth.Identity, error) {
			id, secret, _ := r.BasicAuth()
			if secret != "token" {
				return oauth.Identity{}, oauth.ErrInvalidToken
			}
			return identity(id)
		},
		Renew:     func(string, oauth.Access) {},
		OAuth:     &oauth.Service{},
		Endpoints: &endpoint.Registry{}, Conferences: &conference.Directory{}, Calls: &call.Exchange{}, Interactions: &interaction.Service{}, Files: &file.Service{}, Chat: &chat.Service{}, Tickets: &ticket.Service{}, Reports: &report.Service{}, Rooms: &room.Service{}, Previews: &preview.Service{}, Queues: &queue.Service{}, Pages: &page.Pages{},
		ICEServers: func(string) []wire.ICEServer { return nil },
		SignRoomToken: func(_ context.Context, by oauth.Identity, _ string, claims any) (string, error) {
			c := claims.(room.Claims)
			if by.Organization != c.Organization || by.ClientID != c.ProjectID {
				t.Errorf("signed for %+v: claims of %s", by, c.Organization)
			}
			p.signed = append(p.signed, c)
			return "a.b.c", p.fails
		},
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

const roomTokens = "/api/video/room_tokens"

func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func nobody(*http.Request) {}

// answered is what came back.
type answered struct {
	status int
	header http.Header
	body   string
}

func (p *project) send(method, path, body string, as func(*http.Request)) answered {
	p.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	as(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		p.Errorf("%s %s: content type %q", method, path, got)
	}
	if got := response.Header.Get("Cache-Control"); got != "no-store" {
		p.Errorf("%s %s: Cache-Control %q", method, path, got)
	}
	return answered{response.StatusCode, response.Header, string(b)}
}

func TestRoomToken(t *testing.T) {
	for name, as := range map[string]func(*http.Request){"basic": basic("project_id", "token"), "bearer": bearer("token-of-project_id")} {
		t.Run(name, func(t *testing.T) {
			p := serveVideo(t)
			// The request that the published contract is tested with.
			a := p.send("POST", roomTokens, `{"room_name":"my_room","join_from":"2022-01-01T23:59:60Z","join_until":"2022-01-01"}`, as)
			if a.status != 200 || a.body != `{"token":"a.b.c"}` || len(p.signed) != 1 {
				t.Fatalf("%d %s, %d signed", a.status, a.body, len(p.signed))
			}
			c := p.signed[0]
			from := wire.NewTime(time.Date(2022, 1, 1, 23, 59, 59, 0, time.UTC))
			if c.Room.Name != "my_room" || c.ProjectID != "project_id" || c.Organization != "branch" || c.JoinFrom == nil || !c.JoinFrom.Equal(from.Time) ||
				c.IssuedAt != time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Unix() {
				t.Errorf("claims %+v", c)
			}
		})
	}
}

func TestRoomTokenOfAudienceHasNoPermissions(t *testing.T) {
	p := serveVideo(t)
	p.send("POST", roomTokens, `{"room_name":"r","join_as":"audience","permissions":["room.lock"]}`, basic("project_id", "token"))
	if len(p.signed) != 1 {
		t.Fatalf("%d signed", len(p.signed))
	}
	if got, err := json.Marshal(p.signed[0].Room); err != nil || !strings.Contains(string(got), `"scopes":[]`) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRoomTokenTellsWhatIsWrong(t *testing.T) {
	p := serveVideo(t)
	a := p.send("POST", roomTokens, `{"join_as":"host","remove_after_seconds_elapsed":200001}`, basic("project_id", "token"))
	var got wire.ValidationErrors
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 422 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	want := wire.ValidationErrors{Errors: []wire.ValidationError{
		wire.NewValidationError("room_name", "Room name must be present"),
		wire.NewValidationError("join_as", "Join as is not included in the list"),
		wire.NewValidationError("remove_after_seconds_elapsed", "Remove after seconds elapsed must be less than or equal to 200000"),
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(p.signed) > 0 {
		t.Error("signed nonetheless")
	}
}

func TestVideoFailures(t *testing.T) {
	known := basic("project_id", "token")
	good := `{"room_name":"r"}`
	for name, tc := range map[string]struct {
		method, path, body string
		as                 func(*http.Request)
		status             int
		text               string
	}{
		"no credentials":          {"POST", roomTokens, good, nobody, 401, "Unauthorized"},
		"bad Basic":               {"POST", roomTokens, good, basic("project_id", "wrong"), 401, "Unauthorized"},
		"bad token":               {"POST", roomTokens, good, bearer("x"), 401, "Unauthorized"},
		"expired token":           {"POST", roomTokens, good, bearer("token-of-late"), 401, "Unauthorized"},
		"another scheme":          {"POST", roomTokens, good, func(r *http.Request) { r.Header.Set("Authorization", "Digest x") }, 401, "Unauthorized"},
		"unknown path, nobody":    {"GET", "/api/video/places", "", nobody, 401, "Unauthorized"},
		"no scope":                {"POST", roomTokens, good, basic("no-scope", "token"), 403, "Forbidden"},
		"token without scope":     {"POST", roomTokens, good, bearer("token-of-no-scope"), 403, "Forbidden"},
		"unknown path":            {"GET", "/api/video/places", "", known, 404, "Not Found"},
		"below":                   {"POST", roomTokens + "/1", good, known, 404, "Not Found"},
		"root":                    {"GET", "/api/video/", "", known, 404, "Not Found"},
		"GET":                     {"GET", roomTokens, "", known, 405, "Method Not Allowed"},
		"PUT":                     {"PUT", roomTokens, good, known, 405, "Method Not Allowed"},
		"too many tries":          {"POST", roomTokens, good, basic("eager", "token"), 429, "Too Many Requests"},
		"store is broken":         {"POST", roomTokens, good, basic("broken", "token"), 500, "Internal Server Error"},
		"no JSON":                 {"POST", roomTokens, `{"room_name":`, known, 400, "Bad Request"},
		"empty":                   {"POST", roomTokens, ``, known, 400, "Bad Request"},
		"two values":              {"POST", roomTokens, good + good, known, 400, "Bad Request"},
		"a list":                  {"POST", roomTokens, `[]`, known, 400, "Bad Request"},
		"a string":                {"POST", roomTokens, `"room"`, known, 400, "Bad Request"},
		"null":                    {"POST", roomTokens, `null`, known, 400, "Bad Request"},
		"deep":                    {"POST", roomTokens, `{"meta":` + strings.Repeat("[", 30_000), known, 400, "Bad Request"},
		"one byte more than 64Ki": {"POST", roomTokens, good + strings.Repeat(" ", 64<<10-len(good)+1), known, 413, "Request Entity Too Large"},
		"a form": {"POST", roomTokens, good, func(r *http.Request) { known(r); r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
			415, "Unsupported Media Type"},
	} {
		t.Run(name, func(t *testing.T) {
			p := serveVideo(t)
			a := p.send(tc.method, tc.path, tc.body, tc.as)
			if want := `{"error":"` + tc.text + `"}`; a.status != tc.status || a.body != want {
				t.Errorf("got %d %s, want %d %s", a.status, a.body, tc.status, want)
			}
			challenges := strings.Join(a.header.Values("WWW-Authenticate"), "; ")
			if want := tc.status == 401; want != (strings.Contains(challenges, "Basic realm=") && strings.Contains(challenges, "Bearer realm=")) {
				t.Errorf("challenges %q", challenges)
			}
			if want := tc.status == 403; want != strings.Contains(challenges, `error="insufficient_scope"`) {
				t.Errorf("challenges %q", challenges)
			}
			var why string // no error code where no credentials were sent (RFC 6750, section 3.1)
			switch name {
			case "bad Basic", "bad token":
				why = "is not valid"
			case "expired token":
				why = "expired"
			}
			if strings.Contains(challenges, `error="invalid_token"`) != (why != "") || !strings.Contains(challenges, why) {
				t.Errorf("challenges %q", challenges)
			}
			if allow := a.header.Get("Allow"); (tc.status == 405) != (allow == "POST") {
				t.Errorf("Allow %q", allow)
			}
			if len(p.signed) > 0 {
				t.Error("signed nonetheless")
			}
		})
	}
}

func TestRoomTokenTakes64KiB(t *testing.T) {
	p := serveVideo(t)
	body := `{"room_name":"r"}`
	if a := p.send("POST", roomTokens, body+strings.Repeat(" ", 64<<10-len(body)), basic("project_id", "token")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestRoomTokenThatCannotBeSigned(t *testing.T) {
	p := serveVideo(t)
	p.fails = errors.New("no key")
	a := p.send("POST", roomTokens, `{"room_name":"r"}`, basic("project_id", "token"))
	if a.status != 500 || a.body != `{"error":"Internal Server Error"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestVideoAnswersOtherOrigins(t *testing.T) {
	p := serveVideo(t)
	a := p.send("POST", roomTokens, `{"room_name":"r"}`, func(r *http.Request) {
		basic("project_id", "token")(r)
		r.Header.Set("Origin", "https://shop.example")
	})
	if got := a.header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}
}
