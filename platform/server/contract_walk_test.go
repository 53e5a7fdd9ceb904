package server

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"guichet/platform/api"
	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// TestContractTable runs testdata/contract.md row by row: what a request may
// hold, what is answered and refused, and the events on both topics of both
// sides. Tables and tests are held against each other.
func TestContractTable(t *testing.T) {
	sheets := readSheets(t)
	s := newScript(t, sheets)
	operations := rowsOf(sheets, "operation")
	for _, row := range operations {
		name := row["operation"]
		if row["words"] != "" {
			t.Run(name+" "+row["field"], func(t *testing.T) { s.with(t).words(row) })
			continue
		}
		t.Run(name, func(t *testing.T) { s.with(t).operation(row) })
	}
	for _, row := range rowsOf(sheets, "occasion") {
		t.Run(row["occasion"], func(t *testing.T) { s.with(t).occasion(row) })
	}
	s.with(t).complete(operations)
}

// script is a server with two users who listen to MQTT, each on both topics of
// an endpoint.
type script struct {
	*running
	a, b     *side // of which a may do everything
	weak     caller
	fenced   string // a conference whose events tell where others end
	count    *int   // of fences and ids
	sends    string // an SDP offer that sends media
	receives string
	parts    map[string]*shape
	events   map[string]map[string]string // rows by type
	produced map[string]bool              // by type
	used     map[string]bool              // runners
}

type side struct {
	caller
	user, endpoint string
	heard          chan heard
}

// heard is one message.
type heard struct {
	topic string
	raw   []byte
	body  map[string]any
}

func newScript(t *testing.T, sheets []sheet) *script {
	t.Helper()
	r := serve(t, nil)
	s := &script{running: r, count: new(int), parts: map[string]*shape{}, events: map[string]map[string]string{}, produced: map[string]bool{}, used: map[string]bool{}}
	for _, row := range rowsOf(sheets, "part") {
		s.parts[row["part"]] = mustShape(t, row["fields"])
	}
	for _, row := range rowsOf(sheets, "event") {
		s.events[row["event"]] = row
	}
	s.weak = r.application("project_id", "token")
	s.a, s.b = r.side("test", "secret"), r.side("CLIENT_ID", "CLIENT_SECRET")
	s.sends, s.receives = offer(t), receiving(t)
	s.fenced = s.conference("")
	return s
}

// with is the same script for a test within.
func (s *script) with(t *testing.T) *script {
	inner := *s
	inner.running = &running{s.Ready, t, s.server}
	a, b := *s.a, *s.b
	a.running, b.running = inner.running, inner.running
	inner.a, inner.b, inner.weak.running = &a, &b, inner.running
	return &inner
}

func mustShape(t *testing.T, text string) *shape {
	t.Helper()
	sh, err := parseShape(text)
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

func (r *running) side(id, secret string) *side {
	r.t.Helper()
	s := &side{caller: r.application(id, secret), user: id, heard: make(chan heard, 4096)}
	s.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds}).into(&s.endpoint)
	s.hearBoth(id, s.endpoint, s.heard)
	return s
}

// hearBoth subscribes to both topics of an endpoint.
func (c caller) hearBoth(user, endpoint string, into chan<- heard) {
	c.t.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + c.MQTT).SetClientID(endpoint).SetUsername(c.token).SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("connect: %v", token.Error())
	}
	c.t.Cleanup(func() { client.Disconnect(50) })
	topics := map[string]byte{wire.EndpointTopic(endpoint): 1, wire.UserTopic(user, endpoint): 1}
	token := client.SubscribeMultiple(topics, func(_ mqtt.Client, m mqtt.Message) {
		h := heard{topic: m.Topic(), raw: m.Payload()}
		if err := json.Unmarshal(h.raw, &h.body); err != nil || m.Retained() {
			h.body = map[string]any{"type": fmt.Sprintf("unreadable: %v", err)}
		}
		into <- h
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("subscribe: %v", token.Error())
	}
}

func (s *side) topics() []string {
	return []string{wire.EndpointTopic(s.endpoint), wire.UserTopic(s.user, s.endpoint)}
}

