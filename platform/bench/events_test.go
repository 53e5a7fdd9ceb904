//go:build figures

package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// TestFiguresOfEvents measures the whole path of the program as it is deployed:
// from a call of the API over the commit to the event at 1, 8 and 100 endpoints
// of the conference, beside Mosquitto, which delivers what was published without
// a check, a state or a disk.
func TestFiguresOfEvents(t *testing.T) {
	for _, size := range []int{1, 8, 100} {
		groups := min(8, 200/size)
		g := startGuichet(t, "ES256")
		lists := []delivered{g.conferences(t, groups, size), mosquitto(t).listen(t, groups, size)}
		values := map[string]float64{"endpoints": float64(groups * size), "rounds": rounds}
		compare(t, values, time.Second/100*time.Duration(min(size, 10)), lists)
		figure(t, fmt.Sprintf("events by the API, 1:%d", size), "deliveries/s", values)
	}
}

// TestFiguresOfEndpoints measures what a registered, connected and subscribed
// endpoint costs the program as it is deployed.
func TestFiguresOfEndpoints(t *testing.T) {
	const endpoints = 250 // of one user; a user may have 256
	g := startGuichet(t, "ES256")
	c := g.caller(t)
	ids := make([]string, endpoints)
	memory := g.settled()
	for i := range ids {
		ids[i] = c.register(t)
	}
	registered := g.settled()
	h := house{"ours", g.process, g.mqtt, func(_, m int) string { return "users/endpoints/" + ids[m] }, c.token}
	cpu, from := g.cpu(), time.Now()
	h.crowd(t, 1, endpoints)
	took, used := time.Since(from).Seconds(), g.cpu()-cpu
	figure(t, "endpoints of the program", "endpoints/s", map[string]float64{"endpoints": endpoints, "ours": endpoints / took,
		"ours CPU us": float64(used.Microseconds()) / endpoints, "KiB registered": (registered - memory) / endpoints,
		"KiB connected": (g.settled() - registered) / endpoints})
}

// caller is a client of the API.
type caller struct{ url, token string }

func (g guichet) caller(t *testing.T) caller {
	t.Helper()
	return caller{"http://" + g.address, g.token(t, "ES256")}
}

// post sends a body and reads the answer into v, if that is not nil.
func (c caller) post(path string, body, v any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", c.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode >= 300 {
		return fmt.Errorf("%s: status %d, %w: %s", path, a.StatusCode, err, answer)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(answer, v)
}

func (c caller) register(t *testing.T) (id string) {
	t.Helper()
	if err := c.post("/rtc-api/users/endpoints", map[string]any{"keepAliveSeconds": 600}, &id); err != nil {
		t.Fatal(err)
	}
	return id
}

// conferences makes conferences in which so many endpoints each are connected.
func (g guichet) conferences(t *testing.T, groups, size int) delivered {
	t.Helper()
	c := g.caller(t)
	ids := make([]string, groups*size)
	for i := range ids {
		ids[i] = c.register(t)
	}
	h := house{"ours", g.process, g.mqtt, func(i, m int) string { return "users/endpoints/" + ids[i*size+m] }, c.token}
	d := delivered{house: h, groups: groups, size: size, got: &arrivals{}}
	d.hear(h.crowd(t, groups, size))
	p := &room{caller: c}
	for i := range groups {
		var made struct{ ID string }
		if err := c.post("/rtc-api/conferences/create", map[string]any{"creatorEndpoint": ids[i*size]}, &made); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids[i*size : (i+1)*size] {
			if err := c.post("/rtc-api/conferences/join", map[string]any{"conferenceId": made.ID, "userEndpointId": id}, nil); err != nil {
				t.Fatal(err)
			}
		}
		p.conferences = append(p.conferences, made.ID)
		p.endpoints = append(p.endpoints, ids[i*size])
	}
	for range min(groups, connections) {
		d.publishers = append(d.publishers, p)
	}
	return d
}

// room makes events by changing the metadata of conferences.
type room struct {
	caller
	conferences, endpoints []string
}

func (r *room) say(group int) error {
	return r.post("/rtc-api/conferences/updateMetadata", map[string]any{"conferenceId": r.conferences[group], "userEndpointId": r.endpoints[group],
		"operation": "SET", "key": "figure " + strconv.Itoa(group), "value": string(stamp(bodySize))}, nil)
}
