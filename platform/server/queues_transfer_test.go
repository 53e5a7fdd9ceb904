package server

import (
	"testing"

	"guichet/platform/wire"
)

// inCall is a caller and the agent who serves it, in their conference.
func (o *bureau) inCall() (maria *side, v wire.Visit, conference string) {
	o.t.Helper()
	maria = o.visitor("maria")
	v = maria.queue(wire.CreateVisit{Name: "Maria"})
	o.agent.is(wire.PresenceReady)
	o.agent.visitEvent(wire.EventVisitOffered, v.ID)
	conference = o.agent.accept(v.ID).ConferenceID
	maria.enter(conference)
	o.agent.enter(conference)
	return maria, v, conference
}

func (s *side) transfer(visit string, r wire.TransferVisit) answer {
	s.t.Helper()
	return s.post(visitsPath+"/"+visit+"/transfer", r)
}

// TestColdTransfer: to another queue, where the caller keeps the place that its
// arrival gives, and to an agent.
func TestColdTransfer(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans"})
	var cards wire.Queue
	o.boss.post(queuesPath, wire.WriteQueue{Name: "cards"}).into(&cards)
	o.serves(o.boss, cards.ID)
	maria, v, conference := o.inCall()
	later := o.visitor("later")
	var other wire.Visit
	later.post(visitsPath, wire.CreateVisit{QueueID: cards.ID, UserEndpointID: later.endpoint}).refused("a ticket for another queue", 403, wire.CodeForbidden)
	o.boss.post(visitsPath, wire.CreateVisit{QueueID: cards.ID, Name: "Bert"}).into(&other)
	o.boss.transfer(v.ID, wire.TransferVisit{QueueID: cards.ID}).refused("somebody else's caller", 403, wire.CodeForbidden)
	o.agent.transfer(v.ID, wire.TransferVisit{QueueID: "none"}).refused("no queue", 404, wire.CodeNotFound)
	o.agent.transfer(v.ID, wire.TransferVisit{}).refused("to nobody", 400, wire.CodeInvalid)
	o.agent.transfer(v.ID, wire.TransferVisit{UserID: "test"}).refused("who is not ready", 409, wire.CodeConflict)
	var moved wire.Visit
	if o.agent.transfer(v.ID, wire.TransferVisit{QueueID: cards.ID}).into(&moved); moved.State != wire.VisitWaiting || moved.QueueName != "cards" || moved.Place != 1 {
		t.Errorf("%+v", moved)
	}
	if e := maria.visitEvent(wire.EventVisitTransferred, v.ID); e.Visit.QueueName != "cards" || e.Visit.ConferenceID != conference {
		t.Errorf("%+v", e.Visit)
	}
	o.agent.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: o.agent.endpoint})
	if p := o.agent.presence(); p.State != wire.PresenceWrapUp {
		t.Errorf("%+v", p)
	}
	o.boss.is(wire.PresenceReady)
	if e := o.boss.visitEvent(wire.EventVisitOffered, v.ID); e.VisitID == other.ID {
		t.Error("who came later is offered first")
	}
	if a := o.boss.accept(v.ID); a.ConferenceID != conference || len(a.Visit.Legs) != 2 {
		t.Errorf("%+v", a)
	}
	o.boss.enter(conference)
	o.agent.post(visitsPath+"/"+v.ID+"/wrapUp", wire.WrapUpVisit{Notes: "wants a card", Done: true})
	if p := o.agent.presence(); p.State != wire.PresenceReady {
		t.Errorf("%+v", p)
	}
	var back wire.Visit
	o.boss.transfer(v.ID, wire.TransferVisit{UserID: o.agent.user}).into(&back)
	if e := o.agent.visitEvent(wire.EventVisitOffered, v.ID); e.Visit.Offer.UserID != o.agent.user {
		t.Errorf("%+v", e.Visit)
	}
	// The caller hangs up while it rings.
	maria.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: maria.endpoint})
	if e := o.agent.visitEvent(wire.EventVisitEnded, v.ID); e.Why != wire.WhyLeft || e.Visit.Legs[0].Notes != "wants a card" {
		t.Errorf("%+v", e)
	}
}

