package room

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"guichet/platform/wire"
)

// Limits of the fields, in characters, save the last.
const (
	maxName        = 100
	maxDisplayName = 200
	maxMeta        = 2000   // serialized to JSON
	maxRemoveAfter = 200000 // seconds
)

// form reads the fields of one request and gathers what is wrong with them. A
// null field counts as absent.
type form struct{ errors []wire.ValidationError }

// refuse notes an error in the contract's manner: the field's name in words,
// then what it must be.
func (f *form) refuse(attribute, format string, args ...any) {
	words := strings.ReplaceAll(attribute, "_", " ")
	f.errors = append(f.errors, wire.NewValidationError(attribute, strings.ToUpper(words[:1])+words[1:]+" "+fmt.Sprintf(format, args...)))
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// text returns a string of at most limit characters, or "" if there is none.
func (f *form) text(attribute string, raw json.RawMessage, limit int) string {
	if absent(raw) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		f.refuse(attribute, "must be a string")
		return ""
	}
	if utf8.RuneCountInString(s) > limit {
		f.refuse(attribute, "is too long (maximum is %d characters)", limit)
		return ""
	}
	return s
}

func (f *form) roomName(attribute string, raw json.RawMessage) string {
	refused := len(f.errors)
	name := f.text(attribute, raw, maxName)
	switch {
	case len(f.errors) > refused:
	case name == "":
		f.refuse(attribute, "must be present")
	case strings.ContainsFunc(name, notOfName):
		f.refuse(attribute, "is invalid (allowed characters: A-Za-z0-9_-)")
	}
	return name
}

func notOfName(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

func (f *form) flag(attribute string, raw json.RawMessage, preset bool) bool {
	if absent(raw) {
		return preset
	}
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		f.refuse(attribute, "must be true or false")
	}
	return b
}

// oneOf returns the value of an enumeration; the first one is the default.
func oneOf[T ~string](f *form, attribute string, raw json.RawMessage, values ...T) T {
	if absent(raw) {
		return values[0]
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		f.refuse(attribute, "must be a string")
		return values[0]
	}
	if !slices.Contains(values, T(s)) {
		f.refuse(attribute, "is not included in the list")
		return values[0]
	}
	return T(s)
}

// whole returns a whole number of 1 to limit, or 0 if there is none. 5.0 and
// 5e0 are whole, as JSON has one kind of number only.
func (f *form) whole(attribute string, raw json.RawMessage, limit int64) int64 {
	if absent(raw) {
		return 0
	}
	// Out of range is ±Inf, which the limits refuse.
	n, _ := strconv.ParseFloat(string(raw), 64)
	switch {
	case !number(raw) || n != math.Trunc(n):
		f.refuse(attribute, "must be an integer")
	case n <= 0:
		f.refuse(attribute, "must be greater than 0")
	case n > float64(limit):
		f.refuse(attribute, "must be less than or equal to %d", limit)
	default:
		return int64(n)
	}
	return 0
}

// number tells a JSON number from the other JSON values.
func number(raw json.RawMessage) bool { return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' }

func (f *form) instant(attribute string, raw json.RawMessage) *instant {
	if absent(raw) {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		f.refuse(attribute, "must be a string")
		return nil
	}
	i, err := parseInstant(s)
	if err != nil {
		f.refuse(attribute, "%v", err)
		return nil
	}
	return &i
}

// object returns a JSON object, {} if there is none. It is written anew before
// its characters are counted, so that a client that sends é as \u00e9 may say as
// much as one that does not.
func (f *form) object(attribute string, raw json.RawMessage) json.RawMessage {
	if absent(raw) {
		return json.RawMessage("{}")
	}
	var members map[string]any
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber() // a number keeps all its digits
	var out bytes.Buffer
	again := json.NewEncoder(&out)
	again.SetEscapeHTML(false)
	if in.Decode(&members) != nil || again.Encode(members) != nil {
		f.refuse(attribute, "must be an object")
		return nil
	}
	serialized := bytes.TrimSpace(out.Bytes())
	if utf8.RuneCount(serialized) > maxMeta {
		f.refuse(attribute, "is too long (maximum is %d characters)", maxMeta)
		return nil
	}
	return serialized
}

// permissions returns what the list names, each once, in the order of the list.
// The audience has none, whatever the request says.
func (f *form) permissions(attribute string, raw json.RawMessage, as wire.JoinAs) []Permission {
	granted := []Permission{}
	switch {
	case as == wire.JoinAsAudience:
		return granted
	case absent(raw):
		return defaultPermissions()
	}
	var names []json.RawMessage
	if json.Unmarshal(raw, &names) != nil {
		f.refuse(attribute, "must be a list")
		return granted
	}
	for i, item := range names {
		var name string
		p, ok := Permission(""), json.Unmarshal(item, &name) == nil
		if ok {
			p, ok = ParsePermission(name)
		}
		if !ok {
			f.refuse(attribute, "item %d is not included in the list", i+1)
			return granted
		}
		if !slices.Contains(granted, p) {
			granted = append(granted, p)
		}
	}
	return granted
}
