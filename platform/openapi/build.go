package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The objects of the document, in the words of OpenAPI 3.1.
type (
	document struct {
		OpenAPI    string             `json:"openapi"`
		Info       info               `json:"info"`
		Servers    []server           `json:"servers"`
		Tags       []Tag              `json:"tags"`
		Paths      entries[*pathItem] `json:"paths"`
		Components components         `json:"components"`
	}
	info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description,omitempty"`
	}
	server struct {
		URL string `json:"url"`
	}
	pathItem   = entries[operation]
	components struct {
		Schemas   entries[*schema]        `json:"schemas"`
		Responses entries[response]       `json:"responses"`
		Schemes   entries[securityScheme] `json:"securitySchemes"`
	}
	securityScheme struct {
		Type         string `json:"type"`
		Scheme       string `json:"scheme"`
		BearerFormat string `json:"bearerFormat,omitempty"`
		Description  string `json:"description,omitempty"`
	}
	operation struct {
		Tags        []string              `json:"tags"`
		Summary     string                `json:"summary"`
		Description string                `json:"description,omitempty"`
		ID          string                `json:"operationId"`
		Parameters  []parameter           `json:"parameters,omitempty"`
		Body        *body                 `json:"requestBody,omitempty"`
		Responses   entries[response]     `json:"responses"`
		Security    []map[string][]string `json:"security"`
	}
	parameter struct {
		Name        string  `json:"name"`
		In          string  `json:"in"`
		Description string  `json:"description,omitempty"`
		Required    bool    `json:"required,omitempty"`
		Schema      *schema `json:"schema"`
	}
	body struct {
		Required bool               `json:"required"`
		Content  entries[mediaType] `json:"content"`
	}
	mediaType struct {
		Schema *schema `json:"schema,omitempty"`
	}
	response struct {
		Ref         string             `json:"$ref,omitempty"`
		Description string             `json:"description,omitempty"`
		Headers     entries[header]    `json:"headers,omitempty"`
		Content     entries[mediaType] `json:"content,omitempty"`
	}
	header struct {
		Description string  `json:"description,omitempty"`
		Schema      *schema `json:"schema"`
	}
)

// Build writes the document. It fails on what would make it wrong: a type
// without a schema, a name that stands for two things, an operation that comes
// twice or says nothing.
func Build(a API) ([]byte, error) {
	b := builder{schemas: schemas{api: a, owner: map[string]any{}}, ids: map[string]bool{}}
	d := document{OpenAPI: "3.1.1", Info: info{a.Title, a.Version, a.Description}, Servers: []server{{"/"}}, Tags: a.Tags}
	for _, s := range a.Schemes {
		d.Components.Schemes.add(s.Name, securityScheme{"http", s.HTTP, s.Format, s.Description})
	}
	for _, s := range a.Shared {
		r, err := b.response(s.Answer)
		if err != nil {
			return nil, fmt.Errorf("answer %s: %w", s.Name, err)
		}
		d.Components.Responses.add(s.Name, r)
	}
	for _, o := range a.Operations {
		v, err := b.operation(o)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.Method, o.Path, err)
		}
		i := d.Paths.index(o.Path)
		if i < 0 {
			i = len(d.Paths)
			d.Paths.add(o.Path, &pathItem{})
		}
		item, method := d.Paths[i].value, strings.ToLower(o.Method)
		if item.index(method) >= 0 {
			return nil, fmt.Errorf("%s %s comes twice", o.Method, o.Path)
		}
		item.add(method, v)
	}
	d.Components.Schemas = b.schemas.named
	slices.SortFunc(d.Components.Schemas, func(x, y entry[*schema]) int { return strings.Compare(x.name, y.name) })
	return json.Marshal(d)
}

type builder struct {
	schemas schemas
	ids     map[string]bool // of operations
}

var inBraces = regexp.MustCompile(`\{([^}]+)\}`)

