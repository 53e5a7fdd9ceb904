package sfu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// browserOffer reads an offer in the manner of a browser: everything that
// browsers put into one and that must do no harm.
func browserOffer(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n")
}

func sections(t testing.TB, text string) []*sdp.MediaDescription {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d.MediaDescriptions
}

func has(m *sdp.MediaDescription, key string) bool { _, ok := m.Attribute(key); return ok }

func count(m *sdp.MediaDescription, key string) (n int) {
	for _, a := range m.Attributes {
		if a.Key == key {
			n++
		}
	}
	return n
}

func TestAnswerToABrowserThatPublishes(t *testing.T) {
	s := newSFU(t)
	answer, err := s.Publish(t.Context(), stream1, sender, browserOffer(t, "publish.sdp"))
	if err != nil {
		t.Fatal(err)
	}
	list := sections(t, answer)
	if len(list) != 4 {
		t.Fatalf("%d sections:\n%s", len(list), answer)
	}
	if a := list[0]; !slices.Equal(a.MediaName.Formats, []string{"111"}) || !has(a, "recvonly") || !has(a, "candidate") {
		t.Errorf("audio:\n%s", answer)
	}
	if v := list[1]; !slices.Equal(v.MediaName.Formats, []string{"96"}) || !has(v, "recvonly") || has(v, "candidate") {
		t.Errorf("video:\n%s", answer)
	}
	if v := list[2]; v.MediaName.Port.Value != 9 || !has(v, "inactive") || !has(v, "ice-ufrag") {
		t.Errorf("the section that sends nothing:\n%s", answer)
	}
	if d := list[3]; d.MediaName.Port.Value != 0 || d.MediaName.Media != "application" {
		t.Errorf("the data channel:\n%s", answer)
	}
	for _, want := range []string{"a=group:BUNDLE 0 1 2\r\n", "transport-cc", "ccm fir", "nack pli", "ssrc-audio-level",
		"transport-wide-cc", "a=setup:passive"} {
		if !strings.Contains(answer, want) {
			t.Errorf("no %q in\n%s", want, answer)
		}
	}
	for _, unwanted := range []string{"rtx", "simulcast", "rid", "abs-send-time", "ice-lite", "red/"} {
		if strings.Contains(answer, unwanted) {
			t.Errorf("%q in\n%s", unwanted, answer)
		}
	}
}

func TestAnswerToABrowserThatViews(t *testing.T) {
	s := newSFU(t)
	if _, err := s.Publish(t.Context(), stream1, sender, browserOffer(t, "publish.sdp")); err != nil {
		t.Fatal(err)
	}
	answer, err := s.View(t.Context(), viewer1, receiver, browserOffer(t, "view.sdp"))
	if err != nil {
		t.Fatal(err)
	}
	list := sections(t, answer)
	if len(list) != 4 {
		t.Fatalf("%d sections:\n%s", len(list), answer)
	}
	// The first video section is for nothing: there are three, and one track.
	if v := list[0]; !slices.Equal(v.MediaName.Formats, []string{"98", "99"}) || !has(v, "sendonly") || count(v, "candidate") != 2 {
		t.Errorf("video:\n%s", answer)
	}
	if a := list[1]; !has(a, "sendonly") || !has(a, "msid") {
		t.Errorf("audio:\n%s", answer)
	}
	if !has(list[2], "inactive") || !has(list[3], "inactive") {
		t.Errorf("the rest:\n%s", answer)
	}
	id := func(m *sdp.MediaDescription) string { v, _ := m.Attribute("msid"); return strings.Fields(v)[0] }
	if id(list[0]) != id(list[1]) {
		t.Error("audio and video are of different media streams")
	}
	if n := strings.Count(answer, "cname:"+id(list[0])); n != 3 { // audio, video, retransmissions
		t.Errorf("%d CNAMEs in\n%s", n, answer)
	}
}

