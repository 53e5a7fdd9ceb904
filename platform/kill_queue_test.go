package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

const visitsPath = "/rtc-api/visits"

// pass is what was acknowledged of a visit.
type pass struct {
	id         string
	created    wire.Time
	conference string // it was accepted into; empty: not acknowledged
	over       bool   // its end was asked for
	ended      bool   // and acknowledged
	checked    bool
}

// counter is a queue whose callers come one after the other, with agents who
// take, decline and end them.
type counter struct {
	*program
	queue  string
	token  string // of who brings callers
	agents []*clerk

	mu     sync.Mutex
	passes []*pass // in the order of their coming
	number int     // of the last
	faults []error
	visitTally
}

// visitTally is what the test has seen, so that it cannot pass by doing nothing.
type visitTally struct{ kills, came, accepted, declined, ended, lines, doubtful int }

func (v visitTally) String() string {
	return fmt.Sprintf("%d kills; %d callers came, %d accepted, %d declined, %d ended; %d found waiting in their order, %d in doubt",
		v.kills, v.came, v.accepted, v.declined, v.ended, v.lines, v.doubtful)
}

// clerk is an agent.
type clerk struct {
	*counter
	name, secret, token, endpoint string
	chance                        *rand.Rand
}

func (c *counter) errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *counter) find(id string) *pass {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.passes, func(p *pass) bool { return p.id == id }); i >= 0 {
		return c.passes[i]
	}
	return nil
}

// TestKillLosesNoCaller kills the server at random moments of callers coming,
// ringing, being taken, declined and let go. After each start the line is there,
// in its order, with what was acknowledged, and no caller is two agents'.
func TestKillLosesNoCaller(t *testing.T) {
	p := build(t)
	defer p.kill()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	c := &counter{program: p}
	for n := range 3 {
		name := fmt.Sprint("clerk", n)
		c.agents = append(c.agents, &clerk{counter: c, name: name, chance: rand.New(rand.NewPCG(seed, uint64(n+1))),
			secret: firstLine(p.command("", "application", "add", "--id", name, "--role", "agent"))})
	}
	for round := range rounds(t) {
		p.start()
		c.open(t)
		c.check(t)
		killAfter := int64(20 + chance.IntN(120))
		var acknowledged atomic.Int64
		now := make(chan struct{})
		did := func() {
			if acknowledged.Add(1) == killAfter {
				close(now)
			}
		}
		var all sync.WaitGroup
		for _, work := range append([]func() error{c.bring}, c.works()...) {
			all.Go(func() { c.until(work, did) })
		}
		select {
		case <-now:
		case <-time.After(hang):
			t.Fatal("nobody does anything")
		}
		p.kill()
		all.Wait()
		c.kills++
		for _, fault := range c.faults {
			t.Errorf("round %d: %v", round, fault)
		}
		if t.Failed() {
			return
		}
	}
	p.start()
	c.open(t)
	c.check(t)
	t.Log(c.visitTally)
	if c.came == 0 || c.accepted == 0 || c.declined == 0 || c.ended == 0 || c.lines == 0 {
		t.Error("the kills came before anything was done")
	}
}

func firstLine(s string) string {
	var line string
	if _, err := fmt.Sscan(s, &line); err != nil {
		return ""
	}
	return line
}

func (c *counter) works() (list []func() error) {
	for _, a := range c.agents {
		list = append(list, a.work)
	}
	return list
}

// until works until an answer is lost.
func (c *counter) until(work func() error, did func()) {
	for {
		switch err := work(); {
		case errors.Is(err, errLost):
			return
		case err != nil:
			c.errorf("%w", err)
			return
		}
		did()
	}
}

// open signs everybody in, and makes the queue the first time.
func (c *counter) open(t *testing.T) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	token := func(id, secret string) string {
		v, _, err := c.program.token(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
		must(err)
		return v.AccessToken
	}
	c.token = token("robot", c.secret)
	if c.queue == "" {
		var q wire.Queue
		none := int64(0)
		must(c.expect(http.DefaultClient, 200, "POST", "/rtc-api/queues", c.token, wire.WriteQueue{Name: "loans", WrapUpSeconds: &none}, &q))
		c.queue = q.ID
	}
	for _, a := range c.agents {
		a.token = token(a.name, a.secret)
		if a.endpoint == "" {
			must(c.expect(http.DefaultClient, 200, "POST", "/rtc-api/users/endpoints", a.token, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds}, &a.endpoint))
			must(c.expect(http.DefaultClient, 200, "PUT", "/rtc-api/agents/"+a.name, c.token, wire.UpdateAgent{Queues: []string{c.queue}}, nil))
		}
	}
}

// bring brings a caller.
func (c *counter) bring() error {
	c.mu.Lock()
	c.number++
	p := &pass{id: fmt.Sprint("v", c.number)}
	c.passes = append(c.passes, p)
	waiting := 0
	for _, o := range c.passes {
		if !o.over {
			waiting++
		}
	}
	c.mu.Unlock()
	if waiting > 40 { // enough of a line
		c.mu.Lock()
		c.passes = c.passes[:len(c.passes)-1]
		c.mu.Unlock()
		var list []wire.Visit
		return c.expect(http.DefaultClient, 200, "GET", visitsPath, c.token, nil, &list)
	}
	var v wire.Visit
	if err := c.expect(http.DefaultClient, 200, "POST", visitsPath, c.token, wire.CreateVisit{VisitID: p.id, QueueID: c.queue, Name: p.id}, &v); err != nil {
		return err
	}
	p.created = v.CreatedAt
	c.came++
	return nil
}

