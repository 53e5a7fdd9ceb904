package sfu

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

func TestClientsOverTCPOnly(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{tcp: true}, webrtc.MimeTypeVP8)
	p.start(t)
	v := view(t, s, viewer1, clientOptions{tcp: true}, kindVideo)
	first := wait(t, v.video, "video over TCP")
	if !vp8KeyFrame(first.Payload) {
		t.Error("does not start with a key frame")
	}
	if err := s.StopView(viewer1); err != nil {
		t.Fatal(err)
	}
	if err := s.Unpublish(stream1); err != nil {
		t.Fatal(err)
	}
	until(t, "the TCP connections to close", func() bool {
		l := s.tcp.listener
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.total == 0 && len(l.from) == 0
	})
}

// A client that trickles sends its offer without candidates, and these later,
// as names or as addresses, before or after it has the answer.
func TestTrickle(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	v := prepare(t, clientOptions{}, kindVideo)
	offer, err := v.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(offer.SDP, "a=candidate") {
		t.Fatal("the offer has candidates")
	}
	text := strings.Replace(offer.SDP, "t=0 0\r\n", "t=0 0\r\na=ice-options:trickle\r\n", 1)
	answer, err := s.View(t.Context(), viewer1, receiver, text)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(answer, "a=candidate:"); n != 2 || !strings.Contains(answer, "a=end-of-candidates") {
		t.Errorf("the answer has %d candidates:\n%s", n, answer)
	}
	if err := v.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{
		"candidate:1 1 udp 2122260223 6ec0ba46-96f6-4f2d-9b2b-a3c1a9c3b6a5.local 50000 typ host generation 0",
		"candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host",
		"candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active",
		"candidate:3 1 udp 1686052607 198.51.100.1 50000 typ srflx raddr 192.0.2.7 rport 50000",
		"",
	} {
		if err := s.AddViewerCandidate(viewer1, webrtc.ICECandidateInit{Candidate: c}); err != nil {
			t.Errorf("%q: %v", c, err)
		}
		if err := s.AddPublisherCandidate(stream1, webrtc.ICECandidateInit{Candidate: c}); err != nil {
			t.Errorf("%q: %v", c, err)
		}
	}
	accept(t, v.pc, answer)
	wait(t, v.up, "viewer connected")
	p.video.frame(true)
	wait(t, v.video, "video")
}

func TestWhoBeginsTheHandshake(t *testing.T) {
	s := newSFU(t)
	publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	for offered, want := range map[string]string{"actpass": "passive", "active": "passive", "passive": "active"} {
		t.Run(offered, func(t *testing.T) {
			v := prepare(t, clientOptions{}, kindVideo)
			offer := strings.ReplaceAll(offerOf(t, v.pc), "a=setup:actpass", "a=setup:"+offered)
			answer, err := s.View(t.Context(), ViewerKey{"conference", "stream", offered}, receiver, offer)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(answer, "a=setup:"+want+"\r\n") {
				t.Errorf("want %s in\n%s", want, answer)
			}
			accept(t, v.pc, answer)
			wait(t, v.up, "viewer connected")
		})
	}
}

func TestViewBeforeThePublisherConnects(t *testing.T) {
	s := newSFU(t)
	pc := newClient(t, clientOptions{})
	up := connected(pc)
	src := newSource(webrtc.MimeTypeVP8)
	if _, err := pc.AddTrack(src); err != nil {
		t.Fatal(err)
	}
	answer, err := s.Publish(t.Context(), stream1, sender, offerOf(t, pc))
	if err != nil {
		t.Fatal(err)
	}
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	wait(t, v.up, "viewer connected")
	accept(t, pc, answer)
	wait(t, up, "publisher connected")
	src.send(1, 1, true, vp8(true, true, 1))
	if first := wait(t, v.video, "video"); markOf(first.Payload) != 1 {
		t.Error("not the first packet")
	}
}

