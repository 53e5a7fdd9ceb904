//go:build figures

// Package bench measures the token service and the delivery of events as they
// are deployed: the real program with its database and its audit log, asked over
// HTTP and MQTT. Beside it stands what other houses run, asked by the same
// generator in turns, so that both meet the same noise of the machine. The
// broker's front alone, to be compared with a broker, is this test program once
// more, as a process of its own.
//
// It has tests alone, behind the build tag figures: `make bench` runs them, and
// they print one line of JSON for each figure. But for that front it imports
// nothing of the platform: whatever it needs of a server it asks for as a client
// does.
package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	connections = 8
	roundTime   = 3 * time.Second
	rounds      = 5
)

// target is a server under load, and the request that it gets over and over.
type target struct {
	name    string
	address string // host:port
	request string // whole, as it goes over the wire
	status  int    // of every answer
	cpu     func() time.Duration
}

// round is what a target did in one round.
type round struct {
	rate, p50, p99 float64 // answers a second, ms
	cpu            float64 // of the server, in µs for each answer
}

// load sends a target's request over several connections for a while. What is
// on its way when the time is over still counts, in the time that it takes.
func (g target) load(t *testing.T, long time.Duration) round {
	t.Helper()
	took := make([][]float64, connections)
	var wg sync.WaitGroup
	before, from := g.cpu(), time.Now()
	for i := range took {
		wg.Go(func() {
			var err error
			if took[i], err = g.ask(from.Add(long)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	elapsed, used := time.Since(from), g.cpu()-before
	all := slices.Concat(took...)
	if t.Failed() || len(all) == 0 {
		t.Fatalf("%s: %d answers", g.name, len(all))
	}
	slices.Sort(all)
	return round{rate: float64(len(all)) / elapsed.Seconds(), p50: quantile(all, 0.5), p99: quantile(all, 0.99),
		cpu: float64(used.Microseconds()) / float64(len(all))}
}

// ask sends the request over one connection until a time, and returns how long
// each answer took, in ms.
func (g target) ask(until time.Time) (took []float64, err error) {
	c, err := net.Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(until.Add(time.Minute)); err != nil {
		return nil, err
	}
	r := bufio.NewReader(c)
	for from := time.Now(); from.Before(until); from = time.Now() {
		if _, err := io.WriteString(c, g.request); err != nil {
			return nil, err
		}
		a, err := http.ReadResponse(r, nil)
		if err != nil {
			return nil, err
		}
		n, err := io.Copy(io.Discard, a.Body)
		if err != nil || a.StatusCode != g.status || n == 0 {
			return nil, fmt.Errorf("%s: status %d, %d bytes, %v", g.name, a.StatusCode, n, err)
		}
		took = append(took, time.Since(from).Seconds()*1000)
	}
	return took, nil
}

// measure loads targets in turns, after a short round to warm each up, and
// returns the rounds of each.
func measure(t *testing.T, targets ...target) [][]round {
	t.Helper()
	list := make([][]round, len(targets))
	for _, g := range targets {
		g.load(t, roundTime/3)
	}
	for i := range rounds {
		for j := range targets {
			k := (i + j) % len(targets) // nobody is always the first
			list[k] = append(list[k], targets[k].load(t, roundTime))
		}
	}
	return list
}

// figure prints one line.
func figure(t *testing.T, name, unit string, values map[string]float64) {
	t.Helper()
	line := map[string]any{"figure": name, "unit": unit}
	for k, v := range values {
		line[k] = v
	}
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// summary adds the median of the rounds, and how far they spread, to a figure.
func summary(into map[string]float64, who string, list []round) {
	each := func(of func(round) float64) (lowest, middle, highest float64) {
		return spread(mapped(list, of))
	}
	into[who+" min"], into[who], into[who+" max"] = each(func(r round) float64 { return r.rate })
	_, into[who+" p50 ms"], _ = each(func(r round) float64 { return r.p50 })
	_, into[who+" p99 ms"], _ = each(func(r round) float64 { return r.p99 })
	_, into[who+" CPU us"], _ = each(func(r round) float64 { return r.cpu })
}

func mapped(list []round, of func(round) float64) []float64 {
	values := make([]float64, len(list))
	for i, r := range list {
		values[i] = of(r)
	}
	return values
}

func spread(values []float64) (lowest, middle, highest float64) {
	s := slices.Sorted(slices.Values(values))
	return s[0], quantile(s, 0.5), s[len(s)-1]
}

// quantile of a sorted list, nearest rank.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
