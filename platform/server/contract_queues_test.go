package server

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"
)

// counter is a queue with somebody of each kind, for the rows of queues.
type counter struct {
	*bureau
	s     *script
	maria *side // the caller
	parts map[string]*shape
	made  map[string]bool // events
	count int
}

// act is what a row of queues does.
type act struct {
	by         *side
	path       string
	body       map[string]any
	visit      string // that the events name; empty: events of none
	conflicted func() // makes the request one that is answered 409; and
	gone       func() // 410
}

// TestContractOfQueues runs the rows about queues of testdata/contract.md.
func TestContractOfQueues(t *testing.T) {
	sheets := readSheets(t)
	c := &counter{bureau: serve(t, nil).bureau(wire.WriteQueue{Name: "loans"}), parts: map[string]*shape{}, made: map[string]bool{}}
	c.s = &script{running: c.running, weak: c.application("project_id", "token")}
	for _, row := range rowsOf(sheets, "news") {
		c.parts[row["news"]] = mustShape(t, row["fields"])
	}
	if a := c.boss.post(queuesPath+"/watch", wire.WatchQueues{UserEndpointID: c.boss.endpoint, On: true}); a.status != 204 {
		t.Fatalf("watch: %d", a.status)
	}
	ran := map[string]bool{}
	for _, row := range rowsOf(sheets, "call") {
		name := row["call"]
		ran[name] = true
		t.Run(name, func(t *testing.T) { c.with(t).call(row) })
	}
	for _, row := range rowsOf(sheets, "happens") {
		t.Run(row["happens"], func(t *testing.T) { c.with(t).happens(row) })
	}
	for name := range c.acts() {
		if !ran[name] {
			t.Errorf("a test without a row: %s", name)
		}
	}
	for _, operation := range describedOperations(t) {
		_, path, _ := strings.Cut(operation, " ")
		for _, prefix := range []string{queuesPath, presencePath, "/rtc-api/agents", visitsPath} {
			if strings.HasPrefix(path, prefix) && !ran[operation] {
				t.Errorf("an operation without a row: %s", operation)
			}
		}
	}
	for kind := range c.parts {
		if !c.made[kind] {
			t.Errorf("no row made a %s", kind)
		}
	}
}

// with is the same for a test within, with a caller of its own.
func (c *counter) with(t *testing.T) *counter {
	inner := *c
	r := &running{c.Ready, t, c.server}
	b, boss, agent := *c.bureau, *c.boss, *c.agent
	boss.running, agent.running = r, r
	b.running, b.boss, b.agent = r, &boss, &agent
	inner.bureau = &b
	inner.s = c.s.with0(r)
	inner.count = int(time.Now().UnixNano())
	return &inner
}

// with0 is the sender of requests for a test within.
func (s *script) with0(r *running) *script {
	inner := *s
	inner.running, inner.weak.running = r, r
	return &inner
}

// set makes the circumstances of a row anew.
func (c *counter) set(name string) act {
	c.t.Helper()
	var open []wire.Visit
	c.boss.get(visitsPath).into(&open)
	for _, v := range open {
		if v.State == wire.VisitWrapUp {
			for _, s := range []*side{c.agent, c.boss} {
				s.post(visitsPath+"/"+v.ID+"/wrapUp", wire.WrapUpVisit{Done: true})
			}
			continue
		}
		c.boss.send("DELETE", visitsPath+"/"+v.ID, "", nil)
	}
	for _, s := range []*side{c.agent, c.boss} {
		s.is(wire.PresenceReady) // which ends a wrap-up
		s.is(wire.PresenceNotReady)
	}
	c.serves(c.agent, c.queue.ID)
	c.count++
	c.maria = c.visitor(fmt.Sprint("visitor ", c.count))
	do, ok := c.acts()[name]
	if !ok {
		c.t.Fatal("no test runs this row")
	}
	return do()
}

// waits is a visit in the line.
func (c *counter) waits() string { return c.maria.queue(wire.CreateVisit{Name: "Maria"}).ID }

