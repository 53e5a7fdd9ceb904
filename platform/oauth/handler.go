package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"guichet/platform/limit"
	"guichet/platform/wire"
)

// Paths of the service, beside those of the token endpoint.
const (
	authorizePath      = "/security/oauth/authorize"
	authorizePathWebex = "/v1/authorize"
	revokePath         = "/security/oauth/revoke"
	introspectPath     = "/security/oauth/introspect"
	devicePath         = "/security/oauth/device"
	endSessionPath     = "/security/oauth/end-session"
	userInfoPath       = "/security/oauth/userinfo"
	jwksPath           = "/security/oauth/jwks"
	metadataPath       = "/.well-known/oauth-authorization-server" // RFC 8414
	signInPath         = "/sign-in"
	stylePath          = "/sign-in/style.css"
	devicePage         = "/device" // where a device's code is typed
	deviceDecidePath   = "/device/decide"
)

// Paths lists the patterns that Handler serves.
func (s *Service) Paths() []string {
	list := []string{"/security/oauth/", "/.well-known/", authorizePathWebex, signInPath, signInPath + "/", devicePage, devicePage + "/"}
	for _, d := range dialects() {
		if d.path != tokenPath {
			list = append(list, d.path)
		}
	}
	return list
}

// Handler serves Paths.
func (s *Service) Handler() http.Handler { return s.handler }

// routes puts our rules in front of the library, which picks the grant, decodes
// its parameters and checks them for form. Its own authorization endpoint is not
// used: it tells errors before it has checked the redirect URI, and takes more
// redirect URIs than RFC 8252 does.
func (s *Service) routes() http.Handler {
	library := op.RegisterServer(engine{s: s}, op.Endpoints{
		Token:   op.NewEndpoint(tokenPath),
		JwksURI: op.NewEndpoint(jwksPath),
	}, op.WithServerCORSOptions(nil), op.WithFallbackLogger(slog.New(slog.DiscardHandler)))

	mux := http.NewServeMux()
	opened := func(method, path string, h http.Handler) {
		mux.Handle(method+" "+path, open(h))
		mux.Handle("OPTIONS "+path, open(http.HandlerFunc(preflight)))
	}
	for _, d := range dialects() {
		opened("POST", d.path, s.token(d, library))
	}
	opened("POST", revokePath, http.HandlerFunc(s.revoke))
	opened("POST", introspectPath, http.HandlerFunc(s.introspect))
	opened("POST", devicePath, http.HandlerFunc(s.authorizeDevice))
	opened("GET", userInfoPath, http.HandlerFunc(s.userInfo))
	mux.Handle("POST "+userInfoPath, open(http.HandlerFunc(s.userInfo)))
	opened("GET", jwksPath, cached(library))
	opened("GET", metadataPath, cached(http.HandlerFunc(s.metadata)))
	opened("GET", oidc.DiscoveryEndpoint, cached(http.HandlerFunc(s.metadata)))
	for _, path := range []string{authorizePath, authorizePathWebex} {
		mux.HandleFunc("GET "+path, s.authorize)
		mux.HandleFunc("POST "+path, s.authorize)
	}
	mux.HandleFunc("GET "+endSessionPath, s.endSession)
	mux.HandleFunc("POST "+endSessionPath, s.endSession)
	mux.HandleFunc("POST "+signInPath, s.signInPosted)
	mux.HandleFunc("GET "+signInWithPath, s.signInWith)
	mux.HandleFunc("GET "+callbackPath+"{provider}", s.callback)
	mux.HandleFunc("GET "+stylePath, style)
	mux.HandleFunc("GET "+devicePage, s.deviceAsked)
	mux.HandleFunc("POST "+devicePage, s.deviceCodePosted)
	mux.HandleFunc("POST "+deviceDecidePath, s.deviceDecided)
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

// token serves a path of the token endpoint: it reads the form and authenticates
// the client, then the grant is the library's, or ours for tickets. Whatever
// comes of it is in the audit log before it is answered.
func (s *Service) token(d dialect, library http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &attempt{entry: AuditEntry{Event: EventToken, Address: limit.Network(r)}}
		err := s.grant(d, library, w, r, t)
		if err = s.recordAttempt(r.Context(), t, err); err != nil {
			s.refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", d.contentType)
		// An error here means that the caller has gone.
		_ = json.NewEncoder(w).Encode(d.shape(t))
	})
}

// grant decides about a request for a token; without an error t has the token.
func (s *Service) grant(d dialect, library http.Handler, w http.ResponseWriter, r *http.Request, t *attempt) error {
	form, queried, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	if d.trims {
		trim(form)
	}
	t.entry.Client, t.entry.Detail = claimedClient(r.Header, form), form.Get("grant_type")
	a, err := s.authenticateRequest(r, form)
	if err == nil && queried && !a.AllowQuery {
		err = invalidRequest("the parameters belong into the body")
	}
	if err == nil {
		err = d.check(r.Header, form)
	}
	if err != nil {
		return err
	}
	t.entry.Client, t.entry.Organization = a.ID, a.Organization
	if form.Get("grant_type") == grantPassword {
		return s.redeem(r, t, a, form)
	}
	q := authenticated(r, a, form)
	told := &told{header: http.Header{}}
	library.ServeHTTP(told, q.WithContext(context.WithValue(q.Context(), attemptKey{}, t)))
	return told.refusal()
}

