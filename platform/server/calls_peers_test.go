package server

import (
	"errors"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// talker is a WebRTC connection whose candidates trickle.
type talker struct {
	*webrtc.PeerConnection
	found chan webrtc.ICECandidateInit
}

func newTalker(t *testing.T) talker {
	t.Helper()
	var engine webrtc.SettingEngine
	engine.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p := talker{pc, make(chan webrtc.ICECandidateInit, 256)}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			p.found <- c.ToJSON()
		}
	})
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// local sets the local description and returns its SDP.
func (p talker) local(t *testing.T, d webrtc.SessionDescription, err error) string {
	t.Helper()
	if err == nil {
		err = p.SetLocalDescription(d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.SDP
}

// TestTwoPeersTalk: two WebRTC stacks connect with nothing but what the call
// relays, with candidates that are faster than the answer, and say hello.
func TestTwoPeersTalk(t *testing.T) {
	r := serve(t, nil)
	anna, berta := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	a, b := anna.device("test", true), berta.device("CLIENT_ID", false)
	pa, pb := newTalker(t), newTalker(t)
	hello := make(chan string, 1)
	channel, err := pa.CreateDataChannel("hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	channel.OnOpen(func() {
		if err := channel.SendText("hello"); err != nil {
			t.Error(err)
		}
	})
	pb.OnDataChannel(func(c *webrtc.DataChannel) {
		c.OnMessage(func(m webrtc.DataChannelMessage) { hello <- string(m.Data) })
	})
	offer, err := pa.CreateOffer(nil)
	a.on("call", wire.StartCall{CallID: "k", SDPOffer: pa.local(t, offer, err), Target: "CLIENT_ID", UserEndpointID: a.endpointID})
	trickle := func(from ringer, c webrtc.ICECandidateInit) {
		from.on("addIceCandidates", wire.CallCandidates{CallID: "k", UserEndpointID: from.endpointID,
			ICECandidates: []wire.ICECandidate{{Candidate: c.Candidate, SDPMLineIndex: c.SDPMLineIndex, SDPMid: c.SDPMid}}})
	}
	take := func(me ringer, p talker, e wire.CallEvent) {
		var err error
		switch {
		case e.UserEndpointID == me.endpointID: // its own
		case e.Type == wire.EventCallCreated:
			if err = p.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: e.SDPOffer}); err != nil {
				break
			}
			answer, err := p.CreateAnswer(nil)
			sdp := p.local(t, answer, err)
			trickle(me, <-p.found) // before the answer
			me.on("answer", wire.AnswerCall{CallID: "k", SDPAnswer: sdp, UserEndpointID: me.endpointID})
		case e.Type == wire.EventCallAnswered:
			err = p.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: e.SDPAnswer})
		case e.Type == wire.EventICECandidatesFound:
			for _, c := range e.ICECandidates {
				err = errors.Join(err, p.AddICECandidate(webrtc.ICECandidateInit{Candidate: c.Candidate, SDPMLineIndex: c.SDPMLineIndex, SDPMid: c.SDPMid}))
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", e.Type, err)
		}
	}
	guard := time.After(patience)
	for {
		select {
		case c := <-pa.found:
			trickle(a, c)
		case c := <-pb.found:
			trickle(b, c)
		case e := <-a.events:
			take(a, pa, e)
		case e := <-b.events:
			take(b, pb, e)
		case text := <-hello:
			if text != "hello" {
				t.Errorf("got %q", text)
			}
			a.on("hangup", a.ref("k"))
			return
		case <-guard:
			t.Fatalf("no hello; %s and %s", pa.ConnectionState(), pb.ConnectionState())
		}
	}
}