func (b *builder) operation(o Operation) (operation, error) {
	v := operation{Tags: []string{o.Tag}, Summary: o.Summary, Description: o.Description, ID: o.ID, Security: []map[string][]string{}}
	switch {
	case o.ID == "" || b.ids[o.ID]:
		return v, fmt.Errorf("the operation id %q is missing or taken", o.ID)
	case o.Summary == "", len(o.Answers) == 0:
		return v, errors.New("no summary or no answer")
	case !slices.ContainsFunc(b.schemas.api.Tags, func(t Tag) bool { return t.Name == o.Tag }):
		return v, fmt.Errorf("unknown tag %q", o.Tag)
	}
	b.ids[o.ID] = true
	parameters, err := b.parameters(o)
	if err != nil {
		return v, err
	}
	v.Parameters = parameters
	if len(o.Body) > 0 {
		content, err := b.content(o.Body)
		if err != nil {
			return v, err
		}
		v.Body = &body{Required: true, Content: content}
	}
	for _, answer := range o.Answers {
		status, r, err := b.answer(answer)
		if err != nil {
			return v, err
		}
		if v.Responses.index(status) >= 0 {
			return v, fmt.Errorf("the status %s comes twice", status)
		}
		v.Responses.add(status, r)
	}
	slices.SortStableFunc(v.Responses, func(x, y entry[response]) int { return strings.Compare(x.name, y.name) })
	for _, r := range o.Security {
		if r.Scheme == "" {
			v.Security = append(v.Security, map[string][]string{})
			continue
		}
		if !slices.ContainsFunc(b.schemas.api.Schemes, func(s Scheme) bool { return s.Name == r.Scheme }) {
			return v, fmt.Errorf("unknown scheme %q", r.Scheme)
		}
		v.Security = append(v.Security, map[string][]string{r.Scheme: append([]string{}, r.Scopes...)})
	}
	return v, nil
}

// parameters are those of the path in its order, then the others.
func (b *builder) parameters(o Operation) ([]parameter, error) {
	var list []parameter
	rest := slices.Clone(o.Parameters)
	take := func(p Parameter) error {
		s, err := b.schemas.of(p.Of)
		list = append(list, parameter{p.Name, p.In, p.Description, p.Required, s})
		return err
	}
	for _, m := range inBraces.FindAllStringSubmatch(o.Path, -1) {
		p := Parameter{Name: m[1], Of: ""}
		if i := slices.IndexFunc(rest, func(p Parameter) bool { return p.In == "path" && p.Name == m[1] }); i >= 0 {
			p = rest[i]
			rest = slices.Delete(rest, i, i+1)
		}
		p.In, p.Required = "path", true
		if err := take(p); err != nil {
			return nil, err
		}
	}
	for _, p := range rest {
		if p.In != "query" && p.In != "header" {
			return nil, fmt.Errorf("the parameter %s is in %q", p.Name, p.In)
		}
		if err := take(p); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (b *builder) answer(a Answer) (status string, _ response, err error) {
	if a.Shared == "" {
		r, err := b.response(a)
		return strconv.Itoa(a.Status), r, err
	}
	i := slices.IndexFunc(b.schemas.api.Shared, func(s Shared) bool { return s.Name == a.Shared })
	if i < 0 {
		return "", response{}, fmt.Errorf("no answer is called %s", a.Shared)
	}
	return strconv.Itoa(b.schemas.api.Shared[i].Answer.Status), response{Ref: "#/components/responses/" + a.Shared}, nil
}

func (b *builder) response(a Answer) (response, error) {
	r := response{Description: a.Description}
	if a.Description == "" || a.Status < 100 || a.Status > 599 {
		return r, fmt.Errorf("the status %d is none, or says nothing", a.Status)
	}
	for _, h := range a.Headers {
		r.Headers.add(h.Name, header{h.Description, &schema{Type: "string"}})
	}
	content, err := b.content(a.Content)
	r.Content = content
	return r, err
}

func (b *builder) content(list []Content) (entries[mediaType], error) {
	var content entries[mediaType]
	for _, c := range list {
		if c.Of == nil {
			content.add(c.Type, mediaType{})
			continue
		}
		s, err := b.schemas.of(c.Of)
		if err != nil {
			return nil, err
		}
		content.add(c.Type, mediaType{s})
	}
	return content, nil
}
