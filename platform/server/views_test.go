package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// party is a member of a conference in mode P2P with what it is told.
type party struct {
	caller
	id, endpoint string
	user         string
	events       chan wire.ViewEvent
	link         mqtt.Client
}

// direct makes a conference in mode P2P of an agent, who listens to the topic of
// endpoints, and a customer, who listens to that of users; and of one more agent,
// whom nothing concerns.
func (r *running) direct() (agent, customer, bystander *party) {
	r.t.Helper()
	service, other := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	var c wire.Summary
	service.do("create", wire.CreateConference{Mode: wire.ModeP2P}).into(&c)
	if c.Mode != wire.ModeP2P {
		r.t.Fatalf("granted %+v", c)
	}
	var ticket wire.Ticket
	service.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	guest, token := r.customer(ticket.ID, "browser")
	agent = service.enters(c.ID, "test", false)
	customer = guest.enters(c.ID, token.Subject, true)
	bystander = other.enters(c.ID, "CLIENT_ID", false)
	for p, seen := range map[*party]int{agent: 3, customer: 2, bystander: 1} {
		for range seen {
			p.sees(wire.EventJoined)
		}
	}
	return agent, customer, bystander
}

func (c caller) enters(conference, user string, webSocket bool) *party {
	c.t.Helper()
	p := &party{caller: c, id: conference, endpoint: c.endpoint(), user: user, events: make(chan wire.ViewEvent, 256)}
	p.listen(webSocket)
	c.do("join", wire.JoinConference{ConferenceID: conference, UserEndpointID: p.endpoint})
	return p
}

func (p *party) listen(webSocket bool) {
	p.t.Helper()
	broker, name, password, topic := "tcp://"+p.MQTT, p.token, "", wire.EndpointTopic(p.endpoint)
	if webSocket {
		broker, name, password, topic = p.MQTTWS, p.user, p.token, wire.UserTopic(p.user, p.endpoint)
	}
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID(p.endpoint).SetUsername(name).SetPassword(password).SetAutoReconnect(false)
	link := mqtt.NewClient(o)
	if token := link.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		p.t.Fatalf("connect: %v", token.Error())
	}
	p.t.Cleanup(func() { link.Disconnect(50) })
	token := link.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.ViewEvent
		if err := json.Unmarshal(m.Payload(), &e); err != nil || m.Topic() != topic {
			p.t.Errorf("message on %s: %v", m.Topic(), err)
		}
		p.events <- e
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		p.t.Fatalf("subscribe: %v", token.Error())
	}
	p.link = link
}

// sees takes the next event, which must be of this kind, if any is named.
func (p *party) sees(kind wire.EventType) wire.ViewEvent {
	p.t.Helper()
	select {
	case e := <-p.events:
		if kind != "" && e.Type != kind || e.ConferenceID != p.id || e.ID == "" || e.Timestamp.IsZero() {
			p.t.Errorf("%s sees %+v, want %s", p.user, e, kind)
		}
		return e
	case <-time.After(patience):
		p.t.Fatalf("%s sees no %s", p.user, kind)
		return wire.ViewEvent{}
	}
}

// told takes the next event, which tells of a view and is for this side alone.
func (p *party) told(kind wire.EventType, stream wire.StreamID, viewer string, by *party) wire.ViewEvent {
	p.t.Helper()
	e := p.sees(kind)
	if e.StreamID != stream || e.ViewerID != viewer || e.UserID != by.user || e.UserEndpointID != by.endpoint || e.ConferenceVersion != nil {
		p.t.Errorf("%s is told %+v, want viewer %s of %s by %s", p.user, e, viewer, stream, by.user)
	}
	return e
}

func (p *party) publishes(stream wire.StreamID, watched ...*party) {
	p.t.Helper()
	var s wire.PublishedStream
	p.do("publishStream", wire.PublishStream{ConferenceID: p.id, UserEndpointID: p.endpoint, StreamID: stream, ConferenceStreamType: wire.StreamMicAndCam}).into(&s)
	if s.StreamID != stream || s.SDPAnswer != "" {
		p.t.Errorf("published %+v", s)
	}
	for _, w := range append(watched, p) {
		w.sees(wire.EventStreamPublished)
	}
}

