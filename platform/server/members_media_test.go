package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const levels = "urn:ietf:params:rtp-hdrext:ssrc-audio-level" // RFC 6464

// seated is who sits in a room with an endpoint.
type seated struct {
	caller
	endpoint, session string
}

// sit enters a room with a token of these fields.
func (r *running) sit(room string, more ...any) *seated {
	r.t.Helper()
	who := r.guest(fields(room, more...))
	endpoint, session := who.enter(room)
	return &seated{who, endpoint, session}
}

// act makes a call to somebody, oneself when target is nil.
func (a *seated) act(name string, target *seated, more ...any) answer {
	a.t.Helper()
	body := with(map[string]any{"conferenceId": a.session, "userEndpointId": a.endpoint}, more...)
	if target != nil {
		with(body, "targetUserEndpointId", target.endpoint)
	}
	return a.post(conferencesPath+name, body)
}

// pions makes a connection that knows of audio levels.
func pions(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	var m webrtc.MediaEngine
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: levels}, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	return pc
}

// offered gathers and returns the offer.
func offered(t *testing.T, pc *webrtc.PeerConnection) string {
	t.Helper()
	gathered := webrtc.GatheringCompletePromise(pc)
	o, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

func accepted(t *testing.T, pc *webrtc.PeerConnection, sdp string) {
	t.Helper()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
}

// sends publishes sound and picture and goes on sending until the test ends,
// whatever it is told.
func (a *seated) sends(stream wire.StreamID) {
	t := a.t
	t.Helper()
	pc := pions(t)
	audio, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "audio", string(stream))
	if err != nil {
		t.Fatal(err)
	}
	video, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", string(stream))
	if err != nil {
		t.Fatal(err)
	}
	sender, err := pc.AddTrack(audio)
	if err == nil {
		_, err = pc.AddTrack(video)
	}
	if err != nil {
		t.Fatal(err)
	}
	var published wire.PublishedStream
	a.do("publishStream", wire.PublishStream{ConferenceID: a.session, UserEndpointID: a.endpoint, StreamID: stream, ConferenceStreamType: wire.StreamMicAndCam,
		SDPOffer: offered(t, pc)}).into(&published)
	accepted(t, pc, published.SDPAnswer)
	level := uint8(0)
	for _, e := range sender.GetParameters().HeaderExtensions {
		if e.URI == levels {
			level = uint8(e.ID)
		}
	}
	if level == 0 {
		t.Fatal("the server knows nothing of audio levels")
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		frame := []byte{0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 1, 2, 3} // a key frame of VP8, all of them
		for n := uint16(0); ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				// Before the connection is up, pion drops what is written.
				h := rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 480}
				if err := h.SetExtension(level, []byte{40}); err == nil { // -40 dBov
					_ = audio.WriteRTP(&rtp.Packet{Header: h, Payload: []byte{0xfc, 1, 2}})
				}
				_ = video.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 900}, Payload: frame})
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
}

// hearing is what comes of a stream.
type hearing struct{ audio, video chan struct{} }

// views begins to receive a stream.
func (a *seated) views(stream wire.StreamID, viewer string) *hearing {
	a.t.Helper()
	return a.viewsOnly(stream, viewer, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo)
}

// viewsOnly asks for some kinds of media alone.
func (a *seated) viewsOnly(stream wire.StreamID, viewer string, kinds ...webrtc.RTPCodecType) *hearing {
	t := a.t
	t.Helper()
	pc := pions(t)
	h := hears(t, pc, kinds...)
	var viewed wire.ViewedStream
	a.do("viewStream", wire.ViewStream{ConferenceID: a.session, UserEndpointID: a.endpoint, StreamID: stream, ViewerID: viewer, SDPOffer: offered(t, pc)}).into(&viewed)
	accepted(t, pc, viewed.SDPAnswer)
	return h
}

