package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// maxForm bounds a request's form, in bytes.
const maxForm = 64 << 10

// refusal is an answer in the form of RFC 6749, section 5.2.
type refusal struct {
	status            int
	code, description string
	wait              time.Duration // of 429
	quiet             string        // what a log may hold in the place of the description
}

func (r *refusal) Error() string { return r.code + ": " + r.description }

// logged is the refusal as it may stand in a log.
func (r *refusal) logged() string {
	if r.quiet != "" {
		return r.code + ": " + r.quiet
	}
	return r.Error()
}

func invalidRequest(description string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidRequest), description: description}
}

// badClient is one text for all reasons.
func badClient() *refusal {
	return &refusal{status: http.StatusUnauthorized, code: string(oidc.InvalidClient), description: "the client id or the secret is wrong"}
}

func tooMany(wait time.Duration) *refusal {
	return &refusal{status: http.StatusTooManyRequests, code: "slow_down", description: "too many failed attempts, try again later", wait: wait}
}

// refuse writes an error; what is no refusal is logged and told as nothing more
// than a server error.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *refusal
	if !errors.As(err, &f) {
		if r.Context().Err() == nil {
			s.log.Error("request failed", "path", r.URL.Path, "err", err)
		}
		f = &refusal{status: http.StatusInternalServerError, code: string(oidc.ServerError)}
	}
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="guichet", charset="UTF-8"`)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(f.wait))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(wire.TokenError{Code: f.code, Description: f.description})
}

func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// readForm reads a form from the body alone. A repeated parameter is refused
// (RFC 6749, section 3.2).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: string(oidc.InvalidRequest), description: "the body must be a form"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: string(oidc.InvalidRequest), description: "the form is too large"}
	}
	if err != nil {
		return nil, invalidRequest("the form cannot be read")
	}
	return parseForm(string(body))
}

func parseForm(encoded string) (url.Values, error) {
	form, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, invalidRequest("the form is malformed")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, invalidRequest("a parameter is repeated")
		}
	}
	return form, nil
}

// credential is one reading of what a client sent to authenticate.
type credential struct{ id, secret string }

// credentials returns the readings of a request's client authentication: RFC
// 6749, section 2.3.1 wants the halves of Basic form-encoded, and common clients
// send them raw, so both count when they differ.
func credentials(header http.Header, form url.Values) ([]credential, error) {
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		return nil, badClient()
	}
	sent := header.Values("Authorization")
	if len(sent) == 0 {
		if form.Get("client_id") == "" {
			return nil, badClient()
		}
		return []credential{{form.Get("client_id"), form.Get("client_secret")}}, nil
	}
	if len(sent) > 1 {
		return nil, invalidRequest("the client authenticates twice")
	}
	found, ok := basic(sent[0])
	if !ok {
		return nil, badClient()
	}
	if form.Get("client_secret") != "" {
		return nil, invalidRequest("the client authenticates twice")
	}
	if id := form.Get("client_id"); id != "" && !slices.ContainsFunc(found, func(c credential) bool { return c.id == id }) {
		return nil, invalidRequest("the client names itself twice")
	}
	return found, nil
}

// basic reads an Authorization header of scheme Basic.
func basic(header string) ([]credential, bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return nil, false
	}
	id, secret, ok := strings.Cut(string(plain), ":")
	if !ok || id == "" {
		return nil, false
	}
	raw := credential{id, secret}
	decodedID, idErr := url.QueryUnescape(id)
	decodedSecret, secretErr := url.QueryUnescape(secret)
	decoded := credential{decodedID, decodedSecret}
	if idErr != nil || secretErr != nil || decoded == raw || decodedID == "" {
		return []credential{raw}, true
	}
	return []credential{decoded, raw}, true
}

// authenticate returns the application that one of the readings proves. Failed
// attempts are limited by address and client id; a secret that costs nothing to
// compare, or matched lately, is heard all the same, so that nobody is locked
// out by a neighbour's guesses. An unknown id costs the time of a wrong chosen
// secret; ids of generated secrets answer faster, and client ids are no secret.
func (s *Service) authenticate(ctx context.Context, address string, readings []credential) (StoredApplication, error) {
	key := limitKey("client", address, readings[0].id)
	counted := false
	for _, c := range readings {
		a, err := s.application(ctx, c.id)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return a, err
		}
		var ok bool
		switch {
		case a.Public:
			ok = c.secret == ""
		case isFast(a.SecretHash):
			ok, err = s.hasher.match(ctx, a.SecretHash, c.secret)
		default:
			counted = true
			ok, err = s.guess(ctx, key, a.SecretHash, c.secret)
		}
		if ok || err != nil {
			return a, err
		}
	}
	if !counted {
		if wait, allowed := s.limits.Take(key, secretFailures()); !allowed {
			return StoredApplication{}, tooMany(wait)
		}
	}
	return StoredApplication{}, badClient()
}

// guess compares a secret with a slow hash, or with none. Attempts are counted
// before they are decided, so that many at once count as well; waiting for a
// place first keeps a client that starts many requests from counting against
// itself before the first has succeeded.
func (s *Service) guess(ctx context.Context, key, hash, secret string) (bool, error) {
	if s.hasher.remembered(hash, secret) {
		return true, nil
	}
	select {
	case s.guesses <- struct{}{}:
		defer func() { <-s.guesses }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if s.hasher.remembered(hash, secret) {
		return true, nil
	}
	if wait, allowed := s.limits.Take(key, secretFailures()); !allowed {
		return false, tooMany(wait)
	}
	ok, err := s.hasher.match(ctx, hash, secret)
	if ok {
		s.hasher.remember(hash, secret)
	}
	if ok || err != nil {
		s.limits.GiveBack(key)
	}
	return ok, err
}
