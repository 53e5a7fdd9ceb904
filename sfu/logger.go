package sfu

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog passes pion's warnings and errors on at debug level: most of them
// tell of hostile or lost packets, which are nobody's business by default.
// Lower levels are dropped, as they can hold credentials.
type pionLog struct {
	to    *slog.Logger
	scope string
}

func (l pionLog) NewLogger(scope string) logging.LeveledLogger { return pionLog{l.to, scope} }

func (l pionLog) Trace(string)          {}
func (l pionLog) Tracef(string, ...any) {}
func (l pionLog) Debug(string)          {}
func (l pionLog) Debugf(string, ...any) {}
func (l pionLog) Info(string)           {}
func (l pionLog) Infof(string, ...any)  {}

func (l pionLog) Warn(msg string)               { l.write(msg) }
func (l pionLog) Warnf(format string, a ...any) { l.write(format, a...) }

func (l pionLog) Error(msg string)               { l.write(msg) }
func (l pionLog) Errorf(format string, a ...any) { l.write(format, a...) }

func (l pionLog) write(format string, a ...any) {
	if !l.to.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	if len(a) > 0 {
		format = fmt.Sprintf(format, a...)
	}
	l.to.Debug("webrtc", "scope", l.scope, "text", format)
}
