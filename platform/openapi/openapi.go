// Package openapi writes an OpenAPI 3.1 document from a table of operations
// whose bodies are Go types: by reflection over their JSON tags each type
// becomes a schema of JSON Schema 2020-12 among the components.
//
// It owns the form of the document and the way from a Go type to a schema. It
// must not know our routes, our types or HTTP handlers: whoever calls Build
// brings them. The library danielgtaylor/huma does the same from within the
// handlers, which it then decodes, checks and answers for in a manner of its
// own; ours must refuse in the words of five published contracts, so the
// handlers stay as they are and the table beside them is held to the truth by
// tests against the running server. Build keeps nothing and starts nothing.
package openapi

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// API is what a document tells.
type API struct {
	Title, Version, Description string
	Tags                        []Tag
	Schemes                     []Scheme
	// Shared are answers that many operations give, such as errors.
	Shared     []Shared
	Operations []Operation

	// Enums are the values of string types that have only so many.
	Enums map[reflect.Type][]string
	// Members tells of fields whose Go type says too little, by their names in
	// JSON: the schema is that of the value's type instead.
	Members map[reflect.Type]map[string]any
	// Words describes a type, or a member of it by its Go name; may be nil.
	Words func(typeName, field string) string
}

// Tag names a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Scheme is a way to authenticate, of HTTP (RFC 9110, section 11).
type Scheme struct {
	Name, Description string
	HTTP              string // bearer or basic
	Format            string // of a bearer token
}

// Shared is an answer with a name, under which operations refer to it.
type Shared struct {
	Name   string
	Answer Answer
}

// Operation is one method of one path.
type Operation struct {
	Method, Path         string // as in OpenAPI: GET, /things/{id}
	ID, Tag              string
	Summary, Description string
	// Parameters may leave out those of the path that are plain strings.
	Parameters []Parameter
	Body       []Content // the media types that are taken; empty: no body
	Answers    []Answer
	Security   []Requirement // alternatives; empty: open to everybody
}

// Parameter is a value in the path, the query or a header.
type Parameter struct {
	Name, In, Description string
	Required              bool
	Of                    any // a value of its type
}

// Content is a body in one media type.
type Content struct {
	Type string
	Of   any // a value of its Go type, or a Variant; nil: bytes that need no schema
}

// Answer is what one status means. Either Shared is the name of a shared
// answer, or the rest is set.
type Answer struct {
	Shared      string
	Status      int
	Description string
	Headers     []Header
	Content     []Content
}

// Header is a header of an answer; all are strings.
type Header struct{ Name, Description string }

// Requirement is a scheme and the scopes that it must bring; without a name it
// stands for no authentication at all.
type Requirement struct {
	Scheme string
	Scopes []string
}

// Variant is a type as a request takes it: under another name, without the
// members that the answerer sets, and with the required members named.
type Variant struct {
	Name     string
	Of       any
	Without  []string
	Required []string
}

// Binary is the content of a file in a form.
type Binary struct{}

// entries is a JSON object whose members keep their order.
type entries[T any] []entry[T]

type entry[T any] struct {
	name  string
	value T
}

// MarshalJSON writes the members in their order.
func (e entries[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range e {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (e *entries[T]) add(name string, value T) { *e = append(*e, entry[T]{name, value}) }

func (e entries[T]) index(name string) int {
	for i, m := range e {
		if m.name == name {
			return i
		}
	}
	return -1
}
