package oauth

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// allowedRedirect tells whether an asked redirect URI is one of the registered:
// the same string, or a registered loopback address with any port (RFC 8252,
// section 7.3). Strings are compared and nothing is parsed or decoded, so no two
// readings of one address can differ.
func allowedRedirect(registered []string, asked string) bool {
	for _, uri := range registered {
		if asked == uri || samePortAside(uri, asked) {
			return true
		}
	}
	return false
}

// samePortAside compares asked with a loopback address without a port.
func samePortAside(registered, asked string) bool {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		path, ok := strings.CutPrefix(registered, origin)
		if !ok || !strings.HasPrefix(path, "/") {
			continue
		}
		port, ok := strings.CutPrefix(asked, origin+":")
		if !ok {
			continue
		}
		port, ok = strings.CutSuffix(port, path)
		if ok && isPort(port) {
			return true
		}
	}
	return false
}

// isPort accepts 1 to 65535 in its shortest form.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// checkRedirect tells whether an address may be registered: https, a loopback
// address over http, or a scheme of its owner's (RFC 8252, section 7.1).
func checkRedirect(uri string) error {
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c > '~' || strings.IndexByte("\"'<>\\^`{|}*;,#", c) >= 0 {
			return errors.New("has a character that it may not have")
		}
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("is no URI")
	}
	if u.User != nil || u.Opaque != "" {
		return errors.New("is no plain absolute address")
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "":
		return nil
	case u.Scheme == "http":
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.IsLoopback() {
			return nil
		}
		return errors.New("must use https unless it is 127.0.0.1 or [::1]")
	case strings.Contains(u.Scheme, "."):
		return nil
	}
	return errors.New("must use https, a loopback address or a scheme with a dot in it")
}

// formTarget is a redirect URI as one more source of a content security policy,
// which knows no IPv6 literals; of none it is empty.
func formTarget(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil || u.Scheme == "":
		return ""
	case u.Host == "" || strings.HasPrefix(u.Host, "["):
		return " " + u.Scheme + ":"
	}
	return " " + u.Scheme + "://" + u.Host
}

// withParameters adds parameters to a redirect URI.
func withParameters(redirect string, add url.Values) string {
	separator := "?"
	if strings.Contains(redirect, "?") {
		separator = "&"
	}
	return redirect + separator + add.Encode()
}
