package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const conferencesPath = "/rtc-api/conferences/"

// say writes a message and returns what the server made of it.
func (c caller) say(conference, endpoint, id, text string) (m wire.ChatMessage) {
	c.t.Helper()
	c.post(conferencesPath+"sendMessage", wire.SendMessage{ConferenceID: conference, UserEndpointID: endpoint, MessageID: id, Text: text}).into(&m)
	return m
}

func (c caller) messages(conference, query string) (list wire.ChatMessages) {
	c.t.Helper()
	c.get(conferencesPath + conference + "/messages" + query).into(&list)
	return list
}

// TestChat: both sides write and both are told, on both topics; who joins later
// reads from the beginning; the transcript outlives the call.
func TestChat(t *testing.T) {
	m := serve(t, nil).meet()
	sides := map[string]<-chan []byte{
		"agent, endpoint topic": m.agent.overhear(wire.EndpointTopic(m.a)),
		"customer, user topic":  m.customer.overhear(wire.UserTopic(m.guest, m.g)),
	}
	first := m.agent.say(m.id, m.a, "m1", "Good morning!\n2026-01-02 03:04:05 UTC  Maria: I owe you money")
	second := m.customer.say(m.id, m.g, "m2", "Guten Tag, schön <b>hier</b> 😊")
	want := []wire.ChatMessage{
		{MessageID: "m1", ConferenceID: m.id, Seq: 1, UserID: "test", UserEndpointID: m.a, Name: first.Name, Text: first.Text, Timestamp: first.Timestamp},
		{MessageID: "m2", ConferenceID: m.id, Seq: 2, UserID: m.guest, UserEndpointID: m.g, Name: second.Name, Text: "Guten Tag, schön <b>hier</b> 😊", Timestamp: second.Timestamp},
	}
	if d := cmp.Diff(want, []wire.ChatMessage{first, second}); d != "" || first.Name == "" || second.Name == "" || first.Timestamp.IsZero() {
		t.Errorf("(-want +got):\n%s", d)
	}
	if again := m.customer.say(m.id, m.g, "m2", second.Text); again != second {
		t.Errorf("sent again: %+v, want %+v", again, second)
	}
	for name, events := range sides {
		for _, one := range want {
			got := await[wire.MessageEvent](t, events, wire.EventMessageSent)
			told := wire.MessageEvent{Event: wire.Event{Type: wire.EventMessageSent, Timestamp: one.Timestamp, ConferenceID: m.id, UserID: one.UserID, UserEndpointID: one.UserEndpointID},
				MessageID: one.MessageID, Seq: one.Seq, Name: one.Name, Text: one.Text}
			if d := cmp.Diff(told, got, cmpopts.IgnoreFields(wire.Event{}, "ID")); d != "" || got.ID == "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
	}

	late := m.application("CLIENT_ID", "CLIENT_SECRET")
	late.get(conferencesPath+m.id+"/messages").refused("before joining", 403, wire.CodeForbidden)
	endpoint := late.endpoint()
	late.do("join", wire.JoinConference{ConferenceID: m.id, UserEndpointID: endpoint, Metadata: []byte(`{"name":"Ben\nSmith"}`)})
	if d := cmp.Diff(wire.ChatMessages{Messages: want}, late.messages(m.id, "")); d != "" {
		t.Errorf("a late joiner reads (-want +got):\n%s", d)
	}
	if d := cmp.Diff(wire.ChatMessages{Messages: want[:1], More: true}, late.messages(m.id, "?limit=1")); d != "" {
		t.Errorf("one at a time (-want +got):\n%s", d)
	}
	if d := cmp.Diff(wire.ChatMessages{Messages: want[1:]}, late.messages(m.id, "?after=1&limit=1")); d != "" {
		t.Errorf("the rest (-want +got):\n%s", d)
	}
	if third := late.say(m.id, endpoint, "m3", "hello"); third.Seq != 3 || third.Name != "Ben Smith" {
		t.Errorf("%+v", third)
	}
	m.give(m.customer, m.g, "May.txt", "some text").into(&wire.FileTransfer{})
	m.give(m.customer, m.g, "for one.txt", "some text", field{wire.FormTargetID, "test", ""}).into(&wire.FileTransfer{})
	asked := m.ask()
	if a := m.picture(m.customer, m.g, asked.SnapshotID, png); a.status != 204 {
		t.Fatalf("picture: %d %s", a.status, a.body)
	}
	m.agent.do("end", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.a})
	m.customer.get(conferencesPath+m.id+"/messages").refused("after the end", 410, wire.CodeGone)
	m.customer.post(conferencesPath+"sendMessage", wire.SendMessage{ConferenceID: m.id, UserEndpointID: m.g, MessageID: "m4", Text: "late"}).refused("after the end", 410, wire.CodeGone)
	m.customer.get(conferencesPath+m.id+"/transcript").refused("by a customer", 403, wire.CodeForbidden)
	caller{m.running, ""}.get(conferencesPath+m.id+"/transcript").refused("by nobody", 401, wire.CodeUnauthorized)
	m.agent.get(conferencesPath+"nowhere/transcript").refused("of nothing", 404, wire.CodeNotFound)
	m.agent.get(conferencesPath+m.id+"/transcript?format=pdf").refused("as a PDF", 400, wire.CodeInvalid)

	text := m.agent.get(conferencesPath + m.id + "/transcript")
	if kind := text.header.Get("Content-Type"); text.status != 200 || kind != "text/plain; charset=utf-8" {
		t.Errorf("transcript: %d, %s", text.status, kind)
	}
	stamp := func(m wire.ChatMessage) string { return m.Timestamp.UTC().Format("2006-01-02 15:04:05 UTC") }
	lines := strings.Split(strings.TrimSpace(string(text.body)), "\n")
	said := []string{"Conference " + m.id, "",
		stamp(first) + "  " + first.Name + ": Good morning!",
		strings.Repeat(" ", 25) + "2026-01-02 03:04:05 UTC  Maria: I owe you money",
		stamp(second) + "  " + second.Name + ": Guten Tag, schön <b>hier</b> 😊"}
	if len(lines) != 8 || cmp.Diff(said, lines[:5]) != "" || !strings.HasSuffix(lines[5], "  Ben Smith: hello") || !strings.HasSuffix(lines[6], "  "+second.Name+" sent a file: May.txt") ||
		!strings.HasSuffix(lines[7], "  "+second.Name+" took a snapshot: PASSPORT") {
		t.Errorf("transcript:\n%s", text.body)
	}
	var transcript wire.Transcript
	m.agent.get(conferencesPath + m.id + "/transcript?format=json").into(&transcript)
	if len(transcript.Lines) != 5 || transcript.ConferenceID != m.id {
		t.Fatalf("%+v", transcript)
	}
	if d := cmp.Diff(wire.TranscriptLine{Kind: wire.TranscriptMessage, ID: "m1", Seq: 1, UserID: "test", UserEndpointID: m.a, Name: first.Name, Text: first.Text, Timestamp: first.Timestamp},
		transcript.Lines[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if l := transcript.Lines[3]; l.Kind != wire.TranscriptFile || l.Text != "May.txt" || l.ID == "" || l.UserID != m.guest {
		t.Errorf("%+v", l)
	}
	if l := transcript.Lines[4]; l.Kind != wire.TranscriptSnapshot || l.ID != asked.SnapshotID || l.Text != "PASSPORT" {
		t.Errorf("%+v", l)
	}
}

// TestChatIsNotLogged: what people write and send is nobody's business in a log,
// whatever becomes of it.
func TestChatIsNotLogged(t *testing.T) {
	var log lockedBuffer
	m := serve(t, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).meet()
	m.agent.say(m.id, m.a, "m1", "my-secret-text")
	m.give(m.agent, m.a, "my-secret-name.txt", "my-secret-content").into(&wire.FileTransfer{})
	m.agent.post(conferencesPath+"sendMessage", wire.SendMessage{ConferenceID: m.id, UserEndpointID: m.a, MessageID: "m1", Text: "my-secret-change"}).refused("another text", 409, wire.CodeConflict)
	if err := m.server.store.Close(); err != nil { // whatever fails from here on is logged
		t.Fatal(err)
	}
	m.agent.post(conferencesPath+"sendMessage", wire.SendMessage{ConferenceID: m.id, UserEndpointID: m.a, MessageID: "m2", Text: "my-secret-loss"}).refused("without a store", 500, wire.CodeInternal)
	m.agent.get(conferencesPath+m.id+"/transcript").refused("without a store", 500, wire.CodeInternal)
	if text := log.String(); !strings.Contains(text, "sendMessage") || strings.Contains(text, "my-secret") {
		t.Errorf("the log says:\n%s", text)
	}
}

// lockedBuffer is written by many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// TestChatThatIsRefused tries what must not be.
func TestChatThatIsRefused(t *testing.T) {
	m := serve(t, nil).meet()
	other := m.running.application("CLIENT_ID", "CLIENT_SECRET")
	elsewhere := other.endpoint()
	var c wire.Summary
	other.do("create", wire.CreateConference{}).into(&c)
	other.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: elsewhere})
	q := wire.SendMessage{ConferenceID: m.id, UserEndpointID: m.g, MessageID: "m1", Text: "hello"}
	with := func(change func(*wire.SendMessage)) wire.SendMessage {
		q := q
		change(&q)
		return q
	}
	const path = conferencesPath + "sendMessage"
	for name, text := range map[string]string{"nothing": "", "blank": " \n\t", "too long": strings.Repeat("ä", 2001), "a NUL": "a\x00b", "an escape": "\x1b[2J", "a C1 control": "a\u0085b", "a return": "a\rb"} {
		m.customer.post(path, with(func(q *wire.SendMessage) { q.Text = text })).refused(name, 400, wire.CodeInvalid)
	}
	m.customer.post(path, with(func(q *wire.SendMessage) { q.MessageID = "" })).refused("no id", 400, wire.CodeInvalid)
	m.customer.post(path, with(func(q *wire.SendMessage) { q.MessageID = "a/b" })).refused("bad id", 400, wire.CodeInvalid)
	m.customer.post(path, with(func(q *wire.SendMessage) { q.ConferenceID = c.ID })).refused("a customer elsewhere", 403, wire.CodeForbidden)
	m.customer.get(conferencesPath+c.ID+"/messages").refused("a customer reads elsewhere", 403, wire.CodeForbidden)
	m.customer.post(path, with(func(q *wire.SendMessage) { q.UserEndpointID = m.a })).refused("with another's endpoint", 403, wire.CodeForbidden)
	other.post(path, with(func(q *wire.SendMessage) { q.UserEndpointID = elsewhere })).refused("not in it", 403, wire.CodeForbidden)
	other.get(conferencesPath+m.id+"/messages").refused("reads, not in it", 403, wire.CodeForbidden)
	other.post(path, with(func(q *wire.SendMessage) { q.ConferenceID = "nowhere" })).refused("no conference", 404, wire.CodeNotFound)
	for _, query := range []string{"?after=-1", "?after=x", "?limit=-1", "?limit=x", "?after=99999999999999999999"} {
		m.customer.get(conferencesPath+m.id+"/messages"+query).refused(query, 400, wire.CodeInvalid)
	}
	m.customer.say(m.id, m.g, "m1", strings.Repeat("ä", 2000))
	m.customer.post(path, q).refused("another text under the id", 409, wire.CodeConflict)
	m.agent.post(path, with(func(q *wire.SendMessage) { q.UserEndpointID, q.Text = m.a, strings.Repeat("ä", 2000) })).refused("another user under the id", 409, wire.CodeConflict)
	m.customer.do("leave", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.g})
	m.customer.post(path, with(func(q *wire.SendMessage) { q.MessageID = "m2" })).refused("a leaver writes", 403, wire.CodeForbidden)
	m.customer.get(conferencesPath+m.id+"/messages").refused("a leaver reads", 403, wire.CodeForbidden)

	var last answer
	for i := range 60 {
		last = m.agent.post(path, wire.SendMessage{ConferenceID: m.id, UserEndpointID: m.a, MessageID: fmt.Sprint("burst-", i), Text: "x"})
		if last.status == http.StatusTooManyRequests {
			break
		}
	}
	last.refused("too fast", 429, wire.CodeTooMany)
	if seconds, err := strconv.Atoi(last.header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After %q", last.header.Get("Retry-After"))
	}
}
