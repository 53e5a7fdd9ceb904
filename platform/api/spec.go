package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"guichet/platform/openapi"
	"guichet/platform/wire"
)

// The table of operations, which becomes /openapi.json. It stands beside the
// routes rather than in them: tests compare it with every pattern that is
// registered and with the answers of a running server.

// words are the comments of the types and fields that are described, by
// "Type" and "Type.Field". They are taken from the source by
//
//	go test ./platform/api -run TestWords -update
//
//go:embed words.json
var words []byte

// Document is the description of the whole API in OpenAPI 3.1.
func Document() ([]byte, error) {
	comments := map[string]string{}
	if err := json.Unmarshal(words, &comments); err != nil {
		return nil, fmt.Errorf("read words: %w", err)
	}
	t := table{failures: map[string]openapi.Shared{}}
	for _, g := range groups() {
		t.add(g)
	}
	return openapi.Build(openapi.API{
		Title: "Guichet", Version: "1", Description: introduction, Tags: t.tags, Operations: t.operations,
		Schemes: []openapi.Scheme{
			{Name: "bearer", HTTP: "bearer", Format: "JWT", Description: "An access token of /security/oauth/token. The names beside it are the scopes, one of which the token must have; a scope can stand for others."},
			{Name: "basic", HTTP: "basic", Description: "The id and the secret of an application: at the token endpoint, and in the place of a token where the application's settings allow it."},
		},
		Shared: slices.SortedFunc(maps.Values(t.failures), func(x, y openapi.Shared) int { return strings.Compare(x.Name, y.Name) }),
		Enums:  enums(), Members: members(),
		Words: func(typeName, field string) string {
			typeName, _, _ = strings.Cut(typeName, "[") // without its arguments
			return comments[strings.TrimSuffix(typeName+"."+field, ".")]
		},
	})
}

const introduction = "Agents, kiosks and customers meet in conferences. Sign in at the token endpoint, register an endpoint, " +
	"subscribe to its topic over MQTT (GET /ws, or TCP), join a conference, then apply the events that arrive to the state that was read. " +
	"Members that an answer has and this document has not may come with any version: ignore them."

// group is the operations of one resource.
type group struct {
	tag, about string
	thing      string // what {id} names
	lines      []line
}

// line is an operation, and what most of them need to say.
type line struct {
	pattern, id, summary string
	need                 need // with a token, unless who says otherwise
	takes, gives         any  // JSON bodies; nothing given is 204
	fails                []int
	with                 []with
}

// with says what is out of the ordinary about an operation.
type with func(*openapi.Operation)

// table collects the operations of all groups.
type table struct {
	tags       []openapi.Tag
	operations []openapi.Operation
	failures   map[string]openapi.Shared // that some operation has
}

func groups() []group {
	return slices.Concat([]group{tokens()}, []group{devices(), conferences(), roomActions(), calls(), queues(), presence(), visits(), interactions(), files(), snapshots(), tickets(), reports(), whipAndWHEP(), rooms()},
		[]group{administration(), signIn(), pages()})
}

func (t *table) add(g group) {
	t.tags = append(t.tags, openapi.Tag{Name: g.tag, Description: g.about})
	for _, l := range g.lines {
		method, path, _ := strings.Cut(l.pattern, " ")
		o := openapi.Operation{Method: method, Path: strings.TrimSuffix(path, "{$}"), ID: l.id, Tag: g.tag, Summary: l.summary, Security: l.need.security()}
		if l.need.staff {
			o.Description = "Guests who came by a ticket may not do this."
		}
		fails := slices.Concat(l.fails, []int{401, 403, 429, 500, 503})
		if l.takes != nil {
			o.Body = []openapi.Content{{Type: "application/json", Of: l.takes}}
			fails = append(fails, 400, 413, 415)
		}
		if l.gives != nil {
			o.Answers = append(o.Answers, openapi.Answer{Status: 200, Description: "Done", Content: []openapi.Content{{Type: "application/json", Of: l.gives}}})
		} else {
			o.Answers = append(o.Answers, openapi.Answer{Status: 204, Description: "Done"})
		}
		if strings.Contains(path, "{id}") {
			o.Parameters = append(o.Parameters, openapi.Parameter{Name: "id", In: "path", Of: "", Description: "Of the " + g.thing})
		}
		failing(plain, fails...)(&o)
		for _, w := range l.with {
			w(&o)
		}
		t.share(o.Answers)
		t.operations = append(t.operations, o)
	}
}

// security is how a call with this need authenticates.
func (n need) security() []openapi.Requirement {
	var scopes []string
	if n.scope != "" {
		scopes = []string{n.scope}
	}
	return []openapi.Requirement{{Scheme: "bearer", Scopes: scopes}, {Scheme: "basic", Scopes: scopes}}
}

// manner is the form in which an operation tells of failures.
type manner string

const (
	plain   manner = ""       // wire.Error
	ofVideo manner = "video_" // wire.VideoError
	ofToken manner = "token_" // wire.TokenError
)