func (c *counter) rings() string {
	c.t.Helper()
	c.agent.is(wire.PresenceReady)
	id := c.waits()
	c.agent.visitEvent(wire.EventVisitOffered, id)
	return id
}

func (c *counter) talks() (id, conference string) {
	c.t.Helper()
	id = c.rings()
	conference = c.agent.accept(id).ConferenceID
	c.maria.enter(conference)
	c.agent.enter(conference)
	return id, conference
}

// consults is a warm transfer in which the agents speak.
func (c *counter) consults() string {
	c.t.Helper()
	id, _ := c.talks()
	c.boss.is(wire.PresenceReady)
	c.agent.transfer(id, wire.TransferVisit{UserID: c.boss.user, Warm: true}).into(&wire.Visit{})
	c.boss.accept(id)
	return id
}

func (c *counter) leaves(id string) func() {
	return func() { c.boss.send("DELETE", visitsPath+"/"+id, "", nil) }
}

func (c *counter) acts() map[string]func() act {
	settings := func(name string) map[string]any {
		return map[string]any{"name": name, "displayName": "Loans", "skills": []string{}, "matchLanguage": true, "timezone": "Europe/Athens", "closedDays": []string{"2026-12-25"},
			"hours": []map[string]any{{"days": []string{"MON"}, "from": "00:00", "to": "24:00"}}, "maxWaitSeconds": 60, "overflowQueueId": c.queue.ID, "ringSeconds": 20,
			"wrapUpSeconds": 30, "priority": 1}
	}
	other := func() (q wire.Queue) {
		c.count++
		c.boss.post(queuesPath, wire.WriteQueue{Name: fmt.Sprint("other-", c.count)}).into(&q)
		return q
	}
	plain := func(by **side, body map[string]any) func() act { return func() act { return act{by: *by, body: body} } }
	ref := func(s *side) map[string]any { return map[string]any{"userEndpointId": s.endpoint} }
	items := map[string]any{"items": []map[string]any{{"id": "lunch", "name": "Lunch"}}}
	at := func(method, path string) string { return method + " " + path }
	return map[string]func() act{
		at("GET", queuesPath): plain(&c.agent, nil),
		at("POST", queuesPath): func() act {
			c.count++
			body := settings(fmt.Sprint("made-", c.count))
			return act{by: c.boss, body: body, conflicted: func() { body["name"] = c.queue.Name }}
		},
		at("GET", queuesPath+"/{id}"): func() act { return act{by: c.agent, path: c.queue.ID} },
		at("PUT", queuesPath+"/{id}"): func() act {
			q := other()
			body := with(settings(q.Name), "version", q.Version)
			return act{by: c.boss, path: q.ID, body: body, conflicted: func() { body["version"] = 7 }}
		},
		at("DELETE", queuesPath+"/{id}"): func() act {
			q := other()
			return act{by: c.boss, path: q.ID, conflicted: func() {
				c.boss.post(visitsPath, wire.CreateVisit{QueueID: q.ID}).into(&wire.Visit{})
			}}
		},
		at("POST", queuesPath+"/watch"): func() act { return act{by: c.boss, body: with(ref(c.boss), "on", true)} },
		at("GET", presencePath):         plain(&c.agent, nil),
		at("PUT", presencePath): func() act {
			c.boss.put(presencePath+"/reasons", items).into(&wire.Choices{})
			c.agent.is(wire.PresenceReady)
			return act{by: c.agent, body: with(ref(c.agent), "state", "NOT_READY", "reasonId", "lunch")}
		},
		at("GET", presencePath+"/reasons"): plain(&c.agent, nil),
		at("PUT", presencePath+"/reasons"): plain(&c.boss, items),
		at("GET", "/rtc-api/agents"):       plain(&c.agent, nil),
		at("PUT", "/rtc-api/agents/{id}"): func() act {
			return act{by: c.boss, path: c.agent.user, body: map[string]any{"name": "Anna", "skills": []string{"loans"}, "languages": []string{"el"}, "queues": []string{c.queue.ID}}}
		},
		at("POST", visitsPath): func() act {
			c.count++
			id := fmt.Sprint("visit-", c.count)
			return act{by: c.maria, visit: id, body: map[string]any{"visitId": id, "queueId": c.queue.ID, "queueName": c.queue.Name, "userEndpointId": c.maria.endpoint, "name": "Maria",
				"language": "el", "reason": "a loan", "location": "Branch 12", "properties": map[string]any{"account": "7"}, "interactionId": "case-1"}}
		},
		at("GET", visitsPath): func() act {
			c.waits()
			return act{by: c.boss, body: map[string]any{"queueId": c.queue.ID, "state": "WAITING", "mine": false, "before": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "limit": 5}}
		},
		at("GET", visitsPath+"/{id}"): func() act { return act{by: c.maria, path: c.waits()} },
		at("DELETE", visitsPath+"/{id}"): func() act {
			id := c.rings()
			return act{by: c.maria, path: id, visit: id, gone: c.leaves(id)}
		},
		at("POST", visitsPath+"/{id}/accept"): func() act {
			id := c.rings()
			return act{by: c.agent, path: id, visit: id, body: ref(c.agent), gone: c.leaves(id), conflicted: func() {
				c.agent.post(visitsPath+"/"+id+"/decline", wire.VisitRef{UserEndpointID: c.agent.endpoint})
			}}
		},
		at("POST", visitsPath+"/{id}/decline"): func() act {
			id := c.rings()
			return act{by: c.agent, path: id, visit: id, body: ref(c.agent), gone: c.leaves(id), conflicted: func() { c.agent.accept(id) }}
		},
		at("POST", visitsPath+"/{id}/wrapUp"): func() act {
			c.boss.put(visitsPath+"/outcomes", wire.Choices{Items: []wire.Choice{{ID: "done", Name: "Done"}}}).into(&wire.Choices{})
			id, conference := c.talks()
			c.maria.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: c.maria.endpoint})
			c.agent.visitEvent(wire.EventVisitWrapUp, id)
			return act{by: c.agent, path: id, visit: id, body: map[string]any{"notes": "sends the form", "outcomeId": "done", "done": true}, gone: func() {
				c.agent.post(visitsPath+"/"+id+"/wrapUp", wire.WrapUpVisit{Done: true})
			}}
		},
		at("POST", visitsPath+"/{id}/transfer"): func() act {
			id, _ := c.talks()
			return act{by: c.agent, path: id, visit: id, body: map[string]any{"queueId": c.queue.ID, "warm": false}, gone: c.leaves(id)}
		},
		at("POST", visitsPath+"/{id}/transfer/complete"): func() act {
			id := c.consults()
			return act{by: c.agent, path: id, visit: id, gone: c.leaves(id), conflicted: func() {
				c.agent.post(visitsPath+"/"+id+"/transfer/cancel", nil)
			}}
		},
		at("POST", visitsPath+"/{id}/transfer/cancel"): func() act {
			id := c.consults()
			return act{by: c.agent, path: id, visit: id, gone: c.leaves(id), conflicted: func() {
				c.agent.post(visitsPath+"/"+id+"/transfer/cancel", nil)
			}}
		},
		at("GET", visitsPath+"/outcomes"): plain(&c.agent, nil),
		at("PUT", visitsPath+"/outcomes"): plain(&c.boss, items),
	}
}

