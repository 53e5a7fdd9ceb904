package sfu

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

const (
	tcpFirstMessage = 8 * time.Second // a TCP connection must send a STUN request by then
	tcpConnections  = 1024            // in all
	tcpPerAddress   = 64              // from one address
	tcpWriteBuffer  = 512 << 10       // bytes queued for a TCP peer before packets are dropped
	tcpReadPackets  = 32
)

// faces are the addresses that stand for the server inside the ICE agents: at
// most one of each family. An agent reads the shared socket once per local
// candidate, so more of them would only race for the same packets; the other
// announced addresses are added to the answers (see answer.go).
func faces(announced []netip.Addr) []netip.Addr {
	var four, six netip.Addr
	for _, a := range announced {
		if a.Is4() && !four.IsValid() {
			four = a
		}
		if a.Is6() && !six.IsValid() {
			six = a
		}
	}
	var list []netip.Addr
	for _, a := range []netip.Addr{four, six} {
		if a.IsValid() {
			list = append(list, a)
		}
	}
	return list
}

// udpMux gives the agents the announced addresses in place of the bound ones.
type udpMux struct {
	*ice.UDPMuxDefault
	bound     net.Addr
	addresses []net.Addr
	wildcard  bool
}

func newUDPMux(s *socket, faces []netip.Addr, log logging.LeveledLogger) *udpMux {
	local := s.LocalAddr().(*net.UDPAddr)
	m := &udpMux{
		UDPMuxDefault: ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: s, Logger: log}),
		bound:         local,
		wildcard:      local.IP.IsUnspecified(),
	}
	for _, a := range faces {
		m.addresses = append(m.addresses, &net.UDPAddr{IP: a.AsSlice(), Port: local.Port})
	}
	return m
}

// GetListenAddresses returns the addresses to announce.
func (m *udpMux) GetListenAddresses() []net.Addr { return m.addresses }

// GetConn returns the connection of one agent. A socket bound to one address
// is known to the inner mux by that address alone.
func (m *udpMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	if !m.wildcard {
		addr = m.bound
	}
	return m.UDPMuxDefault.GetConn(ufrag, addr)
}

// tcpMux is the ICE-TCP side. The inner mux files connections by the local
// address they arrived at, which behind NAT is none of the announced ones; here
// every connection of a family is filed under one address.
type tcpMux struct {
	inner    *ice.TCPMuxDefault
	listener *tcpListener
}

func newTCPMux(l *net.TCPListener, log logging.LeveledLogger) *tcpMux {
	bounded := &tcpListener{TCPListener: l, from: map[netip.Addr]int{}}
	return &tcpMux{listener: bounded, inner: ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener:                     bounded,
		Logger:                       log,
		ReadBufferSize:               tcpReadPackets,
		WriteBufferSize:              tcpWriteBuffer,
		FirstStunBindTimeout:         tcpFirstMessage,
		AliveDurationForConnFromStun: tcpFirstMessage,
	})}
}

func (m *tcpMux) GetConnByUfrag(ufrag string, isIPv6 bool, _ net.IP) (net.PacketConn, error) {
	return m.inner.GetConnByUfrag(ufrag, isIPv6, familyIP(isIPv6))
}

func (m *tcpMux) RemoveConnByUfrag(ufrag string) { m.inner.RemoveConnByUfrag(ufrag) }

func (m *tcpMux) Close() error { return m.inner.Close() }

func familyIP(isIPv6 bool) net.IP {
	if isIPv6 {
		return net.IPv6unspecified
	}
	return net.IPv4zero.To4()
}

// tcpListener bounds the number of connections and hides at which local
// address each of them arrived.
type tcpListener struct {
	*net.TCPListener
	mu    sync.Mutex
	total int
	from  map[netip.Addr]int
}

func (l *tcpListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		remote := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		if !l.admit(remote) {
			_ = c.Close()
			continue
		}
		local := *c.LocalAddr().(*net.TCPAddr)
		local.IP, local.Zone = familyIP(remote.Is6()), ""
		return &tcpConn{TCPConn: c, local: &local, release: sync.OnceFunc(func() { l.leave(remote) })}, nil
	}
}

func (l *tcpListener) admit(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= tcpConnections || l.from[a] >= tcpPerAddress {
		return false
	}
	l.total++
	l.from[a]++
	return true
}

func (l *tcpListener) leave(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.from[a]--; l.from[a] == 0 {
		delete(l.from, a)
	}
}

type tcpConn struct {
	*net.TCPConn
	local   net.Addr
	release func()
}

func (c *tcpConn) LocalAddr() net.Addr { return c.local }

func (c *tcpConn) Close() error {
	c.release()
	return c.TCPConn.Close()
}

// network shows the ICE agents one interface with the announced addresses: the
// list is settled once, and no agent walks the machine's interfaces.
type network struct {
	*stdnet.Net
	only *transport.Interface
}

func newNetwork(faces []netip.Addr) (*network, error) {
	base, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	only := transport.NewInterface(net.Interface{Index: 1, MTU: 1500, Name: "media", Flags: net.FlagUp})
	for _, a := range faces {
		only.AddAddress(&net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())})
	}
	return &network{base, only}, nil
}

func (n *network) Interfaces() ([]*transport.Interface, error) {
	return []*transport.Interface{n.only}, nil
}
