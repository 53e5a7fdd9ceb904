package server

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"guichet/platform/wire"
)

const (
	queuesPath   = "/rtc-api/queues"
	visitsPath   = "/rtc-api/visits"
	presencePath = "/rtc-api/presence"
)

// bureau is a server with a queue, and an agent and a boss who listen.
type bureau struct {
	*running
	boss, agent *side // the boss is an agent, too
	queue       wire.Queue
}

// bureau makes a queue that an application serves.
func (r *running) bureau(write wire.WriteQueue) *bureau {
	r.t.Helper()
	o := &bureau{running: r, boss: r.side("test", "secret"), agent: r.side("CLIENT_ID", "CLIENT_SECRET")}
	o.boss.post(queuesPath, write).into(&o.queue)
	o.serves(o.agent, o.queue.ID)
	return o
}

// serves lets somebody serve queues.
func (o *bureau) serves(s *side, queues ...string) {
	o.t.Helper()
	o.boss.put("/rtc-api/agents/"+s.user, wire.UpdateAgent{Name: "Agent " + s.user, Skills: []string{"loans"}, Languages: []string{"el"}, Queues: queues}).into(&wire.Presence{})
}

// is sets a presence.
func (s *side) is(state wire.PresenceState) (p wire.Presence) {
	s.t.Helper()
	s.put(presencePath, wire.SetPresence{State: state, UserEndpointID: s.endpoint}).into(&p)
	return p
}

// visitor is a customer with a ticket that leads into the queue.
func (o *bureau) visitor(key string) *side {
	o.t.Helper()
	var ticket wire.Ticket
	o.boss.post("/security/ticket", wire.CreateTicket{Type: wire.TicketQueue, Properties: map[string]string{wire.PropertyQueueName: o.queue.Name}}).into(&ticket)
	customer, token := o.customer(ticket.ID, key)
	if token.ConferenceID != wire.QueueIDPrefix+o.queue.Name {
		o.t.Errorf("the token leads to %q", token.ConferenceID)
	}
	s := &side{caller: customer, user: token.Subject, heard: make(chan heard, 4096)}
	s.endpoint = customer.endpoint()
	s.hearBoth(s.user, s.endpoint, s.heard)
	return s
}

func (s *side) queue(r wire.CreateVisit) (v wire.Visit) {
	s.t.Helper()
	r.UserEndpointID = s.endpoint
	s.post(visitsPath, r).into(&v)
	return v
}

// visitEvent waits for an event of a visit.
func (s *side) visitEvent(kind wire.EventType, visit string) wire.VisitEvent {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case h := <-s.heard:
			var e wire.VisitEvent
			if err := json.Unmarshal(h.raw, &e); err == nil && e.Type == kind && e.VisitID == visit && h.topic == wire.EndpointTopic(s.endpoint) {
				return e
			}
		case <-deadline:
			s.t.Fatalf("%s hears no %s of %s", s.user, kind, visit)
		}
	}
}

func (s *side) accept(visit string) (a wire.AcceptedVisit) {
	s.t.Helper()
	s.post(visitsPath+"/"+visit+"/accept", wire.VisitRef{UserEndpointID: s.endpoint}).into(&a)
	return a
}

func (s *side) enter(conference string) {
	s.t.Helper()
	s.do("join", wire.JoinConference{ConferenceID: conference, UserEndpointID: s.endpoint})
}

func (s *side) presence() (p wire.Presence) {
	s.t.Helper()
	s.get(presencePath).into(&p)
	return p
}

