package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// meeting is a conference with an agent and a customer in it.
type meeting struct {
	*running
	id              string
	agent, customer caller
	a, g            string // their endpoints
	guest           string // the customer's user id
}

func (r *running) meet() *meeting {
	r.t.Helper()
	m := &meeting{running: r, agent: r.application("test", "secret")}
	var c wire.Summary
	m.agent.do("create", wire.CreateConference{InteractionID: "case-1"}).into(&c)
	m.id = c.ID
	var ticket wire.Ticket
	m.agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	var token wire.Token
	m.customer, token = r.customer(ticket.ID, "browser")
	m.guest = token.Subject
	m.a, m.g = m.agent.endpoint(), m.customer.endpoint()
	m.agent.do("join", wire.JoinConference{ConferenceID: m.id, UserEndpointID: m.a})
	m.customer.do("join", wire.JoinConference{ConferenceID: m.id, UserEndpointID: m.g})
	return m
}

// field is one part of a multipart body; a file when it has a name.
type field struct{ key, value, filename string }

func body(t *testing.T, fields ...field) (kind string, content []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q`, f.key)}}
		if f.filename != "" {
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, f.key, f.filename))
		}
		p, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(p, f.value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

const transfers = "/rtc-api/filetransfers"

// form posts a multipart body.
func (c caller) form(path, transaction string, fields ...field) answer {
	c.t.Helper()
	kind, content := body(c.t, fields...)
	request, err := http.NewRequest("POST", c.URL+path, bytes.NewReader(content))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", kind)
	if transaction != "" {
		request.Header.Set(wire.HeaderTransactionID, transaction)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{c.t, response.StatusCode, response.Header, got}
}

// give sends a file from an endpoint of the meeting.
func (m *meeting) give(c caller, endpoint, name, content string, more ...field) answer {
	m.t.Helper()
	fields := append([]field{{wire.FormUserEndpointID, endpoint, ""}, {wire.FormConferenceID, m.id, ""}}, more...)
	return c.form(transfers+"?targetType=user", "", append(fields, field{wire.FormFile, content, name})...)
}

// overhear collects what arrives on a topic as it is.
func (c caller) overhear(topic string) <-chan []byte {
	c.t.Helper()
	events := make(chan []byte, 64)
	o := mqtt.NewClientOptions().AddBroker("tcp://" + c.MQTT).SetClientID("hear").SetUsername(c.token).SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("connect: %v", token.Error())
	}
	c.t.Cleanup(func() { client.Disconnect(50) })
	token := client.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) { events <- m.Payload() })
	if !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("subscribe to %s: %v", topic, token.Error())
	}
	return events
}

// await returns the next event of a type.
func await[E any](t *testing.T, events <-chan []byte, kind wire.EventType) (e E) {
	t.Helper()
	for {
		var head wire.Event
		b := nextBody(t, events)
		if err := json.Unmarshal(b, &head); err != nil {
			t.Fatal(err)
		}
		if head.Type != kind {
			continue
		}
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
}

// png is a picture as far as anybody looks.
const png = "\x89PNG\r\n\x1a\n and pixels"

func hexSum(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// stored lists what lies in the folder of files.
func (r *running) stored() (names []string) {
	r.t.Helper()
	for _, dir := range []string{"", "incoming"} {
		list, err := os.ReadDir(filepath.Join(r.server.config.Data, "files", dir))
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range list {
			if !e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	return names
}

func (c caller) url(path string) string {
	c.t.Helper()
	var link wire.SignedURL
	c.send("POST", path, "", nil).into(&link)
	return strings.TrimPrefix(link.URL, c.URL)
}

// TestFileTransfer sends a file each way and reads it on the other side.
func TestFileTransfer(t *testing.T) {
	m := serve(t, nil).meet()
	topics := map[string]<-chan []byte{
		"agent, endpoint topic": m.agent.overhear(wire.EndpointTopic(m.a)),
		"customer, user topic":  m.customer.overhear(wire.UserTopic(m.guest, m.g)),
	}
	var sent wire.FileTransfer
	m.give(m.customer, m.g, "Lohn Mai.pdf", "%PDF-1.7 salary", field{wire.FormApplicationID, "widget", ""}).into(&sent)
	want := wire.FileTransfer{FileTransferID: sent.FileTransferID, Filename: "Lohn Mai.pdf", Size: 15, MIMEType: "application/pdf", SHA256: hexSum("%PDF-1.7 salary"),
		ConferenceID: m.id, InteractionID: "case-1", ApplicationID: "widget", UserID: m.guest, UserEndpointID: m.g, CreatedAt: sent.CreatedAt}
	if d := cmp.Diff(want, sent); d != "" || len(sent.FileTransferID) != 36 {
		t.Errorf("(-want +got):\n%s", d)
	}
	for name, events := range topics {
		e := await[wire.FileEvent](t, events, wire.EventFileTransferred)
		if e.FileTransferID != sent.FileTransferID || e.Filename != sent.Filename || e.Size != sent.Size || e.SHA256 != sent.SHA256 || e.UserID != m.guest ||
			e.UserEndpointID != m.g || e.ConferenceID != m.id || e.ConferenceVersion != nil || e.MIMEType != "application/pdf" || e.InteractionID != "case-1" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for _, query := range []string{"?conferenceId=" + m.id, "?interactionId=case-1", "?interactionId=case-1&all=true"} {
		var list []wire.FileTransfer
		m.agent.get(transfers + query).into(&list)
		if d := cmp.Diff([]wire.FileTransfer{sent}, list); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	path := m.agent.url(transfers + "/" + sent.FileTransferID + "/signedUrl")
	a := caller{m.running, ""}.get(path)
	if string(a.body) != "%PDF-1.7 salary" || a.status != 200 {
		t.Errorf("%d %q", a.status, a.body)
	}
	for key, want := range map[string]string{"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="Lohn Mai.pdf"`,
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Accept-Ranges": "bytes"} {
		if got := a.header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if len(m.stored()) != 1 {
		t.Errorf("stored: %v", m.stored())
	}
}

func nextBody(t *testing.T, events <-chan []byte) []byte {
	t.Helper()
	select {
	case b := <-events:
		return b
	case <-time.After(patience):
		t.Fatal("no event")
		return nil
	}
}
