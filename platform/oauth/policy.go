package oauth

import (
	"fmt"
	"slices"
	"strings"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Roles, as they stand in the authorities of a token.
const (
	RoleUser       = "ROLE_USER" // of everybody who signs in
	RoleAgent      = "ROLE_AGENT"
	RoleSupervisor = "ROLE_SUPERVISOR"
	RoleAdmin      = "ROLE_ADMIN"
	RoleKiosk      = "ROLE_KIOSK"
	RoleService    = "ROLE_SERVICE"
	RoleCustomer   = "ROLE_CUSTOMER" // of a ticket's guest; nobody else can have it
)

// Scopes that permit something: each API call needs one of them.
const (
	ScopeTicketsRead      = "tickets:read"
	ScopeTicketsWrite     = "tickets:write"
	ScopeConferencesRead  = "conferences:read"
	ScopeConferencesWrite = "conferences:write"
	ScopeRoomsRead        = "rooms:read"
	ScopeRoomsWrite       = "rooms:write"
	ScopeEndpointsWrite   = "endpoints:write"
	ScopeRecordingsRead   = "recordings:read"
	ScopeRecordingsWrite  = "recordings:write"
	ScopeReportsRead      = "reports:read"
	ScopeApplicationAdmin = "applications:admin"
	ScopeQueuesRead       = "queues:read"
	ScopeQueuesWrite      = "queues:write"
	ScopeVideo            = "video" // the whole of /api/video/
)

// Scopes that stand for others. scopeAny is what a token has when nothing
// narrower was asked for: all that its roles permit. The others are the words of
// the contracts that we serve.
const (
	scopeAny        = "any"
	scopeVoice      = "voice.webrtc"
	scopeSparkCall  = "spark:webrtc_calling"
	scopeSparkRead  = "spark:calls_read"
	scopeSparkWrite = "spark:calls_write"
	scopeSparkXSI   = "spark:xsi"
	scopeOpenID     = oidc.ScopeOpenID
	scopeProfile    = oidc.ScopeProfile
	scopeOffline    = oidc.ScopeOfflineAccess
)

// role is a named set of scopes: those that rolePermits.
type role struct {
	name, short, description string
	forUsers                 bool
}

func roles() []role {
	return []role{
		{RoleAgent, "agent", "Serves customers: calls, tickets, rooms.", true},
		{RoleSupervisor, "supervisor", "An agent who also sees recordings and reports, and enrols kiosks.", true},
		{RoleAdmin, "admin", "Changes these settings, and sees reports.", true},
		{RoleKiosk, "kiosk", "A device in a branch that calls an agent.", false},
		{RoleService, "service", "A server of yours: all but these settings. It may ask what any token is worth.", false},
		{RoleUser, "user", "Has an account here and nothing else.", false},
		{RoleCustomer, "customer", "A guest with a ticket, in the ticket's conference only.", false},
	}
}

// rolePermits tells whether a role has a scope.
func rolePermits(role, scope string) bool {
	switch scope {
	case ScopeEndpointsWrite, ScopeConferencesRead, ScopeConferencesWrite:
		return role == RoleAgent || role == RoleSupervisor || role == RoleKiosk || role == RoleService || role == RoleCustomer
	case ScopeTicketsRead, ScopeTicketsWrite, ScopeRoomsRead, ScopeRoomsWrite, ScopeRecordingsWrite, ScopeVideo:
		return role == RoleAgent || role == RoleSupervisor || role == RoleService
	case ScopeQueuesRead:
		return role == RoleAgent || role == RoleSupervisor || role == RoleAdmin || role == RoleKiosk || role == RoleService || role == RoleCustomer
	case ScopeQueuesWrite:
		return role == RoleSupervisor || role == RoleAdmin || role == RoleService
	case ScopeRecordingsRead:
		return role == RoleSupervisor || role == RoleService
	case ScopeReportsRead:
		return role == RoleSupervisor || role == RoleAdmin || role == RoleService
	case ScopeApplicationAdmin:
		return role == RoleAdmin
	}
	return false
}

// covers tells whether a word in a token stands for a scope, its own or, of the
// vendors' words, those behind it.
func covers(word, scope string) bool {
	switch word {
	case scopeVoice, scopeSparkCall:
		return scope == ScopeEndpointsWrite || scope == ScopeConferencesRead || scope == ScopeConferencesWrite
	case scopeSparkRead:
		return scope == ScopeConferencesRead
	case scopeSparkWrite:
		return scope == ScopeConferencesWrite
	case ScopeVideo:
		return scope == ScopeVideo || scope == ScopeRoomsRead || scope == ScopeRoomsWrite
	}
	return word == scope
}

// scopeWords are all scopes that an application can have, with a sentence each.
func scopeWords() []wire.PolicyWord {
	return []wire.PolicyWord{
		{Name: scopeAny, Description: "Everything that its roles permit."},
		{Name: ScopeTicketsRead, Description: "Look at tickets."},
		{Name: ScopeTicketsWrite, Description: "Make and revoke tickets."},
		{Name: ScopeConferencesRead, Description: "See who is in a conference."},
		{Name: ScopeConferencesWrite, Description: "Make conferences, join them, publish and view streams."},
		{Name: ScopeRoomsRead, Description: "Look at rooms."},
		{Name: ScopeRoomsWrite, Description: "Make and change rooms."},
		{Name: ScopeQueuesRead, Description: "See queues and who waits in them; guests, their own place."},
		{Name: ScopeQueuesWrite, Description: "Change queues, and what agents serve; see all of them."},
		{Name: ScopeEndpointsWrite, Description: "Register devices and receive events."},
		{Name: ScopeRecordingsRead, Description: "Read recordings."},
		{Name: ScopeRecordingsWrite, Description: "Start and stop recordings."},
		{Name: ScopeReportsRead, Description: "Read reports."},
		{Name: ScopeApplicationAdmin, Description: "Change applications, people, providers and keys."},
		{Name: ScopeVideo, Description: "Rooms and room tokens below /api/video."},
		{Name: scopeVoice, Description: "Calls, as Bandwidth's clients ask for them."},
		{Name: scopeSparkCall, Description: "Calls, as Webex clients ask for them."},
		{Name: scopeSparkRead, Description: "See calls, as Webex clients ask for it."},
		{Name: scopeSparkWrite, Description: "Change calls, as Webex clients ask for it."},
		{Name: scopeSparkXSI, Description: "Asked for by Webex clients; it permits nothing here."},
		{Name: scopeOpenID, Description: "Learn who signs in."},
		{Name: scopeProfile, Description: "Learn their name."},
		{Name: scopeOffline, Description: "Asked for by clients that refresh; it permits nothing by itself."},
	}
}

// grantWords are the grant types with a sentence each.
func grantWords() []wire.PolicyWord {
	return []wire.PolicyWord{
		{Name: string(oidc.GrantTypeClientCredentials), Description: "A server acts in its own name."},
		{Name: string(oidc.GrantTypeCode), Description: "People sign in with their browser."},
		{Name: string(oidc.GrantTypeRefreshToken), Description: "Who has signed in stays so for a working day."},
		{Name: string(oidc.GrantTypeDeviceCode), Description: "Devices without a keyboard: somebody types the code on their screen."},
		{Name: grantPassword, Description: "Guests redeem tickets."},
	}
}

// May tells whether the token permits what a scope stands for: its roles must,
// and its scopes must. An application without roles has what its scopes say.
func (i Identity) May(scope string) bool {
	for _, word := range i.Scopes {
		if covers(word, scope) || word == scopeAny && len(i.Roles) > 0 {
			return len(i.Roles) == 0 || slices.ContainsFunc(i.Roles, func(r string) bool { return rolePermits(r, scope) })
		}
	}
	return false
}

// isNative tells whether a scope is one of ours that permits something.
func isNative(scope string) bool {
	return strings.Contains(scope, ":") && !strings.HasPrefix(scope, "spark:")
}

// scopes returns what of the asked scopes (separated by spaces) is granted: all
// of allowed when none is asked for. Who may do anything may ask for a part of
// it. ok is false when more is asked than allowed.
func scopes(asked string, allowed []string) (granted []string, ok bool) {
	for _, scope := range strings.Fields(asked) {
		if !slices.Contains(allowed, scope) && !(slices.Contains(allowed, scopeAny) && isNative(scope) && isKnownScope(scope)) {
			return nil, false
		}
		if !slices.Contains(granted, scope) {
			granted = append(granted, scope)
		}
	}
	if len(granted) == 0 {
		return allowed, true
	}
	return granted, true
}

func isKnownScope(scope string) bool {
	return slices.ContainsFunc(scopeWords(), func(w wire.PolicyWord) bool { return w.Name == scope })
}

// checkRoles tells whether roles may be given to users, or to applications.
func checkRoles(names []string, users bool) error {
	for _, name := range names {
		known := slices.ContainsFunc(roles(), func(r role) bool {
			return r.name == name && r.name != RoleCustomer && (r.forUsers || r.name == RoleUser || !users)
		})
		if !known {
			return fmt.Errorf("role %q is not known here", name)
		}
	}
	return nil
}

// RolesNamed turns short words, such as agent, into roles.
func RolesNamed(short []string) ([]string, error) {
	list := make([]string, 0, len(short))
	for _, word := range short {
		i := slices.IndexFunc(roles(), func(r role) bool { return r.short == word && r.name != RoleCustomer })
		if i < 0 {
			return nil, fmt.Errorf("role %q is not known", word)
		}
		list = append(list, roles()[i].name)
	}
	return list, nil
}

// ShortRoles is RolesNamed the other way round.
func ShortRoles(names []string) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, strings.ToLower(strings.TrimPrefix(name, "ROLE_")))
	}
	return list
}

// Policy is what an administrator can choose from.
func (s *Service) Policy() wire.Policy {
	p := wire.Policy{Scopes: scopeWords(), Grants: grantWords(), Events: auditEvents()}
	for _, r := range roles() {
		if r.name == RoleCustomer || r.name == RoleUser {
			continue
		}
		of := wire.PolicyRole{Name: r.short, Description: r.description, ForUsers: r.forUsers}
		for _, w := range p.Scopes {
			if rolePermits(r.name, w.Name) {
				of.Scopes = append(of.Scopes, w.Name)
			}
		}
		p.Roles = append(p.Roles, of)
	}
	return p
}
