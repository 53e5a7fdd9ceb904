package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/endpoint"
	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// TestExpiryCutsUnlessRenewed: a connection ends with its token, unless its
// endpoint was kept alive with a later one.
func TestExpiryCutsUnlessRenewed(t *testing.T) {
	var ahead atomic.Int64
	r := serve(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	old, _ := r.desktop("agent1", r.Users["agent1"])
	ahead.Add(int64(10*time.Minute - 4*time.Second))
	lapses, renewed := old.endpoint(), old.endpoint()
	var c wire.Summary
	old.do("create", wire.CreateConference{}).into(&c)
	ends, stays := old.listen("tcp://"+r.MQTT, lapses), old.listen(r.MQTTWS, renewed)
	old.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: renewed})
	next(t, stays.events)
	fresh, _ := r.desktop("agent1", r.Users["agent1"])
	if a := fresh.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: renewed}); a.status != 204 {
		t.Fatalf("keep-alive: %d %s", a.status, a.body)
	}
	wait(t, "the end of the token", ends.lost)
	r.refused(old)
	stays.alive(t, "the renewed connection")
	fresh.do("leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: renewed})
	if e := next(t, stays.events); e.Type != wire.EventLeft {
		t.Errorf("the renewed connection hears %+v", e)
	}
}

// attempts are made over and over with a token until it is refused.
type attempts struct {
	caller
	over atomic.Bool // the revocation was answered

	mu     sync.Mutex
	ids    []string // of endpoints that were registered
	lost   []chan struct{}
	faults []error
}

// until runs one kind of attempt until it is refused, and closes begun after
// the first that was not.
func (a *attempts) until(what string, try func() (allowed bool, err error)) (begun chan struct{}, done chan struct{}) {
	begun, done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for first := true; ; first = false {
			late := a.over.Load()
			allowed, err := try()
			switch {
			case err != nil:
			case allowed && late:
				err = errors.New("allowed after the end")
			case first && !allowed:
				err = errors.New("refused from the beginning")
			}
			if err != nil {
				a.mu.Lock()
				a.faults = append(a.faults, fmt.Errorf("%s: %w", what, err))
				a.mu.Unlock()
			}
			if first {
				close(begun)
			}
			if !allowed || err != nil {
				return
			}
		}
	}()
	return begun, done
}

// call posts JSON; ok tells of success, and every other answer but 401 and those
// listed is a fault.
func (a *attempts) call(path string, body, into any, refusals ...int) (ok bool, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return false, err
	}
	return a.send("application/json", path, b, into, refusals...)
}

func (a *attempts) send(kind, path string, body []byte, into any, refusals ...int) (ok bool, err error) {
	q, err := http.NewRequest("POST", a.URL+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	q.Header.Set("Authorization", "Bearer "+a.token)
	q.Header.Set("Content-Type", kind)
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return false, err
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
	case r.StatusCode < 300 && into != nil:
		return true, json.Unmarshal(got, into)
	case r.StatusCode < 300:
		return true, nil
	case r.StatusCode != 401 && !slices.Contains(refusals, r.StatusCode):
		err = fmt.Errorf("%d %s", r.StatusCode, got)
	}
	return false, err
}

func (a *attempts) register(id string) (bool, error) {
	var made string
	ok, err := a.call("/rtc-api/users/endpoints", wire.RegisterEndpoint{UserEndpointID: id}, &made, 404)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = append(a.ids, made)
	return ok, err
}

func (a *attempts) dial(door string) (bool, error) {
	lost := make(chan struct{})
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(door).SetUsername(a.token).SetAutoReconnect(false).SetConnectTimeout(patience).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) }))
	t := c.Connect()
	if !t.WaitTimeout(patience) {
		return false, errors.New("hangs")
	}
	if t.Error() != nil {
		return false, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = append(a.lost, lost)
	return true, nil
}

// TestRevocationWinsEveryRace revokes a token while its holder registers, keeps
// alive, joins, publishes and connects as fast as it can: afterwards nothing
// lives on.
func TestRevocationWinsEveryRace(t *testing.T) {
	r := serve(t, nil)
	other, sdp := r.application("client-ID", "client-secret"), []byte(offer(t))
	for round := range 8 {
		a := &attempts{caller: r.application("test", "secret")}
		kept, joins, resumed := a.endpoint(), a.endpoint(), fmt.Sprintf("resumed-%d", round)
		a.ids = []string{kept, resumed}
		var c wire.Summary
		other.do("create", wire.CreateConference{}).into(&c)
		var begun, done []chan struct{}
		for what, try := range map[string]func() (bool, error){
			"keep-alive": func() (bool, error) {
				return a.call("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: kept}, nil, 404)
			},
			"joining": func() (bool, error) {
				ok, err := a.call("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: joins}, nil, 404)
				if ok {
					ok, err = a.call("/rtc-api/conferences/leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: joins}, nil, 404)
				}
				return ok, err
			},
			"WHIP": func() (bool, error) {
				return a.send("application/sdp", "/whip/"+c.ID, sdp, nil, 403, 404)
			},
			"registration":        func() (bool, error) { return a.register("") },
			"resumption":          func() (bool, error) { return a.register(resumed) },
			"MQTT over TCP":       func() (bool, error) { return a.dial("tcp://" + r.MQTT) },
			"MQTT over WebSocket": func() (bool, error) { return a.dial(r.MQTTWS) },
		} {
			b, d := a.until(what, try)
			begun, done = append(begun, b), append(done, d)
		}
		for _, b := range begun {
			wait(t, "attempt", b)
		}
		if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"test"}, "client_secret": {"secret"}, "token": {a.token}}); status != 200 {
			t.Fatalf("revoke: %d", status)
		}
		a.over.Store(true)
		for _, d := range done {
			wait(t, "refusal", d)
		}
		for _, err := range a.faults {
			t.Error(err)
		}
		for _, l := range a.lost {
			wait(t, "MQTT connection", l)
		}
		r.nothingOf(a.ids)
		// Its row may wait for the join that was undone, and is deleted later.
		r.gone(joins)
		if s := other.state(c.ID); len(s.Participants) != 0 {
			t.Errorf("in the conference there still are %+v", s.Participants)
		}
	}
}

// nothingOf checks that endpoints live neither in memory nor, for the next
// start, in the store.
func (r *running) nothingOf(ids []string) {
	r.t.Helper()
	ctx := context.Background()
	for _, id := range ids {
		r.gone(id)
	}
	stored, err := r.server.store.Endpoints(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range stored {
		if slices.Contains(ids, e.ID) {
			r.t.Errorf("endpoint %s is kept for the next start", e.ID)
		}
	}
}

func (r *running) gone(id string) {
	r.t.Helper()
	if err := r.server.endpoints.Check(context.Background(), endpoint.Owner{Organization: "default", UserID: "test"}, id); !errors.Is(err, endpoint.ErrUnknown) {
		r.t.Errorf("endpoint %s lives on: %v", id, err)
	}
}
