package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
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
			h.Set("Content-Disposition", multipart.FileContentDisposition(f.key, f.filename))
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

// await returns the next event of a type; of any type but those of a conference
// when it is empty.
func await[E any](t *testing.T, events <-chan []byte, kind wire.EventType) (e E) {
	t.Helper()
	for {
		var head wire.Event
		b := nextBody(t, events)
		if err := json.Unmarshal(b, &head); err != nil {
			t.Fatal(err)
		}
		if head.Type != kind && (kind != "" || head.ConferenceVersion != nil) {
			continue
		}
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		return e
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

// TestFilesThatAreRefused goes through what a sender may do wrong. Nothing of it
// is left on disk.
func TestFilesThatAreRefused(t *testing.T) {
	m := serve(t, func(c *Config) { c.FileSize = 100 << 10 }).meet()
	me, here := field{wire.FormUserEndpointID, m.g, ""}, field{wire.FormConferenceID, m.id, ""}
	content := func(name, text string) field { return field{wire.FormFile, text, name} }
	good := content("a.txt", "hello")
	ooxml := "PK\x03\x04" + strings.Repeat("\x00", 22) + "\x14\x00\x00\x00META-INF/MANIFEST.MF"
	for name, tc := range map[string]struct {
		status int
		code   wire.Code
		fields []field
	}{
		"no endpoint":            {400, wire.CodeInvalid, []field{here, good}},
		"no conference":          {400, wire.CodeInvalid, []field{me, good}},
		"unknown conference":     {403, wire.CodeForbidden, []field{me, {wire.FormConferenceID, "other", ""}, good}},
		"somebody's endpoint":    {403, wire.CodeForbidden, []field{{wire.FormUserEndpointID, m.a, ""}, here, good}},
		"the same, told last":    {403, wire.CodeForbidden, []field{good, {wire.FormUserEndpointID, m.a, ""}, here}},
		"target who is not here": {400, wire.CodeInvalid, []field{me, here, {wire.FormTargetID, "nobody", ""}, good}},
		"application id":         {400, wire.CodeInvalid, []field{me, here, {wire.FormApplicationID, "a/b", ""}, good}},
		"no file":                {400, wire.CodeInvalid, []field{me, here}},
		"two files":              {400, wire.CodeInvalid, []field{me, here, good, good}},
		"a field twice":          {400, wire.CodeInvalid, []field{me, me, here, good}},
		"a long field":           {400, wire.CodeInvalid, []field{me, here, {"x", strings.Repeat("x", 1025), ""}, good}},
		"empty file":             {400, wire.CodeInvalid, []field{me, here, content("a.txt", "")}},
		"too large":              {413, wire.CodeTooLarge, []field{me, here, content("a.txt", strings.Repeat("x", 100<<10+1))}},
		"page":                   {415, wire.CodeMediaType, []field{me, here, content("a.html", "<html>")}},
		"page named text":        {415, wire.CodeMediaType, []field{me, here, content("a.txt", " \n<!DOCTYPE html>")}},
		"page named picture":     {415, wire.CodeMediaType, []field{me, here, content("a.png", "<html><script>alert(1)</script>")}},
		"drawing":                {415, wire.CodeMediaType, []field{me, here, content("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")}},
		"drawing named text":     {415, wire.CodeMediaType, []field{me, here, content("a.txt", "<svg onload='alert(1)'>")}},
		"script":                 {415, wire.CodeMediaType, []field{me, here, content("a.js", "alert(1)")}},
		"script named text":      {415, wire.CodeMediaType, []field{me, here, content("a.txt", "#!/bin/sh\nrm")}},
		"program":                {415, wire.CodeMediaType, []field{me, here, content("a.exe", "MZ\x90\x00")}},
		"program named document": {415, wire.CodeMediaType, []field{me, here, content("a.pdf", "MZ\x90\x00")}},
		"program of two names":   {415, wire.CodeMediaType, []field{me, here, content("a.pdf.exe", "%PDF-1.7")}},
		"archive named document": {415, wire.CodeMediaType, []field{me, here, content("a.docx", ooxml)}},
		"archive":                {415, wire.CodeMediaType, []field{me, here, content("a.zip", ooxml)}},
		"JPEG named PNG":         {415, wire.CodeMediaType, []field{me, here, content("a.png", "\xff\xd8\xff\xe0")}},
		"bytes without a name":   {415, wire.CodeMediaType, []field{me, here, content("a", "\x00\x01")}},
	} {
		m.customer.form(transfers+"?targetType=user", "", tc.fields...).refused(name, tc.status, tc.code)
		if left := m.stored(); len(left) > 0 {
			t.Fatalf("%s: stored %v", name, left)
		}
	}
	many := []field{me, here}
	for i := range 40 {
		many = append(many, field{fmt.Sprint("f", i), "x", ""})
	}
	m.customer.form(transfers, "", append(many, good)...).refused("many fields", 400, wire.CodeInvalid)
	m.customer.form(transfers+"?targetType=group", "", me, here, good).refused("target type", 400, wire.CodeInvalid)
	m.customer.form(transfers, "a/b", me, here, good).refused("transaction id", 400, wire.CodeInvalid)
	m.customer.send("POST", transfers, "application/json", []byte("{}")).refused("JSON", 415, wire.CodeMediaType)
	m.customer.send("POST", transfers, "multipart/form-data", []byte("{}")).refused("no boundary", 415, wire.CodeMediaType)
	m.customer.send("POST", transfers, "multipart/form-data; boundary=x", []byte("--x\r\n\r\n")).refused("half a form", 400, wire.CodeInvalid)
	m.customer.send("POST", transfers, "multipart/form-data; boundary=x", bytes.Repeat([]byte("x"), 200<<10)).refused("large form", 413, wire.CodeTooLarge)
	m.customer.get(transfers).refused("list of nothing", 400, wire.CodeInvalid)
	m.customer.get(transfers+"?conferenceId="+m.id+"&all=perhaps").refused("all", 400, wire.CodeInvalid)
	m.agent.form(transfers, "", field{wire.FormUserEndpointID, m.a, ""}, here, field{wire.FormInteractionID, "case-2", ""}, good).
		refused("another case than the conference's", 400, wire.CodeInvalid)
	caller{m.running, ""}.get(transfers+"?conferenceId="+m.id).refused("no token", 401, wire.CodeUnauthorized)
	if left := m.stored(); len(left) > 0 {
		t.Errorf("stored %v", left)
	}
}

// TestNamesOfFiles holds names to what any system can save under.
func TestNamesOfFiles(t *testing.T) {
	m := serve(t, nil).meet()
	for given, want := range map[string]string{
		"../../etc/passwd.txt":            "passwd.txt",
		`..\..\windows\system32\a.txt`:    "a.txt",
		"C:\\Users\\Maria\\a.txt":         "a.txt",
		".htaccess.txt":                   "htaccess.txt",
		"...txt":                          "txt.txt",
		"a\u202etxt.txt":                  "atxt.txt",
		"con.txt":                         "_con.txt",
		"a<b>:c|d?.txt":                   "a_b__c_d_.txt",
		"Übersicht 100% für Zoë.txt":      "Übersicht 100% für Zoë.txt",
		strings.Repeat("ü", 150) + ".txt": strings.Repeat("ü", 98) + ".txt",
		"noextension":                     "noextension.txt",
		"REPORT.TXT":                      "REPORT.TXT",
		"trailing dots.txt...":            "trailing dots.txt",
	} {
		var v wire.FileTransfer
		m.give(m.agent, m.a, given, "hello").into(&v)
		if v.Filename != want {
			t.Errorf("%q became %q, want %q", given, v.Filename, want)
		}
		a := caller{m.running, ""}.get(m.agent.url(transfers + "/" + v.FileTransferID + "/signedUrl"))
		if _, p, err := mime.ParseMediaType(a.header.Get("Content-Disposition")); err != nil || p["filename"] != want {
			t.Errorf("%q is saved as %q: %v", want, p["filename"], err)
		}
	}
}

// TestWhoMayReadFiles tries everybody.
func TestWhoMayReadFiles(t *testing.T) {
	m := serve(t, nil).meet()
	var early, late wire.FileTransfer
	m.give(m.customer, m.g, "a.txt", "early").into(&early)
	other := m.meet() // of the same agent, with another guest
	outsider := m.application("hgranger", "Cr00k$h@nk$")
	link := func(v wire.FileTransfer) string { return transfers + "/" + v.FileTransferID + "/signedUrl" }
	post := func(c caller, v wire.FileTransfer) answer { return c.send("POST", link(v), "", nil) }

	post(other.customer, early).refused("another guest", 403, wire.CodeForbidden)
	post(outsider, early).refused("an agent who is not in", 403, wire.CodeForbidden)
	m.agent.send("POST", transfers+"/nothing/signedUrl", "", nil).refused("no such file", 404, wire.CodeNotFound)
	other.customer.get(transfers+"?conferenceId="+m.id).refused("list, another guest", 403, wire.CodeForbidden)
	outsider.get(transfers+"?conferenceId="+m.id).refused("list, an agent who is not in", 403, wire.CodeForbidden)
	outsider.get(transfers+"?conferenceId=unknown").refused("list of no conference", 404, wire.CodeNotFound)
	for name, c := range map[string]caller{"another guest": other.customer, "outsider": outsider} {
		if a := c.get(transfers + "?interactionId=case-1"); string(a.body) != "[]" {
			t.Errorf("%s lists %s", name, a.body)
		}
	}
	e := outsider.endpoint()
	m.give(outsider, e, "b.txt", "x").refused("an agent who is not in sends", 403, wire.CodeForbidden)
	m.give(other.customer, other.g, "b.txt", "x").refused("another guest sends", 403, wire.CodeForbidden)

	// Who joins reads what is there, as long as it stays.
	outsider.do("join", wire.JoinConference{ConferenceID: m.id, UserEndpointID: e})
	outsider.url(link(early))
	outsider.do("leave", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: e})
	post(outsider, early).refused("who left and was not there when it came", 403, wire.CodeForbidden)

	// Who leaves keeps what came before, and nothing else.
	m.customer.do("leave", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.g})
	m.give(m.customer, m.g, "b.txt", "x").refused("who left sends", 403, wire.CodeForbidden)
	m.give(m.agent, m.a, "b.txt", "late").into(&late)
	m.customer.url(link(early))
	post(m.customer, late).refused("what came later", 403, wire.CodeForbidden)
	m.agent.do("end", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.a})
	m.give(m.agent, m.a, "b.txt", "x").refused("after the end", 410, wire.CodeGone)
	m.agent.url(link(late))
	var list []wire.FileTransfer
	m.agent.get(transfers + "?conferenceId=" + m.id + "&all=true").into(&list)
	if d := cmp.Diff([]wire.FileTransfer{early, late}, list); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestFilesForOnePerson leaves others of the conference their list short, unless
