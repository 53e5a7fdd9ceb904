package idp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth/idp"
)

func TestGuardJudgesAddresses(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/64"), netip.MustParsePrefix("169.254.0.0/16")}
	for address, want := range map[string]struct{ secure, plain bool }{
		"93.184.215.14":          {true, false},
		"2606:2800:21f:cb07::1":  {true, false},
		"::ffff:93.184.215.14":   {true, false},
		"64:ff9b::5db8:d70e":     {true, false}, // NAT64 of 93.184.215.14
		"2002:5db8:d70e::1":      {true, false}, // 6to4 of it
		"10.1.2.3":               {true, true},
		"::ffff:10.1.2.3":        {true, true},
		"fd00:1::7":              {true, true},
		"169.254.1.1":            {true, true},
		"10.2.0.1":               {},
		"fd00:2::7":              {},
		"0.0.0.0":                {},
		"0.1.2.3":                {},
		"100.64.0.1":             {},
		"100.100.100.200":        {},
		"127.0.0.1":              {},
		"127.255.255.254":        {},
		"168.63.129.16":          {},
		"169.254.169.254":        {}, // even where its network is named
		"::ffff:169.254.169.254": {},
		"172.16.0.1":             {},
		"172.31.255.255":         {},
		"192.0.0.192":            {},
		"192.168.1.1":            {},
		"198.18.0.1":             {},
		"203.0.113.5":            {},
		"224.0.0.1":              {},
		"255.255.255.255":        {},
		"::":                     {},
		"::1":                    {},
		"::ffff:127.0.0.1":       {},
		"::7f00:1":               {}, // IPv4-compatible
		"64:ff9b::7f00:1":        {}, // NAT64 of 127.0.0.1
		"64:ff9b::a01:203":       {}, // of 10.1.2.3: a network is named by its own addresses
		"64:ff9b::a9fe:a9fe":     {}, // of 169.254.169.254
		"64:ff9b:1::1":           {}, // local NAT64
		"2002:7f00:1::":          {}, // 6to4 of 127.0.0.1
		"2002:a9fe:a9fe::":       {},
		"2001:0:4136:e378::1":    {}, // Teredo
		"2001:db8::1":            {},
		"fc00::1":                {},
		"fd00:ec2::254":          {},
		"fe80::1":                {},
		"fe80::1%lo":             {},
		"fd00:1::7%lo":           {},
		"2606:2800:21f::1%lo":    {},
		"64:ff9b::a83f:8110":     {}, // of 168.63.129.16
		"fec0::1":                {},
		"ff02::1":                {},
	} {
		a := netip.MustParseAddr(address)
		if got := idp.CheckAddress(networks, a, false) == nil; got != want.secure {
			t.Errorf("%s by https: %v", address, got)
		}
		if got := idp.CheckAddress(networks, a, true) == nil; got != want.plain {
			t.Errorf("%s by http: %v", address, got)
		}
	}
	if idp.CheckAddress(nil, netip.Addr{}, false) == nil {
		t.Error("no address at all passes")
	}
}

func TestNetworksAreChecked(t *testing.T) {
	for _, p := range []netip.Prefix{{}, netip.PrefixFrom(netip.MustParseAddr("::ffff:10.0.0.0"), 104)} {
		if _, err := idp.New(idp.Config{Networks: []netip.Prefix{p}}); err == nil {
			t.Errorf("%v passes", p)
		}
	}
	if _, err := idp.New(idp.Config{Timeout: -1}); err == nil {
		t.Error("a negative timeout passes")
	}
}

// dns is a name server that answers every question of addresses in turn.
type dns struct {
	conn  net.PacketConn
	done  chan struct{}
	asked atomic.Int32
}

