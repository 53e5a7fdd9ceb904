package client

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"guichet/platform/server"
)

// lossy forwards the datagrams between clients and the SFU, or loses them all.
// The SFU announces its address, 127.0.0.2, on the port where it listens itself.
type lossy struct {
	conn   *net.UDPConn
	target *net.UDPAddr
	done   sync.WaitGroup

	mu   sync.Mutex
	lose bool
	by   map[netip.AddrPort]*net.UDPConn // a socket towards the SFU for each client's
}

// startLossy makes one on a port that is free on both addresses.
func startLossy(t *testing.T) *lossy {
	t.Helper()
	l := &lossy{by: map[netip.AddrPort]*net.UDPConn{}}
	var err error
	if l.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}); err != nil {
		t.Fatal(err)
	}
	l.target = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.conn.LocalAddr().(*net.UDPAddr).Port}
	l.done.Go(l.in)
	t.Cleanup(func() {
		l.conn.Close()
		l.mu.Lock()
		for _, c := range l.by {
			c.Close()
		}
		l.mu.Unlock()
		l.done.Wait()
	})
	return l
}

// in takes what clients send.
func (l *lossy) in() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		if out := l.way(from); out != nil {
			_, _ = out.Write(buffer[:n]) // lost datagrams are what this is about
		}
	}
}

// way returns the socket for a client, or nil when all is lost.
func (l *lossy) way(client netip.AddrPort) *net.UDPConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lose {
		return nil
	}
	out := l.by[client]
	if out == nil {
		var err error
		if out, err = net.DialUDP("udp4", nil, l.target); err != nil {
			return nil
		}
		l.by[client] = out
		l.done.Go(func() { l.back(out, client) })
	}
	return out
}

// back takes what the SFU sends to a client.
func (l *lossy) back(from *net.UDPConn, client netip.AddrPort) {
	buffer := make([]byte, 2048)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if l.way(client) != nil {
			_, _ = l.conn.WriteToUDPAddrPort(buffer[:n], client)
		}
	}
}

func (l *lossy) set(lose bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = lose
}

// TestMediaCut: when no datagram passes any more the call stays, and media is
// back soon after they pass again: healed by ICE after a short cut, on new
// connections after a long one.
func TestMediaCut(t *testing.T) {
	l := startLossy(t)
	h := startServerWith(t, func(c *server.Config) {
		c.MediaListen, c.MediaAddresses = l.target.String(), []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 2})}
	})
	a, b := both(t, h, h.URL)
	before := a.now()

	l.set(true)
	a.until("a's media is disconnected", func(m *member) bool { return !m.state.Sending })
	l.set(false)
	mended := time.Now()
	a.until("a's media is back", func(m *member) bool { return m.state.Sending && m.state.Receiving })
	a.hears('b', 5)
	b.hears('a', 5)
	t.Logf("after a short cut: media back within %v", time.Since(mended))
	if s := a.now(); s.Stream != before.Stream {
		t.Error("a short cut costs a new connection")
	}

	l.set(true)
	a.until("a publishes anew", func(m *member) bool { return m.state.Stream != before.Stream && m.state.Stream != "" })
	l.set(false)
	mended = time.Now()
	a.until("a's media is back", func(m *member) bool { return m.state.Sending && m.state.Receiving })
	a.hears('b', 5)
	b.hears('a', 5)
	t.Logf("after a long cut: media back within %v", time.Since(mended))
	if s := a.now(); s.Endpoint != before.Endpoint || !s.Online || s.Ended {
		t.Errorf("a lost its place: %+v", s)
	}
}