// conference makes one that both sides are in.
func (s *script) conference(mode wire.Mode) string {
	s.t.Helper()
	var c wire.Summary
	s.a.do("create", wire.CreateConference{Mode: mode}).into(&c)
	for _, one := range []*side{s.a, s.b} {
		one.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: one.endpoint})
	}
	return c.ID
}

// fence returns what both sides have heard until now, by topic.
func (s *script) fence() (a, b map[string][]heard) {
	s.t.Helper()
	mark := fmt.Sprint(s.number())
	s.a.do("updateMetadata", wire.UpdateMetadata{ConferenceID: s.fenced, UserEndpointID: s.a.endpoint, Operation: wire.OperationSet, Key: "fence", Value: mark})
	return s.a.until(s.t, s.fenced, mark), s.b.until(s.t, s.fenced, mark)
}

func (s *side) until(t *testing.T, fenced, mark string) map[string][]heard {
	t.Helper()
	by, seen := map[string][]heard{}, 0
	for seen < len(s.topics()) {
		select {
		case h := <-s.heard:
			switch {
			case h.body["conferenceId"] != fenced:
				by[h.topic] = append(by[h.topic], h)
			case h.body["value"] == mark:
				seen++
			}
		case <-time.After(patience):
			t.Fatalf("%s: no fence on %d topics", s.user, len(s.topics())-seen)
		}
	}
	return by
}

// operation runs one row: what is refused, then what succeeds, with all fields,
// with as few as may be, and with the older form of a stream's id.
func (s *script) operation(row map[string]string) {
	name := row["operation"]
	run, ok := runners()[name]
	if !ok {
		s.t.Fatal("no test runs this row")
	}
	s.used[name] = true
	request := s.request(row)
	st := s.prepare(run)
	for _, m := range request.members {
		if _, ok := st.body[m.name]; !ok {
			s.t.Fatalf("the test has no %s", m.name)
		}
	}
	for field := range st.body {
		if _, ok := request.field(field); !ok {
			s.t.Fatalf("the row has no %s", field)
		}
	}
	refusals := strings.Fields(row["refusals"])
	s.refuse(row, run, st, request, refusals)
	s.succeed(row, st, st.body)
	if least := request.least(st.body); len(least) < len(st.body) {
		st := s.prepare(run)
		s.succeed(row, st, request.least(st.body))
	}
	if st.body["streamId"] != nil && !strings.Contains(name, " form") {
		st := s.prepare(run)
		object := maps.Clone(st.body)
		object["streamId"] = map[string]any{"id": st.body["streamId"]}
		s.succeed(row, st, object)
	}
	for _, status := range []string{"409", "410"} {
		if !slices.Contains(refusals, status) {
			continue
		}
		spoil := run.gone
		if status == "409" {
			spoil = run.conflict
		}
		if spoil == nil {
			s.t.Errorf("no test of %s", status)
			continue
		}
		st := s.prepare(run)
		body := spoil(s, st)
		s.fence()
		s.refused(row, st, st.by.caller, st.path, body, status)
		s.silent("refused with "+status, st)
		s.clear(st)
	}
}

func (s *script) request(row map[string]string) *shape { return mustShape(s.t, row["request"]) }

// least is a body without what may be left out.
func (s *shape) least(body map[string]any) map[string]any {
	least := maps.Clone(body)
	for _, m := range s.members {
		if m.optional {
			delete(least, m.name)
		}
	}
	return least
}

func (s *script) prepare(run runner) *stage {
	s.t.Helper()
	st := &stage{by: s.a}
	run.set(s, st)
	if st.conference != "" {
		st.version = s.a.state(st.conference).Version
	}
	s.fence()
	return st
}

// words runs an operation with each word that a field may have.
func (s *script) words(row map[string]string) {
	for word := range strings.FieldsSeq(row["words"]) {
		st := s.prepare(runners()[row["operation"]])
		var value any = word
		if n, err := strconv.Atoi(word); err == nil {
			value = n
		}
		if st.body[row["field"]] == nil {
			s.t.Fatal("the operation has no such field")
		}
		st.body[row["field"]] = value
		if a := s.send(row["operation"], st, st.by.caller, st.path, st.body); a.status != 200 && a.status != 204 {
			s.t.Errorf("%s: %d %s", word, a.status, a.body)
		}
		st.body[row["field"]] = word + "X"
		if a := s.send(row["operation"], st, st.by.caller, st.path, st.body); a.status != 400 {
			s.t.Errorf("%sX: %d %s", word, a.status, a.body)
		}
	}
}