// failing gives an operation these failures and no others.
func failing(m manner, statuses ...int) with {
	return func(o *openapi.Operation) {
		o.Answers = slices.DeleteFunc(o.Answers, func(a openapi.Answer) bool { return a.Shared != "" })
		slices.Sort(statuses)
		for _, status := range slices.Compact(statuses) {
			o.Answers = append(o.Answers, openapi.Answer{Shared: string(m) + string(codeOf(status))})
		}
	}
}

// codeOf is the code that a status carries.
func codeOf(status int) wire.Code {
	for code, s := range statuses {
		if s == status {
			return code
		}
	}
	return wire.CodeInternal
}

// share keeps the failures that answers refer to.
func (t *table) share(answers []openapi.Answer) {
	for _, a := range answers {
		if a.Shared == "" {
			continue
		}
		code, body := wire.Code(a.Shared), any(wire.Error{})
		if rest, ok := strings.CutPrefix(a.Shared, string(ofVideo)); ok {
			code, body = wire.Code(rest), wire.VideoError{}
		} else if rest, ok := strings.CutPrefix(a.Shared, string(ofToken)); ok {
			code, body = wire.Code(rest), wire.TokenError{}
		}
		status, ok := statuses[code]
		if !ok {
			status = http.StatusInternalServerError
		}
		answer := openapi.Answer{Status: status, Description: meaning(code), Content: []openapi.Content{{Type: "application/json", Of: body}}}
		if status == http.StatusUnauthorized {
			answer.Headers = []openapi.Header{{Name: "WWW-Authenticate", Description: "The ways to authenticate (RFC 6750, RFC 7617)"}}
		}
		t.failures[a.Shared] = openapi.Shared{Name: a.Shared, Answer: answer}
	}
}

func meaning(code wire.Code) string {
	switch code {
	case wire.CodeInvalid:
		return "The request is malformed: a body, a field or a parameter"
	case wire.CodeUnauthorized:
		return "There are no credentials, or none that are valid"
	case wire.CodeForbidden:
		return "The caller may not do this"
	case wire.CodeNotFound:
		return "There is no such thing"
	case wire.CodeConflict:
		return "What is there now does not allow it: it exists already, is full, or somebody was faster"
	case wire.CodeGone:
		return "It has ended, expired, or was revoked"
	case wire.CodePrecondition:
		return "If-Match names another version"
	case wire.CodeTooLarge:
		return "The body is over its limit"
	case wire.CodeMediaType:
		return "The body is of a type that is not taken here"
	case wire.CodeTooMany:
		return "Too many requests: wait before the next"
	case wire.CodeNotAvailable:
		return "The caller may do this, but the server cannot do it yet"
	case wire.CodeUnavailable:
		return "The server is starting, stopping or overloaded: try again in a moment"
	case wire.CodeNoAnswer:
		return "The other side did not answer in time"
	case wire.CodeNoSpace:
		return "The server has no room for files left"
	}
	return "Something went wrong in the server"
}

// created makes the success 201.
func created(o *openapi.Operation) {
	o.Answers[0].Status, o.Answers[0].Description = http.StatusCreated, "Made"
}

// open is for who has no token; failures that tell of tokens are gone.
func open(o *openapi.Operation) {
	o.Security = nil
	o.Answers = slices.DeleteFunc(o.Answers, func(a openapi.Answer) bool {
		return slices.Contains([]string{string(wire.CodeUnauthorized), string(wire.CodeForbidden), string(wire.CodeTooMany), string(wire.CodeUnavailable)}, a.Shared)
	})
}

// query adds a parameter of the query.
func query(name string, of any, description string) with {
	return func(o *openapi.Operation) {
		o.Parameters = append(o.Parameters, openapi.Parameter{Name: name, In: "query", Of: of, Description: description})
	}
}

// header adds a header of the request.
func header(name, description string) with {
	return func(o *openapi.Operation) {
		o.Parameters = append(o.Parameters, openapi.Parameter{Name: name, In: "header", Of: "", Description: description})
	}
}

// body is taken in another form than JSON.
func body(kind string, of any) with {
	return func(o *openapi.Operation) { o.Body = []openapi.Content{{Type: kind, Of: of}} }
}

// instead is the success of an operation that answers in its own way; kind is
// empty where there is no body.
func instead(status int, description, kind string, of any, headers ...openapi.Header) with {
	return func(o *openapi.Operation) {
		o.Answers[0] = openapi.Answer{Status: status, Description: description, Headers: headers}
		if kind != "" {
			o.Answers[0].Content = []openapi.Content{{Type: kind, Of: of}}
		}
	}
}

// also is one more answer.
func also(status int, description, kind string, of any) with {
	return func(o *openapi.Operation) {
		success := o.Answers[0]
		instead(status, description, kind, of)(o)
		o.Answers = slices.Insert(o.Answers, 0, success)
	}
}

// Words of plain strings in the settings.
type (
	providerKind string
	keyState     string
)

