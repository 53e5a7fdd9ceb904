package oauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"guichet/platform/limit"
	"guichet/platform/wire"
)

// Device authorization, RFC 8628.
const (
	deviceLife   = 10 * time.Minute
	devicePace   = 5 * time.Second // between polls
	deviceSlower = 5 * time.Second // added for a poll that came too soon, section 3.5

	codePending  = string(oidc.AuthorizationPending)
	codeSlowDown = string(oidc.SlowDown)

	// userCodeLetters are consonants alone: no word can come of them, and none is
	// like a digit (section 6.1). Eight of them are 34 bits.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// ErrTooFast tells that a device asks more often than it may.
var ErrTooFast = errors.New("device asks too often")

// newUserCode makes a code for people to type.
func newUserCode() string {
	code := make([]byte, 0, userCodeLength)
	var b [1]byte
	for len(code) < userCodeLength {
		rand.Read(b[:])
		if b[0] < 240 { // the greatest multiple of 20, so that all letters are equally likely
			code = append(code, userCodeLetters[b[0]%20])
		}
	}
	return string(code)
}

// shown is a user's code as it stands on a screen.
func shown(code string) string { return code[:userCodeLength/2] + "-" + code[userCodeLength/2:] }

// typed reads what somebody made of it.
func typed(text string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r == ' ' || r == '-' || r == '.':
			return -1
		}
		return r
	}, text)
	return code, len(code) == userCodeLength && strings.Trim(code, userCodeLetters) == ""
}

// authorizeDevice answers a device that asks to be signed in (section 3.1).
func (s *Service) authorizeDevice(w http.ResponseWriter, r *http.Request) {
	answer, err := s.addDevice(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Service) addDevice(w http.ResponseWriter, r *http.Request) (oidc.DeviceAuthorizationResponse, error) {
	var none oidc.DeviceAuthorizationResponse
	form, err := readForm(w, r)
	if err != nil {
		return none, err
	}
	a, err := s.authenticateRequest(r, form)
	if err != nil {
		return none, err
	}
	granted, ok := scopes(form.Get("scope"), a.Scopes)
	switch {
	case !slices.Contains(a.Grants, string(oidc.GrantTypeDeviceCode)):
		return none, &refusal{status: http.StatusBadRequest, code: string(oidc.UnauthorizedClient), description: "the application signs no devices in"}
	case !ok:
		return none, &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidScope)}
	}
	// They are kept for a while each: one address shall not fill the store.
	if wait, ok := s.limits.Take(limitKey("device", limit.Network(r), ""), deviceRequests()); !ok {
		return none, tooMany(wait)
	}
	code, d := newToken()
	for {
		device := Device{Digest: d, UserCode: newUserCode(), Application: a.ID, Organization: a.Organization, Scopes: granted, Address: limit.Network(r),
			Created: s.now(), Expires: s.now().Add(deviceLife)}
		err := s.config.Store.AddDevice(r.Context(), device, devicePace)
		if errors.Is(err, ErrTaken) {
			continue
		}
		page := s.config.Issuer + devicePage
		return oidc.DeviceAuthorizationResponse{DeviceCode: code, UserCode: shown(device.UserCode), VerificationURI: page,
			VerificationURIComplete: page + "?user_code=" + shown(device.UserCode), ExpiresIn: int(deviceLife / time.Second),
			Interval: int(devicePace / time.Second)}, err
	}
}

// DeviceToken answers a device's poll (section 3.5).
func (e engine) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	s, a := e.s, r.Client.(client)
	if !slices.Contains(a.Grants, string(oidc.GrantTypeDeviceCode)) {
		return nil, oidc.ErrUnauthorizedClient()
	}
	refresh, first := newToken()
	if !slices.Contains(a.Grants, string(oidc.GrantTypeRefreshToken)) {
		refresh, first = "", Digest{}
	}
	d, g, err := s.config.Store.PollDevice(ctx, digest(r.Data.DeviceCode), a.ID, first, deviceSlower, s.now())
	switch {
	case errors.Is(err, ErrTooFast):
		return nil, oidc.ErrSlowDown()
	case errors.Is(err, ErrUnknown):
		return nil, badGrant("the device code is not valid")
	case err != nil:
		return nil, s.fault(err)
	case d.Denied:
		return nil, oidc.ErrAccessDenied()
	case !s.now().Before(d.Expires):
		return nil, oidc.ErrExpiredDeviceCode()
	case !d.Approved:
		return nil, oidc.ErrAuthorizationPending()
	case g.Revoked:
		return nil, badGrant("the device code is not valid")
	}
	roles, err := s.rolesOf(ctx, g)
	if errors.Is(err, ErrUnknown) {
		return nil, badGrant("the user is no more")
	} else if err != nil {
		return nil, s.fault(err)
	}
	t := attemptOf(ctx)
	if err := s.answer(t, a.StoredApplication, g, roles, g.Scopes, refresh); err != nil {
		return nil, s.fault(err)
	}
	return e.done(s.identify(t, ""))
}

// decision is what the confirmation page is about, sealed into it.
type decision struct {
	UserCode, UserID string
	Version          int64     // of the user,
	Created          time.Time // and since when there is this one
	Kiosk            bool
}

// deviceAsked shows the page where the code of a device is typed. A code in the
// address, as a QR code leads there, is filled in but not taken: somebody who
// sent the address around must not decide (section 5.4).
func (s *Service) deviceAsked(w http.ResponseWriter, r *http.Request) {
	code, _ := typed(r.URL.Query().Get("user_code"))
	s.showCode(w, r, http.StatusOK, code, "")
}