func TestOneKindOnly(t *testing.T) {
	s := newSFU(t)
	audio, video := StreamKey{"c", "audio"}, StreamKey{"c", "video"}
	publish(t, s, audio, clientOptions{}, webrtc.MimeTypeOpus)
	publish(t, s, video, clientOptions{}, webrtc.MimeTypeVP8)
	offer := func(kinds ...webrtc.RTPCodecType) string {
		return offerOf(t, prepare(t, clientOptions{}, kinds...).pc)
	}
	view := func(k StreamKey, offer string) (string, error) {
		key := ViewerKey{k.Conference, k.Stream, fmt.Sprint(s.Stats().Viewers)}
		return s.View(t.Context(), key, receiver, offer)
	}
	if _, err := view(audio, offer(kindVideo)); !errors.Is(err, ErrBadOffer) {
		t.Errorf("video of an audio stream: %v", err)
	}
	for name, c := range map[string]struct {
		key    StreamKey
		kinds  []webrtc.RTPCodecType
		active int
	}{
		"audio of audio":   {audio, []webrtc.RTPCodecType{kindAudio}, 0},
		"both of audio":    {audio, []webrtc.RTPCodecType{kindVideo, kindAudio}, 1},
		"both of video":    {video, []webrtc.RTPCodecType{kindVideo, kindAudio}, 0},
		"many of video":    {video, []webrtc.RTPCodecType{kindAudio, kindVideo, kindVideo}, 1},
		"audio many times": {audio, []webrtc.RTPCodecType{kindAudio, kindAudio}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := view(c.key, offer(c.kinds...))
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range sections(t, answer) {
				if has(m, "sendonly") != (i == c.active) || has(m, "inactive") != (i != c.active) {
					t.Errorf("section %d:\n%s", i, answer)
				}
			}
		})
	}
}

func TestCodecOfThePublisherCounts(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{codecs: []webrtc.RTPCodecParameters{codecH264, codecOpus}}, webrtc.MimeTypeH264)
	plain := prepare(t, clientOptions{}, kindVideo)
	if _, err := s.View(t.Context(), viewer1, receiver, offerOf(t, plain.pc)); !errors.Is(err, ErrBadOffer) || !strings.Contains(err.Error(), "H264") {
		t.Errorf("a viewer without H.264: %v", err)
	}
	other := codecH264
	other.PayloadType = 125
	v := view(t, s, viewer1, clientOptions{codecs: []webrtc.RTPCodecParameters{codecVP8, other}}, kindVideo)
	wait(t, v.up, "viewer connected")
	for i, b := range [][]byte{{0x41, 9}, {0x67, 0x42, 0, 1}, {0x68, 0xce}, {0x7c, 0x85, 1}, {0x7c, 0x45, 2}, {0x41, 3}} {
		p.video.send(uint16(i), 3000*uint32((i+3)/4), i == 0 || i > 3, b)
	}
	for _, want := range []byte{0x67, 0x68, 0x7c, 0x7c, 0x41} {
		got := wait(t, v.video, "H.264")
		if got.Payload[0] != want || got.PayloadType != 125 {
			t.Errorf("got % x as %d, want %x as 125", got.Payload, got.PayloadType, want)
		}
	}
}

func TestBadOffers(t *testing.T) {
	s := newSFU(t)
	good := offerOf(t, func() *webrtc.PeerConnection {
		pc := newClient(t, clientOptions{})
		for _, m := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus} {
			if _, err := pc.AddTrack(newSource(m)); err != nil {
				t.Fatal(err)
			}
		}
		return pc
	}())
	drop := func(prefix string) string {
		var keep []string
		for line := range strings.SplitSeq(good, "\r\n") {
			if !strings.HasPrefix(line, prefix) {
				keep = append(keep, line)
			}
		}
		return strings.Join(keep, "\r\n")
	}
	swap := func(old, new string) string { return strings.ReplaceAll(good, old, new) }
	one := good[strings.Index(good, "m=video"):strings.Index(good, "m=audio")]
	tests := map[string]string{
		"nothing":            "",
		"no SDP":             "hello",
		"half of it":         good[:len(good)/2],
		"JSON":               `{"type":"offer","sdp":"v=0"}`,
		"no media":           good[:strings.Index(good, "m=")],
		"too long":           good + strings.Repeat("a=x\r\n", maxOfferSize/5),
		"too many sections":  good + strings.Repeat("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", maxSections),
		"no mid":             drop("a=mid"),
		"a mid twice":        good + one,
		"no bundle":          drop("a=group"),
		"no ufrag":           drop("a=ice-ufrag"),
		"no password":        drop("a=ice-pwd"),
		"no fingerprint":     drop("a=fingerprint"),
		"odd fingerprint":    swap("a=fingerprint:sha-256 ", "a=fingerprint:"),
		"unknown setup":      swap("a=setup:actpass", "a=setup:perhaps"),
		"lite":               strings.Replace(good, "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", 1),
		"unknown codecs":     swap("VP8/90000", "VP7/90000")[:strings.Index(good, "m=audio")],
		"all rejected":       swap("m=video 9", "m=video 0")[:strings.Index(good, "m=audio")],
		"only receives":      strings.NewReplacer("a=sendrecv", "a=recvonly").Replace(good),
		"no RTP":             swap("UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"),
		"plain RTP":          swap("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
		"payload types of 0": strings.NewReplacer("SAVPF 96", "SAVPF 0", ":96", ":0", "SAVPF 111", "SAVPF 0", ":111", ":0").Replace(good),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			key := StreamKey{"bad", name}
			answer, err := s.Publish(t.Context(), key, sender, text)
			if !errors.Is(err, ErrBadOffer) {
				t.Errorf("got %v, answer %q", err, answer)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
		})
	}
	if st := s.Stats(); st.Streams != 0 {
		t.Errorf("%d streams are left", st.Streams)
	}
	if _, err := s.Publish(t.Context(), stream1, sender, good); err != nil {
		t.Error(err)
	}
}

