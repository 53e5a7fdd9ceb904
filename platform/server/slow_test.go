package server

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// TestSlowBodiesHoldNobodyUp: whoever sends the form of a token request without
// ever ending it costs the others nothing, and is not waited for at the end.
func TestSlowBodiesHoldNobodyUp(t *testing.T) {
	r := serve(t, nil)
	address := strings.TrimPrefix(r.URL, "http://")
	for range 200 {
		conn, err := net.DialTimeout("tcp", address, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_, err = fmt.Fprintf(conn, "POST /security/oauth/token HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 65\r\n\r\ngrant_type=", address)
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		r.application("test", "secret")
	}
	if r.server.http.ReadTimeout <= 0 || r.server.http.ReadTimeout > time.Minute || r.server.http.ReadHeaderTimeout <= 0 {
		t.Errorf("a request may take %v, its head %v", r.server.http.ReadTimeout, r.server.http.ReadHeaderTimeout)
	}
}
