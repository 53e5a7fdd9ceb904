package server

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"guichet/platform/wire"
)

// TestQueueSettings: made, changed against a version, refused, deleted.
func TestQueueSettings(t *testing.T) {
	r := serve(t, nil)
	boss, agent := r.side("test", "secret"), r.side("CLIENT_ID", "CLIENT_SECRET")
	none, long := int64(0), int64(1<<40)
	good := wire.WriteQueue{Name: "loans", DisplayName: "Loans", Skills: []string{"loans"}, Timezone: "Europe/Athens", WrapUpSeconds: &none,
		Hours: []wire.OpeningHours{{Days: []wire.Weekday{wire.Monday}, From: "09:00", To: "17:00"}}, ClosedDays: []string{"2026-12-25"}, Priority: 3}
	var q, other, changed wire.Queue
	boss.post(queuesPath, good).into(&q)
	if q.Version != 1 || q.RingSeconds != 20 || q.WrapUpSeconds != 0 || q.DisplayName != "Loans" || q.Line.Agents != 0 {
		t.Errorf("%+v", q)
	}
	boss.post(queuesPath, good).refused("the same name", 409, wire.CodeConflict)
	boss.post(queuesPath, wire.WriteQueue{Name: "rest", OverflowQueueID: q.ID}).into(&other)
	if other.WrapUpSeconds != 30 || other.DisplayName != "rest" || !other.Line.Open {
		t.Errorf("%+v", other)
	}
	circle := good
	circle.OverflowQueueID, circle.Version = other.ID, 1
	boss.put(queuesPath+"/"+q.ID, circle).refused("a circle", 400, wire.CodeInvalid)
	circle.OverflowQueueID = q.ID
	boss.put(queuesPath+"/"+q.ID, circle).refused("itself", 400, wire.CodeInvalid)
	good.Version, good.Priority = 1, 5
	if boss.put(queuesPath+"/"+q.ID, good).into(&changed); changed.Version != 2 || changed.Priority != 5 {
		t.Errorf("%+v", changed)
	}
	boss.put(queuesPath+"/"+q.ID, good).refused("the version of before", 409, wire.CodeConflict)
	boss.put(queuesPath+"/none", good).refused("no such queue", 404, wire.CodeNotFound)
	for name, bad := range map[string]wire.WriteQueue{
		"no name": {}, "name": {Name: "a b"}, "zone": {Name: "a", Timezone: "Mars"}, "day": {Name: "a", ClosedDays: []string{"today"}}, "ring": {Name: "a", RingSeconds: 1},
		"long ring": {Name: "a", RingSeconds: long}, "wait": {Name: "a", MaxWaitSeconds: -1}, "wrap-up": {Name: "a", WrapUpSeconds: &long}, "overflow": {Name: "a", OverflowQueueID: "none"},
		"skill": {Name: "a", Skills: []string{""}}, "priority": {Name: "a", Priority: 5000},
	} {
		boss.post(queuesPath, bad).refused(name, 400, wire.CodeInvalid)
	}
	agent.post(queuesPath, wire.WriteQueue{Name: "mine"}).refused("an agent makes a queue", 403, wire.CodeForbidden)
	agent.put("/rtc-api/agents/CLIENT_ID", wire.UpdateAgent{}).refused("an agent chooses", 403, wire.CodeForbidden)
	boss.put("/rtc-api/agents/CLIENT_ID", wire.UpdateAgent{Queues: []string{"none"}}).refused("no queue", 404, wire.CodeNotFound)
	boss.send("DELETE", queuesPath+"/"+q.ID, "", nil).refused("in use", 409, wire.CodeConflict)
	for _, id := range []string{other.ID, q.ID} {
		if a := boss.send("DELETE", queuesPath+"/"+id, "", nil); a.status != 204 {
			t.Errorf("delete: %d %s", a.status, a.body)
		}
	}
	boss.get(queuesPath+"/"+q.ID).refused("deleted", 404, wire.CodeNotFound)
}