func TestBadCandidates(t *testing.T) {
	s := newSFU(t)
	publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	for _, c := range []string{
		"candidate:", "a=candidate:", "end-of-candidates", " ",
		"a=candidate:1 1 UDP 1 ::1 1 typ host", "1 1 udp 1 192.0.2.1 1 typ relay raddr 0.0.0.0 rport 0",
	} {
		if err := s.AddPublisherCandidate(stream1, webrtc.ICECandidateInit{Candidate: c}); err != nil {
			t.Errorf("%q: %v", c, err)
		}
	}
	for _, c := range []string{
		"x", "candidate:1", "candidate:1 1 udp 1 192.0.2.1 1 host", "candidate:1 0 udp 1 192.0.2.1 1 typ host",
		"candidate:1 1 udp -1 192.0.2.1 1 typ host", "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
		"candidate:1 1 udp 1 192.0.2.1 1 typ magic", "candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=x",
		"candidate:" + strings.Repeat("1", 2000),
	} {
		if err := s.AddPublisherCandidate(stream1, webrtc.ICECandidateInit{Candidate: c}); !errors.Is(err, ErrBadCandidate) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

func TestUnknownKeys(t *testing.T) {
	s := newSFU(t)
	view := offerOf(t, prepare(t, clientOptions{}, kindVideo).pc)
	publishes := browserOffer(t, "publish.sdp")
	none := webrtc.ICECandidateInit{}
	check := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := s.View(t.Context(), viewer1, receiver, view)
	check("view", err, ErrUnknownStream)
	_, err = s.Republish(t.Context(), stream1, publishes)
	check("republish", err, ErrUnknownStream)
	check("unpublish", s.Unpublish(stream1), ErrUnknownStream)
	check("stop view", s.StopView(viewer1), ErrUnknownStream)
	check("publisher's candidate", s.AddPublisherCandidate(stream1, none), ErrUnknownStream)
	check("viewer's candidate", s.AddViewerCandidate(viewer1, none), ErrUnknownStream)
	_, err = s.ViewerStats(viewer1)
	check("stats", err, ErrUnknownStream)
	s.EndConference("nowhere")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Publish(ctx, stream1, sender, publishes)
	check("publish, given up", err, context.Canceled)
	if _, err = s.Publish(t.Context(), stream1, sender, publishes); err != nil {
		t.Fatal(err)
	}
	_, err = s.Publish(t.Context(), stream1, sender, publishes)
	check("publish again", err, ErrStreamExists)
	_, err = s.View(ctx, viewer1, receiver, view)
	check("view, given up", err, context.Canceled)
	check("stop view", s.StopView(viewer1), ErrUnknownViewer)
	check("viewer's candidate", s.AddViewerCandidate(viewer1, none), ErrUnknownViewer)
	if _, err = s.View(t.Context(), viewer1, receiver, view); err != nil {
		t.Fatal(err)
	}
	_, err = s.View(t.Context(), viewer1, receiver, view)
	check("view again", err, ErrViewerExists)
	_, err = s.Republish(t.Context(), stream1, strings.ReplaceAll(publishes, "VP8/90000", "VP7/90000"))
	check("republish with another codec", err, ErrBadOffer)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Publish(t.Context(), stream1, sender, publishes)
	check("publish after the end", err, ErrClosed)
	_, err = s.View(t.Context(), viewer1, receiver, view)
	check("view after the end", err, ErrUnknownStream)
}

func TestAnnouncedAddresses(t *testing.T) {
	public := netip.MustParseAddr("203.0.113.7")
	s := newSFU(t, func(c *Config) {
		c.Listen = "0.0.0.0:0"
		c.Addresses = []netip.Addr{public, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("2001:db8::1")}
	})
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.start(t)
	for name, tcp := range map[string]bool{"udp": false, "tcp": true} {
		v := view(t, s, ViewerKey{"conference", "stream", name}, clientOptions{tcp: tcp}, kindVideo)
		m := sections(t, v.answer)[0]
		if n := count(m, "candidate"); n != 4 { // the IPv6 one cannot be served by an IPv4 socket
			t.Errorf("%d candidates:\n%s", n, v.answer)
		}
		if !strings.Contains(v.answer, fmt.Sprintf("203.0.113.7 %d typ host", s.Addr().Port())) {
			t.Errorf("the public address is missing:\n%s", v.answer)
		}
		wait(t, v.video, "video over "+name)
	}
}

func TestListenOnEveryAddress(t *testing.T) {
	for name, listen := range map[string]string{"both families": ":0", "IPv4": "0.0.0.0:0"} {
		t.Run(name, func(t *testing.T) {
			s := newSFU(t, func(c *Config) { c.Listen = listen })
			p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
			p.start(t)
			for _, tcp := range []bool{false, true} {
				key := ViewerKey{"conference", "stream", fmt.Sprint(tcp)}
				v := view(t, s, key, clientOptions{tcp: tcp}, kindVideo)
				wait(t, v.video, "video")
				if !strings.Contains(v.answer, " 127.0.0.1 ") {
					t.Errorf("loopback is not announced:\n%s", v.answer)
				}
			}
		})
	}
}

func TestCertificateOutlastsTheProcess(t *testing.T) {
	s := newSFU(t)
	if left := time.Until(s.engine.config.Certificates[0].Expires()); left < 365*24*time.Hour {
		t.Errorf("no connection can be made after %v", left)
	}
}

func TestBadConfig(t *testing.T) {
	log := newSFU(t).log
	addr := func(s string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(s)} }
	for name, c := range map[string]Config{
		"no logger":        {Listen: "127.0.0.1:0", Loopback: true},
		"no port":          {Listen: "127.0.0.1", Logger: log},
		"bad port":         {Listen: "127.0.0.1:x", Logger: log},
		"a name":           {Listen: "localhost:0", Logger: log},
		"unspecified":      {Listen: "127.0.0.1:0", Logger: log, Addresses: addr("0.0.0.0")},
		"loopback":         {Listen: "127.0.0.1:0", Logger: log, Addresses: addr("127.0.0.1")},
		"multicast":        {Listen: "127.0.0.1:0", Logger: log, Addresses: addr("224.0.0.1")},
		"the other family": {Listen: "127.0.0.1:0", Logger: log, Addresses: addr("2001:db8::1")},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := New(c); err == nil {
				_ = s.Close()
				t.Error("accepted")
			}
		})
	}
}

