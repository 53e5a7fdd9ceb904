package session

import (
	"context"
	"errors"
)

// ErrNoAccount is returned by Accounts.Restore when nobody is remembered.
var ErrNoAccount = errors.New("nobody is signed in")

// Accounts signs people in. Errors are sentences in lower case that a person
// understands.
type Accounts interface {
	// Restore signs in with what was kept of the last time.
	Restore(ctx context.Context, server string) (Account, error)
	// SignIn opens the sign-in page and waits for the person; opened is told of its
	// address.
	SignIn(ctx context.Context, server string, opened func(url string)) (Account, error)
	// Redeem signs a customer in by a ticket's link.
	Redeem(ctx context.Context, ticketURL string) (Account, error)
}

// Account is somebody who is signed in at a server.
type Account interface {
	Server() string
	Person() Person
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

// Person is who an account belongs to.
type Person struct {
	ID, Name   string
	Roles      []string
	Conference string // came by a ticket: the only conference to join
}