// send makes the request of a row.
func (s *script) send(name string, st *stage, by caller, path string, body map[string]any) answer {
	s.t.Helper()
	words := strings.Fields(name)
	method, at := words[0], strings.Replace(words[1], "{id}", path, 1)
	switch {
	case method == "GET" && len(body) > 0:
		q := url.Values{}
		for k, v := range body {
			q.Set(k, fmt.Sprint(v))
		}
		return by.get(at + "?" + q.Encode())
	case method == "PUT":
		return by.put(at, body)
	case method != "POST" || body == nil:
		return by.send(method, at, "", nil)
	case slices.Contains(words, "form"):
		var fields []field
		for _, k := range slices.Sorted(maps.Keys(body)) {
			if k != "file" && k != "image" {
				fields = append(fields, field{k, fmt.Sprint(body[k]), ""})
			}
		}
		for _, k := range []string{"file", "image"} {
			if content, ok := body[k]; ok {
				fields = append(fields, field{k, content.(string), "x.png"})
			}
		}
		return by.form(at, "", fields...)
	}
	return by.post(at, body)
}

// refuse tries what every row refuses, and holds that nothing changed.
func (s *script) refuse(row map[string]string, run runner, st *stage, request *shape, refusals []string) {
	name := row["operation"]
	try := func(by caller, path string, body map[string]any, status string) {
		s.t.Helper()
		s.refused(row, st, by, path, body, status)
	}
	for _, status := range refusals {
		switch status {
		case "401":
			try(caller{s.running, ""}, st.path, st.body, status)
			try(caller{s.running, "a.b.c"}, st.path, st.body, status)
		case "403":
			try(s.weak, st.path, st.body, status)
		case "404":
			path, body := unknown(st)
			try(st.by.caller, path, body, status)
		case "400":
			tried := 0
			for _, bad := range malformed(name, request, st.body) {
				tried++
				try(st.by.caller, st.path, bad, status)
			}
			if tried == 0 {
				s.t.Error("nothing can be malformed here")
			}
		case "409", "410":
		default:
			s.t.Errorf("refusal %s is not known", status)
		}
	}
	s.silent("refused", st)
}

// unknown is a request for something that nobody knows.
func unknown(st *stage) (path string, body map[string]any) {
	if st.path != "" {
		return "nowhere", st.body
	}
	body = maps.Clone(st.body)
	for _, id := range []string{"callId", "snapshotCameraRequestId", "relatedSnapshotId", "conferenceId", "userEndpointId"} {
		if body[id] != nil && !(id == "callId" && body["target"] != nil) {
			body[id] = "nowhere"
			break
		}
	}
	if body["target"] != nil {
		body["target"] = "nobody"
	}
	return "", body
}

// malformed are bodies that lack a field, or have one of another type.
func malformed(name string, request *shape, body map[string]any) (list []map[string]any) {
	get, form := strings.HasPrefix(name, "GET "), strings.Contains(name, " form")
	for _, m := range request.members {
		if !m.optional {
			without := request.least(body) // of two that name the same thing one is enough
			delete(without, m.name)
			list = append(list, without)
		}
		if form || get && reflect.TypeOf(body[m.name]).Kind() == reflect.String && m.name != "before" {
			continue
		}
		wrong := maps.Clone(body)
		if _, text := body[m.name].(string); text && !get {
			wrong[m.name] = 7
		} else {
			wrong[m.name] = "wrong"
		}
		list = append(list, wrong)
	}
	return list
}

// refused makes a request that must be refused with a status, by a map of
// strings.
func (s *script) refused(row map[string]string, st *stage, by caller, path string, body map[string]any, status string) {
	s.t.Helper()
	a := s.send(row["operation"], st, by, path, body)
	var said map[string]string
	if err := json.Unmarshal(a.body, &said); err != nil || strconv.Itoa(a.status) != status || said["message"] == "" || said["code"] == "" {
		s.t.Errorf("%v is answered %d %s, want %s with a map of strings", body, a.status, a.body, status)
	}
}

