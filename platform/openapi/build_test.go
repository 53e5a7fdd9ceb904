package openapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type (
	colour string
	stamp  struct{ time.Time }
	base   struct {
		ID string `json:"id"`
	}
	list[T any] struct {
		Items []T `json:"items"`
	}
	thing struct {
		base
		Colour colour            `json:"colour"`
		At     stamp             `json:"at"`
		Until  *stamp            `json:"until,omitempty"`
		Gone   *bool             `json:"gone"`
		Count  int64             `json:"count,omitempty"`
		Labels map[string]string `json:"labels"`
		Raw    json.RawMessage   `json:"raw,omitempty"`
		Port   uint16            `json:"port"`
		Parts  []thing           `json:"parts"`
		Made   bool              `json:"made"`
	}
)

func api(operations ...Operation) API {
	return API{Title: "Things", Version: "1", Tags: []Tag{{Name: "t"}}, Operations: operations,
		Schemes: []Scheme{{Name: "bearer", HTTP: "bearer"}}, Shared: []Shared{{"gone", Answer{Status: 410, Description: "Gone"}}},
		Enums: map[reflect.Type][]string{reflect.TypeFor[colour](): {"red", "blue"}},
		Words: func(typeName, field string) string {
			if typeName+"."+field == "thing.Colour" {
				return "Its paint"
			}
			return ""
		}}
}

func op(change func(*Operation)) Operation {
	o := Operation{Method: "GET", Path: "/things/{id}", ID: "getThing", Tag: "t", Summary: "Read", Answers: []Answer{{Status: 200, Description: "Done"}}}
	if change != nil {
		change(&o)
	}
	return o
}

func TestBuild(t *testing.T) {
	got, err := Build(api(op(func(o *Operation) {
		o.Answers = []Answer{{Shared: "gone"}, {Status: 200, Description: "Done", Content: []Content{{"application/json", list[thing]{}}}}}
		o.Body = []Content{{"application/json", Variant{Name: "NewThing", Of: thing{}, Without: []string{"made", "parts", "labels", "raw", "port", "until", "gone", "at", "count"}, Required: []string{"id"}}}}
		o.Security = []Requirement{{"bearer", []string{"read"}}, {}}
		o.Parameters = []Parameter{{Name: "limit", In: "query", Of: 0}}
	})))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"openapi":"3.1.1","info":{"title":"Things","version":"1"},"servers":[{"url":"/"}],"tags":[{"name":"t"}],
		"paths":{"/things/{id}":{"get":{"tags":["t"],"summary":"Read","operationId":"getThing",
			"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}},{"name":"limit","in":"query","schema":{"type":"integer","format":"int32"}}],
			"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NewThing"}}}},
			"responses":{"200":{"description":"Done","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ThingList"}}}},"410":{"$ref":"#/components/responses/gone"}},
			"security":[{"bearer":["read"]},{}]}}},
		"components":{"schemas":{
			"Colour":{"type":"string","enum":["red","blue"]},
			"NewThing":{"type":"object","properties":{"id":{"type":"string"},"colour":{"$ref":"#/components/schemas/Colour","description":"Its paint"}},"required":["id"]},
			"Thing":{"type":"object","properties":{"id":{"type":"string"},"colour":{"$ref":"#/components/schemas/Colour","description":"Its paint"},
				"at":{"type":"string","format":"date-time"},"until":{"type":"string","format":"date-time"},"gone":{"type":["boolean","null"]},
				"count":{"type":"integer","format":"int64"},"labels":{"type":"object","additionalProperties":{"type":"string"}},"raw":{"type":"object"},
				"port":{"type":"integer","minimum":0,"maximum":65535},"parts":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},"made":{"type":"boolean"}},
				"required":["id","colour","at","gone","labels","port","parts","made"]},
			"ThingList":{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}}},"required":["items"]}},
		"responses":{"gone":{"description":"Gone"}},"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}}}`
	if d := cmp.Diff(strings.NewReplacer("\n", "", "\t", "").Replace(want), string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestBuildFindsMistakes: a table that contradicts itself makes no document.
func TestBuildFindsMistakes(t *testing.T) {
	answers := func(v any) func(*Operation) {
		return func(o *Operation) { o.Answers[0].Content = []Content{{"application/json", v}} }
	}
	type twin struct {
		A colour `json:"a"`
	}
	inner := func() any {
		type twin struct {
			B int `json:"b"`
		}
		return twin{}
	}()
	for name, operations := range map[string][]Operation{
		"no id":                    {op(func(o *Operation) { o.ID = "" })},
		"the same id":              {op(nil), op(func(o *Operation) { o.Path = "/other" })},
		"the same operation":       {op(nil), op(func(o *Operation) { o.ID = "other" })},
		"no summary":               {op(func(o *Operation) { o.Summary = "" })},
		"no answer":                {op(func(o *Operation) { o.Answers = nil })},
		"no tag":                   {op(func(o *Operation) { o.Tag = "x" })},
		"unknown scheme":           {op(func(o *Operation) { o.Security = []Requirement{{Scheme: "x"}} })},
		"unknown shared answer":    {op(func(o *Operation) { o.Answers = []Answer{{Shared: "x"}} })},
		"a status twice":           {op(func(o *Operation) { o.Answers = append(o.Answers, o.Answers[0]) })},
		"a status that is none":    {op(func(o *Operation) { o.Answers[0].Status = 20 })},
		"an answer without words":  {op(func(o *Operation) { o.Answers[0].Description = "" })},
		"parameter of another":     {op(func(o *Operation) { o.Parameters = []Parameter{{Name: "x", In: "path"}} })},
		"a channel":                {op(answers(make(chan int)))},
		"a map by number":          {op(answers(map[int]string{}))},
		"a field without a name":   {op(answers(struct{ A int }{}))},
		"a struct without a name":  {op(answers(struct{}{}))},
		"two types of a name":      {op(answers(twin{})), op(func(o *Operation) { o.ID, o.Path = "b", "/b"; answers(inner)(o) })},
		"variant without a member": {op(answers(Variant{Name: "V", Of: thing{}, Without: []string{"x"}}))},
		"variant requires nothing": {op(answers(Variant{Name: "V", Of: thing{}, Required: []string{"x"}}))},
		"variant of a used name":   {op(answers(thing{})), op(func(o *Operation) { o.ID, o.Path = "b", "/b"; answers(Variant{Name: "Thing", Of: thing{}})(o) })},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Build(api(operations...)); err == nil {
				t.Error("no error")
			}
		})
	}
}
