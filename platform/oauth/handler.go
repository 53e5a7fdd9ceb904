package oauth

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Paths of the service.
const (
	authorizePath = "/security/oauth/authorize"
	tokenPath     = "/security/oauth/token"
	revokePath    = "/security/oauth/revoke"
	userInfoPath  = "/security/oauth/userinfo"
	jwksPath      = "/security/oauth/jwks"
	metadataPath  = "/.well-known/oauth-authorization-server" // RFC 8414
	signInPath    = "/sign-in"
	stylePath     = "/sign-in/style.css"
)

// Handler serves the paths below /security/oauth/, /.well-known/ and /sign-in.
func (s *Service) Handler() http.Handler { return s.handler }

// routes puts our rules in front of the library, which picks the grant, decodes
// its parameters and writes the answer. Its own authorization endpoint is not
// used: it tells errors before it has checked the redirect URI, and takes more
// redirect URIs than RFC 8252 does.
func (s *Service) routes() http.Handler {
	library := op.RegisterServer(engine{s: s}, op.Endpoints{
		Token:      op.NewEndpoint(tokenPath),
		Revocation: op.NewEndpoint(revokePath),
		Userinfo:   op.NewEndpoint(userInfoPath),
		JwksURI:    op.NewEndpoint(jwksPath),
	}, op.WithServerCORSOptions(nil), op.WithFallbackLogger(slog.New(slog.DiscardHandler)))

	mux := http.NewServeMux()
	mux.Handle("POST "+tokenPath, open(s.token(library)))
	mux.Handle("POST "+revokePath, open(s.revoke(library)))
	mux.Handle("GET "+userInfoPath, open(userInfo(library)))
	mux.Handle("GET "+jwksPath, open(cached(library)))
	metadata := open(cached(http.HandlerFunc(s.metadata)))
	mux.Handle("GET "+metadataPath, metadata)
	mux.Handle("GET "+oidc.DiscoveryEndpoint, metadata)
	for _, path := range []string{tokenPath, revokePath, userInfoPath, jwksPath, metadataPath, oidc.DiscoveryEndpoint} {
		mux.Handle("OPTIONS "+path, open(http.HandlerFunc(preflight)))
	}
	mux.HandleFunc("GET "+authorizePath, s.authorize)
	mux.HandleFunc("POST "+signInPath, s.signInPosted)
	mux.HandleFunc("GET "+stylePath, style)
	return mux
}

// open lets pages of any origin call, without cookies, and keeps answers out of
// caches.
func open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, spark-user-agent, cisco-device-url, trackingid, X-Auvious-TransactionId")
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

// cached is for what changes with a deployment or a key only.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Del("Pragma")
		next.ServeHTTP(w, r)
	})
}

// token serves the token endpoint: it reads the form and authenticates the
// client, then the grant is the library's, or ours for tickets.
func (s *Service) token(library http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, queried, err := tokenForm(w, r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		a, err := s.authenticateRequest(r, form)
		if err == nil && queried && !a.AllowQuery {
			err = invalidRequest("the parameters belong into the body")
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if form.Get("grant_type") == grantPassword {
			s.redeem(w, r, a, form)
			return
		}
		library.ServeHTTP(w, authenticated(r, a, form))
	})
}

// tokenForm reads the form from the body, or from the query when there is no
// body at all; queried tells which.
func tokenForm(w http.ResponseWriter, r *http.Request) (form url.Values, queried bool, err error) {
	if r.URL.RawQuery == "" {
		form, err = readForm(w, r)
		return form, false, err
	}
	if r.ContentLength != 0 {
		return nil, false, invalidRequest("the parameters belong into the body")
	}
	form, err = parseForm(r.URL.RawQuery)
	return form, true, err
}

func (s *Service) authenticateRequest(r *http.Request, form url.Values) (StoredApplication, error) {
	readings, err := credentials(r.Header, form)
	if err != nil {
		return StoredApplication{}, err
	}
	return s.authenticate(r.Context(), remote(r), readings)
}

// authenticated is a request as the library shall see it: the checked form, and
// the client known.
func authenticated(r *http.Request, a StoredApplication, form url.Values) *http.Request {
	form.Set("client_id", a.ID)
	form.Del("client_secret")
	r = r.Clone(context.WithValue(r.Context(), clientKey{}, a))
	r.Header.Del("Authorization")
	r.URL.RawQuery = ""
	r.Form, r.PostForm = form, form
	return r
}

func (s *Service) revoke(library http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := readForm(w, r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		a, err := s.authenticateRequest(r, form)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		form.Del("grant_type")
		library.ServeHTTP(w, authenticated(r, a, form))
	})
}

// userInfo takes the token from the header alone.
func userInfo(library http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.RawQuery = ""
		library.ServeHTTP(challenger{w}, r)
	})
}

// challenger adds to a 401 the header that it must have.
type challenger struct{ http.ResponseWriter }

func (c challenger) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		c.Header().Set("WWW-Authenticate", `Bearer realm="guichet"`)
	}
	c.ResponseWriter.WriteHeader(status)
}

// metadata is what the server can do, RFC 8414.
func (s *Service) metadata(w http.ResponseWriter, _ *http.Request) {
	at := func(path string) string { return s.config.Issuer + path }
	methods := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodNone}
	grants := []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials}
	desktop, _ := s.application(context.Background(), desktopID)
	document := struct {
		oidc.DiscoveryConfiguration
		IssParameter bool `json:"authorization_response_iss_parameter_supported"`
	}{oidc.DiscoveryConfiguration{
		Issuer:                                 s.config.Issuer,
		AuthorizationEndpoint:                  at(authorizePath),
		TokenEndpoint:                          at(tokenPath),
		RevocationEndpoint:                     at(revokePath),
		UserinfoEndpoint:                       at(userInfoPath),
		JwksURI:                                at(jwksPath),
		ScopesSupported:                        slices.Clone(desktop.Scopes),
		ResponseTypesSupported:                 []string{string(oidc.ResponseTypeCode)},
		ResponseModesSupported:                 []string{string(oidc.ResponseModeQuery)},
		GrantTypesSupported:                    grants,
		SubjectTypesSupported:                  []string{"public"},
		IDTokenSigningAlgValuesSupported:       []string{"RS256"},
		TokenEndpointAuthMethodsSupported:      methods,
		RevocationEndpointAuthMethodsSupported: methods,
		CodeChallengeMethodsSupported:          []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		ClaimsSupported:                        []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name"},
	}, true}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(document)
}

// Keys implements op.Server.
func (e engine) Keys(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(e.s.keys.jwks()), nil
}