// TestCallerMeetsAgent: from the ticket to the agent's notes.
func TestCallerMeetsAgent(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans", Skills: []string{"loans"}})
	maria := o.visitor("maria")
	v := maria.queue(wire.CreateVisit{Name: "Maria", Language: "el", Reason: "a loan", Location: "Branch 12", Properties: map[string]string{"account": "7"}})
	if v.State != wire.VisitWaiting || v.Place != 1 || v.Wait != nil || v.QueueName != "loans" || v.ConferenceID != "" {
		t.Fatalf("%+v", v)
	}
	if again := maria.queue(wire.CreateVisit{Name: "Maria"}); again.ID != v.ID || again.Place != 1 {
		t.Errorf("coming again makes %+v", again)
	}
	maria.visitEvent(wire.EventVisitQueued, v.ID)
	if p := o.agent.is(wire.PresenceReady); p.State != wire.PresenceReady || p.Name != "Agent CLIENT_ID" {
		t.Errorf("%+v", p)
	}
	rings := o.agent.visitEvent(wire.EventVisitOffered, v.ID)
	if rings.Visit.Name != "Maria" || rings.Visit.Location != "Branch 12" || rings.Visit.Language != "el" || rings.Visit.Reason != "a loan" ||
		rings.Visit.Offer == nil || rings.Visit.Offer.UserID != "CLIENT_ID" || rings.Visit.Properties["account"] != "7" {
		t.Errorf("%+v", rings.Visit)
	}
	if seen := maria.visitEvent(wire.EventVisitOffered, v.ID); seen.Visit.Offer != nil || seen.Visit.State != wire.VisitRinging {
		t.Errorf("the caller sees %+v", seen.Visit)
	}
	maria.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "c", UserEndpointID: maria.endpoint}).refused("a conference before the call", 403, wire.CodeForbidden)
	a := o.agent.accept(v.ID)
	if again := o.agent.accept(v.ID); again.ConferenceID != a.ConferenceID || a.ConferenceID == "" {
		t.Errorf("accepted again: %q, at first %q", again.ConferenceID, a.ConferenceID)
	}
	told := maria.visitEvent(wire.EventVisitAccepted, v.ID)
	if told.Visit.ConferenceID != a.ConferenceID || told.Visit.AgentName != "Agent CLIENT_ID" || told.Visit.AgentID != "" {
		t.Errorf("the caller is told %+v", told.Visit)
	}
	maria.enter(told.Visit.ConferenceID)
	o.agent.enter(a.ConferenceID)
	if got := o.agent.state(a.ConferenceID); len(got.Participants) != 2 {
		t.Errorf("in the call: %+v", got)
	}
	if p := o.agent.presence(); p.State != wire.PresenceInCall || p.VisitID != v.ID {
		t.Errorf("%+v", p)
	}
	maria.do("leave", wire.LeaveConference{ConferenceID: a.ConferenceID, UserEndpointID: maria.endpoint})
	if over := o.agent.visitEvent(wire.EventVisitWrapUp, v.ID); over.Why != wire.WhyLeft || over.Visit.State != wire.VisitWrapUp {
		t.Errorf("%+v", over)
	}
	if over := maria.visitEvent(wire.EventVisitEnded, v.ID); over.Visit.State != wire.VisitEnded {
		t.Errorf("%+v", over)
	}
	o.boss.put(visitsPath+"/outcomes", wire.Choices{Items: []wire.Choice{{ID: "done", Name: "Done"}}}).into(&wire.Choices{})
	o.agent.post(visitsPath+"/"+v.ID+"/wrapUp", wire.WrapUpVisit{OutcomeID: "none"}).refused("no outcome", 400, wire.CodeInvalid)
	if a := o.agent.post(visitsPath+"/"+v.ID+"/wrapUp", wire.WrapUpVisit{Notes: "sends the form", OutcomeID: "done", Done: true}); a.status != 204 {
		t.Errorf("wrap up: %d %s", a.status, a.body)
	}
	o.agent.visitEvent(wire.EventVisitEnded, v.ID)
	if p := o.agent.presence(); p.State != wire.PresenceReady {
		t.Errorf("%+v", p)
	}
	var past []wire.Visit
	o.agent.get(visitsPath + "?state=ENDED&mine=true").into(&past)
	if len(past) != 1 || past[0].Legs[0].Notes != "sends the form" || past[0].Legs[0].OutcomeID != "done" || past[0].Legs[0].WrappedAt == nil {
		t.Errorf("recent calls: %+v", past)
	}
	o.agent.post(visitsPath+"/"+v.ID+"/accept", wire.VisitRef{UserEndpointID: o.agent.endpoint}).refused("ended", 410, wire.CodeGone)
	next := maria.queue(wire.CreateVisit{Name: "Maria"})
	if next.ID == v.ID {
		t.Error("a visit that has ended is gone on with")
	}
	if b := o.agent.accept(o.agent.visitEvent(wire.EventVisitOffered, next.ID).VisitID); b.ConferenceID == a.ConferenceID {
		t.Error("the second call is in the conference of the first")
	} else {
		maria.enter(b.ConferenceID) // the same token leads there now
	}
}