// TestClosedQueue tells when it opens.
func TestClosedQueue(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans", ClosedDays: []string{time.Now().UTC().Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)}})
	a := o.boss.post(visitsPath, wire.CreateVisit{QueueID: o.queue.ID})
	a.refused("closed", 409, wire.CodeConflict)
	var e wire.Error
	if err := json.Unmarshal(a.body, &e); err != nil || e.Reason != wire.ReasonClosed || e.NotBefore == nil || e.Now == nil || e.NotBefore.Before(time.Now()) {
		t.Errorf("%s", a.body)
	}
	if o.queue.Line.Open || o.queue.Line.OpensAt == nil {
		t.Errorf("%+v", o.queue.Line)
	}
}

// TestWhoMayDoWhatInQueues: guests see themselves, and serve nobody.
func TestWhoMayDoWhatInQueues(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans"})
	maria, bert := o.visitor("maria"), o.visitor("bert")
	v := maria.queue(wire.CreateVisit{Name: "Maria"})
	ref := wire.VisitRef{UserEndpointID: bert.endpoint}
	for name, a := range map[string]answer{
		"reads another's":             bert.get(visitsPath + "/" + v.ID),
		"ends another's":              bert.send("DELETE", visitsPath+"/"+v.ID, "", nil),
		"accepts":                     bert.post(visitsPath+"/"+v.ID+"/accept", ref),
		"declines":                    bert.post(visitsPath+"/"+v.ID+"/decline", ref),
		"wraps up":                    bert.post(visitsPath+"/"+v.ID+"/wrapUp", wire.WrapUpVisit{}),
		"transfers":                   bert.transfer(v.ID, wire.TransferVisit{UserID: "test"}),
		"is ready":                    bert.put(presencePath, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: bert.endpoint}),
		"reads its presence":          bert.get(presencePath),
		"lists agents":                bert.get("/rtc-api/agents"),
		"watches":                     bert.post(queuesPath+"/watch", wire.WatchQueues{UserEndpointID: bert.endpoint, On: true}),
		"reads outcomes":              bert.get(visitsPath + "/outcomes"),
		"with an endpoint of another": bert.post(visitsPath, wire.CreateVisit{UserEndpointID: maria.endpoint}),
	} {
		a.refused("a guest "+name, 403, wire.CodeForbidden)
	}
	bert.post(visitsPath, wire.CreateVisit{}).refused("without an endpoint", 400, wire.CodeInvalid)
	o.agent.get(visitsPath + "/" + v.ID).into(&v) // serves the queue
	o.serves(o.agent)
	o.agent.get(visitsPath+"/"+v.ID).refused("of a queue that it does not serve", 403, wire.CodeForbidden)
	o.agent.put(presencePath, wire.SetPresence{State: wire.PresenceInCall, UserEndpointID: o.agent.endpoint}).refused("state", 400, wire.CodeInvalid)
	o.agent.put(presencePath, wire.SetPresence{State: wire.PresenceNotReady, ReasonID: "lunch", UserEndpointID: o.agent.endpoint}).refused("no such reason", 400, wire.CodeInvalid)
	o.boss.put(presencePath+"/reasons", wire.Choices{Items: []wire.Choice{{ID: "lunch", Name: "Lunch"}}}).into(&wire.Choices{})
	var p wire.Presence
	if o.agent.put(presencePath, wire.SetPresence{State: wire.PresenceNotReady, ReasonID: "lunch", UserEndpointID: o.agent.endpoint}).into(&p); p.ReasonID != "lunch" {
		t.Errorf("%+v", p)
	}
	o.boss.put(presencePath+"/reasons", wire.Choices{Items: []wire.Choice{{ID: wire.ReasonIDNoAnswer, Name: "x"}}}).refused("built in", 400, wire.CodeInvalid)
	o.agent.put(presencePath, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: o.boss.endpoint}).refused("another's endpoint", 403, wire.CodeForbidden)
	o.agent.put(presencePath, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: "none"}).refused("no endpoint", 404, wire.CodeNotFound)
	ticket := func(properties map[string]string) answer {
		return o.boss.post("/security/ticket", wire.CreateTicket{Type: wire.TicketQueue, Properties: properties})
	}
	ticket(nil).refused("a ticket to nowhere", 400, wire.CodeInvalid)
	ticket(map[string]string{wire.PropertyQueueID: "none"}).refused("a ticket to no queue", 400, wire.CodeInvalid)
	if a := ticket(map[string]string{wire.PropertyQueueID: o.queue.ID}); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	c := o.conferenceGuest()
	c.post(visitsPath, wire.CreateVisit{QueueID: o.queue.ID, UserEndpointID: c.endpoint()}).refused("a guest of a conference", 403, wire.CodeForbidden)
}

