package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// patience is how long a person may take on the sign-in page.
const patience = 5 * time.Minute

// ErrDenied tells that the server did not let the person in, or that the
// person went back.
var ErrDenied = errors.New("the sign-in was refused")

// SignIn sends the person to the server's sign-in page and waits for the
// browser to come back to a port of our own (RFC 8252, section 7.3).
func (a *Accounts) SignIn(ctx context.Context, server string, opened func(url string)) (*Account, error) {
	p, err := a.discover(ctx, server)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrTimeout)
	defer cancel()
	// The literal address, not localhost: that may resolve to somewhere else
	// (section 8.3).
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("wait for the browser: %w", err)
	}
	back := newCallback(p, l.Addr().String())
	stop := back.serve(l)
	defer stop()
	cfg := p.config("http://" + back.host + callbackPath)
	verifier := oauth2.GenerateVerifier()
	page := cfg.AuthCodeURL(back.state, oauth2.S256ChallengeOption(verifier))
	opened(page)
	if err := a.cfg.Opener(page); err != nil {
		a.cfg.Logger.Warn("the browser could not be opened", "err", err)
	}
	code, err := back.wait(ctx)
	if err != nil {
		return nil, err
	}
	t, err := cfg.Exchange(context.WithValue(ctx, oauth2.HTTPClient, a.cfg.HTTP), code, oauth2.VerifierOption(verifier))
	if err != nil {
		back.finish(false)
		return nil, outcome(err)
	}
	back.finish(true)
	n := a.newAccount(server, a.refresher(cfg))
	n.keep, n.revocation = a.cfg.Vault, p.Revocation
	n.take(t)
	return n, nil
}

const callbackPath = "/callback"

// callback is the one-shot server that the browser comes back to.
type callback struct {
	provider provider
	host     string // address and port, as the Host header must say
	state    string
	answer   chan answer   // holds the one answer that counts
	result   chan bool     // whether the code was worth something
	done     chan struct{} // closed when nobody waits any more
}

type answer struct {
	code string
	err  error
}

func newCallback(p provider, host string) *callback {
	return &callback{provider: p, host: host, state: rand.Text(), answer: make(chan answer, 1), result: make(chan bool, 1), done: make(chan struct{})}
}

// serve answers until stop is called, which lets the page that says how it went
// go out first.
func (b *callback) serve(l net.Listener) (stop func()) {
	s := &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // ends by Shutdown only
	}()
	return func() {
		close(b.done)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.Shutdown(ctx) != nil {
			_ = s.Close() // a browser that holds on
		}
		<-ended
	}
}

// wait returns the code that the browser brings.
func (b *callback) wait(ctx context.Context) (string, error) {
	select {
	case a := <-b.answer:
		return a.code, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// finish tells the page how it went.
func (b *callback) finish(ok bool) { b.result <- ok }

// ServeHTTP takes the browser's request. Whatever does not know the state is
// somebody else's and changes nothing: the wait goes on.
func (b *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Host != b.host, r.URL.Path != callbackPath:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	case len(q["state"]) != 1 || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.state)) != 1:
		page(w, http.StatusBadRequest, "This is not the sign-in that was started here.", "Go back to Guichet and start again.")
		return
	}
	a := b.read(q)
	select {
	case b.answer <- a:
	default:
		page(w, http.StatusGone, "This sign-in was used already.", "You can close this window.")
		return
	}
	ok := false
	if a.err == nil {
		select {
		case ok = <-b.result:
		case <-b.done:
		case <-r.Context().Done():
		}
	}
	if ok {
		page(w, http.StatusOK, "You are signed in.", "You can close this window.")
	} else {
		page(w, http.StatusBadRequest, "You are not signed in.", "Go back to Guichet to see why, and try again.")
	}
}

// read takes the answer apart. The issuer is checked so that the answer of one
// server cannot be given for another's (RFC 9207, section 2.4).
func (b *callback) read(q url.Values) answer {
	issuer := q.Get("iss")
	switch {
	case len(q["iss"]) > 1, issuer != "" && issuer != b.provider.Issuer, issuer == "" && b.provider.NamesIssuer:
		return answer{err: errors.New("the answer came from another server")}
	case q.Get("error") == "access_denied":
		return answer{err: ErrDenied}
	case q.Get("error") != "":
		return answer{err: fmt.Errorf("%w (%s)", ErrDenied, code(q.Get("error")))}
	case len(q["code"]) != 1 || q.Get("code") == "":
		return answer{err: errors.New("the browser came back without an answer")}
	}
	return answer{code: q.Get("code")}
}

// code cuts an error code down to what such codes hold (RFC 6749, section
// 4.1.2.1), since anybody can write it.
func code(s string) string {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') || i == 40 {
			return s[:i]
		}
	}
	return s
}
