// Command guichet is the desktop program: the agent's window, or with
// --headless the same session without one.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"guichet/app/config"
	"guichet/app/session"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// front is what a person or a program sees of the session.
type front interface {
	// Apply takes every new state; it is called before Run, too.
	Apply(session.State)
	// Run returns when the person is done, or ctx has ended.
	Run(context.Context, *session.Session) error
}

// run returns the exit status: 2 for flags that cannot be.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags, err := config.Parse(args, out)
	if errors.Is(err, config.ErrHelp) {
		return 0
	}
	folder := ""
	if err == nil {
		folder, err = config.Folder(flags.Data)
	}
	if err != nil {
		fmt.Fprintln(errs, "guichet:", err)
		return 2
	}
	if err := start(ctx, flags, folder, out, errs); err != nil {
		fmt.Fprintln(errs, "guichet:", err)
		return 1
	}
	return 0
}

// start runs a session with its front until one of them is done.
func start(ctx context.Context, flags config.Flags, folder string, out, errs io.Writer) error {
	log := slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: flags.LogLevel}))
	settings, err := config.Load(folder)
	if err != nil {
		log.Warn("settings are lost", "err", err)
	}
	var f front
	if flags.Headless {
		f = newHeadless(out, flags.Join != "")
	} else {
		f = newWindow(settings, log)
	}
	s, err := newSession(build{flags, settings, folder, log, errs}, f.Apply)
	if err != nil {
		return err
	}
	defer s.Close()
	if flags.Join != "" {
		s.Join(flags.Join)
	}
	return f.Run(ctx, s)
}
