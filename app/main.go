// Command guichet is the desktop program: the agent's window, or with
// --headless the same session without one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"guichet/app/config"
	"guichet/app/session"
)

func main() { os.Exit(run(os.Args[1:])) }

// front is what a person or a program sees of the session.
type front interface {
	// Apply takes every new state; it is called before Run, too.
	Apply(session.State)
	// Run returns when the person is done, or ctx has ended.
	Run(context.Context, *session.Session) error
}

// run returns the exit status: 2 for flags that cannot be.
func run(args []string) int {
	flags, err := config.Parse(args, os.Stdout)
	if errors.Is(err, config.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guichet:", err)
		return 2
	}
	folder, err := config.Folder(flags.Data)
	if err != nil {
		fmt.Fprintln(os.Stderr, "guichet:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: flags.LogLevel}))
	if err := start(ctx, flags, folder, log); err != nil {
		fmt.Fprintln(os.Stderr, "guichet:", err)
		return 1
	}
	return 0
}

// start runs a session with its front until one of them is done.
func start(ctx context.Context, flags config.Flags, folder string, log *slog.Logger) error {
	settings, err := config.Load(folder)
	if err != nil {
		log.Warn("settings are lost", "err", err)
	}
	var f front = newWindow(settings, log)
	if flags.Headless {
		f = newHeadless(os.Stdout, flags.Join != "")
	}
	s, err := newSession(flags, settings, folder, log, f)
	if err != nil {
		return err
	}
	defer s.Close()
	if flags.Join != "" {
		s.Join(flags.Join)
	}
	return f.Run(ctx, s)
}