func (p *party) view(stream wire.StreamID, viewer string) wire.ViewStream {
	return wire.ViewStream{ConferenceID: p.id, UserEndpointID: p.endpoint, StreamID: stream, ViewerID: viewer, SDPOffer: sdp + "offer of " + viewer}
}

// asks begins to view.
func (p *party) asks(stream wire.StreamID, viewer string) <-chan answer {
	return p.begin(context.Background(), p.view(stream, viewer))
}

func (p *party) begin(ctx context.Context, v wire.ViewStream) <-chan answer {
	p.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, "POST", p.URL+"/rtc-api/conferences/viewStream", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	out := make(chan answer, 1)
	go func() {
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			out <- answer{t: p.t}
			return
		}
		defer response.Body.Close()
		var b bytes.Buffer
		_, _ = b.ReadFrom(response.Body) // what is missing shows in the body
		out <- answer{p.t, response.StatusCode, response.Header, b.Bytes()}
	}()
	return out
}

func (p *party) answer(stream wire.StreamID, viewer, text string) wire.AnswerViewStream {
	return wire.AnswerViewStream{ConferenceID: p.id, UserEndpointID: p.endpoint, StreamID: stream, ViewerID: viewer, SDPAnswer: sdp + text}
}

func (p *party) candidates(stream wire.StreamID, viewer, text string) wire.ICECandidates {
	return wire.ICECandidates{ConferenceID: p.id, UserEndpointID: p.endpoint, StreamID: stream, ViewerID: viewer, ICECandidates: found("candidate:" + text)}
}

func (p *party) ref(stream wire.StreamID, viewer string) wire.StreamRef {
	return wire.StreamRef{ConferenceID: p.id, UserEndpointID: p.endpoint, StreamID: stream, ViewerID: viewer}
}

func outcome(t *testing.T, a <-chan answer) answer {
	t.Helper()
	select {
	case got := <-a:
		return got
	case <-time.After(patience):
		t.Fatal("no answer")
		return answer{}
	}
}

// TestDirectViews: in mode P2P the server relays what a view needs between the
// two that it concerns, on either topic, and to nobody else.
func TestDirectViews(t *testing.T) {
	r := serve(t, nil)
	agent, customer, bystander := r.direct()
	agent.publishes("s1", customer, bystander)
	customer.publishes("s2", agent, bystander)
	for _, c := range []struct {
		publisher, viewer *party
		stream            wire.StreamID
	}{{agent, customer, "s1"}, {customer, agent, "s2"}} {
		viewer := "v-" + string(c.stream)
		waiting := c.viewer.asks(c.stream, viewer)
		if e := c.publisher.told(wire.EventStreamViewRequested, c.stream, viewer, c.viewer); e.SDPOffer != sdp+"offer of "+viewer {
			t.Errorf("offer %q", e.SDPOffer)
		}
		c.viewer.do("addViewStreamIceCandidates", c.viewer.candidates(c.stream, viewer, "early"))
		if e := c.publisher.told(wire.EventStreamICECandidatesFound, c.stream, viewer, c.viewer); len(e.ICECandidates) != 1 || e.ICECandidates[0].Candidate != "candidate:early" {
			t.Errorf("candidates %+v", e.ICECandidates)
		}
		if a := c.publisher.do("answerViewStream", c.publisher.answer(c.stream, viewer, "answer")); a.status != 204 {
			t.Errorf("status %d", a.status)
		}
		var viewed wire.ViewedStream
		if outcome(t, waiting).into(&viewed); viewed != (wire.ViewedStream{ViewerID: viewer, SDPAnswer: sdp + "answer"}) {
			t.Errorf("viewed %+v", viewed)
		}
		c.publisher.do("addPublishStreamIceCandidates", c.publisher.candidates(c.stream, viewer, "mine"))
		if e := c.viewer.told(wire.EventStreamICECandidatesFound, c.stream, viewer, c.publisher); len(e.ICECandidates) != 1 || e.ICECandidates[0].Candidate != "candidate:mine" {
			t.Errorf("candidates %+v", e.ICECandidates)
		}
		none := c.viewer.candidates(c.stream, viewer, "")
		none.ICECandidates = nil
		c.viewer.do("addViewStreamIceCandidates", none)
		c.viewer.do("stopViewStream", c.viewer.ref(c.stream, viewer))
		c.publisher.told(wire.EventStreamViewStopped, c.stream, viewer, c.viewer)
		late := c.publisher.answer(c.stream, viewer, "late")
		c.publisher.post("/rtc-api/conferences/answerViewStream", late).refused("late answer", 404, wire.CodeNotFound)
	}
	agent.do("updateMetadata", wire.UpdateMetadata{ConferenceID: agent.id, UserEndpointID: agent.endpoint, Operation: wire.OperationSet, Key: wire.MetadataOnHold, Value: "true"})
	for _, p := range []*party{agent, customer, bystander} {
		p.sees(wire.EventMetadataUpdated) // next in line: nothing else was told
	}
	for _, p := range []string{"/whip/", "/whep/"} {
		agent.send("POST", p+agent.id, "application/sdp", []byte(offer(t))).refused(p, 409, wire.CodeConflict)
	}
	customer.do("leave", wire.LeaveConference{ConferenceID: customer.id, UserEndpointID: customer.endpoint})
	agent.do("end", wire.LeaveConference{ConferenceID: agent.id, UserEndpointID: agent.endpoint})
}

