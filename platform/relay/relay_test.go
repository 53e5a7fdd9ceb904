package relay

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// media is a UDP service that echoes what it gets.
func media(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if _, err := conn.WriteTo(b[:n], from); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

type clock struct{ seconds atomic.Int64 }

func (c *clock) Now() time.Time { return time.Unix(1_700_000_000+c.seconds.Load(), 0) }

func start(t *testing.T, peer netip.AddrPort) (*Relay, *clock) {
	t.Helper()
	c := &clock{}
	r, err := New(Config{Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte{7}, 32), Peers: []netip.AddrPort{peer}, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, c
}

// client signs in to the relay over UDP or TCP.
func client(t *testing.T, r *Relay, network, username, password string) *turn.Client {
	t.Helper()
	var conn net.PacketConn
	if network == "tcp" {
		c, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn = turn.NewSTUNConn(c)
	} else {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn = c
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	c, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: r.Addr().String(), STUNServerAddr: r.Addr().String(),
		Conn: conn, Username: username, Password: password, Realm: realm, LoggerFactory: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); conn.Close() })
	return c
}

func TestRelayReachesTheMediaAddress(t *testing.T) {
	peer := media(t, "127.0.0.1:0")
	r, _ := start(t, peer)
	for _, network := range []string{"udp", "tcp"} {
		user, password := r.Credential("u-" + network)
		c := client(t, r, network, user, password)
		conn, err := c.Allocate()
		if err != nil {
			t.Fatal(network, err)
		}
		if _, err := conn.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(peer)); err != nil {
			t.Fatal(network, err)
		}
		b := make([]byte, 16)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := conn.ReadFrom(b)
		if err != nil || string(b[:n]) != "hello" {
			t.Errorf("%s: got %q, %v", network, b[:n], err)
		}
		conn.Close()
	}
}

// The port of a permission is not checked by TURN itself, and an address has
// many spellings: none of them may reach anything but the media address.
func TestRelayReachesNothingElse(t *testing.T) {
	peer := media(t, "127.0.0.1:0")
	victim, err := net.ListenPacket("udp", "[::]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	port := victim.LocalAddr().(*net.UDPAddr).Port
	r, _ := start(t, peer)
	user, password := r.Credential("u")
	c := client(t, r, "udp", user, password)
	conn, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "0.0.0.0", "169.254.169.254", "10.0.0.1", "100.64.0.1", "192.168.1.1", "203.0.113.5"} {
		ip := net.ParseIP(host)
		for _, form := range []net.IP{ip.To4(), ip.To16()} {
			_, err := conn.WriteTo([]byte("intruder"), &net.UDPAddr{IP: form, Port: port})
			if host != "127.0.0.1" && err == nil {
				t.Errorf("%s: permission was granted", host)
			}
		}
	}
	// What was sent to the media host's other port must not have come through;
	// the echo of a packet sent after them proves that they had their time.
	if _, err := conn.WriteTo([]byte("last"), net.UDPAddrFromAddrPort(peer)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFrom(b); err != nil {
		t.Fatal(err)
	}
	if err := victim.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := victim.ReadFrom(b); err == nil {
		t.Errorf("the other port received %q", b[:n])
	}
}

func TestWriteToChecksEveryForm(t *testing.T) {
	peer := media(t, "127.0.0.1:0")
	r, _ := start(t, peer)
	conn, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &relayed{UDPConn: conn, relay: r, username: "1:u"}
	defer c.Close()
	refused := 0
	for _, s := range []string{"127.0.0.1:1", "[::ffff:127.0.0.1]:1", "[64:ff9b::7f00:1]:" + portOf(peer), "[2002:7f00:1::]:" + portOf(peer), "[::127.0.0.1]:" + portOf(peer), "[::1]:" + portOf(peer), "0.0.0.0:" + portOf(peer)} {
		a := netip.MustParseAddrPort(s)
		if !r.peers[netip.AddrPortFrom(a.Addr().Unmap(), a.Port())] {
			refused++
		} else {
			t.Errorf("%s counts as the media address", s)
		}
	}
	if refused != 7 {
		t.Errorf("%d of 7 forms refused", refused)
	}
	if _, err := c.WriteTo(nil, &net.TCPAddr{}); !errors.Is(err, errForbidden) {
		t.Errorf("TCP address: %v", err)
	}
}

func portOf(a netip.AddrPort) string { return a.String()[strings.LastIndexByte(a.String(), ':')+1:] }

func TestCredentials(t *testing.T) {
	peer := media(t, "127.0.0.1:0")
	r, clock := start(t, peer)
	good, password := r.Credential("u")
	for name, try := range map[string][2]string{
		"wrong password":     {good, "x"},
		"no expiry":          {"u", r.password("u")},
		"no user":            {"9999999999:", r.password("9999999999:")},
		"expiry moved":       {"9999999999:u", password},
		"expired long since": {"1:u", r.password("1:u")},
	} {
		if conn, err := client(t, r, "udp", try[0], try[1]).Allocate(); err == nil {
			conn.Close()
			t.Errorf("%s: a relay was opened", name)
		}
	}
	c := client(t, r, "udp", good, password)
	conn, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	clock.seconds.Add(int64(CredentialLife/time.Second) + 1)
	if _, err := conn.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(peer)); err != nil {
		t.Errorf("an open relay must outlive its credential: %v", err)
	}
	if late, err := client(t, r, "udp", good, password).Allocate(); err == nil {
		late.Close()
		t.Error("an expired credential opened a relay")
	}
	conn.Close()
}

func TestQuotaAndDrop(t *testing.T) {
	peer := media(t, "127.0.0.1:0")
	r, _ := start(t, peer)
	user, password := r.Credential("u")
	for i := range maxPerUser {
		conn, err := client(t, r, "udp", user, password).Allocate()
		if err != nil {
			t.Fatalf("relay %d: %v", i, err)
		}
		defer conn.Close()
	}
	if _, err := client(t, r, "udp", user, password).Allocate(); err == nil {
		t.Errorf("relay %d was opened", maxPerUser+1)
	}
	other, otherPassword := r.Credential("v")
	conn, err := client(t, r, "udp", other, otherPassword).Allocate()
	if err != nil {
		t.Fatalf("another user: %v", err)
	}
	defer conn.Close()
	r.Drop("u")
	if n := r.count("u"); n != 0 {
		t.Errorf("%d relays are left after Drop", n)
	}
	if n := r.count("v"); n != 1 {
		t.Errorf("the other user has %d relays, want 1", n)
	}
}
