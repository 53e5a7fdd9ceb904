package session

import (
	"context"
	"errors"
	"fmt"

	"guichet/app/client"
	"guichet/app/signin"
)

// Accounts signs people in. Errors are sentences in lower case that a person
// understands.
type Accounts interface {
	// Restore signs in with what was kept of the last time, or returns
	// signin.ErrNoAccount.
	Restore(ctx context.Context, server string) (Account, error)
	// SignIn opens the sign-in page and waits for the person; opened is told of its
	// address.
	SignIn(ctx context.Context, server string, opened func(url string)) (Account, error)
	// Redeem signs in by a link: a customer by a ticket's, or who holds a room token
	// by a room's.
	Redeem(ctx context.Context, link string) (Account, error)
}

// Account is somebody who is signed in at a server.
type Account interface {
	Server() string
	Person() signin.Person
	// Token returns a valid access token; an error that wraps client.ErrSignedOut
	// when there will be none any more.
	Token(ctx context.Context) (string, error)
	// Refused is told of a token that the server does not accept.
	Refused(token string)
	// SignOut revokes and forgets what is kept.
	SignOut(ctx context.Context) error
	// Close ends the account's work here; what is kept stays.
	Close()
}

// browser is the Accounts of package signin.
type browser struct{ *signin.Accounts }

// Browser returns the Accounts that sign in through the browser.
func Browser(a *signin.Accounts) Accounts { return browser{a} }

// Restore signs in with what was kept.
func (b browser) Restore(ctx context.Context, server string) (Account, error) {
	return wrap(b.Accounts.Restore(ctx, server))
}

// SignIn opens the sign-in page.
func (b browser) SignIn(ctx context.Context, server string, opened func(url string)) (Account, error) {
	return wrap(b.Accounts.SignIn(ctx, server, opened))
}

// Redeem turns a link into an account.
func (b browser) Redeem(ctx context.Context, link string) (Account, error) {
	if room, err := client.ParseRoomURL(link); err == nil {
		return account{b.Holder(room.Server, room.Room, room.Token)}, nil
	}
	key, err := b.BrowserKey()
	if err != nil {
		return nil, err
	}
	server, token, err := client.RedeemTicket(ctx, b.HTTP(), link, key)
	if err != nil {
		return nil, err
	}
	return account{b.Customer(server, token)}, nil
}

// account translates the one error that the client must know.
type account struct{ *signin.Account }

func wrap(a *signin.Account, err error) (Account, error) {
	if err != nil {
		return nil, err
	}
	return account{a}, nil
}

// Token returns a valid access token.
func (a account) Token(ctx context.Context) (string, error) {
	token, err := a.Account.Token(ctx)
	if errors.Is(err, signin.ErrSignedOut) {
		err = fmt.Errorf("%w: %w", client.ErrSignedOut, err)
	}
	return token, err
}