// TestDirectViewsThatFail: every way in which a view does not come about has its
// status, and ends the wait at once.
func TestDirectViewsThatFail(t *testing.T) {
	r := serve(t, nil)
	agent, customer, bystander := r.direct()
	agent.publishes("s1", customer, bystander)
	unanswered := customer.asks("s1", "v-never")
	agent.told(wire.EventStreamViewRequested, "s1", "v-never", customer)

	const conferences = "/rtc-api/conferences/"
	refuse := func(p *party, operation string, body any, status int, code wire.Code) {
		t.Helper()
		p.post(conferences+operation, body).refused(operation, status, code)
	}
	with := func(a wire.AnswerViewStream, change func(*wire.AnswerViewStream)) wire.AnswerViewStream {
		change(&a)
		return a
	}
	good := agent.answer("s1", "v-never", "x")
	nobody := &party{caller: caller{r, ""}, id: agent.id, endpoint: agent.endpoint}
	refuse(nobody, "answerViewStream", good, 401, wire.CodeUnauthorized)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.SDPAnswer = "" }), 400, wire.CodeInvalid)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.SDPAnswer = "answer" }), 400, wire.CodeInvalid)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.SDPAnswer = sdp + strings.Repeat("x", 64<<10) }), 413, wire.CodeTooLarge)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.ViewerID = "" }), 400, wire.CodeInvalid)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.StreamID = "a b" }), 400, wire.CodeInvalid)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.ConferenceID = "other" }), 404, wire.CodeNotFound)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.StreamID = "s9" }), 404, wire.CodeNotFound)
	refuse(agent, "answerViewStream", with(good, func(a *wire.AnswerViewStream) { a.ViewerID = "v9" }), 404, wire.CodeNotFound)
	refuse(bystander, "answerViewStream", bystander.answer("s1", "v-never", "x"), 403, wire.CodeForbidden)
	refuse(customer, "answerViewStream", customer.answer("s1", "v-never", "x"), 403, wire.CodeForbidden)
	refuse(bystander, "answerViewStream", good, 403, wire.CodeForbidden)
	refuse(customer, "viewStream", customer.view("s1", "v-never"), 409, wire.CodeConflict)
	refuse(bystander, "viewStream", bystander.view("s1", "v-never"), 409, wire.CodeConflict)
	refuse(customer, "viewStream", customer.view("s9", "v"), 404, wire.CodeNotFound)
	big := customer.view("s1", "v")
	big.SDPOffer += strings.Repeat("x", 64<<10)
	refuse(customer, "viewStream", big, 413, wire.CodeTooLarge)
	big.SDPOffer = "offer"
	refuse(customer, "viewStream", big, 400, wire.CodeInvalid)
	refuse(agent, "addPublishStreamIceCandidates", agent.candidates("s1", "", "x"), 400, wire.CodeInvalid)
	refuse(agent, "addPublishStreamIceCandidates", agent.candidates("s1", "v9", "x"), 404, wire.CodeNotFound)
	refuse(agent, "addPublishStreamIceCandidates", agent.candidates("s1", "v-never", "x\r\na=fingerprint:x"), 400, wire.CodeInvalid)
	refuse(bystander, "addPublishStreamIceCandidates", bystander.candidates("s1", "v-never", "x"), 403, wire.CodeForbidden)
	refuse(bystander, "addViewStreamIceCandidates", bystander.candidates("s1", "v-never", "x"), 403, wire.CodeForbidden)
	refuse(customer, "addViewStreamIceCandidates", customer.candidates("s1", "v9", "x"), 404, wire.CodeNotFound)
	refuse(bystander, "stopViewStream", bystander.ref("s1", "v-never"), 403, wire.CodeForbidden)
	many := customer.candidates("s1", "v-never", "x")
	many.ICECandidates = make([]wire.ICECandidate, 64)
	for range 4 {
		customer.do("addViewStreamIceCandidates", many)
		agent.told(wire.EventStreamICECandidatesFound, "s1", "v-never", customer)
	}
	refuse(customer, "addViewStreamIceCandidates", many, 429, wire.CodeTooMany)

	// An answer counts once; the same may come again.
	waiting := customer.asks("s1", "v-twice")
	agent.told(wire.EventStreamViewRequested, "s1", "v-twice", customer)
	agent.do("answerViewStream", agent.answer("s1", "v-twice", "one"))
	agent.do("answerViewStream", agent.answer("s1", "v-twice", "one"))
	refuse(agent, "answerViewStream", agent.answer("s1", "v-twice", "two"), 409, wire.CodeConflict)
	var viewed wire.ViewedStream
	if outcome(t, waiting).into(&viewed); viewed.SDPAnswer != sdp+"one" {
		t.Errorf("answer %q", viewed.SDPAnswer)
	}

	// Two viewers of one stream have each its own answer.
	one, two := customer.asks("s1", "v-one"), bystander.asks("s1", "v-two")
	for range 2 {
		e := agent.sees(wire.EventStreamViewRequested)
		agent.do("answerViewStream", agent.answer("s1", e.ViewerID, "for "+e.ViewerID))
	}
	for viewer, waiting := range map[string]<-chan answer{"v-one": one, "v-two": two} {
		if outcome(t, waiting).into(&viewed); viewed != (wire.ViewedStream{ViewerID: viewer, SDPAnswer: sdp + "for " + viewer}) {
			t.Errorf("%s: %+v", viewer, viewed)
		}
	}

	// A viewer that hangs up, stops or leaves.
	ctx, hangUp := context.WithCancel(context.Background())
	waiting = customer.begin(ctx, customer.view("s1", "v-hung-up"))
	agent.told(wire.EventStreamViewRequested, "s1", "v-hung-up", customer)
	hangUp()
	agent.told(wire.EventStreamViewStopped, "s1", "v-hung-up", customer)
	refuse(agent, "answerViewStream", agent.answer("s1", "v-hung-up", "x"), 404, wire.CodeNotFound)
	outcome(t, waiting)
	waiting = customer.asks("s1", "v-stopped")
	agent.told(wire.EventStreamViewRequested, "s1", "v-stopped", customer)
	customer.do("stopViewStream", customer.ref("s1", "v-stopped"))
	outcome(t, waiting).refused("a view that was stopped", 404, wire.CodeNotFound)
	agent.told(wire.EventStreamViewStopped, "s1", "v-stopped", customer)
	waiting = bystander.asks("s1", "v-left")
	agent.told(wire.EventStreamViewRequested, "s1", "v-left", bystander)
	bystander.do("leave", wire.LeaveConference{ConferenceID: bystander.id, UserEndpointID: bystander.endpoint})
	outcome(t, waiting).refused("a view of who left", 403, wire.CodeForbidden)
	agent.sees(wire.EventLeft)
	for range 2 { // v-two as well
		agent.sees(wire.EventStreamViewStopped)
	}

	// Nobody answers, not even when the time is over.
	outcome(t, unanswered).refused("no answer", 504, wire.CodeNoAnswer)
	agent.told(wire.EventStreamViewStopped, "s1", "v-never", customer)
	refuse(agent, "answerViewStream", good, 404, wire.CodeNotFound)

	// The publisher goes while one waits.
	agent.publishes("s2")
	waiting = customer.asks("s2", "v-gone")
	agent.told(wire.EventStreamViewRequested, "s2", "v-gone", customer)
	agent.do("unpublishStream", agent.ref("s2", ""))
	outcome(t, waiting).refused("a stream that ended", 404, wire.CodeNotFound)
	waiting = customer.asks("s1", "v-gone")
	agent.sees(wire.EventStreamUnpublished)
	agent.told(wire.EventStreamViewRequested, "s1", "v-gone", customer)
	agent.do("leave", wire.LeaveConference{ConferenceID: agent.id, UserEndpointID: agent.endpoint})
	outcome(t, waiting).refused("the stream of who left", 404, wire.CodeNotFound)

	// The conference ends while one waits.
	agent.do("join", wire.JoinConference{ConferenceID: agent.id, UserEndpointID: agent.endpoint})
	agent.do("publishStream", wire.PublishStream{ConferenceID: agent.id, UserEndpointID: agent.endpoint, StreamID: "s3", ConferenceStreamType: wire.StreamCam})
	waiting = customer.asks("s3", "v-end")
	for e := agent.sees("").Type; e != wire.EventStreamViewRequested; e = agent.sees("").Type {
	}
	agent.do("end", wire.LeaveConference{ConferenceID: agent.id, UserEndpointID: agent.endpoint})
	outcome(t, waiting).refused("a conference that ended", 410, wire.CodeGone)

	var routed wire.Summary
	agent.do("create", wire.CreateConference{}).into(&routed)
	agent.do("join", wire.JoinConference{ConferenceID: routed.ID, UserEndpointID: agent.endpoint})
	good.ConferenceID = routed.ID
	refuse(agent, "answerViewStream", good, 409, wire.CodeConflict)
	refuse(agent, "publishStream", wire.PublishStream{ConferenceID: routed.ID, UserEndpointID: agent.endpoint, StreamID: "s1", ConferenceStreamType: wire.StreamCam}, 400, wire.CodeInvalid)
}

