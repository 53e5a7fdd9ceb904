package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// ErrServer is wrapped by errors that say that the server's address is none.
var ErrServer = errors.New("server address is not like https://calls.example.org")

// ErrSignedOut is what Config.Token returns, wrapped or not, when only the
// person can help by signing in again. Nothing is tried again after it.
var ErrSignedOut = errors.New("the sign-in is no longer valid")

const (
	requestTimeout = 8 * time.Second
	answerTimeout  = 15 * time.Second // of a request for which the server asks somebody else
	maxAnswer      = 8 << 20          // bytes of an answer; the largest is the state of a conference
)

// Config is what a Client is made of.
type Config struct {
	Server string // base address, such as https://calls.example.org
	HTTP   *http.Client
	// Token returns an access token that is valid for some seconds at least.
	Token func(ctx context.Context) (string, error)
	// Refused is told of a token that the server did not accept, so that the next
	// Token is another one. It may be nil.
	Refused func(token string)
	Logger  *slog.Logger
}

// Client makes requests to one server with one account's tokens.
type Client struct {
	cfg    Config
	server *url.URL
	api    *webrtc.API
	own    bool // cfg.HTTP was made here
}

// New checks the configuration. HTTP and Logger may be nil.
func New(cfg Config) (*Client, error) {
	u, err := ParseServer(cfg.Server)
	if err != nil {
		return nil, err
	}
	if cfg.Token == nil {
		return nil, errors.New("client: Token is missing")
	}
	if cfg.Refused == nil {
		cfg.Refused = func(string) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	api, err := newAPI(u)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, server: u, api: api}
	if cfg.HTTP == nil {
		c.own = true
		c.cfg.HTTP = newHTTP()
	}
	return c, nil
}

// ParseServer reads a server's base address. A bare host name means https.
func ParseServer(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	if s != "" && !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrServer
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// Server returns the base address, without a slash at its end.
func (c *Client) Server() string { return c.server.String() }

// Close lets idle connections go.
func (c *Client) Close() {
	if c.own {
		c.cfg.HTTP.CloseIdleConnections()
	}
}

// call makes a request with the account's token and decodes the answer into
// out, which may be nil. A token that is refused is replaced once. A refusal is
// a *wire.Error.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	return c.within(ctx, requestTimeout, method, path, in, out)
}

// within is call with a time of its own.
func (c *Client) within(ctx context.Context, timeout time.Duration, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for try := 0; ; try++ {
		token, err := c.cfg.Token(ctx)
		if err != nil {
			return err
		}
		err = c.once(ctx, method, path, token, body, out)
		if code(err) != wire.CodeUnauthorized {
			return err
		}
		c.cfg.Refused(token)
		if try > 0 {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path, token string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.server.String()+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.cfg.HTTP.Do(r)
	var failed *url.Error
	if errors.As(err, &failed) {
		failed.URL = c.server.String() // errors are logged, and a path may name a ticket
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode/100 != 2 {
		return refusal(answer.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: answer: %w", method, path, err)
	}
	return nil
}

// refusal makes the error of an answer that is no success, also of one that a
// proxy on the way wrote.
func refusal(status int, body []byte) error {
	var e wire.Error
	if json.Unmarshal(body, &e) == nil && e.Code != "" {
		return &e
	}
	e = wire.Error{Code: wire.CodeInternal, Message: "the server answered " + http.StatusText(status)}
	switch status {
	case http.StatusUnauthorized:
		e.Code = wire.CodeUnauthorized
	case http.StatusForbidden:
		e.Code = wire.CodeForbidden
	case http.StatusNotFound:
		e.Code = wire.CodeNotFound
	case http.StatusGone:
		e.Code = wire.CodeGone
	case http.StatusTooManyRequests:
		e.Code = wire.CodeTooMany
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Code = wire.CodeUnavailable
	}
	return &e
}

// code returns the code of a refusal, or "" for any other error and none.
func code(err error) wire.Code {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Permanent tells whether trying again is useless: the server understood and
// refused, or the sign-in is over.
func Permanent(err error) bool {
	switch code(err) {
	case wire.CodeTooMany, wire.CodeInternal, wire.CodeUnavailable, wire.CodeNoAnswer, wire.CodeUnauthorized, "":
		return errors.Is(err, ErrSignedOut)
	}
	return true
}