// conferenceGuest is a customer whose ticket leads into a conference.
func (o *bureau) conferenceGuest() caller {
	o.t.Helper()
	var ticket wire.Ticket
	o.boss.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: "c1"}}).into(&ticket)
	c, _ := o.customer(ticket.ID, "key")
	return c
}

// TestLineOutlivesTheServer: the line is in its order, who rang is offered again,
// and a call goes on.
func TestLineOutlivesTheServer(t *testing.T) {
	data := t.TempDir()
	c := Config{Dev: true, Data: data, Listen: "127.0.0.1:0", MQTTListen: "127.0.0.1:0", MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0"}
	begin := func() (*running, func()) {
		s, err := New(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
		go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
		return &running{Ready: <-ready, t: t, server: s}, func() {
			http.DefaultClient.CloseIdleConnections()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	r, end := begin()
	agent := r.application("test", "secret")
	endpoint := agent.endpoint()
	var q wire.Queue
	agent.post(queuesPath, wire.WriteQueue{Name: "loans"}).into(&q)
	agent.put("/rtc-api/agents/test", wire.UpdateAgent{Queues: []string{q.ID}}).into(&wire.Presence{})
	var ids []string
	for range 4 {
		var v wire.Visit
		agent.post(visitsPath, wire.CreateVisit{QueueID: q.ID}).into(&v)
		ids = append(ids, v.ID)
	}
	ready := wire.SetPresence{State: wire.PresenceReady, UserEndpointID: endpoint}
	agent.put(presencePath, ready).into(&wire.Presence{})
	var taken wire.AcceptedVisit
	agent.post(visitsPath+"/"+ids[0]+"/accept", wire.VisitRef{UserEndpointID: endpoint}).into(&taken)
	second := r.application("CLIENT_ID", "CLIENT_SECRET")
	other := second.endpoint()
	agent.put("/rtc-api/agents/CLIENT_ID", wire.UpdateAgent{Queues: []string{q.ID}}).into(&wire.Presence{})
	second.put(presencePath, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: other}).into(&wire.Presence{})
	end()
	r, end = begin()
	defer end()
	agent, second = r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	var list []wire.Visit
	agent.get(visitsPath).into(&list)
	if len(list) != 4 {
		t.Fatalf("%+v", list)
	}
	for i, v := range list {
		want := wire.VisitWaiting
		switch i {
		case 0:
			want = wire.VisitActive
		case 1:
			want = wire.VisitRinging
		}
		if v.ID != ids[i] || v.State != want || i > 0 && v.Place != i {
			t.Errorf("%d: %+v, want %s %s", i, v, ids[i], want)
		}
	}
	if list[0].ConferenceID != taken.ConferenceID || list[1].Offer == nil || list[1].Offer.UserID != "CLIENT_ID" || list[1].Version < 4 {
		t.Errorf("%+v\n%+v", list[0], list[1])
	}
	var again wire.AcceptedVisit
	second.post(visitsPath+"/"+ids[1]+"/accept", wire.VisitRef{UserEndpointID: other}).into(&again)
	agent.do("join", wire.JoinConference{ConferenceID: taken.ConferenceID, UserEndpointID: endpoint})
}
