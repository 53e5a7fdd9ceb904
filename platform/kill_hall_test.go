package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guichet/platform/wire"
)

// check holds a server that has just started against what was acknowledged and
// what was told before.
func (h *hall) check(t *testing.T) {
	t.Helper()
	for _, id := range h.over {
		if err := h.expect(http.DefaultClient, 410, "GET", "/rtc-api/conferences/"+id+"/simpleView", h.token, nil, nil); err != nil {
			h.errorf("a conference that was ended: %w", err)
		}
	}
	if len(h.over) > 4 {
		h.over = h.over[1:]
	}
	// The streams of before are unpublished when a conference is loaded, which
	// reading its state waits for.
	var state wire.Conference
	if err := h.expect(http.DefaultClient, 200, "GET", "/rtc-api/conferences/"+h.id+"/simpleView", h.token, nil, &state); err != nil {
		t.Fatal(err)
	}
	lines := h.checkLines(t)
	for _, o := range h.observers {
		o.connect(t)
		o.await(t, state.Version, int64(len(lines)))
		o.close()
	}
	h.checkTold(lines)
	found := h.checkJournal(state)
	for _, g := range h.workers {
		g.checkDeeds(found, lines)
		g.settle(t, state)
	}
}

// checkJournal holds the events against the state. It returns the versions of
// the events by what they are the outcome of.
func (h *hall) checkJournal(state wire.Conference) map[string]int64 {
	h.mu.Lock()
	bodies := h.bodies
	h.mu.Unlock()
	for v := range bodies {
		if v >= state.Version {
			h.errorf("version %d was told, and the state is at %d", v, state.Version)
		}
	}
	found := map[string]int64{}
	for v := int64(1); v < state.Version; v++ {
		var e wire.Event
		if err := json.Unmarshal([]byte(bodies[v]), &e); err != nil {
			h.errorf("version %d: %w", v, err)
			return found
		}
		mark := markOf(e)
		if _, twice := found[mark]; twice {
			h.errorf("%q happened twice, the second time at version %d", mark, v)
		}
		found[mark] = v
		// The server unpublishes by itself what it forwards no more.
		own, published := strings.CutPrefix(mark, "unpublish ")
		if !h.said[mark] && !(published && h.said["publish "+own]) {
			h.errorf("%q at version %d was asked for by nobody", mark, v)
		}
		if v >= h.replay.version {
			h.replay.apply(e)
			h.events++
		}
	}
	if want, got := textOf(state), h.replay.text(); want != got {
		h.errorf("the state is not what the events lead to\nstate: %s\nevents: %s", want, got)
	}
	return found
}

// checkTold holds the lines that observers were told against those that are
// there.
func (h *hall) checkTold(lines map[string]int64) {
	h.mu.Lock()
	told := h.lines
	h.mu.Unlock()
	for seq, e := range told {
		if lines["say "+e.MessageID] != seq {
			h.errorf("line %d was told as %s, which is line %d", seq, e.MessageID, lines["say "+e.MessageID])
		}
	}
}

// checkDeeds: each acknowledged deed is there, in the order in which they were
// done.
func (g *guest) checkDeeds(found, lines map[string]int64) {
	var last, lastLine int64
	for i, d := range g.deeds {
		v, there := found[d.mark]
		if line, said := lines[d.mark]; said {
			if there = true; line < lastLine {
				g.errorf("%s: %q is line %d, after line %d", g.name, d.mark, line, lastLine)
			}
			v, lastLine = last, line
		}
		switch {
		case i < g.checked && !there:
			g.errorf("%s: %q was there and is lost", g.name, d.mark)
		case i < g.checked:
		case d.acked && !there:
			g.errorf("%s: %q was acknowledged and is lost", g.name, d.mark)
		case d.acked:
			g.hall.acked++
		default:
			g.doubtful++
			if !there {
				g.lost++
			}
			d.acked = there
		}
		if there && v < last {
			g.errorf("%s: %q has version %d, after one of %d", g.name, d.mark, v, last)
		}
		last = max(last, v)
	}
	// What did not happen may be asked for again.
	g.deeds = slices.DeleteFunc(g.deeds, func(d *deed) bool { return !d.acked })
	g.checked = len(g.deeds)
}

// settle goes on from what the server knows.
func (g *guest) settle(t *testing.T, state wire.Conference) {
	t.Helper()
	in := false
	for _, p := range state.Participants {
		in = in || slices.ContainsFunc(p.Endpoints, func(n wire.Endpoint) bool { return n.ID == g.endpoint })
	}
	if g.endpoint != "" {
		status, body, _, err := g.ask(http.DefaultClient, "POST", "/rtc-api/users/endpoints/keepalive", g.token, wire.KeepAlive{UserEndpointID: g.endpoint})
		switch {
		case err != nil:
			t.Fatal(err)
		case status == 404 && !g.alive && !in:
			g.endpoint = ""
		case status != 204:
			g.errorf("%s: the endpoint %s, acknowledged %v, in the call %v: %d %s", g.name, g.endpoint, g.alive, in, status, body)
		}
		g.alive = g.endpoint != ""
	}
	g.in, g.streams, g.keys = in, nil, nil
	for key := range state.Metadata {
		if strings.HasPrefix(key, g.name+".") {
			g.keys = append(g.keys, key)
		}
	}
	slices.Sort(g.keys)
}
