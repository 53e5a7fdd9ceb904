package limit

import (
	"net"
	"net/http"
	"net/netip"
)

// Address is the caller's address without its port. A proxy in front is not
// trusted to name another.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Network is the caller's address or, of IPv6, the network that one caller
// holds: it has more addresses than anybody could count.
func Network(r *http.Request) string {
	host := Address(r)
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
