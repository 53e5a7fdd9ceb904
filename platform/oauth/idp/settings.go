package idp

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"guichet/platform/wire"
)

// SettingsError is an ErrSettings that says which setting cannot work and what
// to change.
type SettingsError struct {
	Field    string // its name in wire.Provider
	Sentence string // for the administrator
}

// Error implements error.
func (e *SettingsError) Error() string { return e.Sentence }

// Is makes the error an ErrSettings.
func (e *SettingsError) Is(target error) bool { return target == ErrSettings }

// Bounds of settings, in bytes.
const (
	maxSetting    = 2048
	maxParameters = 20
)

// Parameters of the request whose effect is checked in the id_token.
const (
	maxAge       = "max_age" // seconds since the person signed in at the provider
	hostedDomain = "hd"      // the organization at Google, which has people of all organizations
)

// google is the issuer of everybody's accounts.
const google = "https://accounts.google.com"

func (p Provider) isOIDC() bool { return p.Kind == wire.ProviderOIDC }

// scope returns what is asked for. Genesys Cloud keeps the scope of an
// application itself; an OpenID provider must be asked for a person and a name.
func (p Provider) scope() string {
	if p.Scope == "" && p.isOIDC() {
		return "openid profile"
	}
	return strings.Join(strings.Fields(p.Scope), " ")
}

// Check returns what is wrong with settings as a SettingsError, or nil. A
// provider that does not pass cannot be used, and should not be saved.
func (c *Client) Check(p Provider) error {
	var e *SettingsError
	switch p.Kind {
	case wire.ProviderOIDC:
		e = c.checkIssuer(p.Issuer)
		if e == nil && p.Scope != "" && !strings.Contains(" "+p.scope()+" ", " openid ") {
			e = &SettingsError{"scope", "Add the word openid to the scope, or leave the scope empty."}
		}
		if hd := p.Parameters[hostedDomain]; e == nil && p.Issuer == google && (hd == "" || hd == "*") {
			e = &SettingsError{"parameters", "Add the parameter hd with the organization's domain: without it, everybody with an account at Google could sign in."}
		}
		if e == nil && p.ClientSecret == "" && !p.PKCE {
			e = &SettingsError{"pkce", "Turn PKCE on, or enter the client secret: without both, anybody could use a stolen code."}
		}
	case wire.ProviderGenesys:
		e = checkGenesys(p)
	default:
		e = &SettingsError{"kind", "Choose the kind of provider: oidc or genesys."}
	}
	if e == nil {
		e = checkClient(p)
	}
	if e != nil {
		return e
	}
	return nil
}

func (c *Client) checkIssuer(issuer string) *SettingsError {
	say := func(sentence string) *SettingsError { return &SettingsError{"issuer", sentence} }
	u, err := url.Parse(issuer)
	switch {
	case issuer == "":
		return say("Enter the issuer: the address under which the provider publishes its settings, such as https://login.example.com.")
	case err != nil || len(issuer) > maxSetting || !printable(issuer) || strings.Contains(issuer, " ") || u.Hostname() == "" || !validPort(u):
		return say("Write the issuer as a web address, such as https://login.example.com.")
	case u.Scheme != "https" && u.Scheme != "http":
		return say("Begin the issuer with https://.")
	case u.User != nil || strings.ContainsAny(issuer, "?#"):
		return say("Leave user names, ? and # out of the issuer.")
	case strings.HasSuffix(u.Path, "/.well-known/openid-configuration"):
		return say("Leave /.well-known/openid-configuration out of the issuer: it is added.")
	case u.Scheme == "http" && len(c.guard.networks) == 0:
		return say("Begin the issuer with https://: http is for providers in the private networks that the server's settings name.")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && c.guard.check(a, u.Scheme == "http") != nil {
		return say("The issuer lies at an address that the settings of the server do not allow. Use its public name, or let the server's settings name its network.")
	}
	return nil
}

func checkGenesys(p Provider) *SettingsError {
	switch {
	case !validRegion(p.Region):
		return &SettingsError{"region", "Write the region as in the address of Genesys Cloud, without https:// and slashes, such as mypurecloud.de or usw2.pure.cloud."}
	case p.OrganizationID == "":
		return &SettingsError{"organizationId", "Enter the organization's id: without it, people of every organization at Genesys Cloud could sign in."}
	case len(p.OrganizationID) > maxSubject || strings.Trim(p.OrganizationID, letters+digits+"-") != "":
		return &SettingsError{"organizationId", "Write the organization's id as Genesys Cloud shows it: letters, digits and dashes."}
	case p.ClientSecret == "":
		return &SettingsError{"clientSecret", "Enter the client secret: Genesys Cloud gives codes to applications that have one."}
	}
	return nil
}

// checkClient checks what both kinds have.
func checkClient(p Provider) *SettingsError {
	redirect, err := url.Parse(p.RedirectURI)
	switch {
	case p.ClientID == "" || len(p.ClientID) > maxSetting || !printable(p.ClientID):
		return &SettingsError{"clientId", "Enter the client id that the provider gave to this application."}
	case len(p.ClientSecret) > maxSetting || !printable(p.ClientSecret):
		return &SettingsError{"clientSecret", "Enter the client secret as the provider shows it: it holds no line breaks."}
	case len(p.Scope) > maxSetting || !printable(p.Scope) || strings.ContainsAny(p.Scope, `"\`):
		return &SettingsError{"scope", "Write the scope as words separated by spaces."}
	case err != nil || redirect.Scheme != "https" && redirect.Scheme != "http" || redirect.Hostname() == "" || redirect.Fragment != "":
		return &SettingsError{"redirectUri", "The redirect URI must be an address of this server."}
	case len(p.Parameters) > maxParameters:
		return &SettingsError{"parameters", "Use at most " + strconv.Itoa(maxParameters) + " parameters."}
	}
	for name, value := range p.Parameters {
		switch {
		case name == "" || len(name) > maxSetting || strings.Trim(name, letters+digits+"_.-") != "":
			return &SettingsError{"parameters", "Write the names of parameters with letters, digits, dots, dashes and underscores."}
		case reserved(name):
			return &SettingsError{"parameters", "Remove the parameter " + name + ": the server sets it itself."}
		case name == maxAge && !isSeconds(value):
			return &SettingsError{"parameters", "Write max_age as a number of seconds."}
		case len(value) > maxSetting || !printable(value):
			return &SettingsError{"parameters", "Shorten the value of the parameter " + name + ", and leave line breaks out of it."}
		}
	}
	return nil
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// reserved tells whether a parameter of the authorization request is ours, or
// would replace ours. Some providers do not tell small letters from capitals.
func reserved(name string) bool {
	switch strings.ToLower(name) {
	case "client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri", "response_type", "response_mode",
		"scope", "state", "nonce", "code", "code_challenge", "code_challenge_method", "code_verifier", "grant_type",
		"request", "request_uri", "registration", "id_token_hint", "iss", "error":
		return true
	}
	return false
}

// validRegion tells whether a region is a plain domain name of two labels or
// more: it becomes a part of host names, and must not be able to end them.
func validRegion(region string) bool {
	labels := strings.Split(region, ".")
	if len(region) > 200 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz"+digits+"-") != "" {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], digits) != "" // else it could be an address
}

// validPort tells whether a URL has a port that exists, or none.
func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// isSeconds tells whether a text is a number of seconds within reason.
func isSeconds(s string) bool {
	_, err := strconv.ParseUint(s, 10, 31)
	return err == nil
}

// printable tells whether a text is of printable ASCII characters, as RFC 6749
// appendix A wants it.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