// TestDirectViewReachesWhoReconnects: a request that comes while the publisher's
// MQTT connection is away is delivered when it is back, within the wait.
func TestDirectViewReachesWhoReconnects(t *testing.T) {
	r := serve(t, nil)
	agent, customer, bystander := r.direct()
	agent.publishes("s1", customer, bystander)
	agent.link.Disconnect(50)
	waiting := customer.asks("s1", "v1")
	asked := customer.candidates("s1", "v1", "")
	asked.ICECandidates = nil
	for customer.post("/rtc-api/conferences/addViewStreamIceCandidates", asked).status == 404 { // not yet
	}
	agent.listen(true)
	agent.told(wire.EventStreamViewRequested, "s1", "v1", customer)
	agent.do("answerViewStream", agent.answer("s1", "v1", "x"))
	var viewed wire.ViewedStream
	outcome(t, waiting).into(&viewed)
}

// TestDirectViewsAndRestart: a server that stops tells who waits for an answer,
// at once; streams are there when it is back.
func TestDirectViewsAndRestart(t *testing.T) {
	c := freePorts(t)
	var r *running
	run := func() (stop func()) {
		s, err := New(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
		go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
		r = &running{<-ready, t, s}
		return sync.OnceFunc(func() {
			cancel()
			if err := errors.Join(<-ended, s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	stop := run()
	t.Cleanup(func() { stop() })
	agent, customer, bystander := r.direct()
	agent.publishes("s1", customer, bystander)
	waiting := customer.asks("s1", "v1")
	agent.told(wire.EventStreamViewRequested, "s1", "v1", customer)
	began := time.Now()
	go stop()
	outcome(t, waiting).refused("a view when the server stops", 503, wire.CodeUnavailable)
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("told after %v", took)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	c.Listen, c.MQTTListen = strings.TrimPrefix(r.URL, "http://"), r.MQTT
	stop = run()
	state := agent.state(agent.id)
	if n := len(state.Participants[0].Endpoints[0].Streams); state.Mode != wire.ModeP2P || len(state.Participants) != 3 || n != 1 {
		t.Errorf("after the restart: %+v", state)
	}
	http.DefaultClient.CloseIdleConnections()
}
