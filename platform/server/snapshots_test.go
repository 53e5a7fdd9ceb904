package server

import (
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const snapshots = "/rtc-api/snapshots"

// ask requests a picture of the customer.
func (m *meeting) ask() (v wire.Snapshot) {
	m.t.Helper()
	m.agent.post(snapshots+"/request", wire.RequestSnapshot{ConferenceID: m.id, UserEndpointID: m.a, TargetUserEndpointID: m.g, SnapshotType: "PASSPORT"}).into(&v)
	return v
}

func (m *meeting) approve(id string) {
	m.t.Helper()
	if a := m.customer.post(snapshots+"/"+id+"/approve", wire.AnswerSnapshot{UserEndpointID: m.g}); a.status != 204 {
		m.t.Fatalf("approve: %d %s", a.status, a.body)
	}
}

// picture uploads one with the fields of the contract.
func (m *meeting) picture(c caller, endpoint, related, content string, more ...field) answer {
	m.t.Helper()
	fields := []field{{wire.FormApplicationID, "widget", ""}, {wire.FormTargetUserID, m.guest, ""}, {wire.FormTargetUserEndpointID, m.g, ""},
		{wire.FormInteractionID, "case-1", ""}, {wire.FormUserEndpointID, endpoint, ""}, {wire.FormSnapshotType, "PASSPORT", ""}, {wire.FormSnapshotSuffix, "png", ""}}
	if related != "" {
		fields = append(fields, field{wire.FormRelatedSnapshotID, related, ""})
	}
	fields = append(fields, more...)
	return c.form(snapshots+"/upload", "", append(fields, field{wire.FormImage, content, "image.png"})...)
}

// TestSnapshot goes through all its steps and compares the events on both
// sides, each on another form of topic.
func TestSnapshot(t *testing.T) {
	m := serve(t, nil).meet()
	sides := map[string]<-chan []byte{
		"agent, endpoint topic": m.agent.overhear(wire.EndpointTopic(m.a)),
		"customer, user topic":  m.customer.overhear(wire.UserTopic(m.guest, m.g)),
	}
	v := m.ask()
	want := wire.Snapshot{SnapshotID: v.SnapshotID, SnapshotType: "PASSPORT", State: wire.SnapshotRequested, ConferenceID: m.id, InteractionID: "case-1",
		UserID: "test", UserEndpointID: m.a, TargetUserID: m.guest, TargetUserEndpointID: m.g, CreatedAt: v.CreatedAt}
	if d := cmp.Diff(want, v); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	m.picture(m.agent, m.a, v.SnapshotID, png).refused("by the asker, before it is approved", 409, wire.CodeConflict)
	m.picture(m.agent, m.a, "", png).refused("by the asker without its id, before it is approved", 409, wire.CodeConflict)
	m.agent.send("POST", snapshots+"/"+v.SnapshotID+"/signedUrl", "", nil).refused("before it is there", 404, wire.CodeNotFound)
	a := m.customer.post(snapshots+"/"+v.SnapshotID+"/approve", wire.AnswerSnapshot{UserEndpointID: m.g, AdditionalInformation: "front side"})
	if a.status != 204 {
		t.Fatalf("approve: %d %s", a.status, a.body)
	}
	if a := m.picture(m.customer, m.g, v.SnapshotID, png); a.status != 204 {
		t.Fatalf("upload: %d %s", a.status, a.body)
	}
	if a := m.picture(m.customer, m.g, v.SnapshotID, png); a.status != 204 {
		t.Errorf("the same again: %d %s", a.status, a.body)
	}
	m.picture(m.customer, m.g, v.SnapshotID, png+"2").refused("another one", 409, wire.CodeConflict)

	yes := true
	target := wire.SnapshotEvent{SnapshotID: v.SnapshotID, SnapshotType: "PASSPORT", TargetUserID: m.guest, TargetUserEndpointID: m.g}
	event := func(kind wire.EventType, user, endpoint string, set func(*wire.SnapshotEvent)) wire.SnapshotEvent {
		e := target
		e.Event = wire.Event{Type: kind, ConferenceID: m.id, UserID: user, UserEndpointID: endpoint}
		if set != nil {
			set(&e)
		}
		return e
	}
	for name, events := range sides {
		for _, want := range []wire.SnapshotEvent{
			event(wire.EventSnapshotRequested, "test", m.a, nil),
			event(wire.EventSnapshotApproved, m.guest, m.g, func(e *wire.SnapshotEvent) {
				e.Succeeded, e.AdditionalInformation = &yes, "front side"
			}),
			event(wire.EventSnapshotAcquired, m.guest, m.g, func(e *wire.SnapshotEvent) {
				e.SnapshotLocation, e.SHA256, e.Size = m.URL+snapshots+"/"+v.SnapshotID+"/signedUrl", hexSum(png), int64(len(png))
			}),
		} {
			got := await[wire.SnapshotEvent](t, events, want.Type)
			if d := cmp.Diff(want, got, cmpopts.IgnoreFields(wire.Event{}, "ID", "Timestamp")); d != "" || got.ID == "" || got.Timestamp.IsZero() {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
	}

	picture := (caller{m.running, ""}).get(m.agent.url(snapshots + "/" + v.SnapshotID + "/signedUrl"))
	if string(picture.body) != png || picture.header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %s %q", picture.status, picture.header.Get("Content-Type"), picture.body)
	}
	var list []wire.Snapshot
	m.agent.get(snapshots + "?interactionId=case-1").into(&list)
	want.State, want.Size, want.MIMEType, want.SHA256 = wire.SnapshotAcquired, int64(len(png)), "image/png", hexSum(png)
	if d := cmp.Diff([]wire.Snapshot{want}, list); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var files []wire.FileTransfer
	if m.agent.get(transfers + "?conferenceId=" + m.id + "&all=true").into(&files); len(files) > 0 {
		t.Errorf("a snapshot is listed as a transfer: %v", files)
	}
	if left := m.stored(); len(left) != 1 {
		t.Errorf("stored %v", left)
	}
}

// TestSnapshotsTakenByOlderClients uploads with the older path and field, and
// without naming the request.
func TestSnapshotsTakenByOlderClients(t *testing.T) {
	m := serve(t, nil).meet()
	v := m.ask()
	m.approve(v.SnapshotID)
	a := m.customer.form(snapshots+"/snapshotAcquire", "", field{wire.FormImage, "\xff\xd8\xff\xe0 JPEG", "x"}, field{wire.FormSnapshotID, v.SnapshotID, ""},
		field{wire.FormSnapshotSuffix, "jpeg", ""}, field{wire.FormUserEndpointID, m.g, ""})
	if a.status != 204 {
		t.Errorf("older path: %d %s", a.status, a.body)
	}
	v = m.ask()
	m.approve(v.SnapshotID)
	if a := m.picture(m.agent, m.a, "", png); a.status != 204 {
		t.Errorf("by the agent, without the request's id: %d %s", a.status, a.body)
	}
	m.agent.url(snapshots + "/" + v.SnapshotID + "/signedUrl")
	m.picture(m.agent, m.a, "", png).refused("nothing is approved any more", 409, wire.CodeConflict)
}

// TestPictureIsTheApproval: a client that sends the picture without saying yes
// before has said it; with and without the request's id.
func TestPictureIsTheApproval(t *testing.T) {
	m := serve(t, nil).meet()
	events := m.agent.overhear(wire.EndpointTopic(m.a))
	for _, named := range []bool{true, false} {
		v := m.ask()
		id := ""
		if named {
			id = v.SnapshotID
		}
		if a := m.picture(m.customer, m.g, id, png); a.status != 204 {
			t.Fatalf("upload: %d %s", a.status, a.body)
		}
		m.customer.post(snapshots+"/"+v.SnapshotID+"/decline", wire.AnswerSnapshot{UserEndpointID: m.g}).refused("too late for a no", 409, wire.CodeConflict)
		for _, kind := range []wire.EventType{wire.EventSnapshotRequested, wire.EventSnapshotApproved, wire.EventSnapshotAcquired} {
			e := await[wire.SnapshotEvent](t, events, "")
			yes := e.Succeeded != nil && *e.Succeeded
			if e.Type != kind || e.SnapshotID != v.SnapshotID || yes != (kind == wire.EventSnapshotApproved) || kind != wire.EventSnapshotRequested && e.UserEndpointID != m.g {
				t.Errorf("%+v, want %s", e, kind)
			}
		}
	}
}

// TestSnapshotsThatAreRefused tries the wrong people, moments and pictures.
func TestSnapshotsThatAreRefused(t *testing.T) {
	m := serve(t, func(c *Config) { c.FileSize = 10 << 10 }).meet()
	outsider := m.application("hgranger", "Cr00k$h@nk$")
	e := outsider.endpoint()
	request := wire.RequestSnapshot{ConferenceID: m.id, UserEndpointID: m.a, TargetUserEndpointID: m.g}
	for name, tc := range map[string]struct {
		by     caller
		change func(*wire.RequestSnapshot)
		status int
		code   wire.Code
	}{
		"a customer asks":     {m.customer, func(q *wire.RequestSnapshot) { q.UserEndpointID, q.TargetUserEndpointID = m.g, m.a }, 403, wire.CodeForbidden},
		"an outsider asks":    {outsider, func(q *wire.RequestSnapshot) { q.UserEndpointID = e }, 403, wire.CodeForbidden},
		"no conference":       {m.agent, func(q *wire.RequestSnapshot) { q.ConferenceID = "none" }, 404, wire.CodeNotFound},
		"target is not in":    {m.agent, func(q *wire.RequestSnapshot) { q.TargetUserEndpointID = e }, 400, wire.CodeInvalid},
		"target is another's": {m.agent, func(q *wire.RequestSnapshot) { q.TargetUserID = "test" }, 400, wire.CodeInvalid},
		"target is oneself":   {m.agent, func(q *wire.RequestSnapshot) { q.TargetUserEndpointID = m.a }, 400, wire.CodeInvalid},
		"no target":           {m.agent, func(q *wire.RequestSnapshot) { q.TargetUserEndpointID = "" }, 400, wire.CodeInvalid},
	} {
		q := request
		tc.change(&q)
		tc.by.post(snapshots+"/request", q).refused(name, tc.status, tc.code)
	}

	v := m.ask()
	answer := snapshots + "/" + v.SnapshotID + "/approve"
	m.agent.post(answer, wire.AnswerSnapshot{UserEndpointID: m.a}).refused("the asker approves", 403, wire.CodeForbidden)
	m.agent.post(answer, wire.AnswerSnapshot{UserEndpointID: m.g}).refused("the asker approves as the target", 403, wire.CodeForbidden)
	m.customer.post(snapshots+"/none/approve", wire.AnswerSnapshot{UserEndpointID: m.g}).refused("nothing to approve", 404, wire.CodeNotFound)
	m.approve(v.SnapshotID)
	m.customer.post(answer, wire.AnswerSnapshot{UserEndpointID: m.g}).refused("approved twice", 409, wire.CodeConflict)

	m.picture(outsider, e, v.SnapshotID, png).refused("an outsider's picture", 403, wire.CodeForbidden)
	m.picture(m.customer, m.a, v.SnapshotID, png).refused("as another endpoint", 403, wire.CodeForbidden)
	m.picture(m.customer, m.g, "none", png).refused("of no request", 404, wire.CodeNotFound)
	for name, content := range map[string]string{"page": "<html>", "GIF": "GIF89a", "PDF": "%PDF-1.7"} {
		m.picture(m.customer, m.g, v.SnapshotID, content).refused(name, 415, wire.CodeMediaType)
	}
	m.picture(m.customer, m.g, v.SnapshotID, png, field{wire.FormSnapshotMIMEType, "image/jpeg", ""}).refused("not what it says", 415, wire.CodeMediaType)
	m.picture(m.customer, m.g, v.SnapshotID, "").refused("empty", 400, wire.CodeInvalid)
	m.picture(m.customer, m.g, v.SnapshotID, png+string(make([]byte, 10<<10))).refused("too large", 413, wire.CodeTooLarge)

	m.customer.get(snapshots+"?conferenceId="+m.id).refused("a customer lists", 403, wire.CodeForbidden)
	outsider.get(snapshots+"?conferenceId="+m.id).refused("an outsider lists", 403, wire.CodeForbidden)
	if a := m.picture(m.customer, m.g, v.SnapshotID, png); a.status != 204 {
		t.Fatalf("upload: %d %s", a.status, a.body)
	}
	link := snapshots + "/" + v.SnapshotID + "/signedUrl"
	m.customer.send("POST", link, "", nil).refused("a customer reads", 403, wire.CodeForbidden)
	outsider.send("POST", link, "", nil).refused("an outsider reads", 403, wire.CodeForbidden)
	if left := m.stored(); len(left) != 1 {
		t.Errorf("stored %v", left)
	}
	id := m.stored()[0]
	m.customer.send("POST", transfers+"/"+id+"/signedUrl", "", nil).refused("a customer reads it as a transfer", 404, wire.CodeNotFound)

	no := m.ask()
	events := m.agent.overhear(wire.EndpointTopic(m.a))
	if a := m.customer.post(snapshots+"/"+no.SnapshotID+"/decline", wire.AnswerSnapshot{UserEndpointID: m.g}); a.status != 204 {
		t.Fatalf("decline: %d %s", a.status, a.body)
	}
	m.picture(m.customer, m.g, no.SnapshotID, png).refused("after a no", 409, wire.CodeConflict)
	m.picture(m.agent, m.a, no.SnapshotID, png).refused("after a no, by the agent", 409, wire.CodeConflict)
	for {
		e := await[wire.SnapshotEvent](t, events, wire.EventSnapshotApproved)
		if e.SnapshotID == no.SnapshotID {
			if e.Succeeded == nil || *e.Succeeded {
				t.Errorf("%+v, want succeeded false", e)
			}
			break
		}
	}
	gone := m.ask()
	m.approve(gone.SnapshotID)
	m.customer.do("leave", wire.LeaveConference{ConferenceID: m.id, UserEndpointID: m.g})
	m.picture(m.agent, m.a, gone.SnapshotID, png).refused("its target has left", 403, wire.CodeForbidden)
}

// TestCameraRequest asks, answers and tries what must not be.
func TestCameraRequest(t *testing.T) {
	m := serve(t, nil).meet()
	sides := map[string]<-chan []byte{
		"agent":    m.agent.overhear(wire.UserTopic("test", m.a)),
		"customer": m.customer.overhear(wire.EndpointTopic(m.g)),
	}
	q := wire.RequestCamera{ConferenceID: m.id, UserEndpointID: m.a, TargetUserID: m.guest, TargetUserEndpointID: m.g, CameraRequestType: wire.CameraFlashOn}
	var r wire.CameraRequest
	m.agent.post(snapshots+"/cameraRequest", q).into(&r)
	respond := wire.AnswerCamera{SnapshotCameraRequestID: r.SnapshotCameraRequestID, UserEndpointID: m.g, UserID: m.guest, AdditionalInformation: "there is no flash"}
	const path = snapshots + "/cameraRequestRespond"
	foreign := respond
	foreign.UserEndpointID = m.a
	m.agent.post(path, foreign).refused("the asker answers", 403, wire.CodeForbidden)
	if a := m.customer.post(path, respond); a.status != 204 {
		t.Fatalf("answer: %d %s", a.status, a.body)
	}
	m.customer.post(path, respond).refused("twice", 409, wire.CodeConflict)
	m.customer.post(path, wire.AnswerCamera{SnapshotCameraRequestID: "none", UserEndpointID: m.g}).refused("no request", 404, wire.CodeNotFound)
	wrong := q
	wrong.CameraRequestType = "ZOOM"
	m.agent.post(snapshots+"/cameraRequest", wrong).refused("unknown type", 400, wire.CodeInvalid)
	own := q
	own.UserEndpointID, own.TargetUserID, own.TargetUserEndpointID = m.g, "", m.a
	m.customer.post(snapshots+"/cameraRequest", own).refused("a customer asks", 403, wire.CodeForbidden)
	no := false
	for name, events := range sides {
		common := wire.SnapshotEvent{TargetUserID: m.guest, TargetUserEndpointID: m.g, CameraRequestType: wire.CameraFlashOn, SnapshotCameraRequestID: r.SnapshotCameraRequestID}
		asked, told := common, common
		asked.Event = wire.Event{Type: wire.EventSnapshotCameraRequested, ConferenceID: m.id, UserID: "test", UserEndpointID: m.a}
		told.Event = wire.Event{Type: wire.EventSnapshotCameraProcessed, ConferenceID: m.id, UserID: m.guest, UserEndpointID: m.g}
		told.Succeeded, told.AdditionalInformation = &no, "there is no flash"
		for _, want := range []wire.SnapshotEvent{asked, told} {
			got := await[wire.SnapshotEvent](t, events, want.Type)
			if d := cmp.Diff(want, got, cmpopts.IgnoreFields(wire.Event{}, "ID", "Timestamp")); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
	}
}