// call runs one row: what is refused, then what succeeds.
func (c *counter) call(row map[string]string) {
	name := row["call"]
	request := mustShape(c.t, row["request"])
	a := c.set(name)
	for field := range a.body {
		if _, ok := request.field(field); !ok {
			c.t.Fatalf("the row has no %s", field)
		}
	}
	for status := range strings.FieldsSeq(row["refusals"]) {
		c.refused(name, request, &a, status)
	}
	got := c.s.send(name, nil, a.by.caller, a.path, a.body)
	status, form, _ := strings.Cut(row["answer"], " ")
	if strconv.Itoa(got.status) != status {
		c.t.Fatalf("%v is answered %d %s, want %s", a.body, got.status, got.body, status)
	}
	if form != "" && string(got.body) != `{"items":[]}` {
		var v any
		if err := json.Unmarshal(got.body, &v); err != nil {
			c.t.Errorf("%v in %s", err, got.body)
		}
		if err := mustShape(c.t, form).fits(v); err != nil {
			c.t.Errorf("answer %s: %v", got.body, err)
		}
	}
	c.told(row["news"], a.visit)
	for status := range strings.FieldsSeq(row["refusals"]) {
		if status != "409" && status != "410" {
			continue
		}
		a := c.set(name)
		spoil := a.gone
		if status == "409" {
			spoil = a.conflicted
		}
		if spoil == nil {
			c.t.Errorf("no test of %s", status)
			continue
		}
		spoil()
		c.isRefused(c.s.send(name, nil, a.by.caller, a.path, a.body), a.body, status)
	}
}