// enums are the words that a string type has only so many of.
func enums() map[reflect.Type][]string {
	m := map[reflect.Type][]string{}
	values(m, wire.ModeRouter, wire.ModeP2P)
	values(m, wire.StreamMic, wire.StreamCam, wire.StreamMicAndCam, wire.StreamScreen, wire.StreamUnknown)
	values(m, wire.OperationSet, wire.OperationRemove)
	values(m, wire.TicketMultiUse, wire.TicketSingleUse, wire.TicketSchedule, wire.TicketAppointmentSchedule, wire.TicketGenesysMultiUse, wire.TicketQueue)
	values(m, wire.SnapshotRequested, wire.SnapshotApproved, wire.SnapshotDeclined, wire.SnapshotAcquired)
	values(m, wire.TranscriptMessage, wire.TranscriptFile, wire.TranscriptSnapshot)
	values(m, wire.CameraSwitch, wire.CameraFlashOn, wire.CameraFlashOff)
	values(m, wire.GradeOptimal, wire.GradeSuboptimal, wire.GradeBad)
	values(m, wire.AttendeeAgent, wire.AttendeeCustomer, wire.AttendeeKiosk)
	values(m, wire.JoinAsMember, wire.JoinAsAudience)
	values(m, wire.MediaAll, wire.MediaAudioOnly, wire.MediaVideoOnly)
	values(m, wire.Permissions()...)
	values(m, wire.Quality720, wire.Quality1080)
	values(m, wire.SessionInProgress, wire.SessionCompleted)
	values(m, wire.ReasonExpired, wire.ReasonRevoked, wire.ReasonUsed, wire.ReasonEarly, wire.ReasonLate, wire.ReasonLocked, wire.ReasonRemoved, wire.ReasonClosed)
	values(m, wire.Monday, wire.Tuesday, wire.Wednesday, wire.Thursday, wire.Friday, wire.Saturday, wire.Sunday)
	values(m, wire.PresenceReady, wire.PresenceNotReady, wire.PresenceRinging, wire.PresenceInCall, wire.PresenceWrapUp, wire.PresenceGone)
	values(m, wire.VisitWaiting, wire.VisitRinging, wire.VisitActive, wire.VisitWrapUp, wire.VisitEnded)
	values(m, wire.TransferRinging, wire.TransferTalking)
	values[providerKind](m, wire.ProviderOIDC, wire.ProviderGenesys)
	values[keyState](m, wire.KeyNext, wire.KeySigning, wire.KeyRetired)
	values(m, wire.CodeInvalid, wire.CodeUnauthorized, wire.CodeForbidden, wire.CodeNotFound, wire.CodeMethod, wire.CodeConflict, wire.CodeGone,
		wire.CodePrecondition, wire.CodeTooLarge, wire.CodeMediaType, wire.CodeTooMany, wire.CodeInternal, wire.CodeNotAvailable, wire.CodeUnavailable, wire.CodeNoAnswer, wire.CodeNoSpace)
	return m
}

func values[T ~string](into map[reflect.Type][]string, list ...T) {
	for _, v := range list {
		into[reflect.TypeFor[T]()] = append(into[reflect.TypeFor[T]()], string(v))
	}
}

// members are those whose Go type says less than their meaning.
func members() map[reflect.Type]map[string]any {
	var object map[string]any
	var seconds int64
	text := ""
	return map[reflect.Type]map[string]any{
		reflect.TypeFor[wire.UpdateStreamMetadata](): {"metadata": &object},
		reflect.TypeFor[wire.Provider]():             {"kind": providerKind("")},
		reflect.TypeFor[wire.SigningKey]():           {"state": keyState("")},
		reflect.TypeFor[wire.WriteRoom](): {
			"name": "", "display_name": "", "description": "", "max_members": int64(0), "quality": wire.Quality720, "join_from": &text, "join_until": &text,
			"remove_at": &text, "remove_after_seconds_elapsed": &seconds, "layout": "", "record_on_start": true, "enable_room_previews": true,
			"sync_audio_video": true, "meta": object,
		},
		reflect.TypeFor[wire.CreateRoomToken](): {
			"room_name": "", "user_name": "", "permissions": []string{}, "join_from": "", "join_until": "", "remove_at": "",
			"remove_after_seconds_elapsed": int64(0), "join_audio_muted": true, "join_video_muted": true, "auto_create_room": true,
			"enable_room_previews": true, "room_display_name": "", "end_room_session_on_leave": true, "join_as": wire.JoinAsMember,
			"media_allowed": wire.MediaAll, "room_meta": object, "meta": object, "sync_audio_video": true,
		},
	}
}

// routeDocument serves the document and the page that shows it.
func (a *API) routeDocument() error {
	document, err := Document()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(document)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-cache") // asked for anew, and mostly answered 304
		h.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document))
	})
	a.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		a.Pages.Send(w, r, "docs/index.html", http.StatusOK)
	})
	return nil
}
