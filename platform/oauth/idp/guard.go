package idp

import (
	"fmt"
	"net/netip"
	"slices"
)

// guard decides to which addresses requests may go: without it, whoever writes
// an issuer or a provider's metadata could send the server to its own network.
// It judges addresses, not names, and at the moment of dialling, so that a name
// which changes its address in between is judged by the one that is used.
type guard struct {
	networks  []netip.Prefix // where providers may live although these are private
	never     []netip.Addr   // services of clouds that hand out credentials
	special   []netip.Prefix // what is not a public address, RFC 6890 and its registries
	nat64     netip.Prefix   // RFC 6052: the IPv4 address is in the last 4 bytes
	sixToFour netip.Prefix   // RFC 3056, 6to4: the IPv4 address is in bytes 2 to 5
	global6   netip.Prefix   // the IPv6 addresses that were ever given out
}

func newGuard(networks []netip.Prefix) (guard, error) {
	g := guard{
		nat64:     netip.MustParsePrefix("64:ff9b::/96"),
		sixToFour: netip.MustParsePrefix("2002::/16"),
		global6:   netip.MustParsePrefix("2000::/3"),
	}
	for _, p := range networks {
		if !p.IsValid() || p.Addr().Is4In6() {
			return guard{}, fmt.Errorf("idp: network %v: write it as 10.1.0.0/16 or fd00:1::/64", p)
		}
		g.networks = append(g.networks, p.Masked())
	}
	for _, a := range []string{
		"169.254.169.254", "fd00:ec2::254", // most clouds
		"168.63.129.16",   // Azure: a public address
		"100.100.100.200", // Alibaba
	} {
		g.never = append(g.never, netip.MustParseAddr(a))
	}
	for _, p := range []string{
		"0.0.0.0/8",       // this network
		"10.0.0.0/8",      // private
		"100.64.0.0/10",   // shared by a carrier's customers
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link-local
		"172.16.0.0/12",   // private
		"192.0.0.0/24",    // IETF protocols
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"192.168.0.0/16",  // private
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // reserved, broadcast
		"2001::/23",       // IETF protocols, Teredo among them
		"2001:db8::/32",   // documentation
		"3fff::/20",       // documentation
	} {
		g.special = append(g.special, netip.MustParsePrefix(p))
	}
	return g, nil
}

// check returns why a request may not go to an address, or nil. Plain requests,
// without TLS, stay inside the named networks. An address with a zone is on this
// link and never allowed: no prefix contains it.
func (g guard) check(a netip.Addr, plain bool) error {
	a = a.Unmap()
	switch {
	case !a.IsValid(), slices.Contains(g.never, a), slices.Contains(g.never, g.embedded(a)), a.IsUnspecified(), a.IsMulticast():
		return ErrForbiddenAddress
	case slices.ContainsFunc(g.networks, func(p netip.Prefix) bool { return p.Contains(a) }):
		return nil
	case plain, !g.public(a):
		return ErrForbiddenAddress
	}
	return nil
}

// public tells whether an address is of the internet. An IPv6 address which
// stands for an IPv4 address is what that one is.
func (g guard) public(a netip.Addr) bool {
	if e := g.embedded(a); e.IsValid() {
		return g.public(e)
	}
	if a.Is6() && !g.global6.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(g.special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// embedded returns the IPv4 address for which a translated or tunnelled IPv6
// address stands, or the zero Addr.
func (g guard) embedded(a netip.Addr) netip.Addr {
	b := a.As16()
	switch {
	case g.nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case g.sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return netip.Addr{}
}
