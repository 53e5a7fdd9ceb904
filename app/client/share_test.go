package client

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtp"
)

// screenOf makes a screen whose packets carry a mark, sent until the test ends.
func screenOf(t *testing.T, mark byte) *Outgoing {
	t.Helper()
	out, err := NewOutgoingScreen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-tick.C:
				// A key frame of VP8 in one packet, as far as anybody on the way looks: the
				// descriptor, and a frame tag of a key frame with its start code and size.
				p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 1800},
					Payload: []byte{0x10, 0x10, 2, 0, 0x9D, 1, 0x2A, 16, 0, 16, 0, mark}}
				_ = out.WriteVideo(p)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		sending.Wait()
	})
	return out
}

// screens returns the screens that somebody sees of others.
func (m *member) screens() (list []wire.Stream) {
	for _, p := range m.state.Participants() {
		for _, s := range p.Streams {
			if !p.Self && s.Type == wire.StreamScreen {
				list = append(list, s)
			}
		}
	}
	return list
}

// screenMark is the first byte of what comes of screens.
const screenMark = 0x10

// TestShare: a screen is published beside the camera, and ends when it is asked to;
// it is neither a microphone nor a camera; somebody who comes later sees it.
func TestShare(t *testing.T) {
	for _, mode := range []wire.Mode{wire.ModeRouter, wire.ModeP2P} {
		t.Run(string(mode), func(t *testing.T) {
			h := startServer(t)
			a, b := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b')
			conference := a.conference()
			if mode == wire.ModeP2P {
				conference = a.direct()
			}
			a.join(conference)
			b.join(conference)
			allHear(a, b)
			a.call.SetMuted(Audio, true)
			a.call.SetMuted(Video, true)
			b.until("b sees a muted", func(m *member) bool { return muted(m.state, Audio) == 1 && muted(m.state, Video) == 1 })
			a.call.Share(screenOf(t, 's'))
			a.until("a is seen", func(m *member) bool { return m.state.Shares && m.state.Shown && m.state.ShareErr == nil })
			b.until("b sees the screen", func(m *member) bool {
				return len(m.screens()) == 1 && string(m.screens()[0].Metadata) == `{"primary":false}` && muted(m.state, Audio) == 1 && muted(m.state, Video) == 1
			})
			b.hears(screenMark, 10)
			c := enter(t, h, h.URL, 'c').join(conference)
			c.hears(screenMark, 10)
			a.call.Share(nil)
			b.until("the screen is gone", func(m *member) bool { return len(m.screens()) == 0 })
			a.until("a knows", func(m *member) bool { return !m.state.Shares && !m.state.Shown && m.state.ShareErr == nil })
			b.hears('a', 10) // the other stream goes on
			a.call.Share(screenOf(t, 's'))
			b.hears(screenMark, 10)
			if err := a.call.Leave("hung up"); err != nil {
				t.Error(err)
			}
			b.until("a is gone", func(m *member) bool { return len(m.screens()) == 0 })
			b.silent(screenMark)
		})
	}
}

// TestShareIsPermitted: without the permission the server refuses, and when it is
// taken away everything ends by itself.
func TestShareIsPermitted(t *testing.T) {
	h := startServer(t)
	ctx := t.Context()
	a := visit(t, h, "evening", 'a', nil)
	b := visit(t, h, "evening", 'b', map[string]any{"permissions": []string{"room.self.audio_mute"}})
	a.until("a is in", func(m *member) bool { return m.state.Joined })
	b.until("b is in", func(m *member) bool { return m.state.Joined })
	b.call.Share(screenOf(t, 's'))
	b.until("b is told", func(m *member) bool { return errors.Is(m.state.ShareErr, ErrNotPermitted) && !m.state.Shares })
	if len(a.now().Participants()) != 2 {
		t.Error("somebody is gone")
	}
	agent := enter(t, h, h.URL, 'g')
	agent.staff = true
	agent.join(a.now().Conference.ID)
	a.call.Share(screenOf(t, 's'))
	agent.hears(screenMark, 10)
	must(t, agent.call.Demote(ctx, a.now().Endpoint, ""))
	a.until("a is told", func(m *member) bool {
		return errors.Is(m.state.ShareErr, ErrNotPermitted) && !m.state.Shares && !m.state.Shown && !m.state.Ended
	})
	agent.until("the screen is gone", func(m *member) bool { return len(m.screens()) == 0 })
	agent.silent(screenMark)
	must(t, agent.call.Promote(ctx, a.now().Endpoint, wire.Promote{Permissions: []wire.Permission{wire.SelfScreenshare}}))
	a.until("a may again", func(m *member) bool { return m.state.Rights().InRoom(wire.SelfScreenshare) })
	a.call.Share(screenOf(t, 's'))
	agent.hears(screenMark, 10)
}

// TestShareOutlivesOutages: a server that forgets the endpoint gets the screen anew.
func TestShareOutlivesOutages(t *testing.T) {
	h := startServer(t)
	a, b := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b')
	conference := a.conference()
	a.join(conference)
	b.join(conference)
	a.call.Share(screenOf(t, 's'))
	b.hears(screenMark, 10)
	before := a.now().Endpoint
	if err := a.client.UnregisterEndpoint(t.Context(), before, "keep-alive missed"); err != nil {
		t.Fatal(err)
	}
	a.link.Hurry()
	a.until("a is in anew", func(m *member) bool { return m.state.Joined && m.state.Endpoint != before && m.state.Shown })
	b.hears(screenMark, 10)
}