func (s *Service) showCode(w http.ResponseWriter, r *http.Request, status int, code, wrong string) {
	if len(code) == userCodeLength {
		code = shown(code)
	}
	s.show(w, r, status, "", page{Title: "Sign in a device", CodeForm: true, Code: code, Error: wrong})
}

// deviceCodePosted takes the code and asks who is there.
func (s *Service) deviceCodePosted(w http.ResponseWriter, r *http.Request) {
	form, err := s.ownForm(w, r)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	code, ok := typed(form.Get("user_code"))
	key := limitKey("user code", limit.Network(r), "")
	if wait, allowed := s.limits.Take(key, codeFailures()); !allowed {
		w.Header().Set("Retry-After", retryAfter(wait))
		s.showCode(w, r, http.StatusTooManyRequests, code, "There were too many wrong codes. Wait a minute, then try again.")
		return
	}
	var d Device
	if err = ErrUnknown; ok {
		d, err = s.config.Store.WaitingDevice(r.Context(), code, s.now())
	}
	switch {
	case errors.Is(err, ErrUnknown):
		s.showCode(w, r, http.StatusForbidden, code, "This code is not right, or too old. Compare it with the device's screen; a new one appears there after ten minutes.")
	case err != nil:
		s.limits.GiveBack(key)
		s.showError(w, r, err)
	default:
		s.limits.GiveBack(key)
		s.showSignIn(w, r, authorization{Application: d.Application, Organization: d.Organization, Device: d.UserCode})
	}
}

// confirmDevice asks who has signed in whether the device is the one before
// them.
func (s *Service) confirmDevice(w http.ResponseWriter, r *http.Request, q authorization, u StoredUser) {
	d, err := s.config.Store.WaitingDevice(r.Context(), q.Device, s.now())
	if errors.Is(err, ErrUnknown) {
		s.showCode(w, r, http.StatusForbidden, "", "This code is too old by now. A new one is on the device's screen.")
		return
	}
	if err != nil {
		s.showError(w, r, err)
		return
	}
	a, err := s.application(r.Context(), d.Application)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	kiosk := slices.Contains(a.Roles, RoleKiosk)
	if kiosk && !slices.Contains(u.authorities(), RoleSupervisor) && !slices.Contains(u.authorities(), RoleAdmin) {
		s.showError(w, r, &refusal{status: http.StatusForbidden, description: "Only supervisors and administrators may sign a kiosk in."})
		return
	}
	field, err := s.seal(s.browser(r), sealedDecision, decision{q.Device, u.ID, u.Version, u.Created, kiosk}, signInLife)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "", page{Title: "Is this your device?", Decision: field, Code: shown(d.UserCode), Address: d.Address,
		Program: a.label(), Person: u.DisplayName, Kiosk: kiosk})
}

// deviceDecided takes the decision.
func (s *Service) deviceDecided(w http.ResponseWriter, r *http.Request) {
	form, err := s.ownForm(w, r)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	var v decision
	if !s.unseal(s.browser(r), sealedDecision, form.Get("request"), &v) {
		s.showError(w, r, invalidRequest("This page is too old, or was opened in another browser."))
		return
	}
	p, err := s.decide(r, v, form.Get("decision") == "yes", strings.TrimSpace(form.Get("name")))
	if errors.Is(err, ErrUnknown) {
		err = &refusal{status: http.StatusGone, description: "This code is too old by now. A new one is on the device's screen."}
	}
	if err != nil {
		s.showError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "", p)
}

func (s *Service) decide(r *http.Request, v decision, approve bool, name string) (page, error) {
	ctx, now := r.Context(), s.now()
	d, err := s.config.Store.WaitingDevice(ctx, v.UserCode, now)
	if err != nil {
		return page{}, err
	}
	u, err := s.user(ctx, d.Organization, v.UserID)
	if errors.Is(err, ErrUnknown) || err == nil && !u.same(v.Version, v.Created) {
		err = changedMeanwhile()
	}
	if err != nil {
		return page{}, err
	}
	e := AuditEntry{Organization: d.Organization, Event: EventDevice, Refused: !approve, Actor: u.ID, Client: d.Application, Address: limit.Network(r), Detail: "denied"}
	if !approve {
		if err := s.config.Store.DecideDevice(ctx, v.UserCode, nil, now); err != nil {
			return page{}, err
		}
		return page{Title: "The device is not signed in", Note: "It says so on its screen. You can close this window."}, s.record(ctx, e)
	}
	g := Grant{ID: wire.NewID(), Application: d.Application, Organization: d.Organization, UserID: u.ID, Name: u.DisplayName, Scopes: d.Scopes,
		Started: now, Expires: now.Add(sessionLife)}
	if v.Kiosk {
		if name == "" || len(name) > maxName {
			return page{}, invalidRequest("The kiosk needs a name of up to 128 letters.")
		}
		g.UserID, g.Name, g.Roles, g.Expires = kioskPrefix+wire.NewID(), name, []string{RoleKiosk}, now.Add(kioskLife)
	}
	if err := s.config.Store.DecideDevice(ctx, v.UserCode, &g, now); err != nil {
		return page{}, err
	}
	permitted := func(a StoredApplication) bool {
		_, ok := scopes(strings.Join(d.Scopes, " "), a.Scopes)
		return ok && slices.Contains(a.Grants, string(oidc.GrantTypeDeviceCode)) && v.Kiosk == slices.Contains(a.Roles, RoleKiosk)
	}
	if err := s.orEnd(ctx, g, cmp.Or(s.sameUser(ctx, u), s.fits(ctx, d.Application, permitted))); err != nil {
		return page{}, err
	}
	e.Subject, e.Detail = g.UserID, "approved"
	return page{Title: "The device is signed in", Note: "It goes on by itself in a few seconds. You can close this window."}, s.record(ctx, e)
}
