package relay

import (
	"errors"
	"net"
	"net/netip"

	"github.com/pion/turn/v5"
)

var (
	errNoTCP     = errors.New("TCP relays are not offered")
	errQuota     = errors.New("the user has too many relays")
	errForbidden = errors.New("the relay reaches the media address only")
)

// generator opens the relayed sockets.
type generator struct{ r *Relay }

func (generator) Validate() error { return nil }

// AllocatePacketConn opens a socket on the media host's own address, so that
// what it relays never leaves the machine on its way to the SFU.
func (g generator) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	for peer := range g.r.peers {
		host := peer.Addr()
		if c.Network == "udp4" && !host.Is4() || c.Network == "udp6" && host.Is4() {
			continue
		}
		conn, err := net.ListenUDP(c.Network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
		if err != nil {
			return nil, nil, err
		}
		relayed := &relayed{UDPConn: conn, relay: g.r, username: c.UserID}
		if !g.r.add(relayed) {
			return nil, nil, errors.Join(errQuota, conn.Close())
		}
		return relayed, conn.LocalAddr(), nil
	}
	return nil, nil, errForbidden
}

func (generator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

func (generator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// relayed is the socket of one relay. Permissions know addresses without ports
// (RFC 8656, section 9), so it holds the last word on where packets go.
type relayed struct {
	*net.UDPConn
	relay    *Relay
	username string
}

func (c *relayed) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errForbidden
	}
	a := u.AddrPort()
	if !c.relay.peers[netip.AddrPortFrom(a.Addr().Unmap(), a.Port())] {
		return len(b), nil // dropped like a packet that nobody answers
	}
	return c.UDPConn.WriteTo(b, to)
}

func (c *relayed) Close() error {
	c.relay.remove(c)
	return c.UDPConn.Close()
}

func (r *Relay) add(c *relayed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := userOf(c.username)
	if len(r.relays[user]) >= maxPerUser {
		return false
	}
	if r.relays[user] == nil {
		r.relays[user] = map[*relayed]bool{}
	}
	r.relays[user][c] = true
	return true
}

func (r *Relay) remove(c *relayed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := userOf(c.username)
	delete(r.relays[user], c)
	if len(r.relays[user]) == 0 {
		delete(r.relays, user)
	}
}
