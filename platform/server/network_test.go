package server

import (
	"encoding/json"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// speaker is an endpoint in a call with a microphone, and with a network that
// loses packets on demand, which the rest of the client does not know.
type speaker struct {
	caller
	endpoint   string
	conference string
	losesSent  atomic.Uint32 // percent
	losesGot   atomic.Uint32
	networks   chan wire.NetworkEvent
}

func (c caller) speaker(user string) *speaker {
	c.t.Helper()
	k := &speaker{caller: c, endpoint: c.endpoint(), networks: make(chan wire.NetworkEvent, 1024)}
	k.hearNetworks(wire.EndpointTopic(k.endpoint), wire.UserTopic(user, k.endpoint))
	return k
}

// hearNetworks passes on the network's events of the first topic, each of which
// must have come on the second as well.
func (k *speaker) hearNetworks(first, second string) {
	k.t.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + k.MQTT).SetClientID(wire.NewID()).SetUsername(k.token).SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		k.t.Fatal(token.Error())
	}
	k.t.Cleanup(func() { client.Disconnect(50) })
	var mu sync.Mutex
	came := map[string]bool{} // ids of events that came once
	token := client.SubscribeMultiple(map[string]byte{first: 1, second: 1}, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.NetworkEvent
		if err := json.Unmarshal(m.Payload(), &e); err != nil {
			k.t.Error(err)
		}
		if e.Type != wire.EventNetworkIndicatorUpdated {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !came[e.ID] {
			came[e.ID] = true
			return
		}
		k.networks <- e
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		k.t.Fatal(token.Error())
	}
}

// lossy is the network of a speaker: below what reports on it.
type lossy struct {
	interceptor.NoOp
	k *speaker
}

func (l lossy) NewInterceptor(string) (interceptor.Interceptor, error) { return &l, nil }

func loses(percent *atomic.Uint32) bool { return rand.Uint32N(100) < percent.Load() }

func (l *lossy) BindLocalStream(_ *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	return interceptor.RTPWriterFunc(func(h *rtp.Header, p []byte, a interceptor.Attributes) (int, error) {
		if loses(&l.k.losesSent) {
			return len(p), nil
		}
		return w.Write(h, p, a)
	})
}

func (l *lossy) BindRemoteStream(_ *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, about, err := r.Read(b, a)
			if err != nil || !loses(&l.k.losesGot) {
				return n, about, err
			}
		}
	})
}

func (k *speaker) connection() *webrtc.PeerConnection {
	k.t.Helper()
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		k.t.Fatal(err)
	}
	registry := &interceptor.Registry{}
	registry.Add(lossy{k: k})
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		k.t.Fatal(err)
	}
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			k.t.Error(err)
		}
	})
	return pc
}

// offer sets the local description with all candidates.
func (k *speaker) offer(pc *webrtc.PeerConnection) string {
	k.t.Helper()
	gathered := webrtc.GatheringCompletePromise(pc)
	o, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(o)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

func (k *speaker) answered(pc *webrtc.PeerConnection, sdp string) {
	k.t.Helper()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		k.t.Fatal(err)
	}
}

// join brings the speaker into a conference.
func (k *speaker) join(conference string) {
	k.t.Helper()
	k.conference = conference
	k.do("join", wire.JoinConference{ConferenceID: conference, UserEndpointID: k.endpoint})
}

// talk publishes 50 packets of audio a second until the test ends.
func (k *speaker) talk(stream string) {
	k.t.Helper()
	pc := k.connection()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "audio", stream)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := pc.AddTrack(track); err != nil {
		k.t.Fatal(err)
	}
	var answer wire.PublishedStream
	k.do("publishStream", wire.PublishStream{ConferenceID: k.conference, UserEndpointID: k.endpoint, StreamID: wire.StreamID(stream),
		ConferenceStreamType: wire.StreamMic, SDPOffer: k.offer(pc)}).into(&answer)
	k.answered(pc, answer.SDPAnswer)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				_ = track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: make([]byte, 80)})
			}
		}
	}()
	k.t.Cleanup(func() { close(stop); <-stopped })
}

