package wire

// The bodies of the settings API below /api/admin/, which administrators and
// the settings page use. Roles are short words here: agent, supervisor, admin,
// kiosk, service. An update carries the version that was read, and fails with
// CodeConflict when somebody else was faster.

// List is the envelope of all lists.
type List[T any] struct {
	Items []T `json:"items"`
	// Next is given back as the parameter "before" to read on; it is zero at the
	// end, and always where a list is sent whole.
	Next int64 `json:"next,omitempty"`
}

// Policy is what an administrator can choose from.
type Policy struct {
	Roles  []PolicyRole `json:"roles"`
	Scopes []PolicyWord `json:"scopes"`
	Grants []PolicyWord `json:"grants"`
	Events []string     `json:"events"` // of the audit log
}

// PolicyRole is a role and what it permits.
type PolicyRole struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
	ForUsers    bool     `json:"forUsers"` // else for applications only
}

// PolicyWord is a scope or a grant type with a sentence about it.
type PolicyWord struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Application is an OAuth client.
type Application struct {
	ID                     string   `json:"id"`
	Name                   string   `json:"name"`
	Public                 bool     `json:"public"` // has no secret
	Roles                  []string `json:"roles"`
	Scopes                 []string `json:"scopes"`
	Grants                 []string `json:"grants"`
	RedirectURIs           []string `json:"redirectUris"`
	PostLogoutRedirectURIs []string `json:"postLogoutRedirectUris"`
	AllowBasic             bool     `json:"allowBasic"`   // HTTP Basic on the API
	AllowQuery             bool     `json:"allowQuery"`   // secrets in the query of the token endpoint
	PKCEOptional           bool     `json:"pkceOptional"` // codes without a challenge
	Disabled               bool     `json:"disabled"`
	Fixed                  bool     `json:"fixed"` // built in, or of --dev: cannot be changed
	Created                Time     `json:"created"`
	Version                int64    `json:"version"`
}

// ApplicationSecret answers the creation of an application and the change of
// its secret: the only time that the secret is told.
type ApplicationSecret struct {
	Application Application `json:"application"`
	Secret      string      `json:"secret,omitempty"`
}

// User is a person who signs in.
type User struct {
	ID          string   `json:"id"` // new: the name to sign in with
	DisplayName string   `json:"displayName"`
	Roles       []string `json:"roles"` // given by an administrator
	// ProviderRoles came with the last sign-in through Provider, whose name for
	// the person is Subject; these are empty for who signs in with a password.
	ProviderRoles []string `json:"providerRoles,omitempty"`
	Provider      string   `json:"provider,omitempty"`
	Subject       string   `json:"subject,omitempty"`
	Disabled      bool     `json:"disabled"`
	Fixed         bool     `json:"fixed"`
	Created       Time     `json:"created"`
	Version       int64    `json:"version"`
}

// UserPassword answers the creation of a user and the change of a password: the
// only time that the password is told.
type UserPassword struct {
	User     User   `json:"user"`
	Password string `json:"password"`
}

// The kinds of identity providers.
const (
	ProviderOIDC    = "oidc"    // any OpenID provider
	ProviderGenesys = "genesys" // Genesys Cloud
)

// Provider is an identity provider by which people sign in.
type Provider struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"` // on the button of the sign-in page
	Kind           string            `json:"kind"`
	Enabled        bool              `json:"enabled"`
	Issuer         string            `json:"issuer,omitempty"`         // of oidc
	Region         string            `json:"region,omitempty"`         // of genesys: mypurecloud.de
	OrganizationID string            `json:"organizationId,omitempty"` // of genesys: whose users may sign in
	ClientID       string            `json:"clientId"`
	ClientSecret   string            `json:"clientSecret,omitempty"` // written, never read; empty keeps it
	HasSecret      bool              `json:"hasSecret"`
	Scope          string            `json:"scope"`      // words separated by spaces
	Parameters     map[string]string `json:"parameters"` // added to the authorization request
	PKCE           bool              `json:"pkce"`
	Roles          []string          `json:"roles"` // of everybody who signs in
	Mappings       []RoleMapping     `json:"mappings"`
	RedirectURI    string            `json:"redirectUri"` // to be registered at the provider
	Created        Time              `json:"created"`
	Version        int64             `json:"version"`
}

// RoleMapping gives a role to people of whom a claim has a value, or, where the
// claim is a list, among whose values is this one.
type RoleMapping struct {
	Claim string `json:"claim"`
	Value string `json:"value"`
	Role  string `json:"role"`
}

// ProviderTrial tells how far a provider can be used, step by step. The steps
// end with the first that failed.
type ProviderTrial struct {
	OK    bool        `json:"ok"`
	Steps []TrialStep `json:"steps"`
}

// TrialStep is one thing that was tried.
type TrialStep struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was found, or what to do about it
}

// The states of a signing key.
const (
	KeyNext    = "next"    // published, will sign
	KeySigning = "signing" // signs
	KeyRetired = "retired" // verifies what it signed
)

// SigningKey is a key of the token service, without its secret half.
type SigningKey struct {
	ID        string `json:"id"` // kid: the RFC 7638 thumbprint
	Algorithm string `json:"algorithm"`
	State     string `json:"state"`
	Created   Time   `json:"created"`
	Signs     Time   `json:"signs"`             // from when
	Removed   *Time  `json:"removed,omitempty"` // when a retired key goes
}

// RotateKey asks for a new signing key. Compromised ends all others at once,
// and with them every token; otherwise nobody notices.
type RotateKey struct {
	Compromised bool `json:"compromised"`
}

// IssuedRoomToken tells of a room token that has not expired. The token itself is
// kept nowhere.
type IssuedRoomToken struct {
	ID          string `json:"id"` // jti
	Room        string `json:"room"`
	Name        string `json:"name"` // of its holder
	Application string `json:"application"`
	UserID      string `json:"userId,omitempty"` // who had it made; absent: the application by itself
	Issued      Time   `json:"issued"`
	Expires     Time   `json:"expires"` // no joining after that
	Ended       bool   `json:"ended"`   // before its time: withdrawn, or with its user or application
}

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	Seq     int64  `json:"seq"`
	Time    Time   `json:"time"`
	Event   string `json:"event"`
	Refused bool   `json:"refused"`
	Actor   string `json:"actor,omitempty"`   // the administrator, of changes
	Client  string `json:"client,omitempty"`  // application
	Subject string `json:"subject,omitempty"` // whose token, account or key
	TokenID string `json:"tokenId,omitempty"` // jti
	Address string `json:"address,omitempty"`
	Detail  string `json:"detail,omitempty"`
}
