package openapi

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// schema is the part of JSON Schema 2020-12 that Go types need.
type schema struct {
	Ref              string           `json:"$ref,omitempty"`
	Type             any              `json:"type,omitempty"` // a name or a list of names
	Format           string           `json:"format,omitempty"`
	ContentMediaType string           `json:"contentMediaType,omitempty"`
	Description      string           `json:"description,omitempty"`
	Enum             []string         `json:"enum,omitempty"`
	Minimum          *int64           `json:"minimum,omitempty"`
	Maximum          *int64           `json:"maximum,omitempty"`
	Items            *schema          `json:"items,omitempty"`
	Properties       entries[*schema] `json:"properties,omitempty"`
	Required         []string         `json:"required,omitempty"`
	Additional       *schema          `json:"additionalProperties,omitempty"`
	AnyOf            []*schema        `json:"anyOf,omitempty"`
}

// schemas makes schemas and collects those that have a name.
type schemas struct {
	api   API
	named entries[*schema]
	owner map[string]any // of each name: its type, or its Variant's
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	binaryType = reflect.TypeFor[Binary]()
)

// of returns the schema of a value's type.
func (s *schemas) of(v any) (*schema, error) {
	variant, ok := v.(Variant)
	if !ok {
		return s.ofType(reflect.TypeOf(v))
	}
	t := reflect.TypeOf(variant.Of)
	return s.name(variant.Name, variant.Name, func() (*schema, error) {
		v, err := s.object(t, variant.Without)
		if err != nil {
			return nil, err
		}
		v.Description = s.words(t.Name(), "")
		for _, name := range variant.Required {
			if v.Properties.index(name) < 0 {
				return nil, fmt.Errorf("%s: no member %s", variant.Name, name)
			}
		}
		v.Required = variant.Required
		return v, nil
	})
}

func (s *schemas) ofType(t reflect.Type) (*schema, error) {
	if t == nil {
		return &schema{}, nil
	}
	switch {
	case t == timeType, t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Anonymous && t.Field(0).Type == timeType:
		return &schema{Type: "string", Format: "date-time"}, nil
	case t == rawType:
		return &schema{Type: "object"}, nil
	case t == binaryType:
		return &schema{ContentMediaType: "application/octet-stream"}, nil
	}
	switch t.Kind() {
	case reflect.Interface:
		return &schema{}, nil
	case reflect.Bool:
		return &schema{Type: "boolean"}, nil
	case reflect.String:
		return s.text(t)
	case reflect.Int, reflect.Int32:
		return &schema{Type: "integer", Format: "int32"}, nil
	case reflect.Int64:
		return &schema{Type: "integer", Format: "int64"}, nil
	case reflect.Float64:
		return &schema{Type: "number"}, nil
	case reflect.Uint16:
		least, most := int64(0), int64(math.MaxUint16)
		return &schema{Type: "integer", Minimum: &least, Maximum: &most}, nil
	case reflect.Pointer:
		return s.nullable(t.Elem())
	case reflect.Slice:
		items, err := s.ofType(t.Elem())
		return &schema{Type: "array", Items: items}, err
	case reflect.Map:
		return s.table(t)
	case reflect.Struct:
		return s.structure(t)
	}
	return nil, fmt.Errorf("%v: no schema for this kind of type", t)
}

func (s *schemas) text(t reflect.Type) (*schema, error) {
	values, ok := s.api.Enums[t]
	if !ok {
		return &schema{Type: "string"}, nil
	}
	return s.name(capital(t.Name()), t, func() (*schema, error) {
		return &schema{Type: "string", Enum: values, Description: s.words(t.Name(), "")}, nil
	})
}

func (s *schemas) nullable(t reflect.Type) (*schema, error) {
	v, err := s.ofType(t)
	if err != nil {
		return nil, err
	}
	if kind, ok := v.Type.(string); ok {
		v.Type = []string{kind, "null"}
		return v, nil
	}
	return &schema{AnyOf: []*schema{v, {Type: "null"}}}, nil
}

func (s *schemas) table(t reflect.Type) (*schema, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("%v: the members of an object have names", t)
	}
	if t.Elem().Kind() == reflect.Interface {
		return &schema{Type: "object"}, nil
	}
	values, err := s.ofType(t.Elem())
	return &schema{Type: "object", Additional: values}, err
}

func (s *schemas) structure(t reflect.Type) (*schema, error) {
	name, err := nameOf(t)
	if err != nil {
		return nil, err
	}
	return s.name(name, t, func() (*schema, error) {
		v, err := s.object(t, nil)
		if err == nil {
			v.Description = s.words(t.Name(), "")
		}
		return v, err
	})
}

// object is a struct's own schema. A member is required unless encoding leaves
// it out when it is empty. The document promises no end to the members: new
// ones may come.
func (s *schemas) object(t reflect.Type, without []string) (*schema, error) {
	v := &schema{Type: "object"}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || options == "string" {
			return nil, fmt.Errorf("%v: the field %s has no plain JSON name", t, f.Name)
		}
		if slices.Contains(without, name) {
			continue
		}
		optional := options == "omitempty" || options == "omitzero"
		member, err := s.member(t, f, name, optional)
		if err != nil {
			return nil, err
		}
		v.Properties.add(name, member)
		if !optional {
			v.Required = append(v.Required, name)
		}
	}
	for _, name := range without {
		if !slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return tag == name
		}) {
			return nil, fmt.Errorf("%v: no member %s", t, name)
		}
	}
	return v, nil
}

func (s *schemas) member(t reflect.Type, f reflect.StructField, name string, optional bool) (*schema, error) {
	of := f.Type
	if told, ok := s.api.Members[t][name]; ok {
		of = reflect.TypeOf(told)
	} else if optional && of.Kind() == reflect.Pointer {
		of = of.Elem() // nil is left out rather than written as null
	}
	v, err := s.ofType(of)
	if err != nil {
		return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
	}
	owner := t
	if len(f.Index) > 1 { // of an embedded struct
		owner = t.FieldByIndex(f.Index[:len(f.Index)-1]).Type
	}
	// Beside $ref a description counts since JSON Schema 2019-09.
	v.Description = s.words(owner.Name(), f.Name)
	return v, nil
}

// name returns a reference to a schema, which it makes at the first mention.
func (s *schemas) name(name string, owner any, build func() (*schema, error)) (*schema, error) {
	ref := &schema{Ref: "#/components/schemas/" + name}
	if known, ok := s.owner[name]; ok {
		if known != owner {
			return nil, fmt.Errorf("two schemas are called %s", name)
		}
		return ref, nil
	}
	s.owner[name] = owner // before its members, which may refer to it
	v, err := build()
	if err != nil {
		return nil, err
	}
	s.named.add(name, v)
	return ref, nil
}

func (s *schemas) words(typeName, field string) string {
	if s.api.Words == nil {
		return ""
	}
	return s.api.Words(typeName, field)
}

// nameOf is the name of a struct's schema: that of the type, and of a generic
// type its argument's before its own, so that List[Thing] is ThingList.
func nameOf(t reflect.Type) (string, error) {
	name, argument, generic := strings.Cut(t.Name(), "[")
	if generic {
		argument = strings.TrimSuffix(argument, "]")
		if strings.ContainsAny(argument, ",[") {
			return "", fmt.Errorf("%v: no name for this type", t)
		}
		name = argument[strings.LastIndexByte(argument, '.')+1:] + capital(name)
	}
	if name == "" {
		return "", fmt.Errorf("%v: a struct without a name", t)
	}
	return capital(name), nil
}

func capital(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}