// newDNS serves IPv4 addresses, the last of them again and again, or the answer
// that nobody knows the name when there is none.
func newDNS(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dns{conn: conn, done: make(chan struct{})}
	go d.serve(addresses)
	t.Cleanup(func() { conn.Close(); <-d.done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (d *dns) serve(addresses []string) {
	defer close(d.done)
	buf := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		end := 12
		for end < n && buf[end] != 0 {
			end += 1 + int(buf[end])
		}
		if end += 5; end > n { // the name's end, type and class
			continue
		}
		isA := buf[end-4] == 0 && buf[end-3] == 1
		answer := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, buf[12:end]...)
		switch {
		case len(addresses) == 0:
			answer[3] |= 3 // NXDOMAIN
		case isA:
			a := netip.MustParseAddr(addresses[min(int(d.asked.Add(1)), len(addresses))-1]).As4()
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
		}
		_, _ = d.conn.WriteTo(answer, from)
	}
}

// target is a service inside that must never hear of us.
func target(t *testing.T) (port string, reached *atomic.Int32) {
	t.Helper()
	reached = &atomic.Int32{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			reached.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return port, reached
}

func TestRequestsIntoTheInsideAreForbidden(t *testing.T) {
	port, reached := target(t)
	c := newClient(t, func(config *idp.Config) { config.Networks = nil })
	c.Resolve(newDNS(t, "127.0.0.1"))
	for _, host := range []string{"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "LOCALHOST", "rebind.test.", "rebind.test",
		"0.0.0.0", "[::]", "0x7f000001", "10.0.0.1", "169.254.169.254", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00:ec2::254]"} {
		for _, scheme := range []string{"http", "https"} {
			err := c.Fetch(t.Context(), scheme+"://"+host+":"+port+"/")
			if !errors.Is(err, idp.ErrForbiddenAddress) {
				t.Errorf("%s://%s: %v", scheme, host, err)
			}
			p := newFakeProvider(scheme + "://" + host + ":" + port)
			if _, err := c.AuthorizeURL(t.Context(), p, state, idp.NewTransit()); !errors.Is(err, idp.ErrForbiddenAddress) && !errors.Is(err, idp.ErrSettings) {
				t.Errorf("issuer at %s://%s: %v", scheme, host, err)
			}
			if _, err := finish(t, c, p, idp.NewTransit(), map[string][]string{"code": {"c"}}, ""); !errors.Is(err, idp.ErrForbiddenAddress) && !errors.Is(err, idp.ErrSettings) {
				t.Errorf("answer of %s://%s: %v", scheme, host, err)
			}
			if trial := c.Try(t.Context(), p); trial.OK {
				t.Errorf("trial of %s://%s: %+v", scheme, host, trial)
			}
		}
	}
	for _, host := range []string{"127.1", "2130706433", "0177.0.0.1"} { // addresses to some, names to others
		if err := c.Fetch(t.Context(), "https://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s answers", host)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d connections reached the inside", n)
	}
}

func newFakeProvider(issuer string) idp.Provider {
	p := (&fake{Server: &httptest.Server{}}).provider()
	p.Issuer = issuer
	return p
}

// A name may change its address after it was looked at.
func TestNameThatChangesItsAddressIsForbidden(t *testing.T) {
	port, reached := target(t)
	c := newClient(t, func(config *idp.Config) { config.Networks = nil })
	c.Resolve(newDNS(t, "93.184.215.14", "127.0.0.1"))
	trial := c.Try(t.Context(), newFakeProvider("https://rebind.test:"+port))
	last := trial.Steps[len(trial.Steps)-1]
	if trial.OK || len(trial.Steps) != 3 || last.Name != "Connection" || !strings.Contains(last.Detail, "do not allow") {
		t.Errorf("%+v", trial)
	}
	if reached.Load() != 0 {
		t.Error("the inside was reached")
	}
}

// A proxy of the environment would dial on our behalf, without the guard.
func TestProxiesOfTheEnvironmentAreNotAsked(t *testing.T) {
	c := newClient(t) // which could reach the proxies of TestMain
	c.Resolve(newDNS(t, "10.0.0.1"))
	for _, scheme := range []string{"http", "https"} {
		if err := c.Fetch(t.Context(), scheme+"://login.test/"); !errors.Is(err, idp.ErrForbiddenAddress) {
			t.Error(err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := newFake(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks"} {
		f := newFake(t)
		f.override[path] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+path, http.StatusFound) }
		if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUnreachable) || !strings.Contains(err.Error(), "redirects") {
			t.Errorf("%s: %v", path, err)
		}
		if other.count(path) != 0 {
			t.Errorf("%s was followed", path)
		}
	}
}

func TestHugeAnswersAreCutOff(t *testing.T) {
	f := newFake(t)
	f.override["/jwks"] = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[],"filler":"` + strings.Repeat("x", idp.MaxAnswer) + `"}`))
	}
	if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUnreachable) || !strings.Contains(err.Error(), "bytes") {
		t.Error(err)
	}
	f = newFake(t)
	f.override["/token"] = func(w http.ResponseWriter, _ *http.Request) {
		respond(w, 200, map[string]any{"filler": strings.Repeat("x", idp.MaxAnswer), "access_token": accessToken})
	}
	if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUnreachable) {
		t.Error(err)
	}
	f = newFake(t)
	f.override["/jwks"] = func(w http.ResponseWriter, _ *http.Request) {
		respond(w, 200, map[string]any{"keys": make([]int, 101)})
	}
	if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUnreachable) || !strings.Contains(err.Error(), "101 keys") {
		t.Error(err)
	}
}

// slow sends half an answer and waits for the client to lose patience.
func slow(half string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(half))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func TestSlowAnswersAreGivenUp(t *testing.T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/jwks"} {
		for _, half := range []string{"", "{"} {
			f := newFake(t)
			f.override[path] = slow(half)
			c := newClient(t, func(config *idp.Config) { config.Timeout = 250 * time.Millisecond })
			if _, err := f.signIn(t, c, f.provider()); !errors.Is(err, idp.ErrUnreachable) || !strings.Contains(err.Error(), "in time") {
				t.Errorf("%s after %q: %v", path, half, err)
			}
		}
	}
}

func TestProviderWithTLS(t *testing.T) {
	f := unstarted(t)
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Server.Close)
	stranger := newClient(t)
	if _, err := stranger.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); !errors.Is(err, idp.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: %v", err)
	}
	c := newClient(t)
	pool := x509.NewCertPool()
	pool.AddCert(f.Certificate())
	c.Trust(pool)
	if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); err != nil {
		t.Errorf("known certificate: %v", err)
	}
	if trial := c.Try(t.Context(), f.provider()); !trial.OK {
		t.Errorf("%+v", trial)
	}
	for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		f.change(func() { f.metadata = map[string]any{endpoint: strings.Replace(f.URL, "https", "http", 1) + "/x"} })
		c := newClient(t)
		c.Trust(pool)
		if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); !errors.Is(err, idp.ErrUntrusted) {
			t.Errorf("%s without TLS: %v", endpoint, err)
		}
	}
}
