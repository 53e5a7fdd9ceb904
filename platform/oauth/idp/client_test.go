package idp_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"guichet/platform/oauth/idp"
)

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	f := newFake(t)
	arrived := make(chan struct{})
	f.override["/.well-known/openid-configuration"] = func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}
	c := newClient(t, func(config *idp.Config) { config.Timeout = time.Hour })
	ended := make(chan error)
	go func() {
		_, err := c.AuthorizeURL(context.Background(), f.provider(), state, idp.NewTransit())
		ended <- err
	}()
	<-arrived
	go c.Close()
	if err := <-ended; !errors.Is(err, idp.ErrUnreachable) {
		t.Error(err)
	}
	c.Close()
	if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); !errors.Is(err, idp.ErrClosed) {
		t.Error(err)
	}
	if trial := c.Try(t.Context(), f.provider()); trial.OK || len(trial.Steps) != 1 {
		t.Errorf("%+v", trial)
	}
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived, goOn := make(chan struct{}, 10), make(chan struct{})
		c, err := idp.New(idp.Config{Now: func() time.Time { arrived <- struct{}{}; <-goOn; return noon() }})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = c.AuthorizeURL(t.Context(), newFakeProvider("https://login.test"), state, idp.NewTransit())
		}()
		<-arrived
		closed := false
		go func() { c.Close(); closed = true }()
		if synctest.Wait(); closed {
			t.Error("Close returned too early")
		}
		close(goOn)
		if synctest.Wait(); !closed {
			t.Error("Close never returns")
		}
	})
}

func TestCloseClosesConnections(t *testing.T) {
	f := unstarted(t)
	gone := make(chan struct{}, 10)
	f.Server = httptest.NewUnstartedServer(f)
	f.Server.Config.ConnState = func(_ net.Conn, to http.ConnState) {
		if to == http.StateClosed {
			gone <- struct{}{}
		}
	}
	f.Server.Start()
	t.Cleanup(f.Server.Close)
	c := newClient(t)
	if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); err != nil {
		t.Fatal(err)
	}
	c.Close()
	select {
	case <-gone:
	case <-time.After(20 * time.Second): // before the connection ends by itself
		t.Error("the connection is still open")
	}
}

func TestMetadataAreReadAgain(t *testing.T) {
	f := newFake(t)
	at := &clock{at: noon()}
	c := newClient(t, func(config *idp.Config) { config.Now = at.now })
	for _, want := range []int{1, 1, 2} {
		if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); err != nil {
			t.Fatal(err)
		}
		if n := f.count("/.well-known/openid-configuration"); n != want {
			t.Errorf("metadata were read %d times, not %d", n, want)
		}
		at.pass(3 * time.Minute)
	}
}

func TestManyIssuersAreForgotten(t *testing.T) {
	at := &clock{at: noon()}
	c := newClient(t, func(config *idp.Config) { config.Now = at.now })
	ask := func(f *fake) {
		t.Helper()
		at.pass(time.Millisecond)
		if _, err := c.AuthorizeURL(t.Context(), f.provider(), state, idp.NewTransit()); err != nil {
			t.Fatal(err)
		}
	}
	loved := newFake(t)
	for range idp.MaxSources + 10 {
		ask(loved)
		f := newFake(t)
		ask(f)
		f.Server.Close()
	}
	if n := c.Sources(); n != idp.MaxSources {
		t.Errorf("%d issuers are remembered", n)
	}
	if n := loved.count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("the issuer that is used most was read %d times", n)
	}
}
