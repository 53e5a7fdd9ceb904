//go:build figures

package bench

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// house is a broker under measurement.
type house struct {
	name string
	process
	address string                         // for subscribers
	topic   func(group, member int) string // that a subscriber gets its group's events on
	token   string                         // with which subscribers sign in
}

// ours runs the broker's front alone, with a journal in memory or the store's.
func ours(t *testing.T, journal string, groups, size int) house {
	t.Helper()
	args := []string{"front", journal}
	for range groups {
		args = append(args, strconv.Itoa(size))
	}
	p := start(t, os.Args[0], args...)
	return house{"ours, " + journal, p, p.mqtt, func(g, m int) string { return "users/endpoints/" + endpointName(g, m) }, "any"}
}

func mosquitto(t *testing.T) house {
	t.Helper()
	p := startMosquitto(t)
	return house{"mosquitto", p, p.mqtt, func(g, _ int) string { return "g/" + strconv.Itoa(g) }, "any"}
}

// crowd connects endpoints, several at a time, and returns them.
func (h house) crowd(t *testing.T, groups, size int) []subscriber {
	t.Helper()
	all := make([]subscriber, groups*size)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				g, m := i/size, i%size
				var err error
				if all[i], err = subscribe(h.address, endpointName(g, m), h.token, h.topic(g, m)); err != nil {
					t.Errorf("%s: %v", h.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, s := range all {
			if s.conn != nil {
				s.conn.Close()
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// settled is the memory of a process once it holds still, in KiB.
func (p process) settled() float64 {
	was := p.resident()
	for range 20 {
		time.Sleep(500 * time.Millisecond)
		is := p.resident()
		if is < was*1.005 && is > was*0.995 {
			return is
		}
		was = is
	}
	return was
}

// TestFiguresOfConnections measures what 5,000 endpoints that are connected and
// subscribed cost, and how fast they come.
func TestFiguresOfConnections(t *testing.T) {
	const endpoints, turns = 5000, 3
	overTCP := func(h house) house { return h }
	overWebSocket := func(h house) house {
		h.name, h.address = h.name+", WebSocket", h.mqttWS
		return h
	}
	values := map[string]float64{"endpoints": endpoints, "rounds": turns}
	each := map[string][3][]float64{}
	for range turns {
		for _, open := range []func(t *testing.T) house{
			func(t *testing.T) house { return overTCP(ours(t, "memory", endpoints, 1)) },
			func(t *testing.T) house { return overTCP(ours(t, "store", endpoints, 1)) },
			func(t *testing.T) house { return overWebSocket(ours(t, "memory", endpoints, 1)) },
			mosquitto,
		} {
			t.Run("", func(t *testing.T) {
				h := open(t)
				memory, cpu, from := h.settled(), h.cpu(), time.Now()
				h.crowd(t, endpoints, 1)
				took, used := time.Since(from).Seconds(), h.cpu()-cpu
				v := each[h.name]
				v[0] = append(v[0], endpoints/took)
				v[1] = append(v[1], float64(used.Microseconds())/endpoints)
				v[2] = append(v[2], (h.settled()-memory)/endpoints)
				each[h.name] = v
			})
		}
	}
	for name, v := range each {
		_, values[name], _ = spread(v[0])
		_, values[name+" CPU us"], _ = spread(v[1])
		_, values[name+" KiB"], values[name+" KiB max"] = spread(v[2])
	}
	figure(t, "MQTT endpoints connected", "endpoints/s", values)
}

// TestFiguresOfDeliveries measures events that reach 1, 8 and 100 endpoints
// each: at a pace that leaves everybody time, and as fast as they are taken.
func TestFiguresOfDeliveries(t *testing.T) {
	for _, size := range []int{1, 8, 100} {
		groups := 200 / size
		houses := []house{ours(t, "memory", groups, size), ours(t, "store", groups, size), mosquitto(t)}
		lists := make([]delivered, len(houses))
		for i, h := range houses {
			lists[i] = h.listen(t, groups, size)
		}
		for _, kind := range []struct {
			name string
			pace time.Duration // between the events; 0: as fast as they are taken
		}{{"paced", time.Second / 300 * time.Duration(min(size, 10))}, {"flood", 0}} {
			values := map[string]float64{"endpoints": float64(groups * size), "rounds": rounds}
			compare(t, values, kind.pace, lists)
			figure(t, fmt.Sprintf("MQTT deliveries, %s, 1:%d", kind.name, size), "deliveries/s", values)
		}
	}
}

// compare measures brokers in turns, and adds what they did and what that is of
// the last one's.
func compare(t *testing.T, values map[string]float64, pace time.Duration, lists []delivered) {
	t.Helper()
	turns := make([][]round, len(lists))
	for i := range rounds + 1 {
		for j := range lists {
			k := (i + j) % len(lists)
			r := lists[k].measure(t, pace)
			if i > 0 { // the first warms up
				turns[k] = append(turns[k], r)
			}
		}
	}
	last := len(lists) - 1
	for k, d := range lists {
		summary(values, d.name, turns[k])
		if k < last {
			ratios(values, d.name+" / "+lists[last].name, turns[k], turns[last])
		}
	}
}

// ratios adds what the rounds of one are of those of another, the median.
func ratios(values map[string]float64, name string, these, those []round) {
	for what, of := range map[string]func(round) float64{
		"rate": func(r round) float64 { return r.rate }, "p50": func(r round) float64 { return r.p50 },
		"p99": func(r round) float64 { return r.p99 }, "CPU": func(r round) float64 { return r.cpu }} {
		list := make([]float64, len(these))
		for i := range list {
			list[i] = of(these[i]) / of(those[i])
		}
		_, values[name+", "+what], _ = spread(list)
	}
}

// delivered is a broker with its crowd listening and publishers at hand.
type delivered struct {
	house
	groups, size int
	publishers   []speaker
	got          *arrivals
}

// speaker makes an event of a group happen.
type speaker interface{ say(group int) error }

// arrivals is how long the deliveries of a round took, in ms.
type arrivals struct {
	mu   sync.Mutex
	took []float64
}

func (h house) listen(t *testing.T, groups, size int) delivered {
	t.Helper()
	d := delivered{house: h, groups: groups, size: size, got: &arrivals{}}
	d.hear(h.crowd(t, groups, size))
	for i := range min(groups, connections) {
		p, err := newPublisher(h.publish, "p"+strconv.Itoa(i), 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.conn.Close() })
		d.publishers = append(d.publishers, p)
	}
	return d
}

// hear notes what comes.
func (d delivered) hear(crowd []subscriber) {
	for _, s := range crowd {
		go s.receive(func(body []byte) {
			ms, ok := age(body)
			if !ok {
				return // not one of the measurement's: somebody joined
			}
			d.got.mu.Lock()
			defer d.got.mu.Unlock()
			d.got.took = append(d.got.took, ms)
		})
	}
}

// measure publishes for a while and waits for the last delivery.
func (d delivered) measure(t *testing.T, pace time.Duration) round {
	t.Helper()
	d.got.mu.Lock()
	d.got.took = d.got.took[:0]
	d.got.mu.Unlock()
	before, from := d.cpu(), time.Now()
	var events atomic.Int64
	var wg sync.WaitGroup
	for i, p := range d.publishers {
		wg.Go(func() {
			each := pace * time.Duration(len(d.publishers))
			due := from.Add(each * time.Duration(i) / time.Duration(len(d.publishers)))
			for g := i; time.Since(from) < roundTime; g += len(d.publishers) {
				if pace > 0 {
					time.Sleep(time.Until(due))
					due = due.Add(each)
				}
				if g >= d.groups {
					g = i
				}
				if err := p.say(g); err != nil {
					t.Error(err)
					return
				}
				events.Add(1)
			}
		})
	}
	wg.Wait()
	want := int(events.Load()) * d.size
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		d.got.mu.Lock()
		n := len(d.got.took)
		d.got.mu.Unlock()
		if n >= want {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("%s: %d of %d deliveries", d.name, n, want)
		}
	}
	elapsed, used := time.Since(from), d.cpu()-before
	d.got.mu.Lock()
	defer d.got.mu.Unlock()
	slices.Sort(d.got.took)
	return round{rate: float64(want) / elapsed.Seconds(), p50: quantile(d.got.took, 0.5), p99: quantile(d.got.took, 0.99),
		cpu: float64(used.Microseconds()) / float64(want)}
}
