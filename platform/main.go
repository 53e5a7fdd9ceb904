// Command guichet-server is the companion server of Guichet: token service,
// APIs, MQTT broker, SFU, TURN, database and web pages in one static binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker for releases.
var version = "dev"

type commands struct {
	Serve       serve       `cmd:"" help:"Serve calls."`
	Application application `cmd:"" help:"Manage applications (OAuth clients)."`
	User        user        `cmd:"" help:"Manage people who sign in."`
	Key         key         `cmd:"" help:"Manage signing keys."`
	Version     versionCmd  `cmd:"" help:"Print the version."`
	OpenAPI     openAPI     `cmd:"" name:"openapi" help:"Print the description of the API, OpenAPI 3.1."`
}

type versionCmd struct{}

func (versionCmd) Run() error {
	_, err := fmt.Println("guichet-server", version)
	return err
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var c commands
	options := []kong.Option{kong.Name("guichet-server"), kong.Description("Self-hosted video contact centre."),
		kong.DefaultEnvars("GUICHET"), kong.BindTo(ctx, (*context.Context)(nil))}
	if file := os.Getenv("GUICHET_CONFIG"); file != "" {
		options = append(options, kong.Configuration(kong.JSON, file))
	}
	parser, err := kong.New(&c, options...)
	if err != nil {
		return fail(err, 2)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fail(err, 2)
	}
	err = command.Run()
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return fail(err, 2)
	case err != nil:
		return fail(err, 1)
	}
	return 0
}

// usageError is a mistake in a flag's value, found after parsing.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func fail(err error, status int) int {
	fmt.Fprintln(os.Stderr, "guichet-server:", err)
	return status
}
