// Package api is the REST face of the platform: one file per resource, the
// guard in front of them, and the one table that turns errors into statuses.
//
// It decodes and checks requests, asks the domain packages, and encodes their
// answers. It holds no state of calls (the WHIP and WHEP sessions, which belong
// to HTTP alone, excepted) and starts no goroutine of its own.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/limit"
	"guichet/platform/oauth"
	"guichet/platform/page"
	"guichet/platform/preview"
	"guichet/platform/queue"
	"guichet/platform/report"
	"guichet/platform/room"
	"guichet/platform/ticket"
	"guichet/platform/wire"
)

// Config is what the API stands on; every field is needed.
type Config struct {
	Verify      func(token string) (oauth.Identity, error)
	VerifyBasic func(*http.Request) (oauth.Identity, error)
	// Renew tells that an endpoint lives by another right from now on.
	Renew       func(endpointID string, by oauth.Access)
	OAuth       *oauth.Service // its settings
	Endpoints   *endpoint.Registry
	Conferences *conference.Directory
	Calls       *call.Exchange
	Tickets     *ticket.Service
	// Interactions and Files keep what calls leave behind.
	Interactions *interaction.Service
	Files        *file.Service
	Chat         *chat.Service
	Reports      *report.Service
	Rooms        *room.Service
	Previews     *preview.Service
	Queues       *queue.Service
	Pages        *page.Pages
	ICEServers   func(user string) []wire.ICEServer
	PublicURL    string // without a slash at its end
	Now          func() time.Time
	Logger       *slog.Logger

	// SignRoomToken signs the claims of a room token for who calls from an address.
	SignRoomToken func(ctx context.Context, by oauth.Identity, address string, claims any) (string, error)
}

// API serves the REST paths.
type API struct {
	Config
	mux      *mux
	openings *limit.Limiter[string] // ticket pages of unknown ids, by address
	whip     sessions
}

// New returns the API's handler.
func New(c Config) (*API, error) {
	switch {
	case c.Verify == nil, c.VerifyBasic == nil, c.Renew == nil, c.OAuth == nil, c.Endpoints == nil, c.Conferences == nil, c.Calls == nil, c.Interactions == nil, c.Files == nil, c.Chat == nil, c.Tickets == nil, c.Reports == nil, c.Rooms == nil, c.Previews == nil, c.Queues == nil, c.Pages == nil, c.ICEServers == nil, c.SignRoomToken == nil:
		return nil, errors.New("api: a part is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{Config: c, mux: newMux(), openings: limit.New[string](maxGuessers, c.Now)}
	a.whip.init()
	a.routeEndpoints()
	a.routeConferences()
	a.routeMembers()
	a.routeChat()
	a.routeCalls()
	a.routeInteractions()
	a.routeQueues()
	a.routePresence()
	a.routeVisits()
	a.routeFiles()
	a.routeSnapshots()
	a.routeTickets()
	a.routeReports()
	a.routeWHIP()
	a.routeSettings()
	a.routeVideo()
	if err := a.routeDocument(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("GET /assets/", c.Pages.ServeHTTP)
	for _, prefix := range []string{"/rtc-api/", "/security/", "/api/"} {
		a.mux.HandleFunc(prefix, a.guard(anyone, a.nothing))
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, a.nothing(w, r, oauth.Identity{}))
	})
	return a, nil
}

// nothing answers a path that is none, or one that takes other methods.
func (a *API) nothing(w http.ResponseWriter, r *http.Request, _ oauth.Identity) error {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		return &wire.Error{Code: wire.CodeNotFound, Message: "there is nothing at this path"}
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return &wire.Error{Code: wire.CodeMethod, Message: "this path takes " + strings.Join(allow, " and ") + " only"}
}

// ServeHTTP answers one request. CORS is open: tokens travel in a header that
// no other site's page can make a browser add by itself.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Location, Link, ETag, WWW-Authenticate, Retry-After")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, X-Auvious-TransactionId, spark-user-agent, cisco-device-url, trackingid")
			h.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	h.Set("X-Content-Type-Options", "nosniff")
	a.mux.ServeHTTP(w, r)
}