// they ask for all.
func TestFilesForOnePerson(t *testing.T) {
	m := serve(t, nil).meet()
	third := m.application("hgranger", "Cr00k$h@nk$")
	e := third.endpoint()
	third.do("join", wire.JoinConference{ConferenceID: m.id, UserEndpointID: e})
	var v wire.FileTransfer
	m.give(m.agent, m.a, "a.txt", "x", field{wire.FormTargetID, m.guest, ""}).into(&v)
	if v.TargetID != m.guest {
		t.Errorf("for %q", v.TargetID)
	}
	for _, tc := range []struct {
		name, query string
		by          caller
		want        int
	}{{"sender", "", m.agent, 1}, {"target", "", m.customer, 1}, {"third", "", third, 0}, {"third, all", "&all=true", third, 1}} {
		var list []wire.FileTransfer
		tc.by.get(transfers + "?conferenceId=" + m.id + tc.query).into(&list)
		if len(list) != tc.want {
			t.Errorf("%s: %d files, want %d", tc.name, len(list), tc.want)
		}
	}
}

// TestMostOfAConference keeps one guest from filling the disk for everybody.
func TestMostOfAConference(t *testing.T) {
	m := serve(t, func(c *Config) { c.FileSize = 10 }).meet()
	for i := range 20 {
		if a := m.give(m.customer, m.g, "a.txt", "0123456789"); a.status != 200 {
			t.Fatalf("file %d: %d %s", i, a.status, a.body)
		}
	}
	m.give(m.customer, m.g, "a.txt", "x").refused("more than twenty of the largest", 409, wire.CodeConflict)
	if left := m.stored(); len(left) != 20 {
		t.Errorf("stored %d files", len(left))
	}
	other := m.meet()
	if a := other.give(other.customer, other.g, "a.txt", "x"); a.status != 200 {
		t.Errorf("another conference: %d %s", a.status, a.body)
	}
}

