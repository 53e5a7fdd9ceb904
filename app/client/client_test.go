package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"https://calls.example.org":     "https://calls.example.org",
		"https://calls.example.org/":    "https://calls.example.org",
		" calls.example.org ":           "https://calls.example.org",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"":                              "",
		"ftp://calls.example.org":       "",
		"https://":                      "",
		"https://a:b@calls.example.org": "",
		"https://calls.example.org/?x":  "",
		"://":                           "",
	} {
		u, err := ParseServer(in)
		switch {
		case want == "" && !errors.Is(err, ErrServer):
			t.Errorf("%q: got %v, %v", in, u, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: got %v, %v, want %s", in, u, err, want)
		}
	}
}

func TestParseTicketURL(t *testing.T) {
	for in, want := range map[string][2]string{
		"https://calls.example.org/t/abc-def":  {"https://calls.example.org", "abc-def"},
		"https://calls.example.org/t/abc-def/": {"https://calls.example.org", "abc-def"},
		"http://127.0.0.1:8080/t/abcdef?x=1":   {"http://127.0.0.1:8080", "abcdef"},
		"https://calls.example.org/a?aid=1":    {},
		"https://calls.example.org/t/":         {},
		"https://calls.example.org/t/a/b":      {},
		"conference-1":                         {},
		"":                                     {},
	} {
		server, id, err := ParseTicketURL(in)
		if (err == nil) != (want[0] != "") || server != want[0] || id != want[1] {
			t.Errorf("%q: got %q, %q, %v", in, server, id, err)
		}
	}
}

func TestPermanent(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("connection refused"), false},
		{context.DeadlineExceeded, false},
		{&wire.Error{Code: wire.CodeUnavailable}, false},
		{&wire.Error{Code: wire.CodeTooMany}, false},
		{&wire.Error{Code: wire.CodeNotFound}, true},
		{&wire.Error{Code: wire.CodeGone}, true},
		{ErrSignedOut, true},
	} {
		if got := Permanent(tc.err); got != tc.want {
			t.Errorf("%v: got %v", tc.err, got)
		}
	}
}

// TestRefusedTokenIsReplacedOnce: a 401 costs one more try with a fresh token.
func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer fresh" {
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(wire.Error{Code: wire.CodeUnauthorized, Message: "no"})
			return
		}
		json.NewEncoder(w).Encode("e1")
	}))
	defer s.Close()
	token := "stale"
	c, err := New(Config{Server: s.URL, Token: func(context.Context) (string, error) { return token, nil },
		Refused: func(refused string) {
			if refused == "stale" {
				token = "fresh"
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id, err := c.RegisterEndpoint(t.Context(), wire.RegisterEndpoint{KeepAliveSeconds: 30})
	if err != nil || id != "e1" || len(seen) != 2 {
		t.Errorf("got %q, %v after %v", id, err, seen)
	}
	token, seen = "worse", nil
	if _, err := c.RegisterEndpoint(t.Context(), wire.RegisterEndpoint{}); code(err) != wire.CodeUnauthorized || len(seen) != 2 {
		t.Errorf("got %v after %d tries", err, len(seen))
	}
}

// TestAnswersThatAreNoneOfOurs: what a proxy on the way writes is an error with
// a code, never a panic.
func TestAnswersThatAreNoneOfOurs(t *testing.T) {
	status, body := 0, ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	defer s.Close()
	c, err := New(Config{Server: s.URL, Token: func(context.Context) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tc := range []struct {
		status int
		body   string
		want   wire.Code
	}{
		{http.StatusBadGateway, "<html>", wire.CodeUnavailable},
		{http.StatusNotFound, "", wire.CodeNotFound},
		{http.StatusTeapot, "{}", wire.CodeInternal},
		{http.StatusGone, `{"code":"gone","message":"over"}`, wire.CodeGone},
		{http.StatusOK, "<html>", ""},
	} {
		status, body = tc.status, tc.body
		if _, err := c.Conference(t.Context(), "c1"); err == nil || code(err) != tc.want {
			t.Errorf("%d %q: got %v", tc.status, tc.body, err)
		}
	}
}

// TestErrorsNameNoTicket: what is logged of a failed request must not let
// anybody in.
func TestErrorsNameNoTicket(t *testing.T) {
	c, err := New(Config{Server: "http://127.0.0.1:1", Token: func(context.Context) (string, error) { return "the-token", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Ticket(t.Context(), "abc-def"); err == nil || strings.Contains(err.Error(), "abc-def") || strings.Contains(err.Error(), "the-token") {
		t.Errorf("got %v", err)
	}
}

func TestBackoff(t *testing.T) {
	var b backoff
	for i, want := range []time.Duration{0, 300, 1200, 2700, 4800, 5000, 5000, 5000} {
		want *= time.Millisecond
		if got := b.next(); got < want*8/10 || got > want*12/10 {
			t.Errorf("try %d: waits %v, want about %v", i, got, want)
		}
	}
	if b.reset(); b.next() != 0 {
		t.Error("waits after a success")
	}
}

// TestBriskBackoff: after an outage of a minute the next try comes within two
// seconds, and later tries wait longer.
func TestBriskBackoff(t *testing.T) {
	b := backoff{brisk: true}
	passed := time.Duration(0)
	for passed < 45*time.Second {
		d := b.next()
		if passed += d; d > 1500*time.Millisecond {
			t.Fatalf("after %v the next try waits %v", passed, d)
		}
	}
	for range 20 {
		passed += b.next()
	}
	if d := b.next(); d < 4*time.Second {
		t.Errorf("after %v the next try waits %v only", passed, d)
	}
}

func TestQualityOfAReport(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 500_000_000, time.UTC)
	sent := now.Add(-300 * time.Millisecond)
	middle := uint32(uint64(sent.Unix()+ntpEpoch)<<16 | uint64(sent.Nanosecond())<<16/uint64(time.Second))
	q := quality(webrtc.RTPCodecTypeVideo, rtcp.ReceptionReport{FractionLost: 64, Jitter: 900, LastSenderReport: middle, Delay: 1 << 16 / 10}, now)
	if q.Loss != 0.25 || q.Jitter != 10*time.Millisecond || q.RTT < 195*time.Millisecond || q.RTT > 205*time.Millisecond {
		t.Errorf("got %+v, want 25 %%, 10 ms, 200 ms", q)
	}
	if q := quality(webrtc.RTPCodecTypeAudio, rtcp.ReceptionReport{LastSenderReport: middle + 1<<20, Jitter: 480}, now); q.RTT != 0 || q.Jitter != 10*time.Millisecond {
		t.Errorf("a clock that was set gives %+v", q)
	}
}
