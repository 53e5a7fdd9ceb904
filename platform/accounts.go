package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/store"
)

type application struct {
	Add addApplication `cmd:"" help:"Add an application; a secret made for it is shown once."`
}

type addApplication struct {
	data     `embed:""`
	ID       string   `required:"" help:"Its client id."`
	Secret   string   `help:"Its secret; one is made when there is none."`
	Role     []string `help:"Role of its tokens: agent, supervisor or admin; may be repeated."`
	Scope    []string `help:"Scope that it may ask for; may be repeated."`
	Redirect []string `help:"Redirect address for signing people in; may be repeated."`
}

// Run adds the application to the store, which a running server shares.
func (c addApplication) Run(ctx context.Context) error {
	return withOAuth(ctx, c.data, func(s *oauth.Service) error {
		roles, err := roleNames(c.Role)
		if err != nil {
			return err
		}
		secret, err := s.AddApplication(ctx, oauth.Application{ID: c.ID, Secret: c.Secret, Roles: roles, Scopes: c.Scope, RedirectURIs: c.Redirect})
		if err != nil {
			return err
		}
		if c.Secret == "" {
			_, err = fmt.Println(secret)
		}
		return err
	})
}

type user struct {
	Add addUser `cmd:"" help:"Add a person; the password is read from standard input, or made and shown once."`
}

type addUser struct {
	data `embed:""`
	Name string `required:"" help:"The name to sign in with."`
	Role string `help:"agent, supervisor or admin." default:"agent"`
}

// Run adds the user to the store.
func (c addUser) Run(ctx context.Context) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	return withOAuth(ctx, c.data, func(s *oauth.Service) error {
		roles, err := roleNames([]string{c.Role})
		if err != nil {
			return err
		}
		made, err := s.AddUser(ctx, oauth.User{Name: c.Name, DisplayName: c.Name, Roles: roles}, password)
		if err != nil {
			return err
		}
		if password == "" {
			_, err = fmt.Println(made)
		}
		return err
	})
}

// readPassword takes the first line of a pipe or file; a terminal or an empty
// input means that a password shall be made.
func readPassword(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(f, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func roleNames(names []string) ([]string, error) {
	known := map[string]string{"agent": oauth.RoleAgent, "supervisor": oauth.RoleSupervisor, "admin": oauth.RoleAdmin}
	roles := make([]string, 0, len(names))
	for _, n := range names {
		role, ok := known[n]
		if !ok {
			return nil, &usageError{fmt.Errorf("--role: %q is not agent, supervisor or admin", n)}
		}
		roles = append(roles, role)
	}
	return roles, nil
}

// withOAuth opens the token service on the store alone, without listeners.
func withOAuth(ctx context.Context, d data, do func(*oauth.Service) error) error {
	folder, err := d.folder()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, folder)
	if err != nil {
		return err
	}
	s, err := oauth.New(ctx, oauth.Config{Issuer: "http://localhost", Store: db, Now: time.Now})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(do(s), s.Close(), db.Close())
}
