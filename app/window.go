package main

import (
	"context"
	"log/slog"

	"guichet/app/config"
	"guichet/app/session"
	"guichet/app/ui"
)

// window is the front that people see.
type window struct{ *ui.Window }

func newWindow(settings config.Settings, log *slog.Logger) window {
	return window{ui.New(ui.Config{Theme: settings.Theme, Logger: log})}
}

// Run opens the window and returns when it was closed.
func (w window) Run(ctx context.Context, s *session.Session) error { return w.Window.Run(ctx, s) }