// TestWarmTransfer: the caller is on hold while the agents speak, and goes with
// the second, or stays with the first.
func TestWarmTransfer(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans"})
	maria, v, conference := o.inCall()
	o.agent.transfer(v.ID, wire.TransferVisit{UserID: "test", Warm: true}).refused("who is not ready", 409, wire.CodeConflict)
	o.boss.is(wire.PresenceReady)
	held := func(want string) {
		t.Helper()
		for deadline := 0; o.agent.state(conference).Metadata[wire.MetadataOnHold] != want; deadline++ {
			maria.hears(t, wire.EventMetadataUpdated)
			if deadline > 5 {
				t.Fatalf("on hold: %q, want %q", o.agent.state(conference).Metadata[wire.MetadataOnHold], want)
			}
		}
	}
	consult := func() (talk string) {
		t.Helper()
		var w wire.Visit
		o.agent.transfer(v.ID, wire.TransferVisit{UserID: "test", Warm: true}).into(&w)
		if w.Transfer == nil || w.Transfer.State != wire.TransferRinging || w.State != wire.VisitActive {
			t.Fatalf("%+v", w)
		}
		o.agent.transfer(v.ID, wire.TransferVisit{UserID: "test", Warm: true}).refused("twice", 409, wire.CodeConflict)
		o.agent.post(visitsPath+"/"+v.ID+"/transfer/complete", nil).refused("before the answer", 409, wire.CodeConflict)
		o.boss.visitEvent(wire.EventVisitTransferred, v.ID)
		held("true")
		talk = o.boss.accept(v.ID).ConferenceID
		if talk == conference {
			t.Fatal("the agents meet before the caller")
		}
		for {
			e := o.agent.visitEvent(wire.EventVisitTransferred, v.ID)
			if tr := e.Visit.Transfer; tr != nil && tr.State == wire.TransferTalking {
				if tr.ConferenceID != talk {
					t.Errorf("%+v", tr)
				}
				break
			}
		}
		o.agent.enter(talk)
		o.boss.enter(talk)
		return talk
	}
	consult()
	var w wire.Visit
	o.agent.post(visitsPath+"/"+v.ID+"/transfer/cancel", nil).into(&w)
	if w.Transfer != nil || w.AgentID != o.agent.user {
		t.Errorf("%+v", w)
	}
	held("")
	if e := o.boss.visitEvent(wire.EventVisitOfferWithdrawn, v.ID); e.Why != wire.WhyCancelled {
		t.Errorf("%+v", e)
	}
	talk := consult()
	o.agent.post(visitsPath+"/"+v.ID+"/transfer/complete", nil).into(&w)
	if w.AgentID != "test" || w.Transfer != nil || len(w.Legs) != 2 {
		t.Errorf("%+v", w)
	}
	o.boss.hears(t, wire.EventEnded)
	held("")
	o.boss.enter(conference)
	o.agent.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: o.agent.endpoint})
	if p := o.boss.presence(); p.State != wire.PresenceInCall {
		t.Errorf("%+v", p)
	}
	if p := o.agent.presence(); p.State != wire.PresenceWrapUp {
		t.Errorf("%+v", p)
	}
	maria.do("leave", wire.LeaveConference{ConferenceID: conference, UserEndpointID: maria.endpoint})
	o.boss.visitEvent(wire.EventVisitWrapUp, v.ID)
	maria.visitEvent(wire.EventVisitEnded, v.ID)
	o.boss.get("/rtc-api/conferences/"+talk).refused("the agents' conference", 410, wire.CodeGone)
}

// TestConsultedAgentDeclines: the caller is the first agent's again.
func TestConsultedAgentDeclines(t *testing.T) {
	o := serve(t, nil).bureau(wire.WriteQueue{Name: "loans"})
	_, v, _ := o.inCall()
	o.serves(o.boss, o.queue.ID)
	o.boss.is(wire.PresenceReady)
	var w wire.Visit
	o.agent.transfer(v.ID, wire.TransferVisit{QueueID: o.queue.ID, Warm: true}).into(&w)
	o.boss.visitEvent(wire.EventVisitTransferred, v.ID)
	if a := o.boss.post(visitsPath+"/"+v.ID+"/decline", wire.VisitRef{UserEndpointID: o.boss.endpoint}); a.status != 204 {
		t.Errorf("decline: %d %s", a.status, a.body)
	}
	if e := o.agent.visitEvent(wire.EventVisitOfferWithdrawn, v.ID); e.Why != wire.WhyDeclined || e.Visit.Transfer != nil || e.Visit.State != wire.VisitActive {
		t.Errorf("%+v", e)
	}
	if p := o.boss.presence(); p.State != wire.PresenceReady {
		t.Errorf("%+v", p)
	}
}
