package idp

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/platform/wire"
)

// What is kept of claims. What goes beyond is left out: claims only ever give
// rights, so what is missing takes none that should not be.
const (
	maxClaimDepth  = 8
	maxClaimValues = 20_000 // of a person: an administrator of Genesys Cloud has thousands of permissions
	maxClaimName   = 256    // bytes, of the whole path
	maxClaimValue  = 1024   // bytes
	maxName        = 100    // characters
	maxSubject     = 255    // bytes, OpenID Connect Core section 2
)

// Person is who signed in, as the provider tells it.
type Person struct {
	Subject string // the provider's name for the person, which never changes
	Name    string // to show; never empty
	// Claims are all that the provider says of the person, flattened: the value
	// of c in {"a":{"b":[{"c":1}]}} is among those of "a.b.c".
	Claims map[string][]string
}

// Roles returns the roles of everybody and those that mappings give to the
// person, each once.
func (p Person) Roles(defaults []string, mappings []wire.RoleMapping) []string {
	roles := []string{}
	add := func(role string) {
		if role != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	for _, role := range defaults {
		add(role)
	}
	for _, m := range mappings {
		if m.Claim != "" && m.Value != "" && slices.Contains(p.Claims[m.Claim], m.Value) {
			add(m.Role)
		}
	}
	return roles
}

// flatten turns claims into lists of texts by path. A name at the top wins over
// a nested path that reads the same: the inside of one claim cannot pose as
// another claim whose name has dots.
func flatten(claims map[string]any) map[string][]string {
	f := flattener{out: map[string][]string{}, top: claims}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		f.add(name, claims[name], 1)
	}
	return f.out
}

type flattener struct {
	out   map[string][]string
	top   map[string]any
	count int
}

func (f *flattener) add(path string, v any, depth int) {
	if len(path) > maxClaimName || depth > maxClaimDepth {
		return
	}
	switch v := v.(type) {
	case string:
		f.put(path, v)
	case json.Number:
		f.put(path, v.String())
	case bool:
		if v {
			f.put(path, "true")
		} else {
			f.put(path, "false")
		}
	case []any:
		for _, item := range v {
			f.add(path, item, depth+1)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner := path + "." + name
			if _, taken := f.top[inner]; !taken {
				f.add(inner, v[name], depth+1)
			}
		}
	}
}

func (f *flattener) put(path, value string) {
	if f.count >= maxClaimValues || len(value) > maxClaimValue || value == "" {
		return
	}
	f.count++
	f.out[path] = append(f.out[path], value)
}

// withoutUnverified leaves out addresses that the provider says it has not
// verified: anybody could have written them, so they must give no role.
func withoutUnverified(claims map[string]any) map[string]any {
	out := maps.Clone(claims)
	for _, name := range []string{"email", "phone_number"} {
		if v, told := claims[name+"_verified"]; told && v != true && v != "true" {
			delete(out, name)
		}
	}
	return out
}

// person makes a Person of what an OpenID provider says.
func person(claims map[string]any) Person {
	subject := text(claims, "sub")
	name := display(text(claims, "name"), text(claims, "given_name")+" "+text(claims, "family_name"),
		text(claims, "nickname"), text(claims, "preferred_username"), subject)
	return Person{Subject: subject, Name: name, Claims: flatten(withoutUnverified(claims))}
}

// display returns the first name that shows something.
func display(names ...string) string {
	for _, name := range names {
		if name = oneLine(name); name != "" {
			return name
		}
	}
	return "?"
}

// oneLine makes a text harmless to show in one line: no control characters, none
// that turn the direction of what follows, no more than maxName characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxName {
		s = strings.TrimSpace(string(r[:maxName]))
	}
	return s
}

// text returns a claim that is a text, or "".
func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}

// validSubject tells whether a subject can name a person for good.
func validSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