// about are those messages that have to do with a stage, or with nothing else:
// what earlier ones left ends by itself.
func (st *stage) about(list []heard) (about []heard) {
	for _, h := range list {
		conference, call := h.body["conferenceId"], h.body["callId"]
		if conference == nil && call == nil || conference == st.conference || call == st.call && call != nil {
			about = append(about, h)
		}
	}
	return about
}

// silent holds that nothing was told.
func (s *script) silent(what string, st *stage) {
	s.t.Helper()
	a, b := s.fence()
	for _, by := range []map[string][]heard{a, b} {
		for _, list := range by {
			for _, h := range st.about(list) {
				s.t.Errorf("%s, and yet %s", what, h.raw)
			}
		}
	}
}

// succeed makes a request that must be granted, and holds its answer and the
// events of both sides against the row.
func (s *script) succeed(row map[string]string, st *stage, body map[string]any) {
	s.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if st.meanwhile != nil {
			st.meanwhile()
		}
	}()
	a := s.send(row["operation"], st, st.by.caller, st.path, body)
	<-done
	status, form, _ := strings.Cut(row["answer"], " ")
	if strconv.Itoa(a.status) != status {
		s.t.Errorf("%v is answered %d %s, want %s", body, a.status, a.body, status)
		return
	}
	if form == "" && len(a.body) > 0 {
		s.t.Errorf("an answer %s, want none", a.body)
	}
	if form != "" {
		var v any
		if err := json.Unmarshal(a.body, &v); err != nil {
			s.t.Errorf("%v in %s", err, a.body)
		} else if o, _ := v.(map[string]any); o["callId"] != nil {
			st.call = fmt.Sprint(o["callId"]) // which the server chose
		}
		if err := mustShape(s.t, form).fits(v); err != nil {
			s.t.Errorf("answer %s: %v", a.body, err)
		}
	}
	heardA, heardB := s.fence()
	for _, one := range []struct {
		*side
		by map[string][]heard
	}{{s.a, heardA}, {s.b, heardB}} {
		for _, topic := range one.topics() {
			s.told(row["events"], st, body, one.user == st.by.user, topic, st.about(one.by[topic]))
		}
	}
	if st.then != nil {
		st.then()
	}
	s.clear(st)
}

// clear ends a stage's conference, if it is not over, so that it is not in the
// way of the next.
func (s *script) clear(st *stage) {
	if st.conference != "" {
		s.a.post(conferencesPath+"end", wire.LeaveConference{ConferenceID: st.conference})
	}
}

// told holds what one topic had against the events of a row.
func (s *script) told(events string, st *stage, body map[string]any, self bool, topic string, list []heard) {
	s.t.Helper()
	version := st.version
	for token := range strings.FieldsSeq(events) {
		kind, to, _ := strings.Cut(token, "→")
		row, known := s.events[kind]
		if !known {
			s.t.Errorf("event %s has no row", kind)
			continue
		}
		if strings.Contains(row["its own fields"], "iceCandidates") && body["iceCandidates"] == nil {
			continue
		}
		versioned := row["part"] != "conference" && row["part"] != "measured" && row["part"] != "endpoint"
		if to == "self" && !self || to == "other" && self {
			if versioned {
				version++
			}
			continue
		}
		if len(list) == 0 {
			s.t.Errorf("%s has no %s", topic, kind)
			continue
		}
		s.event(kind, row, st, body, topic, list[0], version)
		list = list[1:]
		if versioned {
			version++
		}
	}
	for _, h := range list {
		s.t.Errorf("%s has one more: %s", topic, h.raw)
	}
}

var stamped = regexp.MustCompile(`"timestamp":"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"`)

