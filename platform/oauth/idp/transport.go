package idp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	maxAnswer     = 1 << 20  // bytes of a body, after decompression
	maxHeader     = 64 << 10 // bytes of all headers
	maxDial       = 5 * time.Second
	maxIdle       = 30 * time.Second
	maxPerHost    = 8 // connections; more requests wait for their turn
	maxIdleConns  = 16
	handshakeTime = 5 * time.Second
)

// transport sends requests with TLS and without it through two dialers that
// differ in which addresses they may reach. It asks no proxy of the environment:
// behind one, nobody would judge the address.
type transport struct{ secure, plain *http.Transport }

func newTransport(g guard, resolver func() *net.Resolver) *transport {
	half := func(plain bool) *http.Transport {
		return &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				d := net.Dialer{Timeout: maxDial, Resolver: resolver(), Control: func(_, address string, _ syscall.RawConn) error {
					a, err := netip.ParseAddrPort(address)
					if err != nil {
						return ErrForbiddenAddress
					}
					return g.check(a.Addr(), plain)
				}}
				return d.DialContext(ctx, network, address)
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           maxIdleConns,
			MaxConnsPerHost:        maxPerHost,
			IdleConnTimeout:        maxIdle,
			TLSHandshakeTimeout:    handshakeTime,
			MaxResponseHeaderBytes: maxHeader,
		}
	}
	return &transport{secure: half(false), plain: half(true)}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	half := t.plain
	if r.URL.Scheme == "https" {
		half = t.secure
	}
	answer, err := half.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	return answer, nil
}

// CloseIdleConnections lets http.Client close both halves.
func (t *transport) CloseIdleConnections() {
	t.secure.CloseIdleConnections()
	t.plain.CloseIdleConnections()
}