// TestOffersGoOn: a decline, a ring-out and an agent who falls silent.
func TestOffersGoOn(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans", RingSeconds: 5})
	o.serves(o.boss, o.queue.ID)
	o.agent.is(wire.PresenceReady)
	o.boss.is(wire.PresenceReady)
	maria := o.visitor("maria")
	v := maria.queue(wire.CreateVisit{Name: "Maria"})
	o.agent.visitEvent(wire.EventVisitOffered, v.ID)
	o.boss.post(visitsPath+"/"+v.ID+"/accept", wire.VisitRef{UserEndpointID: o.boss.endpoint}).refused("rings elsewhere", 409, wire.CodeConflict)
	if a := o.agent.post(visitsPath+"/"+v.ID+"/decline", wire.VisitRef{UserEndpointID: o.agent.endpoint}); a.status != 204 {
		t.Errorf("decline: %d %s", a.status, a.body)
	}
	if e := o.agent.visitEvent(wire.EventVisitOfferWithdrawn, v.ID); e.Why != wire.WhyDeclined {
		t.Errorf("%+v", e)
	}
	o.boss.visitEvent(wire.EventVisitOffered, v.ID)
	// Nobody answers: the next is the one who declined, once the ring time is over.
	o.boss.visitEvent(wire.EventVisitOfferWithdrawn, v.ID)
	if p := o.boss.presence(); p.State != wire.PresenceNotReady || p.ReasonID != wire.ReasonIDNoAnswer {
		t.Errorf("%+v", p)
	}
	o.agent.visitEvent(wire.EventVisitOffered, v.ID)
	o.boss.is(wire.PresenceReady)
	o.agent.post("/rtc-api/users/endpoints/unregister", wire.UnregisterEndpoint{UserEndpointID: o.agent.endpoint})
	var agents []wire.Presence
	o.boss.get("/rtc-api/agents").into(&agents)
	if len(agents) != 2 || agents[0].State != wire.PresenceGone {
		t.Errorf("%+v", agents)
	}
	// A caller who leaves stops the ringing.
	o.boss.visitEvent(wire.EventVisitOffered, v.ID)
	if a := maria.send("DELETE", visitsPath+"/"+v.ID, "", nil); a.status != 204 {
		t.Errorf("leave: %d %s", a.status, a.body)
	}
	if e := o.boss.visitEvent(wire.EventVisitEnded, v.ID); e.Why != wire.WhyLeft {
		t.Errorf("%+v", e)
	}
	if p := o.boss.presence(); p.State != wire.PresenceReady {
		t.Errorf("%+v", p)
	}
}

// TestPlacesAreTold: places move up, and supervisors see the line.
func TestPlacesAreTold(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans"})
	if a := o.boss.post(queuesPath+"/watch", wire.WatchQueues{UserEndpointID: o.boss.endpoint, On: true}); a.status != 204 {
		t.Fatalf("watch: %d %s", a.status, a.body)
	}
	var waiting []*side
	var visits []wire.Visit
	for i := range 3 {
		s := o.visitor(fmt.Sprint("visitor ", i))
		v := s.queue(wire.CreateVisit{Name: fmt.Sprint("Visitor ", i)})
		if v.Place != i+1 {
			t.Errorf("place %d of %d", v.Place, i+1)
		}
		waiting, visits = append(waiting, s), append(visits, v)
		o.boss.visitEvent(wire.EventVisitQueued, v.ID)
	}
	var list []wire.Visit
	o.boss.get(visitsPath + "?queueId=" + o.queue.ID + "&state=WAITING").into(&list)
	if len(list) != 3 || list[0].ID != visits[0].ID || list[2].ID != visits[2].ID {
		t.Errorf("the line: %+v", list)
	}
	waiting[0].send("DELETE", visitsPath+"/"+visits[0].ID, "", nil)
	for i := 1; i < 3; i++ {
		if e := waiting[i].visitEvent(wire.EventVisitPlaceChanged, visits[i].ID); e.Visit.Place != i {
			t.Errorf("place %d, want %d", e.Visit.Place, i)
		}
	}
	waiting[1].get(visitsPath+"/"+visits[2].ID).refused("somebody else's visit", 403, wire.CodeForbidden)
	waiting[1].get(visitsPath).into(&list)
	if len(list) != 1 || list[0].ID != visits[1].ID {
		t.Errorf("a caller sees %+v", list)
	}
	for deadline := time.After(patience); ; {
		select {
		case h := <-o.boss.heard:
			var e wire.QueueEvent
			if err := json.Unmarshal(h.raw, &e); err == nil && e.Type == wire.EventQueueChanged && e.Queue.Line.Waiting == 2 {
				return
			}
		case <-deadline:
			t.Fatal("the line is not told")
		}
	}
}
