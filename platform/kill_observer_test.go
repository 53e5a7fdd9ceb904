package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// observer is an endpoint that does nothing but receive events. The broker's
// cursor is its only memory.
type observer struct {
	*hall
	endpoint string
	client   paho.Client
	upTo     int64 // version: it has seen all below it, of this conference
	seen     map[int64]bool
	lines    map[int64]bool
}

func (o *observer) connect(t *testing.T) {
	t.Helper()
	options := paho.NewClientOptions().AddBroker("tcp://" + o.mqtt).SetClientID(o.endpoint).SetUsername(o.token).SetProtocolVersion(4).
		SetAutoReconnect(false).SetConnectTimeout(hang)
	o.client = paho.NewClient(options)
	if token := o.client.Connect(); !token.WaitTimeout(hang) || token.Error() != nil {
		t.Fatalf("the broker refuses: %v", token.Error())
	}
	topic := wire.EndpointTopic(o.endpoint)
	token := o.client.Subscribe(topic, 1, func(_ paho.Client, m paho.Message) { o.receive(m.Payload()) })
	if !token.WaitTimeout(hang) || token.Error() != nil || token.(*paho.SubscribeToken).Result()[topic] != 1 {
		t.Fatalf("the broker does not grant the topic: %v", token.Error())
	}
}

func (o *observer) close() {
	if o.client != nil {
		o.client.Disconnect(0)
		o.client = nil
	}
}

// receive takes an event. What was told once is never told otherwise, not even
// if the server was killed in between.
func (o *observer) receive(body []byte) {
	var e wire.MessageEvent
	if err := json.Unmarshal(body, &e); err != nil {
		o.errorf("an event is not readable: %v", err)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.ConferenceID != o.id {
		return // of one that is over
	}
	fault := func(format string, args ...any) { o.faults = append(o.faults, fmt.Errorf(format, args...)) }
	switch v := e.ConferenceVersion; {
	case v != nil:
		if was, known := o.bodies[*v]; known && was != string(body) {
			fault("version %d was told as %s and then as %s", *v, was, body)
		}
		o.bodies[*v] = string(body)
		if o.seen[*v] {
			o.again++
		}
		o.seen[*v] = true
	case e.Type == wire.EventMessageSent:
		if was, known := o.hall.lines[e.Seq]; known && (was.MessageID != e.MessageID || was.Text != e.Text || was.UserEndpointID != e.UserEndpointID) {
			fault("line %d was told as %+v and then as %+v", e.Seq, was, e)
		}
		o.hall.lines[e.Seq] = e
		o.lines[e.Seq] = true
	}
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// await waits until the observer has seen all events below a version, and the
// lines of the chat up to a number.
func (o *observer) await(t *testing.T, version, line int64) {
	t.Helper()
	deadline := time.After(hang)
	for {
		o.mu.Lock()
		for o.seen[o.upTo] {
			o.upTo++
		}
		missing := int64(0)
		for seq := int64(1); seq <= line && missing == 0; seq++ {
			if !o.lines[seq] {
				missing = seq
			}
		}
		o.mu.Unlock()
		if o.upTo >= version && missing == 0 {
			return
		}
		select {
		case <-o.news:
		case <-deadline:
			o.report(t)
			t.Fatalf("an endpoint that comes back has seen the events below %d of %d, and not the line %d of %d", o.upTo, version, missing, line)
		}
	}
}

// replay is the state that events lead to, by the rules of ARCHITECTURE.md alone.
type replay struct {
	id       string
	version  int64
	metadata map[string]string
	users    map[string]string // of endpoints
	about    map[string]string
	streams  map[string][]string
}

func newReplay(id string, version int64) *replay {
	return &replay{id: id, version: version, metadata: map[string]string{}, users: map[string]string{}, about: map[string]string{}, streams: map[string][]string{}}
}

func (r *replay) apply(e wire.Event) {
	r.version++
	n, stream := e.UserEndpointID, string(e.StreamID)
	isIt := func(s string) bool { return strings.HasPrefix(s, stream+" ") }
	switch e.Type {
	case wire.EventJoined:
		r.users[n], r.about[n] = e.UserID, string(e.Metadata)
	case wire.EventLeft:
		delete(r.users, n)
		delete(r.about, n)
		delete(r.streams, n)
	case wire.EventStreamPublished:
		r.streams[n] = append(r.streams[n], stream+" "+string(e.Metadata))
	case wire.EventStreamUnpublished:
		r.streams[n] = slices.DeleteFunc(r.streams[n], isIt)
	case wire.EventStreamMetadataUpdated:
		r.streams[n][slices.IndexFunc(r.streams[n], isIt)] = stream + " " + string(e.NewMetadata)
	case wire.EventMetadataUpdated:
		if r.metadata[e.Key] = e.Value; e.Operation == wire.OperationRemove {
			delete(r.metadata, e.Key)
		}
	}
}

// text and textOf write a state so that equal ones have equal texts.
func (r *replay) text() string {
	var lines []string
	for n, user := range r.users {
		lines = append(lines, fmt.Sprintf("%s of %s: %s %q", n, user, r.about[n], r.streams[n]))
	}
	return written(r.id, r.version, r.metadata, lines)
}

func textOf(s wire.Conference) string {
	var lines []string
	for _, p := range s.Participants {
		for _, n := range p.Endpoints {
			streams := []string(nil)
			for _, t := range n.Streams {
				streams = append(streams, string(t.ID)+" "+string(t.Metadata))
			}
			lines = append(lines, fmt.Sprintf("%s of %s: %s %q", n.ID, p.ID, n.Metadata, streams))
		}
	}
	return written(s.ID, s.Version, s.Metadata, lines)
}

func written(id string, version int64, metadata map[string]string, lines []string) string {
	slices.Sort(lines)
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		lines = append(lines, k+"="+metadata[k])
	}
	return fmt.Sprintf("%s %d\n%s", id, version, strings.Join(lines, "\n"))
}