// work does the next thing that an agent may.
func (a *clerk) work() error {
	var is wire.Presence
	if err := a.expect(http.DefaultClient, 200, "GET", "/rtc-api/presence", a.token, nil, &is); err != nil {
		return err
	}
	switch is.State {
	case wire.PresenceRinging:
		return a.answer(is.VisitID)
	case wire.PresenceInCall:
		return a.hangUp(is.VisitID)
	}
	return a.expect(http.DefaultClient, 200, "PUT", "/rtc-api/presence", a.token, wire.SetPresence{State: wire.PresenceReady, UserEndpointID: a.endpoint}, nil)
}

func (a *clerk) answer(id string) error {
	operation, p := "/accept", a.find(id)
	if a.chance.IntN(3) == 0 {
		operation = "/decline"
	}
	status, body, _, err := a.ask(http.DefaultClient, "POST", visitsPath+"/"+id+operation, a.token, wire.VisitRef{UserEndpointID: a.endpoint})
	switch {
	case err != nil:
		return err
	case status == 409: // it rings elsewhere by now
		return nil
	case operation == "/decline" && status == 204:
		a.mu.Lock()
		a.declined++
		a.mu.Unlock()
		return nil
	case status != 200 || p == nil:
		return fmt.Errorf("%s of %s: %d %s", operation, id, status, body)
	}
	var v wire.AcceptedVisit
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.conference != "" && p.conference != v.ConferenceID {
		return fmt.Errorf("%s was accepted into %s and then into %s", id, p.conference, v.ConferenceID)
	}
	p.conference = v.ConferenceID
	a.accepted++
	return nil
}

func (a *clerk) hangUp(id string) error {
	p := a.find(id)
	if p == nil {
		return fmt.Errorf("%s is in a call with %s, which never came", a.name, id)
	}
	a.mu.Lock()
	p.over = true
	a.mu.Unlock()
	if err := a.expect(http.DefaultClient, 204, "DELETE", visitsPath+"/"+id, a.token, nil, nil); err != nil {
		return err
	}
	a.mu.Lock()
	p.ended = true
	a.visitTally.ended++
	a.mu.Unlock()
	return nil
}

// check holds a server that has just started against what was acknowledged.
func (c *counter) check(t *testing.T) {
	t.Helper()
	var line []wire.Visit
	if err := c.expect(http.DefaultClient, 200, "GET", visitsPath, c.token, nil, &line); err != nil {
		t.Fatal(err)
	}
	open := map[string]wire.Visit{}
	places := map[int]string{}
	for i, v := range line {
		open[v.ID] = v
		if i > 0 && v.CreatedAt.Before(line[i-1].CreatedAt.Time) {
			t.Errorf("%s is after %s, which came later", v.ID, line[i-1].ID)
		}
		if v.Place == 0 {
			continue
		}
		if other := places[v.Place]; other != "" {
			t.Errorf("%s and %s have place %d", v.ID, other, v.Place)
		}
		places[v.Place] = v.ID
		c.lines++
	}
	has := map[string]string{}
	for _, v := range line {
		agent := v.AgentID
		if v.Offer != nil {
			agent = v.Offer.UserID
		}
		if agent == "" {
			continue
		}
		if other := has[agent]; other != "" {
			t.Errorf("%s has %s and %s", agent, other, v.ID)
		}
		has[agent] = v.ID
	}
	var kept []*pass
	for _, p := range c.passes {
		v, there := open[p.id]
		delete(open, p.id)
		switch {
		case p.ended && there:
			t.Errorf("%s has ended and is %s", p.id, v.State)
		case p.ended && p.checked:
		case !there && !p.over:
			status, body, _, err := c.ask(http.DefaultClient, "GET", visitsPath+"/"+p.id, c.token, nil)
			if err != nil || !p.created.IsZero() || status != 404 {
				t.Errorf("%s is lost: created %v, %d %s %v", p.id, p.created, status, body, err)
			}
			c.doubtful++
			continue // it never came
		case !there:
			var w wire.Visit
			if err := c.expect(http.DefaultClient, 200, "GET", visitsPath+"/"+p.id, c.token, nil, &w); err != nil || w.State != wire.VisitEnded {
				t.Errorf("%s: %+v %v", p.id, w, err)
			}
			p.ended, p.checked = true, true
		case !p.created.IsZero() && !v.CreatedAt.Equal(p.created.Time):
			t.Errorf("%s came at %v, now at %v", p.id, p.created, v.CreatedAt)
		case p.conference != "" && (v.State != wire.VisitActive || v.ConferenceID != p.conference):
			t.Errorf("%s was accepted into %s and is %s in %q", p.id, p.conference, v.State, v.ConferenceID)
		default:
			p.created, p.over = v.CreatedAt, false
		}
		kept = append(kept, p)
	}
	for id := range open {
		t.Errorf("%s came from nowhere", id)
	}
	c.passes = kept
}
