package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"guichet/platform/wire"
)

// visit makes the holder of a room token of these fields, and joins by the room's
// name.
func visit(t *testing.T, h *host, room string, mark byte, fields map[string]any) *member {
	t.Helper()
	all := map[string]any{"room_name": room, "user_name": string(mark)}
	for k, v := range fields {
		all[k] = v
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/video/room_tokens", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("project_id", "token")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	var token wire.RoomToken
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || token.Token == "" {
		t.Fatalf("room token: %s, %v", answer.Status, err)
	}
	m := enterWith(t, h, h.URL, mark, &http.Transport{}, func(context.Context) (string, error) { return token.Token, nil })
	return m.join(room)
}

// silent waits until nothing of somebody has come for half a second.
func (m *member) silent(mark byte) {
	m.t.Helper()
	last, since := -1, time.Now()
	m.until(string(mark)+" is silent", func(m *member) bool {
		if n := m.heard[mark]; n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoomCalls: every call of the SDK does what it says, told to all, and the
// packets follow.
func TestRoomCalls(t *testing.T) {
	h := startServer(t)
	ctx := t.Context()
	a := visit(t, h, "evening", 'a', map[string]any{"meta": map[string]any{"seat": "12"}})
	b := visit(t, h, "evening", 'b', map[string]any{"permissions": []string{}})
	a.until("a is in", func(m *member) bool { return m.state.Joined })
	b.until("b is in", func(m *member) bool { return m.state.Joined })
	if id := a.now().Conference.ID; id == "evening" || id != b.now().Conference.ID {
		t.Fatalf("sessions %s, %s", id, b.now().Conference.ID)
	}
	agent := enter(t, h, h.URL, 'g')
	agent.staff = true
	agent.join(a.now().Conference.ID)
	agent.until("the agent is in", func(m *member) bool { return m.state.Joined && len(m.state.Participants()) == 3 })
	c, at := agent.call, func(m *member) string { return m.now().Endpoint }
	for _, m := range []*member{a, b} {
		agent.hears(m.mark, 10)
		m.hears('g', 10)
	}
	seen := func(what string, fits func(wire.Member, wire.Room) bool) {
		t.Helper()
		b.until(what, func(m *member) bool {
			s, _ := memberIn(m.state.Conference.Metadata, at(a))
			r, _ := m.state.Room()
			return fits(s, r)
		})
	}

	must(t, c.Act(ctx, MuteAudio, at(a)))
	seen("a is muted", func(s wire.Member, _ wire.Room) bool { return s.AudioMuted })
	agent.silent('a') // though a goes on sending
	must(t, a.call.Act(ctx, UnmuteAudio, ""))
	agent.hears('a', 10)
	must(t, c.Act(ctx, Deafen, at(a)))
	a.silent('g')
	must(t, c.Act(ctx, Undeafen, at(a)))
	a.hears('g', 10)
	must(t, c.Act(ctx, MuteVideo, at(a)))
	seen("a's camera is off", func(s wire.Member, _ wire.Room) bool { return s.VideoMuted })
	must(t, c.Act(ctx, UnmuteVideo, at(a)))
	must(t, c.Act(ctx, RaiseHand, at(a)))
	seen("a's hand is up", func(s wire.Member, _ wire.Room) bool { return s.HandRaisedAt != nil && !s.VideoMuted })
	must(t, c.Act(ctx, LowerHand, at(a)))
	must(t, c.SetVolume(ctx, SetInputVolume, at(a), -20))
	must(t, a.call.SetVolume(ctx, SetOutputVolume, "", 30))
	must(t, a.call.SetSensitivity(ctx, "", 10))
	must(t, c.SetPosition(ctx, at(a), "reserved-1"))
	must(t, c.SetMeta(ctx, UpdateMemberMeta, at(a), []byte(`{"desk":4}`)))
	seen("a's settings", func(s wire.Member, _ wire.Room) bool {
		return s.HandRaisedAt == nil && s.InputVolume == -20 && s.OutputVolume == 30 && s.Sensitivity == 10 && s.Position == "reserved-1" &&
			string(s.Meta) == `{"desk":4,"seat":"12"}`
	})
	must(t, c.DeleteMeta(ctx, at(a), "seat"))
	seen("a meta less", func(s wire.Member, _ wire.Room) bool { return string(s.Meta) == `{"desk":4}` })
	must(t, c.SetMeta(ctx, SetMemberMeta, at(a), []byte(`{}`)))
	seen("no meta", func(s wire.Member, _ wire.Room) bool { return string(s.Meta) == `{}` })

	must(t, c.SetLayout(ctx, "2x2", map[string]string{at(a): "reserved-2"}))
	must(t, c.SetRoomMeta(ctx, []byte(`{"x":1,"y":2}`)))
	must(t, c.UpdateRoomMeta(ctx, []byte(`{"y":3}`)))
	must(t, c.DeleteRoomMeta(ctx, "x"))
	must(t, c.ActOnRoom(ctx, HideVideoMuted))
	must(t, c.ActOnRoom(ctx, Lock))
	must(t, c.SetPrioritizeHandraise(ctx, true))
	seen("the room's settings", func(_ wire.Member, r wire.Room) bool {
		return r.Layout == "2x2" && r.Positions[at(a)] == "reserved-2" && string(r.Meta) == `{"y":3}` && r.HideVideoMuted && r.Locked && r.PrioritizeHandraise
	})
	must(t, c.SetPositions(ctx, nil))
	must(t, c.ActOnRoom(ctx, ShowVideoMuted))
	must(t, c.ActOnRoom(ctx, Unlock))
	seen("the room is as before", func(_ wire.Member, r wire.Room) bool { return len(r.Positions) == 0 && !r.HideVideoMuted && !r.Locked })
	if names, err := c.Layouts(ctx); err != nil || len(names) != len(wire.LayoutNames()) {
		t.Errorf("layouts %v, %v", names, err)
	}

	// Without the permission nothing changes.
	for _, err := range []error{b.call.Act(ctx, MuteAudio, ""), b.call.Act(ctx, MuteAudio, at(a)), b.call.Remove(ctx, at(a), ""), b.call.ActOnRoom(ctx, Lock)} {
		if code(err) != wire.CodeForbidden {
			t.Errorf("without a permission: %v", err)
		}
	}

	// The audience publishes nothing, and a member does at once.
	must(t, c.Demote(ctx, at(a), wire.MediaAudioOnly))
	a.until("a publishes nothing", func(m *member) bool { return m.state.Stream == "" && m.state.Sending && len(own(m.state).Streams) == 0 })
	agent.silent('a')
	must(t, c.Promote(ctx, at(a), wire.Promote{Permissions: []wire.Permission{wire.RoomLock}, MediaAllowed: wire.MediaAll}))
	agent.hears('a', 10)
	if r := a.now().Rights(); !r.InRoom(wire.RoomLock) || r.InRoom(wire.SelfAudioMute) {
		t.Error("not the permissions of the promotion")
	}

	must(t, c.Remove(ctx, at(a), "no shouting"))
	a.until("a is told why", func(m *member) bool {
		return m.state.Ended && m.state.Removed && m.state.Reason == "no shouting" && m.state.Err == nil
	})
	agent.until("a is gone", func(m *member) bool { return len(m.state.Participants()) == 2 })
	must(t, c.RemoveAll(ctx, "closing time"))
	b.until("b is told why", func(m *member) bool { return m.state.Removed && m.state.Reason == "closing time" })
	if agent.now().Ended {
		t.Error("the agent was removed, too")
	}
}

// own returns ourselves in a call.
func own(s CallState) Participant {
	for _, p := range s.Participants() {
		if p.Self {
			return p
		}
	}
	return Participant{}
}

// TestTimeIsUp: who may stay for so long is told that it is over.
func TestTimeIsUp(t *testing.T) {
	h := startServer(t)
	a := visit(t, h, "evening", 'a', map[string]any{"remove_after_seconds_elapsed": 1})
	a.until("a is told", func(m *member) bool { return m.state.Removed && m.state.Reason == wire.LeftTimeUp })
}
