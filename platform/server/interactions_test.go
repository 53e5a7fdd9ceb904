package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

const interactions = "/rtc-api/interactions"

func (c caller) put(path string, v any) answer {
	c.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send("PUT", path, "application/json", body)
}

// TestInteraction opens, reads and changes one, and tries what must not be.
func TestInteraction(t *testing.T) {
	m := serve(t, nil).meet()
	data := json.RawMessage(`{"callOrigin":"widget","customerMetadata":{"name":"Maria"},"integrationInteractionAvailable":false}`)
	var v wire.Interaction
	m.agent.post(interactions, wire.CreateInteraction{InteractionID: "case-7", Type: "video", Data: data}).into(&v)
	want := wire.Interaction{ID: "case-7", OrganizationID: "default", CreatedBy: "test", CreatedAt: v.CreatedAt, Type: "video", Data: data, Version: 1}
	if d := cmp.Diff(want, v); d != "" || v.CreatedAt.IsZero() {
		t.Errorf("(-want +got):\n%s", d)
	}
	var again wire.Interaction
	m.agent.get(interactions + "/case-7").into(&again)
	if d := cmp.Diff(want, again); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	change := wire.UpdateInteraction{Type: "voice", Data: json.RawMessage(`{"roomName":"r"}`), Version: 1}
	if a := m.agent.put(interactions+"/case-7", change); a.status != 204 || len(a.body) > 0 {
		t.Errorf("change: %d %s", a.status, a.body)
	}
	m.agent.put(interactions+"/case-7", change).refused("the version of before", 409, wire.CodeConflict)
	m.agent.get(interactions + "/case-7").into(&again)
	if again.Version != 2 || again.Type != "voice" || string(again.Data) != `{"roomName":"r"}` || again.CreatedBy != "test" {
		t.Errorf("%+v", again)
	}
	var made wire.Interaction
	if m.agent.post(interactions, wire.CreateInteraction{Type: "video"}).into(&made); len(made.ID) != 36 || string(made.Data) != "{}" {
		t.Errorf("without an id: %+v", made)
	}

	m.agent.post(interactions, wire.CreateInteraction{InteractionID: "case-7", Type: "video"}).refused("the same id", 409, wire.CodeConflict)
	m.agent.get(interactions+"/none").refused("no such one", 404, wire.CodeNotFound)
	m.agent.put(interactions+"/none", change).refused("change of none", 404, wire.CodeNotFound)
	for name, q := range map[string]wire.CreateInteraction{
		"no type":      {},
		"long type":    {Type: strings.Repeat("x", 65)},
		"id":           {InteractionID: "a/b", Type: "video"},
		"data: list":   {Type: "video", Data: json.RawMessage(`[]`)},
		"data: string": {Type: "video", Data: json.RawMessage(`"x"`)},
	} {
		m.agent.post(interactions, q).refused(name, 400, wire.CodeInvalid)
	}
	m.agent.put(interactions+"/case-7", wire.UpdateInteraction{Type: "video"}).refused("no version", 400, wire.CodeInvalid)
	large := json.RawMessage(fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", wire.MaxInteractionData)))
	m.agent.post(interactions, wire.CreateInteraction{Type: "video", Data: large}).refused("large data", 413, wire.CodeTooLarge)
	full := json.RawMessage(fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", wire.MaxInteractionData-8)))
	if a := m.agent.post(interactions, wire.CreateInteraction{Type: "video", Data: full}); a.status != 200 {
		t.Errorf("64 KiB: %d %s", a.status, a.body)
	}

	m.customer.get(interactions+"/case-7").refused("a customer reads", 403, wire.CodeForbidden)
	m.customer.post(interactions, wire.CreateInteraction{Type: "video"}).refused("a customer opens", 403, wire.CodeForbidden)
	m.customer.put(interactions+"/case-7", change).refused("a customer changes", 403, wire.CodeForbidden)
	caller{m.running, ""}.get(interactions+"/case-7").refused("nobody", 401, wire.CodeUnauthorized)
	m.agent.send("DELETE", interactions+"/case-7", "", nil).refused("delete", 405, wire.CodeMethod)
}

// TestInteractionHasOneWinner lets many change the same version.
func TestInteractionHasOneWinner(t *testing.T) {
	r := serve(t, nil)
	agent := r.application("test", "secret")
	agent.post(interactions, wire.CreateInteraction{InteractionID: "case-7", Type: "video"})
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch a := agent.put(interactions+"/case-7", wire.UpdateInteraction{Type: "voice", Version: 1}); a.status {
			case 204:
				won.Add(1)
			case 409:
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d changes of one version", n)
	}
}