// hears asks for kinds of media and counts what comes.
func hears(t *testing.T, pc *webrtc.PeerConnection, kinds ...webrtc.RTPCodecType) *hearing {
	t.Helper()
	h := &hearing{make(chan struct{}, 1<<16), make(chan struct{}, 1<<16)}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		into := h.audio
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			into = h.video
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				if err != io.EOF {
					t.Log(err)
				}
				return
			}
			into <- struct{}{}
		}
	})
	for _, kind := range kinds {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *hearing) passes(t *testing.T, n int) {
	t.Helper()
	for range n {
		for name, c := range map[string]chan struct{}{"sound": h.audio, "picture": h.video} {
			select {
			case <-c:
			case <-time.After(patience):
				t.Fatalf("no %s of whom nothing binds", name)
			}
		}
	}
}

func drain(c chan struct{}) (n int) {
	for {
		select {
		case <-c:
			n++
		default:
			return n
		}
	}
}

// measure wants packets of these kinds, and none of the others while 30 of each
// pass between two whom nothing binds.
func (h *hearing) measure(t *testing.T, what string, free *hearing, audio, video bool) {
	t.Helper()
	measure(t, what, free, audio, video, h)
}

// measure does so for many at once.
func measure(t *testing.T, what string, free *hearing, audio, video bool, all ...*hearing) {
	t.Helper()
	drain(free.audio)
	drain(free.video)
	free.passes(t, 60) // what was on its way has come, and the SFU's patience with pauses is over
	for _, h := range all {
		drain(h.audio)
		drain(h.video)
	}
	free.passes(t, 30)
	for i, h := range all {
		for name, one := range map[string]struct {
			c    chan struct{}
			want bool
		}{"sound": {h.audio, audio}, "picture": {h.video, video}} {
			if one.want {
				select {
				case <-one.c:
				case <-time.After(patience):
					t.Errorf("%s: no %s at viewer %d", what, name, i)
				}
			} else if n := drain(one.c); n > 0 {
				t.Errorf("%s: %d packets of %s at viewer %d", what, n, name, i)
			}
		}
	}
}