func (c *counter) refused(name string, request *shape, a *act, status string) {
	c.t.Helper()
	try := func(by caller, path string, body map[string]any) {
		c.t.Helper()
		c.isRefused(c.s.send(name, nil, by, path, body), body, status)
	}
	switch status {
	case "401":
		try(caller{c.running, ""}, a.path, a.body)
	case "403":
		try(c.s.weak, a.path, a.body)
	case "404":
		if a.path != "" {
			try(a.by.caller, "nowhere", a.body)
			return
		}
		body := with(map[string]any{}, "userEndpointId", "nowhere")
		for k, v := range a.body {
			if k != "userEndpointId" {
				body[k] = v
			}
		}
		try(a.by.caller, "", body)
	case "400":
		for _, bad := range malformed(name, request, a.body) {
			try(a.by.caller, a.path, bad)
		}
	}
}

func (c *counter) isRefused(a answer, body any, status string) {
	c.t.Helper()
	var said map[string]string
	if err := json.Unmarshal(a.body, &said); err != nil || strconv.Itoa(a.status) != status || said["message"] == "" || said["code"] == "" {
		c.t.Errorf("%v is answered %d %s, want %s with a map of strings", body, a.status, a.body, status)
	}
}

// told waits for the events of a row and holds each against its fields.
func (c *counter) told(news, visit string) {
	c.t.Helper()
	waits := map[*side][]string{}
	for token := range strings.FieldsSeq(news) {
		kind, to, _ := strings.Cut(token, "→")
		s := map[string]*side{"caller": c.maria, "agent": c.agent, "watcher": c.boss}[to]
		waits[s] = append(waits[s], kind)
	}
	for s, kinds := range waits {
		for len(kinds) > 0 {
			select {
			case h := <-s.heard:
				kind := fmt.Sprint(h.body["type"])
				i := slices.Index(kinds, kind)
				if i < 0 || visit != "" && h.body["visitId"] != nil && h.body["visitId"] != visit {
					continue
				}
				kinds = slices.Delete(kinds, i, i+1)
				c.made[kind] = true
				if err := c.parts[kind].fits(h.body); err != nil {
					c.t.Errorf("%s: %v", h.raw, err)
				}
				if !stamped.Match(h.raw) {
					c.t.Errorf("%s: timestamp", h.raw)
				}
			case <-time.After(patience):
				c.t.Fatalf("%s hears no %v", s.user, kinds)
			}
		}
	}
}

// happens runs what happens by itself.
func (c *counter) happens(row map[string]string) {
	c.set("GET " + queuesPath)
	var id string
	switch row["happens"] {
	case "an agent is ready and a caller waits":
		id = c.waits()
		c.agent.is(wire.PresenceReady)
	case "the caller leaves the conference":
		var conference string
		id, conference = c.talks()
		c.maria.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: c.maria.endpoint})
	case "who was before leaves the line":
		first := c.visitor("first")
		before := first.queue(wire.CreateVisit{}).ID
		id = c.waits()
		first.send("DELETE", visitsPath+"/"+url.PathEscape(before), "", nil)
	default:
		c.t.Fatal("no test runs this row")
	}
	c.told(row["news"], id)
}
