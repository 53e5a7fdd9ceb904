package conference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"guichet/platform/broker"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/store"
	"guichet/platform/wire"
)

// chain is the way of an event: conferences, store, journal, broker.
type chain struct {
	*bench
	broker *broker.Broker
	addr   string
}

// startChain puts a broker behind the bench's journal. An endpoint's first
// letter is its user, whose token is that letter.
func startChain(t testing.TB) *chain {
	c := &chain{bench: &bench{t: t, dir: t.TempDir(), ends: &endpoints{dead: map[string]bool{}}}, addr: "127.0.0.1:0"}
	c.open()
	t.Cleanup(c.close)
	return c
}

func (c *chain) open() {
	c.t.Helper()
	var err error
	if c.store, err = store.Open(context.Background(), c.dir); err != nil {
		c.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	c.journal = store.NewJournal(c.store, time.Now, log)
	c.broker, err = broker.New(broker.Config{Listen: c.addr, Journal: c.journal, Logger: log,
		Authenticate: func(_ context.Context, token string) (broker.Session, error) {
			return broker.Session{Organization: "default", UserID: token, Expires: time.Now().Add(time.Hour)}, nil
		},
		Owns: func(_ context.Context, s broker.Session, id string) error {
			if !strings.HasPrefix(id, s.UserID) {
				return errors.New("not yours")
			}
			return nil
		}})
	if err == nil {
		err = c.broker.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.addr = c.broker.Addr().String()
	c.sfu = &sfu{}
	c.Directory = conference.New(conference.Config{Store: c.store, Media: c.sfu, Endpoints: c.ends, Wake: c.broker.Wake})
}

func (c *chain) close() {
	c.Directory.Close()
	if err := errors.Join(c.broker.Close(), c.journal.Close(), c.store.Close()); err != nil {
		c.t.Error(err)
	}
}

// register makes an endpoint that the journal keeps a cursor for.
func (c *chain) register(id string) {
	c.t.Helper()
	err := c.store.SaveEndpoint(ctx, endpoint.Endpoint{ID: id, Owner: endpoint.Owner{Organization: "default", UserID: id[:1]},
		KeepAliveSeconds: 60, Created: time.Now()})
	if err != nil {
		c.t.Fatal(err)
	}
}

// listen connects an MQTT client for an endpoint, which hands on every event
// and connects and subscribes again when it is cut.
func (c *chain) listen(id string, hand func(wire.Event)) paho.Client {
	c.t.Helper()
	subscribed := make(chan struct{}, 1)
	o := paho.NewClientOptions().AddBroker("tcp://" + c.addr).SetUsername(id[:1]).SetClientID(id).SetProtocolVersion(4)
	o.SetAutoReconnect(true).SetMaxReconnectInterval(20 * time.Millisecond).SetConnectRetry(true).SetConnectRetryInterval(20 * time.Millisecond)
	o.SetOnConnectHandler(func(p paho.Client) {
		p.Subscribe(wire.EndpointTopic(id), 1, func(_ paho.Client, m paho.Message) {
			var e wire.Event
			if err := json.Unmarshal(m.Payload(), &e); err != nil {
				c.t.Error(err)
			}
			hand(e)
		}).Wait()
		select {
		case subscribed <- struct{}{}:
		default:
		}
	})
	p := paho.NewClient(o)
	if tok := p.Connect(); !tok.WaitTimeout(hang) || tok.Error() != nil {
		c.t.Fatal("connect", tok.Error())
	}
	select {
	case <-subscribed:
	case <-time.After(hang):
		c.t.Fatal("not subscribed")
	}
	return p
}

// TestClientsFollowThroughCutsAndRestarts has clients follow a conference by
// MQTT alone while their connections are cut and the server restarts.
func TestClientsFollowThroughCutsAndRestarts(t *testing.T) {
	c := startChain(t)
	c.create("c1")
	type watcher struct {
		mu sync.Mutex
		conference.Follower
		ready   bool // the state was fetched
		held    []wire.Event
		changed chan struct{}
	}
	watchers := map[string]*watcher{}
	for _, id := range []string{"x1", "y1", "z1"} {
		w := &watcher{changed: make(chan struct{}, 1)}
		watchers[id] = w
		c.register(id)
		p := c.listen(id, func(e wire.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if !w.ready {
				w.held = append(w.held, e)
			} else if err := w.Follow(e); err != nil {
				t.Errorf("%s: %v", id, err)
			}
			select {
			case w.changed <- struct{}{}:
			default:
			}
		})
		defer p.Disconnect(0)
		c.join("c1", id)
		s := c.state("c1")
		w.mu.Lock()
		w.Conference, w.ready = s, true
		for _, e := range w.held {
			if err := w.Follow(e); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		w.mu.Unlock()
	}
	for i := range 400 {
		e := string(rune('a'+i%3)) + "1"
		switch i * 13 % 9 {
		case 0, 1, 2:
			c.Join(ctx, agent(e[:1]), wire.JoinConference{ConferenceID: "c1", UserEndpointID: e})
		case 3, 4:
			c.Publish(ctx, agent(e[:1]), offer("c1", e, "s"+e))
		case 5:
			c.Leave(ctx, agent(e[:1]), wire.LeaveConference{ConferenceID: "c1", UserEndpointID: e})
		default:
			c.UpdateMetadata(ctx, agent("x"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "x1", Operation: wire.OperationSet,
				Key: "ON_HOLD", Value: fmt.Sprint(i)})
		}
		switch {
		case i%100 == 99:
			c.close()
			c.open()
		case i%20 == 7:
			c.broker.CutEndpoint("x1")
		case i%20 == 14:
			c.broker.Cut(func(s broker.Session) bool { return s.UserID == "y" })
		}
	}
	want := conference.Sorted(c.state("c1"))
	for id, w := range watchers {
		guard := time.After(hang)
		for reached := false; !reached; {
			w.mu.Lock()
			reached = w.Version == want.Version
			got := conference.Sorted(w.Conference)
			w.mu.Unlock()
			if reached && !reflect.DeepEqual(want, got) {
				t.Errorf("%s differs (-state +follower):\n%s", id, cmp.Diff(want, got))
			}
			if !reached {
				select {
				case <-w.changed:
				case <-guard:
					t.Fatalf("%s stays at version %d of %d", id, got.Version, want.Version)
				}
			}
		}
	}
	if want.Version < 100 {
		t.Errorf("only %d events: the test shows little", want.Version)
	}
}

// BenchmarkDelivery measures the way of one event from the call to the MQTT
// clients of all endpoints in a conference.
func BenchmarkDelivery(b *testing.B) {
	for _, n := range []int{2, 10, 100} {
		b.Run(fmt.Sprintf("endpoints=%d", n), func(b *testing.B) {
			c := startChain(b)
			c.create("c1")
			got := make(chan int64, 1<<16)
			for i := range n {
				id := fmt.Sprintf("a%d", i)
				c.register(id)
				p := c.listen(id, func(e wire.Event) {
					if e.Type == wire.EventMetadataUpdated {
						got <- *e.ConferenceVersion
					}
				})
				defer p.Disconnect(0)
				c.join("c1", id)
			}
			value := 0
			set := func() {
				value++ // what is so already makes no event
				err := c.UpdateMetadata(ctx, agent("a"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "a0",
					Operation: wire.OperationSet, Key: "k", Value: fmt.Sprint(value)})
				if err != nil {
					b.Error(err)
				}
			}
			b.Run("latency", func(b *testing.B) {
				for range b.N {
					set()
					for range n {
						<-got
					}
				}
			})
			b.Run("throughput", func(b *testing.B) {
				go func() {
					for range b.N {
						set()
					}
				}()
				for range b.N * n {
					<-got
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "deliveries/s")
			})
		})
	}
}