// TestPermissionsOnTheWire acts on a member who sends all the time and on one who
// receives, in the middle of the call, and counts the packets: nobody negotiates
// anything anew.
func TestPermissionsOnTheWire(t *testing.T) {
	r := serve(t, nil)
	chair := r.sit("hall", "permissions", wire.Permissions())
	none := []string{}
	sender, receiver := r.sit("hall", "permissions", none), r.sit("hall", "permissions", none)
	sender.sends("s1")
	chair.sends("clock")
	free := chair.views("clock", "clock")
	got := receiver.views("s1", "v1")
	both := "nothing is bound"
	got.measure(t, both, free, true, true)
	do := func(name string, target *seated, more ...any) {
		t.Helper()
		was := chair.state(chair.session).Version
		// Who has no permission changes nothing, least of all for itself.
		sender.act(name, target, more...).refused(name, http.StatusForbidden, wire.CodeForbidden)
		if now := chair.state(chair.session).Version; now != was {
			t.Errorf("%s is refused and changes something", name)
		}
		if a := chair.act(name, target, more...); a.status != http.StatusNoContent {
			t.Fatalf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, step := range []struct {
		name         string
		target       *seated
		more         []any
		audio, video bool
	}{
		{"muteAudio", sender, nil, false, true},
		{"muteVideo", sender, nil, false, false},
		{"unmuteAudio", sender, nil, true, false},
		{"unmuteVideo", sender, nil, true, true},
		{"deaf", receiver, nil, false, true},
		{"undeaf", receiver, nil, true, true},
		{"setInputSensitivity", sender, []any{"value", 100}, false, true},
		{"setInputSensitivity", sender, []any{"value", 0}, true, true},
		{"demote", receiver, []any{"mediaAllowed", "audio-only"}, true, false},
		{"promote", receiver, []any{"mediaAllowed", "video-only"}, false, true},
		{"demote", receiver, []any{"mediaAllowed", "all"}, true, true},
	} {
		do(step.name, step.target, step.more...)
		got.measure(t, fmt.Sprint(step.name, step.more), free, step.audio, step.video)
	}
	// A viewer that begins while a mute lasts receives no more than the others.
	do("muteVideo", sender)
	receiver.views("s1", "v2").measure(t, "a viewer that came later", free, true, false)
	do("unmuteVideo", sender)
	got.measure(t, both, free, true, true)
	do("demote", sender)
	got.measure(t, "the sender is of the audience, and goes on sending", free, false, false)
	sender.post(conferencesPath+"publishStream", wire.PublishStream{ConferenceID: sender.session, UserEndpointID: sender.endpoint, StreamID: "s2", SDPOffer: offer(t)}).
		refused("publish as one of the audience", http.StatusForbidden, wire.CodeForbidden)
	if a := newPeerOffer(t, sender.caller, "/whip/hall"); a.status != http.StatusForbidden {
		t.Errorf("WHIP as one of the audience: %d %s", a.status, a.body)
	}
	do("promote", sender)
	sender.sends("s3")
	got = receiver.views("s3", "v3")
	got.measure(t, "promoted", free, true, true)
	do("removeMember", sender, "reason", "enough")
	got.measure(t, "removed, and goes on sending", free, false, false)
}

// newPeerOffer posts an offer of sound and picture.
func newPeerOffer(t *testing.T, c caller, path string) answer {
	t.Helper()
	return c.send("POST", path, "application/sdp", []byte(offer(t)))
}

// TestRemovedWithinASecond: from the conference, the media and MQTT, having heard
// why; by an action and by the token's own time; and the token is of no more use.
func TestRemovedWithinASecond(t *testing.T) {
	r := serve(t, nil)
	chair := r.sit("hall", "permissions", []string{"room.member.remove"})
	for name, more := range map[string][]any{"removed": nil, "time is up": {"remove_after_seconds_elapsed", 1}} {
		who := r.guest(fields("hall", more...))
		endpoint := who.endpoint()
		heard, cut := make(chan wire.Event, 64), make(chan time.Time, 1)
		o := mqtt.NewClientOptions().AddBroker("tcp://" + r.MQTT).SetClientID(endpoint).SetUsername(who.token).SetAutoReconnect(false).
			SetConnectionLostHandler(func(mqtt.Client, error) { cut <- time.Now() })
		link := mqtt.NewClient(o)
		if token := link.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("connect: %v", token.Error())
		}
		defer link.Disconnect(0)
		token := link.Subscribe(wire.EndpointTopic(endpoint), 1, func(_ mqtt.Client, m mqtt.Message) {
			var e wire.Event
			if err := json.Unmarshal(m.Payload(), &e); err != nil {
				t.Error(err)
			}
			heard <- e
		})
		if !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("subscribe: %v", token.Error())
		}
		var s wire.Summary
		who.do("join", wire.JoinConference{ConferenceID: "hall", UserEndpointID: endpoint}).into(&s)
		them := &seated{who, endpoint, s.ID}
		due := time.Now().Add(time.Second)
		if more == nil {
			if a := chair.act("removeMember", them, "reason", name); a.status != http.StatusNoContent {
				t.Fatalf("%d %s", a.status, a.body)
			}
			due = time.Now()
		}
		reason := ""
		for reason == "" {
			select {
			case e := <-heard:
				if e.Type == wire.EventLeft && e.UserEndpointID == endpoint {
					reason = e.Reason
				}
			case <-time.After(patience):
				t.Fatal("it never hears why")
			}
		}
		if reason != name {
			t.Errorf("hears %q", reason)
		}
		select {
		case at := <-cut:
			late := at.Sub(due)
			t.Logf("%s: MQTT is cut after %v", name, late)
			if late > 10*time.Second { // a second, but for slow machines
				t.Errorf("%s: MQTT is cut after %v", name, late)
			}
		case <-time.After(patience):
			t.Fatal("MQTT is not cut")
		}
		again := who.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{})
		if again.status == http.StatusOK {
			var id string
			again.into(&id)
			who.post(conferencesPath+"join", wire.JoinConference{ConferenceID: "hall", UserEndpointID: id}).refused("join again", http.StatusForbidden, wire.CodeForbidden)
		}
		if a := newPeerOffer(t, who, "/whip/hall"); a.status != http.StatusForbidden {
			t.Errorf("WHIP after removal: %d %s", a.status, a.body)
		}
	}
}