func TestGarbageIsDropped(t *testing.T) {
	s := newSFU(t)
	udp, err := net.Dial("udp4", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("nobody:here"), stun.Fingerprint)
	garbage := [][]byte{
		nil, {0}, {0x80}, make([]byte, 1), make([]byte, 20), make([]byte, 1400), request.Raw,
		request.Raw[:19], append([]byte{0x16, 0xfe, 0xff}, make([]byte, 60)...),
		append([]byte{0, 1, 0xff, 0xff, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...),
		append([]byte{0x80, 96}, make([]byte, 1000)...), append([]byte{0x80, 200}, make([]byte, 26)...),
	}
	for _, b := range garbage {
		if _, err := udp.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string][]byte{
		"http":                 []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"too long a message":   {0xff, 0xff, 1},
		"no STUN":              append([]byte{0, 40}, make([]byte, 40)...),
		"an empty message":     {0, 0},
		"a half STUN message":  append([]byte{0, 19}, request.Raw[:19]...),
		"a request to nobody":  append([]byte{byte(len(request.Raw) >> 8), byte(len(request.Raw))}, request.Raw...),
		"no message, and then": {},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp4", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write(b); err != nil {
				t.Fatal(err)
			}
			if len(b) == 0 || strings.HasPrefix(name, "a request") {
				return // closed after a time: see TestIdleTCPIsClosed
			}
			_ = c.SetReadDeadline(time.Now().Add(hang))
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("got %d bytes, %v", n, err)
			}
		})
	}
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.start(t)
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	wait(t, v.video, "video after all that")
}

func TestTCPConnectionsAreBounded(t *testing.T) {
	s := newSFU(t)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range tcpPerAddress {
		c, err := net.Dial("tcp4", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	c, err := net.Dial("tcp4", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(hang))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF && !isReset(err) {
		t.Errorf("one connection more than allowed: %v", err)
	}
}

func isReset(err error) bool { return err != nil && strings.Contains(err.Error(), "reset") }

func TestIdleTCPIsClosed(t *testing.T) {
	t.Parallel()
	s := newSFU(t)
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("nobody:here"), stun.Fingerprint)
	closed := make(chan error, 2)
	for _, b := range [][]byte{{}, append([]byte{0, byte(len(request.Raw))}, request.Raw...)} {
		c, err := net.Dial("tcp4", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		go func() {
			_ = c.SetReadDeadline(time.Now().Add(hang))
			_, err := c.Read(make([]byte, 1))
			closed <- err
		}()
	}
	for range 2 {
		if err := <-closed; err != io.EOF && !isReset(err) {
			t.Errorf("not closed: %v", err)
		}
	}
}

// relay passes datagrams between one client and the server, as a NAT does.
type relay struct {
	inside  *net.UDPConn
	outside atomic.Pointer[net.UDPConn]
	server  *net.UDPAddr
	client  atomic.Pointer[net.UDPAddr]
}

func newRelay(t *testing.T, s *SFU) *relay {
	r := &relay{server: net.UDPAddrFromAddrPort(s.Addr())}
	var err error
	if r.inside, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1600)
		for {
			n, from, err := r.inside.ReadFromUDP(b)
			if err != nil {
				return
			}
			r.client.Store(from)
			_, _ = r.outside.Load().WriteToUDP(b[:n], r.server)
		}
	}()
	r.rebind(t)
	t.Cleanup(func() { _ = r.inside.Close(); <-done })
	return r
}

// redirect makes the answer lead through the relay.
func (r *relay) redirect(answer string, s *SFU) string {
	port := r.inside.LocalAddr().(*net.UDPAddr).Port
	answer = strings.ReplaceAll(answer, fmt.Sprintf(" %d typ host\r\n", s.Addr().Port()), fmt.Sprintf(" %d typ host\r\n", port))
	return regexp.MustCompile(`a=candidate:\d+ 1 tcp.*\r\n`).ReplaceAllString(answer, "")
}

// rebind gives the client another address in the server's eyes.
func (r *relay) rebind(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if old := r.outside.Swap(c); old != nil {
		_ = old.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1600)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if to := r.client.Load(); to != nil {
				_, _ = r.inside.WriteToUDP(b[:n], to)
			}
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-done })
}

func TestMediaFollowsAClientWhoseAddressChanges(t *testing.T) {
	t.Parallel()
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.start(t)
	nat := newRelay(t, s)
	v := prepare(t, clientOptions{setting: func(se *webrtc.SettingEngine) {
		se.SetICETimeouts(20*time.Second, 20*time.Second, 500*time.Millisecond)
	}}, kindVideo)
	answer, err := s.View(t.Context(), viewer1, receiver, offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, v.pc, nat.redirect(answer, s))
	first := wait(t, v.video, "video through the relay")
	nat.rebind(t)
	cut := markOf(first.Payload) + 600 // sent after the change
	start := time.Now()
	deadline := time.After(hang)
	for {
		select {
		case got := <-v.video:
			if markOf(got.Payload) < cut {
				continue
			}
		case <-deadline:
			t.Fatal("no media after the client's address changed")
		}
		break
	}
	t.Logf("media back after %v", time.Since(start))
}