// recordAttempt writes the audit entry of an attempt. What was refused after too
// many of the same address were is not written: it would fill the log. Devices
// that wait are no news.
func (s *Service) recordAttempt(ctx context.Context, t *attempt, err error) error {
	e := t.entry
	e.Subject, e.TokenID = t.token.Subject, t.token.ID
	var f *refusal
	switch {
	case err == nil:
	case errors.As(err, &f) && f.status != http.StatusTooManyRequests && f.code != codePending && f.code != codeSlowDown:
		if _, ok := s.limits.Take(limitKey("refusal", e.Address, ""), refusalsWritten()); !ok {
			return err
		}
		e.Refused, e.Detail = true, strings.TrimSpace(e.Detail+" "+f.logged())
	default:
		return err
	}
	return errors.Join(s.record(ctx, e), err)
}

// claimedClient is whom a request says to come from.
func claimedClient(header http.Header, form url.Values) string {
	if found, ok := basic(header.Get("Authorization")); ok {
		return found[0].id
	}
	return form.Get("client_id")
}

// told is an answer of the library, kept from the wire.
type told struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (t *told) Header() http.Header { return t.header }

func (t *told) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
}

func (t *told) Write(b []byte) (int, error) {
	t.WriteHeader(http.StatusOK)
	return t.body.Write(b)
}

// refusal is what the library refused, or nil.
func (t *told) refusal() error {
	if t.status == 0 || t.status == http.StatusOK {
		return nil
	}
	var e wire.TokenError
	if err := json.Unmarshal(t.body.Bytes(), &e); err != nil || e.Code == "" {
		return fmt.Errorf("the library answered %d", t.status)
	}
	return &refusal{status: t.status, code: e.Code, description: e.Description}
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
	return s.authenticate(r.Context(), limit.Network(r), readings)
}

// authenticated is a request as the library shall see it: the checked form, and
// the client known.
func authenticated(r *http.Request, a StoredApplication, form url.Values) *http.Request {
	form.Set("client_id", a.ID)
	form.Del("client_secret")
	r = r.Clone(context.WithValue(r.Context(), clientKey{}, a))
	r.Header.Del("Authorization")
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = tokenPath, "", "" // the library knows one path
	r.Form, r.PostForm = form, form
	return r
}

// metadata is what the server can do, RFC 8414.
func (s *Service) metadata(w http.ResponseWriter, _ *http.Request) {
	at := func(path string) string { return s.config.Issuer + path }
	methods := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodNone}
	proven := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost}
	grants := []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials, oidc.GrantTypeDeviceCode}
	var known []string
	for _, word := range scopeWords() {
		known = append(known, word.Name)
	}
	document := struct {
		oidc.DiscoveryConfiguration
		IssParameter bool `json:"authorization_response_iss_parameter_supported"`
	}{oidc.DiscoveryConfiguration{
		Issuer:                                    s.config.Issuer,
		AuthorizationEndpoint:                     at(authorizePath),
		TokenEndpoint:                             at(tokenPath),
		RevocationEndpoint:                        at(revokePath),
		UserinfoEndpoint:                          at(userInfoPath),
		JwksURI:                                   at(jwksPath),
		IntrospectionEndpoint:                     at(introspectPath),
		DeviceAuthorizationEndpoint:               at(devicePath),
		EndSessionEndpoint:                        at(endSessionPath),
		ScopesSupported:                           known,
		ResponseTypesSupported:                    []string{string(oidc.ResponseTypeCode)},
		ResponseModesSupported:                    []string{string(oidc.ResponseModeQuery)},
		GrantTypesSupported:                       grants,
		SubjectTypesSupported:                     []string{"public"},
		IDTokenSigningAlgValuesSupported:          s.algorithms(),
		TokenEndpointAuthMethodsSupported:         methods,
		RevocationEndpointAuthMethodsSupported:    methods,
		IntrospectionEndpointAuthMethodsSupported: proven,
		CodeChallengeMethodsSupported:             []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		ClaimsSupported:                           []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name"},
	}, true}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(document)
}

// algorithms are those that id tokens may be signed with now.
func (s *Service) algorithms() []string {
	var list []string
	for _, k := range s.keys.Keys() {
		if !slices.Contains(list, k.Algorithm) {
			list = append(list, k.Algorithm)
		}
	}
	return list
}

// Keys implements op.Server.
func (e engine) Keys(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(e.s.keys.JWKS()), nil
}