// TestWhoseCaseAFileIs lets nobody file papers in other people's cases.
func TestWhoseCaseAFileIs(t *testing.T) {
	r := serve(t, nil)
	m := r.meet()
	var plain wire.Summary
	m.agent.do("create", wire.CreateConference{}).into(&plain)
	var ticket wire.Ticket
	m.agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: plain.ID}}).into(&ticket)
	guest, _ := r.customer(ticket.ID, "another browser")
	g := guest.endpoint()
	m.agent.do("join", wire.JoinConference{ConferenceID: plain.ID, UserEndpointID: m.a})
	guest.do("join", wire.JoinConference{ConferenceID: plain.ID, UserEndpointID: g})
	send := func(c caller, endpoint, conference, named string) string {
		var v wire.FileTransfer
		c.form(transfers, "", field{wire.FormUserEndpointID, endpoint, ""}, field{wire.FormConferenceID, conference, ""},
			field{wire.FormInteractionID, named, ""}, field{wire.FormFile, "hello", "a.txt"}).into(&v)
		return v.InteractionID
	}
	for name, tc := range map[string]struct{ got, want string }{
		"a guest, the conference has a case": {send(m.customer, m.g, m.id, "case-2"), "case-1"},
		"a guest, it has none":               {send(guest, g, plain.ID, "case-2"), ""},
		"staff, it has none":                 {send(m.agent, m.a, plain.ID, "case-2"), "case-2"},
		"staff, the same":                    {send(m.agent, m.a, m.id, "case-1"), "case-1"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: filed in %q, want %q", name, tc.got, tc.want)
		}
	}
}