// event holds one message against its row: its fields, its version, its sender,
// and what the request said.
func (s *script) event(kind string, row map[string]string, st *stage, body map[string]any, topic string, h heard, version int64) {
	s.t.Helper()
	if h.body["type"] != kind {
		s.t.Errorf("%s has %s, want %s", topic, h.raw, kind)
		return
	}
	s.produced[kind] = true
	whole := mustShape(s.t, row["its own fields"])
	whole.members = append(slices.Clone(s.parts[row["part"]].members), whole.members...)
	if err := whole.fits(h.body); err != nil {
		s.t.Errorf("%s: %v", h.raw, err)
	}
	if id, _ := h.body["id"].(string); id == "" || !stamped.Match(h.raw) {
		s.t.Errorf("%s: id or timestamp", h.raw)
	}
	for field, want := range map[string]any{"conferenceId": st.conference, "callId": st.call, "aggregateId": st.call, "aggregate": wire.AggregateCall,
		"conferenceVersion": float64(version), "aggregateVersion": float64(version), "userId": st.by.user, "userEndpointId": st.sender()} {
		if m, ok := whole.field(field); ok && h.body[field] != want && !(m.optional && body[field] == nil && h.body[field] == nil) {
			s.t.Errorf("%s: %s is not %v", h.raw, field, want)
		}
	}
	for field, said := range body {
		name := field
		if other, ok := map[string]string{"conferenceStreamType": "streamType", "interactionId": ""}[field]; ok {
			name = other
		}
		if kind == string(wire.EventStreamMetadataUpdated) && field == "metadata" {
			name = "newMetadata"
		}
		if key, _ := h.body["key"].(string); field == "value" && strings.HasPrefix(key, wire.MemberPrefix) {
			continue // the event's is the whole seat
		}
		if object, ok := said.(map[string]any); ok && field == "streamId" {
			said = object["id"]
		}
		if _, ok := whole.field(name); !ok || name == "userId" || name == "userEndpointId" {
			continue
		}
		if d := cmp.Diff(plain(said), h.body[name]); d != "" {
			s.t.Errorf("%s: %s is not what was sent (-sent +told):\n%s", kind, name, d)
		}
	}
}

// plain is a value as JSON gives it back.
func plain(v any) (back any) {
	b, err := json.Marshal(v)
	if err != nil || json.Unmarshal(b, &back) != nil {
		return fmt.Sprint(v, err)
	}
	return back
}

func (s *script) occasion(row map[string]string) {
	run, ok := occasions()[row["occasion"]]
	if !ok {
		s.t.Fatal("no test runs this row")
	}
	s.used[row["occasion"]] = true
	run(s, row)
}

// complete holds that nothing is missing: every test has its row, every
// operation of these resources one, and every type of event one that made it.
func (s *script) complete(rows []map[string]string) {
	for name := range runners() {
		if !s.used[name] {
			s.t.Errorf("a test without a row: %s", name)
		}
	}
	for name := range occasions() {
		if !s.used[name] {
			s.t.Errorf("a test without a row: %s", name)
		}
	}
	var has []string
	for _, row := range rows {
		words := strings.Fields(row["operation"])
		has = append(has, words[0]+" "+words[1])
	}
	for _, operation := range describedOperations(s.t) {
		_, path, _ := strings.Cut(operation, " ")
		for _, prefix := range []string{"/rtc-api/users/", "/rtc-api/iceServers", "/rtc-api/conferences", "/rtc-api/calls", transfers, snapshots, "/security/ticket", "/security/genesys"} {
			if strings.HasPrefix(path, prefix) && !slices.Contains(has, operation) {
				s.t.Errorf("an operation without a row: %s", operation)
			}
		}
	}
	elsewhere := map[string]bool{} // what TestContractOfQueues makes
	for _, row := range rowsOf(readSheets(s.t), "news") {
		elsewhere[row["news"]] = true
	}
	for _, kind := range eventTypes(s.t) {
		if elsewhere[kind] {
			continue
		}
		if s.events[kind] == nil || !s.produced[kind] {
			s.t.Errorf("no row made a %s", kind)
		}
	}
}

// describedOperations are those of the API's document.
func describedOperations(t *testing.T) (list []string) {
	t.Helper()
	text, err := api.Document()
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths {
		for method := range item {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	return list
}

// eventTypes are the constants of wire.EventType.
func eventTypes(t *testing.T) (list []string) {
	t.Helper()
	files, err := filepath.Glob("../wire/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && fmt.Sprint(spec.Type) == "EventType" {
				for _, v := range spec.Values {
					if text, err := strconv.Unquote(v.(*ast.BasicLit).Value); err == nil {
						list = append(list, text)
					}
				}
			}
			return true
		})
	}
	if len(list) < 20 {
		t.Errorf("only %d types of events found", len(list))
	}
	return list
}