// FuzzOffer looks for offers that make us or pion panic, or whose answers do
// not fit them.
func FuzzOffer(f *testing.F) {
	f.Add(browserOffer(f, "publish.sdp"), browserOffer(f, "view.sdp"))
	pc := newClient(f, clientOptions{nack: true})
	if _, err := pc.AddTrack(newSource(webrtc.MimeTypeVP8)); err != nil {
		f.Fatal(err)
	}
	f.Add(offerOf(f, pc), offerOf(f, prepare(f, clientOptions{nack: true}, kindAudio, kindVideo).pc))
	s := newSFU(f)
	f.Fuzz(func(t *testing.T, publishes, views string) {
		defer s.EndConference("fuzz")
		answers := map[string]string{}
		answers[publishes], _ = s.Publish(t.Context(), StreamKey{"fuzz", "s"}, sender, publishes)
		answers[views], _ = s.View(t.Context(), ViewerKey{"fuzz", "s", "v"}, receiver, views)
		for offer, answer := range answers {
			if answer == "" {
				continue
			}
			in, out := sections(t, offer), sections(t, answer)
			if len(in) != len(out) {
				t.Fatalf("%d sections answered with %d", len(in), len(out))
			}
			for i := range in {
				if in[i].MediaName.Media != out[i].MediaName.Media {
					t.Fatalf("section %d is %q, answered as %q", i, in[i].MediaName.Media, out[i].MediaName.Media)
				}
			}
		}
	})
}
