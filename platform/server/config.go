package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/oauth/keyring"
)

// Config is what the server is started with. The zero value of every field but
// Data means its default.
type Config struct {
	Dev              bool   // demo applications and users; loopback only
	Data             string // folder of the database and the keys
	Listen           string // HTTP(S): 127.0.0.1:8080
	PublicURL        string // how browsers reach Listen; made from its address when empty
	MQTTListen       string // MQTT over TCP: 127.0.0.1:1883
	MediaListen      string // UDP and ICE-TCP: 0.0.0.0:7882, with Dev 127.0.0.1:7882
	MediaAddresses   []netip.Addr
	TURNListen       string // UDP and TCP: 0.0.0.0:3478, with Dev 127.0.0.1:3478
	Database         string // sqlite
	TLSCert          string // PEM files; both or neither
	TLSKey           string
	KeyFile          string         // opens the secrets in the database: secret.key in Data
	SigningAlgorithm string         // of new signing keys: RS256 or ES256
	ProviderNetworks []netip.Prefix // private networks in which identity providers may live; with Dev loopback
	FileSize         int64          // bytes of one file that people of a conference send: 25 MiB
	FilesTotal       int64          // bytes of all of them: 10 GiB
	KeepHistory      time.Duration  // of calls, for reports: 400 days
	Rooms            int            // that an organization may have: 10,000
	RoomTokens       int            // that an organization may have at a time: 100,000
	Now              func() time.Time
	Logger           *slog.Logger

	gradeEvery time.Duration // how often networks are graded; of tests
	hashCost   oauth.Argon2  // of passwords; of tests
}

// shortestHistory is a day, so that nothing of today is gone from a report.
const shortestHistory = 24 * time.Hour

// KeyFile is where the key file lies unless somebody says otherwise.
func KeyFile(data string) string { return filepath.Join(data, "secret.key") }

// check fills in defaults and refuses what cannot work, in a sentence that says
// what to change.
func (c *Config) check() error {
	anywhere := "0.0.0.0"
	if c.Dev {
		anywhere = "127.0.0.1"
	}
	for _, d := range []struct {
		field  *string
		preset string
	}{
		{&c.Listen, "127.0.0.1:8080"},
		{&c.MQTTListen, "127.0.0.1:1883"},
		{&c.MediaListen, anywhere + ":7882"},
		{&c.TURNListen, anywhere + ":3478"},
		{&c.Database, "sqlite"},
	} {
		if *d.field == "" {
			*d.field = d.preset
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Data == "" {
		return errors.New("--data: a folder is needed")
	}
	if c.KeyFile == "" {
		c.KeyFile = KeyFile(c.Data)
	}
	switch c.SigningAlgorithm {
	case "", keyring.RS256, keyring.ES256:
	default:
		return fmt.Errorf("--signing-algorithm: %q is neither RS256 nor ES256", c.SigningAlgorithm)
	}
	if c.FileSize < 0 || c.FilesTotal < 0 {
		return errors.New("--file-size and --files-total: a size cannot be below zero")
	}
	if c.Rooms < 0 || c.RoomTokens < 0 {
		return errors.New("--rooms and --room-tokens: a number cannot be below zero")
	}
	if c.KeepHistory < 0 || c.KeepHistory > 0 && c.KeepHistory < shortestHistory {
		return errors.New("--keep-history: want a day or more, such as 9600h")
	}
	if c.Database != "sqlite" {
		return errors.New("--database: only sqlite can be used so far")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key: give both or neither")
	}
	for _, l := range []struct{ flag, address string }{
		{"--listen", c.Listen}, {"--mqtt-listen", c.MQTTListen}, {"--media-listen", c.MediaListen}, {"--turn-listen", c.TURNListen},
	} {
		if err := checkListen(l.address, c.Dev); err != nil {
			return fmt.Errorf("%s: %w", l.flag, err)
		}
	}
	if c.Dev {
		c.ProviderNetworks = append(c.ProviderNetworks, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
		for _, a := range c.MediaAddresses {
			if !a.IsLoopback() {
				return fmt.Errorf("--media-address: %s is not a loopback address, which --dev insists on", a)
			}
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("--public-url: %q is not like https://calls.example.org", c.PublicURL)
		}
		c.PublicURL = u.Scheme + "://" + u.Host
	}
	return nil
}

func checkListen(address string, dev bool) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%q is not like 127.0.0.1:8080", address)
	}
	if dev && !a.Addr().IsLoopback() {
		return fmt.Errorf("%s is not a loopback address, which --dev insists on: its passwords are known", address)
	}
	return nil
}

// mediaHosts are the addresses that the SFU announces: the given ones, else the
// one it listens on, else those of this machine's interfaces.
func mediaHosts(c Config) ([]netip.Addr, error) {
	if len(c.MediaAddresses) > 0 {
		return c.MediaAddresses, nil
	}
	if host := netip.MustParseAddrPort(c.MediaListen).Addr(); !host.IsUnspecified() {
		return []netip.Addr{host}, nil
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("find media addresses: %w", err)
	}
	var hosts []netip.Addr
	for _, a := range list {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if host := prefix.Addr(); host.IsGlobalUnicast() {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		return nil, errors.New("this machine has no network address for media: give one with --media-address")
	}
	return hosts, nil
}
