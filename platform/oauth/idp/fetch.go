package idp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// problem is a failure that an administrator can do something about: a sentinel
// and a sentence. The sentence is made of what we know, never of what the
// provider sent, for that may hold anything.
type problem struct {
	kind      error
	sentence  string
	connected bool // the provider answered, but not as it should
}

func (p *problem) Error() string { return p.kind.Error() + ": " + p.sentence }
func (p *problem) Unwrap() error { return p.kind }

// untrusted returns an ErrUntrusted with a sentence.
func untrusted(format string, a ...any) error {
	return &problem{ErrUntrusted, fmt.Sprintf(format, a...), true}
}

// nonsense returns the ErrUnreachable of a host that answers, but not usefully.
func nonsense(format string, a ...any) error {
	return &problem{ErrUnreachable, fmt.Sprintf(format, a...), true}
}

// fetch reads a JSON document, with a bearer token where there is one. The
// numbers of a map stay as they were written.
func (c *Client) fetch(ctx context.Context, address, token string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nonsense("it names an address that is none")
	}
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return broken(r.URL, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return strange(r.URL, answer.StatusCode)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return broken(r.URL, err)
	}
	if err := decode(body, into); err != nil {
		return nonsense("%s%s answers with something that is not the JSON document it should be", r.URL.Host, r.URL.Path)
	}
	return nil
}

// strange words a status that does not carry what was asked for.
func strange(u *url.URL, status int) error {
	if status >= 300 && status < 400 {
		return nonsense("%s%s redirects elsewhere (status %d), which is not followed", u.Host, u.Path, status)
	}
	return nonsense("%s%s answers with status %d", u.Host, u.Path, status)
}

// broken words the error of a request that had no answer, or half of one.
func broken(u *url.URL, err error) error {
	host := u.Host
	var (
		name      *net.DNSError
		timeout   net.Error
		large     *http.MaxBytesError
		unknown   x509.UnknownAuthorityError
		otherName x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, ErrForbiddenAddress):
		hint := "which the settings of the server do not allow"
		if u.Scheme == "http" {
			hint = "where http is not allowed"
		}
		return &problem{ErrForbiddenAddress, fmt.Sprintf("%s lies at an address %s", host, hint), false}
	case errors.As(err, &large):
		return nonsense("%s answers with more than %d bytes", host, maxAnswer)
	case errors.Is(err, context.Canceled):
		return &problem{ErrUnreachable, "the request to " + host + " was interrupted", false}
	case errors.As(err, &name) && name.IsNotFound:
		return &problem{ErrUnreachable, "nobody knows the name " + u.Hostname(), false}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &problem{ErrUnreachable, host + " did not answer in time", false}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &problem{ErrUnreachable, host + " refuses connections", false}
	case errors.As(err, &unknown):
		return &problem{ErrUnreachable, "the certificate of " + host + " is signed by nobody whom this server trusts", false}
	case errors.As(err, &otherName):
		return &problem{ErrUnreachable, "the certificate of " + host + " is for another name", false}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &problem{ErrUnreachable, "the certificate of " + host + " has expired or is not valid yet", false}
	case errors.As(err, &invalid):
		return &problem{ErrUnreachable, "the certificate of " + host + " is not valid", false}
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return &problem{ErrUnreachable, host + " does not speak TLS", false}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return &problem{ErrUnreachable, host + " hung up", false}
	}
	return &problem{ErrUnreachable, "the connection to " + host + " failed", false}
}

// decode reads one JSON value and nothing after it; of claims, numbers stay as
// they were written.
func decode(body []byte, into any) error {
	claims, ok := into.(*map[string]any)
	if !ok {
		return json.Unmarshal(body, into)
	}
	if !json.Valid(body) {
		return errors.New("not one JSON value")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(claims); err != nil {
		return err
	}
	if *claims == nil {
		return errors.New("null")
	}
	return nil
}
