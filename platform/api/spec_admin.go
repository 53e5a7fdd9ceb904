package api

import (
	"strings"

	"guichet/platform/openapi"
	"guichet/platform/wire"
)

// The settings' things as requests have them: without what the server sets.
func newThing(name string, of any, without ...string) openapi.Variant {
	return openapi.Variant{Name: "New" + name, Of: of, Required: []string{"id"}, Without: append(without, "created", "version")}
}

func changedThing(name string, of any, without ...string) openapi.Variant {
	return openapi.Variant{Name: "Changed" + name, Of: of, Required: []string{"version"}, Without: append(without, "created", "id")}
}

// administration is the settings API.
func administration() group {
	const base = "/api/admin/"
	var lines []line
	add := func(pattern, id, summary string, takes, gives any, fails []int, more ...with) {
		method, path, _ := strings.Cut(pattern, " ")
		lines = append(lines, line{method + " " + base + path, id, summary, settings, takes, gives, fails, more})
	}
	add("GET policy", "getPolicy", "Read the roles, scopes, grants and audit events that there are", nil, wire.Policy{}, nil)

	fixed := []string{"fixed"}
	add("GET applications", "listApplications", "List applications", nil, wire.List[wire.Application]{}, nil)
	add("POST applications", "addApplication", "Add an application; a confidential one's secret is told this once", newThing("Application", wire.Application{}, "fixed", "disabled"), wire.ApplicationSecret{}, []int{409}, created)
	add("GET applications/{id}", "getApplication", "Read an application", nil, wire.Application{}, []int{404})
	add("PUT applications/{id}", "changeApplication", "Replace an application's settings", changedThing("Application", wire.Application{}, fixed...), wire.Application{}, []int{404, 409})
	add("DELETE applications/{id}", "removeApplication", "Remove an application and end its sessions", nil, nil, []int{404, 409})
	add("POST applications/{id}/secret", "renewApplicationSecret", "Give an application a new secret, which is told this once", nil, wire.ApplicationSecret{}, []int{400, 404, 409})

	set := []string{"fixed", "provider", "providerRoles", "subject"}
	add("GET users", "listUsers", "List the people who sign in", nil, wire.List[wire.User]{}, nil)
	add("POST users", "addUser", "Add a person; the password is told this once", newThing("User", wire.User{}, append(set, "disabled")...), wire.UserPassword{}, []int{409}, created)
	add("GET users/{id}", "getUser", "Read a person", nil, wire.User{}, []int{404})
	add("PUT users/{id}", "changeUser", "Replace a person's name and roles", changedThing("User", wire.User{}, set...), wire.User{}, []int{404, 409})
	add("DELETE users/{id}", "removeUser", "Remove a person and end their sessions", nil, nil, []int{404, 409})
	add("POST users/{id}/password", "renewUserPassword", "Give a person a new password, which is told this once", nil, wire.UserPassword{}, []int{400, 404, 409})
	add("POST users/{id}/sign-out", "signOutUser", "End a person's sessions", nil, nil, []int{404})

	set = []string{"hasSecret", "redirectUri"}
	add("GET providers", "listProviders", "List identity providers", nil, wire.List[wire.Provider]{}, nil)
	add("POST providers", "addProvider", "Add an identity provider", openapi.Variant{Name: "NewProvider", Of: wire.Provider{}, Without: append(set, "id", "created", "version"), Required: []string{"name", "kind", "clientId"}},
		wire.Provider{}, []int{409}, created)
	add("GET providers/{id}", "getProvider", "Read an identity provider", nil, wire.Provider{}, []int{404})
	add("PUT providers/{id}", "changeProvider", "Replace an identity provider's settings", changedThing("Provider", wire.Provider{}, set...), wire.Provider{}, []int{404, 409})
	add("DELETE providers/{id}", "removeProvider", "Remove an identity provider", nil, nil, []int{404, 409})
	add("POST providers/{id}/try", "tryProvider", "Try how far an identity provider can be used", nil, wire.ProviderTrial{}, []int{404})

	add("GET keys", "listKeys", "List the signing keys", nil, wire.List[wire.SigningKey]{}, nil)
	add("POST keys/rotate", "rotateKey", "Sign with a new key", wire.RotateKey{}, wire.List[wire.SigningKey]{}, []int{409})
	add("GET room-tokens", "listIssuedRoomTokens", "List the room tokens that have not expired, the newest first", nil, wire.List[wire.IssuedRoomToken]{}, []int{400},
		query("room", "", "To the room of this name"), query("before", int64(0), "The next of the answer before"), query("limit", int64(0), "At most so many, 500 at the most"))
	add("DELETE room-tokens/{id}", "withdrawRoomToken", "End a room token; who is in a room by it is taken out", nil, nil, []int{404})
	add("GET audit", "listAudit", "Read the audit log, the newest first", nil, wire.List[wire.AuditEntry]{}, []int{400},
		query("event", "", "Of this kind"), query("refused", false, "What was refused alone"), query("actor", "", "By this administrator"), query("client", "", "Of this application"),
		query("subject", "", "About this person, token or key"), query("text", "", "With this text"), query("from", wire.Time{}, "Not before"), query("to", wire.Time{}, "Before"),
		query("before", int64(0), "The next of the answer before"), query("limit", int64(0), "At most so many, 500 at the most"))
	return group{"Administration", "Applications, people, identity providers, signing keys and the audit log, for administrators.", "entry", lines}
}
