package client

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"
)

// healWithin is the promise: so long after the last fault all states are the
// server's. The machine that tests run on is shared; slack allows for it.
const (
	healWithin = 2 * time.Second
	slack      = 5
)

// watcher follows a conference on a real server through a storm.
type watcher struct {
	name string
	view func() string // its state as text
	stop func()
}

// fleet is a conference with those who follow it and those who change it.
type fleet struct {
	t        *testing.T
	host     *host
	storm    *storm
	direct   *Client // around the storm
	id       string
	watchers []*watcher
	news     chan struct{}

	mu     sync.Mutex
	faults []error
	told   int // events that were applied
	again  int // events that had been applied before
}

func (f *fleet) poke() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

func (f *fleet) errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fmt.Errorf(format, args...))
}

func (f *fleet) client(address string) *Client {
	f.t.Helper()
	hc := &http.Client{Transport: &http.Transport{}}
	plain := &http.Client{Transport: &http.Transport{}}
	c, err := New(Config{Server: address, HTTP: hc, Token: (&tokens{url: f.host.URL, hc: plain}).token})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { hc.CloseIdleConnections(); plain.CloseIdleConnections() })
	return c
}

// caller adds a desktop's call: connection, loop and follower.
func (f *fleet) caller(name string) {
	f.t.Helper()
	link := f.client(f.storm.url()).Connect(ConnectionConfig{})
	var mu sync.Mutex
	var seen CallState
	call, err := link.Join(CallConfig{Conference: f.id, Metadata: wire.ParticipantMetadata{Name: name}, OnState: func(s CallState) {
		mu.Lock()
		seen = s
		mu.Unlock()
		f.poke()
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.watchers = append(f.watchers, &watcher{name: name, view: func() string {
		mu.Lock()
		defer mu.Unlock()
		return text(seen.Conference)
	}, stop: func() { call.Close(); link.Close() }})
}

// reader adds an endpoint that fetched the state once and lives by its events
// since. It must never find a gap: what it did not acknowledge comes again.
func (f *fleet) reader(name string) {
	f.t.Helper()
	c, ctx := f.client(f.storm.url()), f.t.Context()
	endpoint, err := f.direct.RegisterEndpoint(ctx, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds})
	if err == nil {
		_, err = f.direct.JoinConference(ctx, wire.JoinConference{ConferenceID: f.id, UserEndpointID: endpoint, Metadata: json.RawMessage(`{}`)})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	state, err := f.direct.Conference(ctx, f.id)
	if err != nil {
		f.t.Fatal(err)
	}
	var mu sync.Mutex
	var follower Follower
	follower.Fetched(state)
	life, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for life.Err() == nil {
			feed, err := c.openFeed(life, endpoint, func(h happening) {
				mu.Lock()
				defer mu.Unlock()
				changed := follower.Event(h.Event)
				if follower.Missing() {
					f.errorf("%s has a gap before version %d", name, *h.ConferenceVersion)
				}
				f.mu.Lock()
				if f.told++; !changed {
					f.again++
				}
				f.mu.Unlock()
				f.poke()
			})
			if err != nil {
				continue
			}
			select {
			case <-feed.lost:
			case <-life.Done():
			}
			feed.close()
		}
	})
	f.watchers = append(f.watchers, &watcher{name: name, view: func() string {
		mu.Lock()
		defer mu.Unlock()
		return text(follower.State())
	}, stop: func() { cancel(); running.Wait() }})
}

// change has an endpoint of its own change the conference until ctx ends. What
// fails while the server is away is let be.
func (f *fleet) change(ctx context.Context, name string, chance *rand.Rand) {
	endpoint, err := f.direct.RegisterEndpoint(ctx, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds})
	if err != nil {
		return
	}
	for n := 0; ctx.Err() == nil; n++ {
		switch dice := chance.IntN(20); {
		case dice < 2:
			_ = f.direct.LeaveConference(ctx, wire.LeaveConference{ConferenceID: f.id, UserEndpointID: endpoint, Reason: "bye"})
		case dice < 6:
			_, _ = f.direct.JoinConference(ctx, wire.JoinConference{ConferenceID: f.id, UserEndpointID: endpoint, Metadata: json.RawMessage(`{"name":"` + name + `"}`)})
		default:
			u := wire.UpdateMetadata{ConferenceID: f.id, UserEndpointID: endpoint, Operation: wire.OperationSet, Key: fmt.Sprintf("%s%d", name, chance.IntN(5)), Value: fmt.Sprint(n)}
			if dice < 9 {
				u.Operation = wire.OperationRemove
			}
			_ = f.direct.UpdateMetadata(ctx, u)
		}
	}
}

