package session

import (
	"context"
	"errors"

	"guichet/app/client"
	"guichet/app/signin"
)

type (
	signIn       struct{ server string }
	cancelSignIn struct{}
	signOut      struct{}
)

// What comes of a sign-in.
type (
	signInOpened struct {
		signing int
		url     string
	}
	signedIn struct {
		signing int
		quiet   bool // a try with stored tokens, whose failure is no news
		account Account
		err     error
	}
	linkStatus struct {
		linked int
		status client.Status
	}
)

// goHome signs in again where a visit to a room began.
func (l *loop) goHome() {
	if l.home != "" {
		l.state.Server, l.home = l.home, ""
		l.restore()
	}
}

// restore tries the account of the last time.
func (l *loop) restore() {
	if l.state.Server == "" {
		return
	}
	server := l.state.Server
	l.sign(true, func(ctx context.Context) (Account, error) { return l.cfg.Accounts.Restore(ctx, server) })
}

func (c signIn) do(l *loop) {
	if l.state.Phase != SignedOut {
		return
	}
	server := c.server
	if server == "" {
		server = l.state.Server
	}
	u, err := client.ParseServer(server)
	if err != nil {
		l.fail("You are not signed in.", err)
		return
	}
	l.state.Server = u.String()
	server = l.state.Server
	l.sign(false, func(ctx context.Context) (Account, error) {
		n := l.signing
		return l.cfg.Accounts.SignIn(ctx, server, func(url string) { l.send(signInOpened{n, url}) })
	})
}

// sign runs one way to sign in. Another one that is under way is given up.
func (l *loop) sign(quiet bool, how func(context.Context) (Account, error)) {
	l.giveUpSignIn()
	l.signing++
	n := l.signing
	ctx, cancel := context.WithCancel(l.ctx)
	l.stopSigning = cancel
	l.state.Notices = nil
	l.enter(SigningIn)
	l.started.Go(func() {
		defer cancel()
		account, err := how(ctx)
		l.deliver(signedIn{n, quiet, account, err})
	})
}

// deliver hands the outcome of something over. When the loop is ending nobody
// takes it, so what was gained is given back.
func (l *loop) deliver(c signedIn) {
	select {
	case l.commands <- c:
	case <-l.stopping:
		if c.account != nil {
			c.account.Close()
		}
	}
}

func (l *loop) giveUpSignIn() {
	if l.stopSigning != nil {
		l.stopSigning()
		l.stopSigning = nil
	}
	l.state.SignInURL = ""
	l.change()
}

func (c cancelSignIn) do(l *loop) {
	if l.state.Phase == SigningIn || l.state.Phase == Waiting {
		l.pending = ""
		l.disconnect(nil)
		l.goHome()
	}
}

func (c signInOpened) do(l *loop) {
	if c.signing == l.signing && l.state.Phase == SigningIn {
		l.state.SignInURL = c.url
		l.change()
	}
}

func (c signedIn) do(l *loop) {
	if c.signing != l.signing || l.stopSigning == nil {
		if c.account != nil {
			l.started.Go(c.account.Close)
		}
		return
	}
	l.giveUpSignIn()
	if c.err != nil {
		pending := l.pending
		l.pending = ""
		l.enter(SignedOut)
		switch {
		case errors.Is(c.err, context.Canceled):
		case c.quiet && errors.Is(c.err, signin.ErrNoAccount):
			l.pending = pending // it waits for the person to sign in
		default:
			l.fail("You are not signed in.", c.err)
		}
		return
	}
	l.connect(c.account)
}

// connect registers this device and starts to listen.
func (l *loop) connect(a Account) {
	c, err := client.New(client.Config{Server: a.Server(), HTTP: l.cfg.HTTP, Token: a.Token, Refused: a.Refused, Logger: l.cfg.Logger})
	if err != nil {
		l.started.Go(a.Close)
		l.enter(SignedOut)
		l.fail("You are not signed in.", err)
		return
	}
	p := a.Person()
	l.account, l.client = a, c
	l.state.Server = a.Server()
	l.state.Me = Me{ID: p.ID, Name: p.Name, Roles: p.Roles, Customer: p.Conference != "", Room: p.Room}
	if l.cfg.Name != "" {
		l.state.Me.Name = l.cfg.Name
	}
	if p.Conference != "" {
		l.pending = p.Conference
	} else {
		l.remember()
	}
	l.change()
	l.linked++
	n := l.linked
	l.link = c.Connect(client.ConnectionConfig{OnStatus: func(s client.Status) { l.send(linkStatus{n, s}) }})
}

func (c linkStatus) do(l *loop) {
	if c.linked != l.linked || l.link == nil {
		return
	}
	l.status = c.status
	opens, tooEarly := early(c.status.Err, l.cfg.Now())
	switch {
	case tooEarly && l.state.Me.Room && !l.inCall():
		l.await(opens)
	case errors.Is(c.status.Err, client.ErrSignedOut):
		visit := l.state.Me.Room
		l.disconnect(Account.SignOut)
		if l.goHome(); visit {
			l.notice("The link to the room is no longer valid. Ask for a new one.", true)
		} else {
			l.fail("You were signed out.", c.status.Err)
		}
	case c.status.Online:
		l.clear(causeOffline)
		if l.state.Phase == SigningIn {
			l.enter(Lobby)
			l.scan()
		}
		if l.pending != "" && l.state.Phase == Lobby {
			target := l.pending
			l.pending = ""
			join{target}.do(l)
		}
	case l.inCall(): // observe tells when it lasts
	default:
		l.raise(causeOffline, "The server cannot be reached. Trying again until it can.")
	}
}

func (c signOut) do(l *loop) {
	if l.account != nil || l.state.Phase == SigningIn {
		l.disconnect(Account.SignOut)
	}
}

// disconnect gives up sign-in, call and connection. What takes time goes on by
// itself; the loop waits for it when it ends. parting, if any, is done with the
// account before it is closed.
func (l *loop) disconnect(parting func(Account, context.Context) error) {
	l.part(l.hangUp("signed out", false), parting)
}

// part does so after a call was hung up.
func (l *loop) part(hangUp func(), parting func(Account, context.Context) error) {
	l.giveUpSignIn()
	account, link, c := l.account, l.link, l.client
	l.account, l.link, l.client, l.status = nil, nil, nil, client.Status{}
	l.linked++
	l.clear(causeOffline)
	l.state.Me = Me{}
	l.enter(SignedOut)
	l.wishStudio()
	if account == nil {
		return
	}
	logger := l.cfg.Logger
	l.started.Go(func() {
		hangUp()
		link.Close()
		if parting != nil {
			ctx, cancel := context.WithTimeout(context.Background(), partingTimeout)
			defer cancel()
			if err := parting(account, ctx); err != nil {
				logger.Info("sign-out is not confirmed by the server", "err", err)
			}
		}
		account.Close()
		c.Close()
	})
}
