package client

import (
	"net/http"
	"testing"
	"time"

	"guichet/platform/wire"
)

// TestServeACaller makes every call about queues against a real server, and hears
// every kind of its events.
func TestServeACaller(t *testing.T) {
	h := startServer(t)
	hc := &http.Client{Transport: &http.Transport{}}
	c, err := New(Config{Server: h.URL, HTTP: hc, Token: (&tokens{url: h.URL, hc: hc}).token})
	must(t, err)
	online := make(chan string, 8)
	visited := make(chan wire.VisitEvent, 64)
	present := make(chan wire.PresenceEvent, 64)
	lines := make(chan wire.QueueEvent, 64)
	link := c.Connect(ConnectionConfig{OnStatus: func(s Status) {
		if s.Online {
			online <- s.Endpoint
		}
	}, OnVisit: func(e wire.VisitEvent) { visited <- e }, OnPresence: func(e wire.PresenceEvent) { present <- e }, OnQueue: func(e wire.QueueEvent) { lines <- e }})
	t.Cleanup(func() { link.Close(); hc.CloseIdleConnections() })
	ctx := t.Context()
	endpoint := <-online
	await := func(kind wire.EventType, id string) wire.VisitEvent {
		t.Helper()
		for {
			select {
			case e := <-visited:
				if e.Type == kind && e.VisitID == id {
					return e
				}
			case <-time.After(hang):
				t.Fatalf("no %s", kind)
			}
		}
	}

	q, err := c.CreateQueue(ctx, wire.WriteQueue{Name: "loans"})
	must(t, err)
	rest, err := c.CreateQueue(ctx, wire.WriteQueue{Name: "rest"})
	must(t, err)
	q, err = c.UpdateQueue(ctx, q.ID, wire.WriteQueue{Name: "loans", DisplayName: "Loans", Version: q.Version})
	must(t, err)
	must(t, c.WatchQueues(ctx, endpoint, true))
	_, err = c.UpdateAgent(ctx, "test", wire.UpdateAgent{Name: "Anna", Queues: []string{q.ID}})
	must(t, err)
	p, err := c.SetPresence(ctx, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: endpoint})
	must(t, err)
	if p.State != wire.PresenceReady {
		t.Errorf("%+v", p)
	}
	for e := range present {
		if e.Presence.State == wire.PresenceReady {
			break
		}
	}
	v, err := c.CreateVisit(ctx, wire.CreateVisit{QueueID: q.ID, Name: "Maria"})
	must(t, err)
	await(wire.EventVisitOffered, v.ID)
	must(t, c.DeclineVisit(ctx, v.ID, endpoint))
	await(wire.EventVisitOfferWithdrawn, v.ID)
	must(t, c.LeaveVisit(ctx, v.ID))
	await(wire.EventVisitEnded, v.ID)
	second, err := c.CreateVisit(ctx, wire.CreateVisit{QueueName: "loans", Name: "Bert"})
	must(t, err)
	await(wire.EventVisitOffered, second.ID)
	a, err := c.AcceptVisit(ctx, second.ID, endpoint)
	must(t, err)
	if a.ConferenceID == "" || a.Visit.AgentName != "Anna" {
		t.Errorf("%+v", a)
	}
	if list, err := c.Visits(ctx, VisitFilter{QueueID: q.ID, State: wire.VisitActive, Mine: true}); err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	for name, err := range map[string]error{
		"a warm transfer to nobody": func() error {
			_, err := c.TransferVisit(ctx, second.ID, wire.TransferVisit{UserID: "nobody", Warm: true})
			return err
		}(),
		"completing none": func() error { _, err := c.CompleteTransfer(ctx, second.ID); return err }(),
		"cancelling none": func() error { _, err := c.CancelTransfer(ctx, second.ID); return err }(),
	} {
		if code(err) != wire.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	moved, err := c.TransferVisit(ctx, second.ID, wire.TransferVisit{QueueID: rest.ID})
	must(t, err)
	if moved.State != wire.VisitWaiting || moved.QueueName != "rest" {
		t.Errorf("%+v", moved)
	}
	must(t, c.WrapUpVisit(ctx, second.ID, wire.WrapUpVisit{Notes: "to the rest", Done: true}))
	must(t, c.LeaveVisit(ctx, second.ID))
	await(wire.EventVisitEnded, second.ID)
	past, err := c.Visits(ctx, VisitFilter{State: wire.VisitEnded, Mine: true, Before: time.Now().Add(time.Hour), Limit: 5})
	must(t, err)
	if len(past) != 1 || past[0].Legs[0].Notes != "to the rest" {
		t.Errorf("%+v", past)
	}
	if one, err := c.Visit(ctx, second.ID); err != nil || one.State != wire.VisitEnded {
		t.Errorf("%+v %v", one, err)
	}
	if me, err := c.Presence(ctx); err != nil || me.State != wire.PresenceReady {
		t.Errorf("%+v %v", me, err)
	}
	if all, err := c.Agents(ctx); err != nil || len(all) != 1 {
		t.Errorf("%+v %v", all, err)
	}
	reasons, err := c.Reasons(ctx)
	must(t, err)
	outcomes, err := c.Outcomes(ctx)
	must(t, err)
	if len(reasons)+len(outcomes) > 0 {
		t.Errorf("%v %v", reasons, outcomes)
	}
	must(t, c.DeleteQueue(ctx, rest.ID))
	if list, err := c.Queues(ctx); err != nil || len(list) != 1 || list[0].DisplayName != "Loans" {
		t.Errorf("%+v %v", list, err)
	}
	select {
	case <-lines:
	case <-time.After(hang):
		t.Error("the queues are not told")
	}
}
