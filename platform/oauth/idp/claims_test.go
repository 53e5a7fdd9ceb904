package idp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

func TestClaimsAreFlattened(t *testing.T) {
	for name, tc := range map[string]struct {
		claims string
		want   map[string][]string
	}{
		"texts":          {`{"a":"x","b":["y","z"]}`, map[string][]string{"a": {"x"}, "b": {"y", "z"}}},
		"numbers":        {`{"a":1,"b":1.50,"c":12345678901234567890,"d":[1,2]}`, map[string][]string{"a": {"1"}, "b": {"1.50"}, "c": {"12345678901234567890"}, "d": {"1", "2"}}},
		"truths":         {`{"a":true,"b":false,"c":null,"d":""}`, map[string][]string{"a": {"true"}, "b": {"false"}}},
		"nested":         {`{"a":{"b":{"c":"x"}}}`, map[string][]string{"a.b.c": {"x"}}},
		"lists of":       {`{"a":[{"b":"x"},{"b":["y"]},"z",[["w"]]]}`, map[string][]string{"a": {"z", "w"}, "a.b": {"x", "y"}}},
		"address":        {`{"https://acme.example/roles":["x"]}`, map[string][]string{"https://acme.example/roles": {"x"}}},
		"nested poses":   {`{"a.b":"true one","a":{"b":"mine","c":"y"}}`, map[string][]string{"a.b": {"true one"}, "a.c": {"y"}}},
		"nested poses 2": {`{"a.b.c":"true one","a":{"b":{"c":"mine"},"b.c":"mine"}}`, map[string][]string{"a.b.c": {"true one"}}},
		"poses as null":  {`{"a.b":null,"a":{"b":"mine"}}`, map[string][]string{}},
		"too deep":       {strings.Repeat(`{"a":`, 9) + `"x"` + strings.Repeat(`}`, 9), map[string][]string{}},
		"deep":           {strings.Repeat(`{"a":`, 8) + `"x"` + strings.Repeat(`}`, 8), map[string][]string{"a.a.a.a.a.a.a.a": {"x"}}},
		"long value":     {`{"a":"` + strings.Repeat("x", 1025) + `","b":"y"}`, map[string][]string{"b": {"y"}}},
		"long name":      {`{"` + strings.Repeat("x", 257) + `":"y"}`, map[string][]string{}},
	} {
		got, err := idp.Flatten([]byte(tc.claims))
		if err != nil || !cmp.Equal(got, tc.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	many, err := idp.Flatten([]byte(`{"a":[` + strings.Repeat("1,", 2*idp.MaxClaimValues) + `1]}`))
	if err != nil || len(many["a"]) != idp.MaxClaimValues {
		t.Errorf("%d values, %v", len(many["a"]), err)
	}
	for _, bad := range []string{``, `null`, `[]`, `{} {}`, `{`, `"x"`} {
		if got, err := idp.Flatten([]byte(bad)); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func TestRolesOfAPerson(t *testing.T) {
	p := idp.Person{Claims: map[string][]string{"groups": {"desk", "lead"}, "authorization.roles.name": {"Supervisor"}, "empty": {""}}}
	mapping := func(claim, value, role string) wire.RoleMapping {
		return wire.RoleMapping{Claim: claim, Value: value, Role: role}
	}
	for name, tc := range map[string]struct {
		defaults []string
		mappings []wire.RoleMapping
		want     []string
	}{
		"none":          {nil, nil, []string{}},
		"of everybody":  {[]string{"agent"}, nil, []string{"agent"}},
		"one of a list": {[]string{"agent"}, []wire.RoleMapping{mapping("groups", "lead", "supervisor")}, []string{"agent", "supervisor"}},
		"nested":        {nil, []wire.RoleMapping{mapping("authorization.roles.name", "Supervisor", "supervisor")}, []string{"supervisor"}},
		"each once":     {[]string{"agent", "agent"}, []wire.RoleMapping{mapping("groups", "desk", "agent"), mapping("groups", "lead", "agent")}, []string{"agent"}},
		"other letters": {nil, []wire.RoleMapping{mapping("groups", "Lead", "admin"), mapping("Groups", "lead", "admin")}, []string{}},
		"part":          {nil, []wire.RoleMapping{mapping("groups", "lea", "admin"), mapping("groups", "", "admin"), mapping("", "lead", "admin"), mapping("empty", "", "admin")}, []string{}},
		"no role":       {[]string{""}, []wire.RoleMapping{mapping("groups", "lead", "")}, []string{}},
	} {
		if got := p.Roles(tc.defaults, tc.mappings); !cmp.Equal(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Who may write any address into the own account must not get a role by it.
func TestUnverifiedAddressesGiveNoRole(t *testing.T) {
	for verified, want := range map[any]bool{nil: true, true: true, "true": true, false: false, "false": false, 0: false} {
		f := newFake(t)
		f.claims = map[string]any{"email": "chief@acme.example", "email_verified": verified}
		p, err := f.signIn(t, newClient(t), f.provider())
		if err != nil || (len(p.Claims["email"]) == 1) != want {
			t.Errorf("verified %v: %v, %v", verified, p.Claims, err)
		}
	}
}

func TestNamesToShow(t *testing.T) {
	for in, want := range map[string]string{
		"Ann Lee": "Ann Lee", "  Ann \t\n Lee ": "Ann Lee", "Zoë 李": "Zoë 李", "a\x00b\x1b[31m": "ab[31m", "Ann\u202eeeL": "AnneeL", "\u200b\u2066": "",
		"bad\xff": "bad", strings.Repeat("ü", 150): strings.Repeat("ü", 100),
	} {
		if got := idp.OneLine(in); got != want {
			t.Errorf("%q is %q, not %q", in, got, want)
		}
	}
	for i, tc := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"name": nil, "given_name": "Ann", "family_name": "Lee", "nickname": "al"}, "Ann Lee"},
		{map[string]any{"name": "\u200b", "nickname": "al"}, "al"},
		{map[string]any{"name": 7, "preferred_username": "ann"}, "ann"},
		{map[string]any{"name": nil}, "person-1"},
	} {
		f := newFake(t)
		f.claims = tc.claims
		if p, err := f.signIn(t, newClient(t), f.provider()); err != nil || p.Name != tc.want {
			t.Errorf("%d: %q, %v", i, p.Name, err)
		}
	}
}

func FuzzFlatten(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[{"c":1}]},"a.b.c":"x"}`, `{"a":[[[[[[[[[["x"]]]]]]]]]]}`, `{"":{"":""}}`, `{"a":1e999,"b":"\ud800"}`, `null`, `{"a":{"a":{"a":{"a":{}}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := idp.Flatten(body)
		if err != nil {
			return
		}
		again, err := idp.Flatten(body)
		if err != nil || !cmp.Equal(got, again) {
			t.Fatalf("flattening differs from one time to the next: %v, %v", got, again)
		}
		var top map[string]json.RawMessage
		if err := json.Unmarshal(body, &top); err != nil {
			t.Fatal(err)
		}
		count := 0
		for path, values := range got {
			if len(values) == 0 || len(path) > 256 {
				t.Fatalf("path %q with %d values", path, len(values))
			}
			for _, v := range values {
				if count++; v == "" || len(v) > 1024 || !utf8.ValidString(v) {
					t.Fatalf("%q has the value %q", path, v)
				}
			}
			// What reads like a claim at the top is that claim.
			if own, found := top[path]; found && len(own) > 0 && own[0] != '[' && own[0] != '{' && len(values) != 1 {
				t.Fatalf("%q is %s, not %v", path, own, values)
			}
		}
		if count > idp.MaxClaimValues {
			t.Fatal("too many values")
		}
		_ = fmt.Sprint(idp.Person{Claims: got}.Roles(nil, []wire.RoleMapping{{Claim: "a", Value: "x", Role: "r"}}))
	})
}
