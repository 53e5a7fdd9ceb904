package session

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/app/client"
	"guichet/app/signin"
	"guichet/platform/wire"
)

// cause is a reason for a notice that lasts and goes away by itself.
type cause string

const (
	causeOffline cause = "offline"
	causeSound   cause = "sound"
	causeCamera  cause = "camera"
	causeSpeaker cause = "speaker"

	causeSilenced cause = "silenced"
	causeDarkened cause = "darkened"
	causeDeaf     cause = "deaf"
	causeRole     cause = "role"
)

// maxNotices bounds what a person has not dismissed.
const maxNotices = 8

type dismiss struct{ notice int64 }

func (c dismiss) do(l *loop) {
	l.state.Notices = slices.DeleteFunc(slices.Clone(l.state.Notices), func(n Notice) bool { return n.ID == c.notice })
	l.change()
}

// notice tells the person something. A text that stands there already is not
// repeated.
func (l *loop) notice(text string, isError bool) int64 {
	for _, n := range l.state.Notices {
		if n.Text == text {
			return n.ID
		}
	}
	l.lastNotice++
	list := append(slices.Clone(l.state.Notices), Notice{ID: l.lastNotice, Text: text, Error: isError})
	l.state.Notices = list[max(0, len(list)-maxNotices):]
	l.change()
	return l.lastNotice
}

// fail tells the person what did not work, and why.
func (l *loop) fail(what string, err error) {
	l.cfg.Logger.Info("something did not work", "err", err)
	l.notice(what+" "+sentence(err), true)
}

// raise shows the notice of a lasting cause.
func (l *loop) raise(c cause, text string) {
	if l.causes[c] == 0 {
		l.causes[c] = l.notice(text, false)
	}
}

// clear takes it away again.
func (l *loop) clear(c cause) {
	if id := l.causes[c]; id != 0 {
		delete(l.causes, c)
		dismiss{id}.do(l)
	}
}

// sentence says an error in words for a person, with what to do next.
func sentence(err error) string {
	var refused *wire.Error
	var token *wire.TokenError
	var address *url.Error
	var disk diskError
	var unread *fs.PathError
	var network net.Error
	switch {
	case errors.Is(err, client.ErrSignedOut), errors.Is(err, signin.ErrSignedOut):
		return "Your sign-in is no longer valid. Sign in again."
	case errors.Is(err, client.ErrServer):
		return "The server's address should look like https://calls.example.org."
	case errors.Is(err, client.ErrTicketURL):
		return "The link should look like https://calls.example.org/t/abc-def."
	case errors.Is(err, client.ErrRoomURL):
		return "The link should look like https://calls.example.org/r/lobby#…, with all that stands behind the #."
	case errors.As(err, &refused):
		switch refused.Code {
		case wire.CodeInternal, wire.CodeUnavailable:
			return "The server has a problem just now. Try again in a moment."
		case wire.CodeUnauthorized:
			return "Your sign-in is no longer valid. Sign in again."
		}
		return polish(refused.Message)
	case errors.Is(err, client.ErrNoFile):
		return "This is a folder. Choose a file."
	case errors.Is(err, client.ErrCallEnded):
		return "The call has ended."
	case errors.Is(err, client.ErrDamaged):
		return "It was damaged on its way. Try again."
	case errors.As(err, &disk):
		return polish(disk.Error())
	case errors.As(err, &unread):
		return "It cannot be opened. It may have been moved, or you may not read it."
	case errors.As(err, &token):
		return polish(token.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "The server did not answer in time. Check your network, then try again."
	case errors.As(err, &address):
		return "The server cannot be reached. Check its address and your network, then try again."
	}
	return polish(err.Error())
}

// polish makes a sentence of an error's text.
func polish(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return "Something went wrong."
	}
	s = string(unicode.ToUpper(r)) + s[size:]
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "!") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}