// listen views a stream until the test ends.
func (k *speaker) listen(stream string) {
	k.t.Helper()
	pc := k.connection()
	pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		b := make([]byte, 1500)
		for {
			if _, _, err := r.Read(b); err != nil {
				return
			}
		}
	})
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		k.t.Fatal(err)
	}
	var answer wire.ViewedStream
	k.do("viewStream", wire.ViewStream{ConferenceID: k.conference, UserEndpointID: k.endpoint, StreamID: wire.StreamID(stream), ViewerID: "v-" + k.endpoint,
		SDPOffer: k.offer(pc)}).into(&answer)
	k.answered(pc, answer.SDPAnswer)
}

// sees waits for an event of the network that fits.
func (k *speaker) sees(what string, fits func(wire.NetworkEvent) bool) wire.NetworkEvent {
	k.t.Helper()
	var last wire.NetworkEvent
	hung := time.After(2 * patience)
	for {
		select {
		case last = <-k.networks:
			if fits(last) {
				return last
			}
		case <-hung:
			k.t.Fatalf("%s: not seen; the last was %+v", what, last)
		}
	}
}

// TestNetworkIndicator: two people hear each other; the network of one loses
// packets, first of those that it sends, then of those that it gets. Both are
// told whose network it is. A third person in another call is told nothing of it.
func TestNetworkIndicator(t *testing.T) {
	r := serve(t, func(c *Config) { c.gradeEvery = time.Second })
	anna, bert := r.application("test", "secret").speaker("test"), r.application("CLIENT_ID", "CLIENT_SECRET").speaker("CLIENT_ID")
	stranger := r.application("test", "secret").speaker("test")
	var c, other wire.Summary
	anna.do("create", wire.CreateConference{}).into(&c)
	stranger.do("create", wire.CreateConference{}).into(&other)
	anna.join(c.ID)
	bert.join(c.ID)
	stranger.join(other.ID)
	anna.talk("a")
	bert.talk("b")
	anna.listen("b")
	bert.listen("a")
	grades := func(a, b wire.NetworkGrade) func(wire.NetworkEvent) bool {
		return func(e wire.NetworkEvent) bool {
			return e.ParticipantIndicatorMap[anna.endpoint].Grade == a && e.ParticipantIndicatorMap[bert.endpoint].Grade == b
		}
	}
	for _, step := range []struct {
		what      string
		sent, got uint32 // percent that Anna's network loses
		anna      wire.NetworkGrade
	}{
		{"two good networks", 0, 0, wire.GradeOptimal},
		{"what Anna sends is lost", 40, 0, wire.GradeBad},
		{"it is over", 0, 0, wire.GradeOptimal},
		{"what Anna should get is lost", 0, 40, wire.GradeBad},
	} {
		anna.losesSent.Store(step.sent)
		anna.losesGot.Store(step.got)
		for _, k := range []*speaker{anna, bert} {
			e := k.sees(step.what, grades(step.anna, wire.GradeOptimal))
			a, b := e.ParticipantIndicatorMap[anna.endpoint], e.ParticipantIndicatorMap[bert.endpoint]
			if e.ConferenceID != c.ID || e.ConferenceVersion != nil || len(e.ParticipantIndicatorMap) != 2 || a.AverageRTT <= 0 || b.AverageRTT <= 0 ||
				a.AverageRTT > 1000 || b.AverageJitter > 200 || e.AverageNetworkQuality < 1 || e.AverageNetworkQuality > 4.5 {
				t.Errorf("%s: %+v", step.what, e)
			}
		}
	}
	if n := len(stranger.networks); n != 0 {
		t.Errorf("the stranger was told %d times", n)
	}
	bert.do("leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: bert.endpoint})
	anna.sees("Bert has left", func(e wire.NetworkEvent) bool {
		_, in := e.ParticipantIndicatorMap[bert.endpoint]
		return !in
	})
	for len(bert.networks) > 0 {
		<-bert.networks
	}
	anna.sees("Bert has left for longer", func(wire.NetworkEvent) bool { return true })
	if n := len(bert.networks); n != 0 {
		t.Errorf("who left was told %d times", n)
	}
	anna.do("end", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: anna.endpoint})
	if legs := r.server.legs(); len(legs) != 0 {
		t.Errorf("%d legs after the end", len(legs))
	}
}