// healed waits until everybody's state is the server's, and returns how many
// versions there were.
func (f *fleet) healed() int64 {
	f.t.Helper()
	deadline := time.After(hang)
	for {
		state, err := f.direct.Conference(f.t.Context(), f.id)
		if err != nil {
			f.t.Fatal(err)
		}
		want := text(state)
		differs := slices.IndexFunc(f.watchers, func(w *watcher) bool { return w.view() != want })
		if differs < 0 {
			return state.Version
		}
		select {
		case <-f.news:
		case <-deadline:
			f.t.Fatalf("%s differs for good\nserver: %s\nit: %s", f.watchers[differs].name, want, f.watchers[differs].view())
		}
	}
}

// TestHealWithinTwoSeconds has calls and readers follow a conference on a real
// server through cut, slow and dead connections and restarts.
func TestHealWithinTwoSeconds(t *testing.T) {
	rounds := 4
	if os.Getenv("GUICHET_FAULT_EVENTS") != "" {
		rounds = 60
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 2))
	h := startServer(t)
	f := &fleet{t: t, host: h, storm: startStorm(t, h, seed), news: make(chan struct{}, 1)}
	f.direct = f.client(h.URL)
	s, err := f.direct.CreateConference(t.Context(), wire.CreateConference{})
	if err != nil {
		t.Fatal(err)
	}
	f.id = s.ID
	for i := range 4 {
		f.caller(fmt.Sprintf("call %d", i))
	}
	for i := range 2 {
		f.reader(fmt.Sprintf("reader %d", i))
	}
	defer func() {
		for _, w := range f.watchers {
			w.stop()
		}
	}()
	f.healed()
	var times []time.Duration
	var versions int64
	for round := range rounds {
		busy, quiet := context.WithCancel(t.Context())
		var changing sync.WaitGroup
		for i := range 3 {
			own := rand.New(rand.NewPCG(seed, uint64(100+round*3+i)))
			changing.Go(func() { f.change(busy, fmt.Sprintf("c%d.", i), own) })
		}
		f.storm.weather(true, false)
		fault := []string{"cuts", "outage", "silence", "restart", "long outage"}[round%5]
		length := time.Duration(1000+chance.IntN(1500)) * time.Millisecond
		switch fault {
		case "long outage":
			length *= 5
			fallthrough
		case "outage":
			f.storm.weather(true, true)
			f.storm.cut()
		case "silence":
			f.storm.weather(true, true)
		case "restart":
			h.stop()
			h.start()
		}
		select {
		case <-time.After(length): // how long the fault lasts
		case <-t.Context().Done():
		}
		quiet()
		changing.Wait()
		if strings.HasSuffix(fault, "outage") {
			f.storm.cut()
		}
		f.storm.weather(false, false)
		began := time.Now()
		versions = f.healed()
		times = append(times, time.Since(began))
		t.Logf("%s for %v: healed within %v", fault, length, times[len(times)-1].Round(time.Millisecond))
	}
	slices.Sort(times)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.storm.mu.Lock()
	defer f.storm.mu.Unlock()
	t.Logf("%d versions, %d events read of which %d again, %d cuts; healed within %v, half of the times %v", versions, f.told, f.again, f.storm.cuts, times[len(times)-1].Round(time.Millisecond), times[len(times)/2].Round(time.Millisecond))
	for _, fault := range f.faults {
		t.Error(fault)
	}
	if worst := times[len(times)-1]; worst > slack*healWithin {
		t.Errorf("it took %v", worst)
	}
}
