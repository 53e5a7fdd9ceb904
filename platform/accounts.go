package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/oauth/keyring"
	"guichet/platform/oauth/vault"
	"guichet/platform/server"
	"guichet/platform/store"
)

type application struct {
	Add addApplication `cmd:"" help:"Add an application; a secret made for it is shown once."`
}

type addApplication struct {
	data     `embed:""`
	ID       string   `required:"" help:"Its client id."`
	Name     string   `help:"Its name for people."`
	Secret   string   `help:"Its secret; one is made when there is none."`
	Public   bool     `help:"It has no secret."`
	Role     []string `help:"Role of its tokens: agent, supervisor, admin, kiosk or service; may be repeated."`
	Scope    []string `help:"Scope that it may ask for; may be repeated."`
	Grant    []string `help:"Grant type that it may use; may be repeated."`
	Redirect []string `help:"Redirect address for signing people in; may be repeated."`
	Basic    bool     `help:"Allow HTTP Basic on the API."`
}

// Run adds the application to the store, which a running server shares.
func (c addApplication) Run(ctx context.Context) error {
	return withOAuth(ctx, c.data, func(s *oauth.Service) error {
		roles, err := oauth.RolesNamed(c.Role)
		if err != nil {
			return &usageError{fmt.Errorf("--role: %w", err)}
		}
		secret, err := s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: c.ID, Name: c.Name, Secret: c.Secret, Public: c.Public,
			Roles: roles, Scopes: c.Scope, Grants: c.Grant, RedirectURIs: c.Redirect, AllowBasic: c.Basic})
		if err != nil {
			return err
		}
		if c.Secret == "" && !c.Public {
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
	Name string   `required:"" help:"The name to sign in with."`
	Role []string `help:"agent, supervisor or admin; may be repeated." default:"agent"`
}

// Run adds the user to the store.
func (c addUser) Run(ctx context.Context) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	return withOAuth(ctx, c.data, func(s *oauth.Service) error {
		roles, err := oauth.RolesNamed(c.Role)
		if err != nil {
			return &usageError{fmt.Errorf("--role: %w", err)}
		}
		made, err := s.AddUser(ctx, oauth.Console(), oauth.User{Name: c.Name, DisplayName: c.Name, Roles: roles}, password)
		if err != nil {
			return err
		}
		if password == "" {
			_, err = fmt.Println(made)
		}
		return err
	})
}

type key struct {
	List   listKeys  `cmd:"" help:"List the signing keys."`
	Rotate rotateKey `cmd:"" help:"Make a new signing key."`
}

type listKeys struct {
	data `embed:""`
}

// Run lists the keys of the store.
func (c listKeys) Run(ctx context.Context) error {
	return withOAuth(ctx, c.data, func(s *oauth.Service) error { return printKeys(s) })
}

type rotateKey struct {
	data        `embed:""`
	Compromised bool `help:"The keys are known to somebody: the new one signs at once, and all tokens end."`
}

// Run changes the keys of the store; a running server follows within a second.
func (c rotateKey) Run(ctx context.Context) error {
	return withOAuth(ctx, c.data, func(s *oauth.Service) error {
		if err := s.RotateKey(ctx, oauth.Console(), c.Compromised); err != nil {
			return err
		}
		return printKeys(s)
	})
}

func printKeys(s *oauth.Service) error {
	states := map[keyring.State]string{keyring.Next: "will sign", keyring.Signing: "signs", keyring.Retired: "verifies"}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, k := range s.Keys() {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s since %s\n", k.ID, k.Algorithm, states[k.State], k.Signs.UTC().Format(time.RFC3339)); err != nil {
			return err
		}
	}
	return w.Flush()
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

// withOAuth opens the token service on the store alone, without listeners.
func withOAuth(ctx context.Context, d data, do func(*oauth.Service) error) error {
	folder, err := d.folder()
	if err != nil {
		return err
	}
	file := d.KeyFile
	if file == "" {
		file = server.KeyFile(folder)
	}
	secrets, err := vault.Open(file)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, folder)
	if err != nil {
		return err
	}
	s, err := oauth.New(ctx, oauth.Config{Issuer: "http://localhost", Store: db, Vault: secrets, Now: time.Now})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(do(s), s.Close(), db.Close())
}
