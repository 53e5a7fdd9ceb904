package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// portTries bounds the search for a port number that is free for UDP and TCP.
const portTries = 32

// ports are the two listeners of one port number.
type ports struct {
	udp  *net.UDPConn
	tcp  *net.TCPListener
	addr netip.AddrPort
}

// listen opens UDP and TCP on the same port. Port 0 takes one that is free for
// both. A host that is missing or "::" means every address of both families.
func listen(address string) (ports, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return ports{}, fmt.Errorf("listen address %q: %w", address, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return ports{}, fmt.Errorf("listen address %q: bad port", address)
	}
	ip := netip.IPv6Unspecified()
	if host != "" {
		if ip, err = netip.ParseAddr(host); err != nil {
			return ports{}, fmt.Errorf("listen address %q: host must be an IP address", address)
		}
	}
	if host == "" && !haveIPv6() {
		ip = netip.IPv4Unspecified()
	}
	ip = ip.Unmap()
	for try := 1; ; try++ {
		p, err := listenBoth(netip.AddrPortFrom(ip, uint16(port)))
		if err == nil {
			return p, nil
		}
		if port != 0 || try == portTries {
			return ports{}, fmt.Errorf("listen for media: %w", err)
		}
	}
}

func listenBoth(at netip.AddrPort) (ports, error) {
	// Plain "udp" with 0.0.0.0 would open a socket of both families.
	udpNet, tcpNet := "udp4", "tcp4"
	if at.Addr().Is6() {
		udpNet, tcpNet = "udp", "tcp"
	}
	u, err := net.ListenUDP(udpNet, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return ports{}, err
	}
	real := netip.AddrPortFrom(at.Addr(), u.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	t, err := net.ListenTCP(tcpNet, net.TCPAddrFromAddrPort(real))
	if err != nil {
		_ = u.Close()
		return ports{}, err
	}
	return ports{udp: u, tcp: t, addr: real}, nil
}

func haveIPv6() bool {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// announce returns the addresses for host candidates: those configured, else
// the one listened on, else those of the interfaces.
func announce(cfg Config, bound netip.Addr) ([]netip.Addr, error) {
	list := cfg.Addresses
	if len(list) == 0 && !bound.IsUnspecified() {
		list = []netip.Addr{bound}
	}
	if len(list) == 0 {
		var err error
		if list, err = interfaceAddresses(cfg.Loopback); err != nil {
			return nil, err
		}
	}
	var usable []netip.Addr
	for _, a := range list {
		a = a.Unmap().WithZone("")
		if a.Is6() && bound.Is4() {
			continue // the sockets cannot be reached there
		}
		usable = append(usable, a)
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("no address to announce for media on %s", bound)
	}
	return usable, nil
}

func interfaceAddresses(loopback bool) ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	var list []netip.Addr
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		ip := prefix.Addr().Unmap()
		if ip.IsGlobalUnicast() || loopback && ip.IsLoopback() {
			list = append(list, ip)
		}
	}
	return list, nil
}

func (p ports) close() {
	_ = p.udp.Close()
	_ = p.tcp.Close()
}
