package oauth

import (
	"context"
	"log/slog"
	"time"
)

// Event is what an entry of the audit log tells of.
type Event string

// The events. "Refused" beside one means that it was tried and not done.
const (
	EventSignIn        Event = "signin"         // a person proved who they are
	EventToken         Event = "token"          // tokens were issued
	EventReuse         Event = "reuse"          // a code or refresh token came twice: its session ended
	EventRevoked       Event = "revoked"        // a token or session was ended by its client
	EventIntrospection Event = "introspection"  // refused ones only
	EventDevice        Event = "device"         // somebody decided about a device
	EventKey           Event = "key"            // signing keys changed
	EventApplication   Event = "application"    // an application was added, changed or removed
	EventSecret        Event = "secret"         // a secret or password was made anew
	EventUser          Event = "user"           // a user was added, changed or removed
	EventSignOut       Event = "signout"        // somebody's sessions ended
	EventProvider      Event = "provider"       // an identity provider was added, changed or removed
	EventProviderTrial Event = "provider.trial" // one was tried
	EventRoom          Event = "room"           // a room was made, changed or removed
	EventRoomToken     Event = "roomtoken"      // a room token was issued or withdrawn
)

func auditEvents() []string {
	list := make([]string, 0, 16)
	for _, e := range []Event{EventSignIn, EventToken, EventReuse, EventRevoked, EventIntrospection, EventDevice, EventKey,
		EventApplication, EventSecret, EventUser, EventSignOut, EventProvider, EventProviderTrial, EventRoom, EventRoomToken} {
		list = append(list, string(e))
	}
	return list
}

// AuditEntry is one line of the audit log. It never holds a secret, a code or a
// token; what callers sent is cut to what an id may be.
type AuditEntry struct {
	Seq          int64
	Time         time.Time
	Organization string
	Event        Event
	Refused      bool
	Actor        string // who changed something
	Client       string // application
	Subject      string // whose token, account or key
	TokenID      string // jti
	Address      string
	Detail       string // a short reason or a list of what changed
}

// AuditFilter chooses entries; zero fields choose all.
type AuditFilter struct {
	Organization           string
	From, To               time.Time // To is excluded
	Event                  Event
	Refused                bool // refused ones only
	Actor, Client, Subject string
	Text                   string // in any of the texts
	Before                 int64  // entries with smaller numbers
	Limit                  int
}

// AuditStore keeps the audit log.
type AuditStore interface {
	AddAudit(ctx context.Context, e AuditEntry) error
	// Audit returns entries, the newest first.
	Audit(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
	// SweepAudit forgets what is older than a time.
	SweepAudit(ctx context.Context, before time.Time) error
}

// record writes an entry, and returns when it is durable. An error means that
// what the entry tells of must not be answered as done.
func (s *Service) record(ctx context.Context, e AuditEntry) error {
	e.Time = s.now()
	if e.Organization == "" {
		e.Organization = defaultOrganization
	}
	e.Client, e.Subject, e.Detail = cut(e.Client), cut(e.Subject), cut(e.Detail)
	level := slog.LevelDebug
	if e.Event == EventReuse {
		level = slog.LevelWarn
	}
	s.log.Log(ctx, level, "audit", "event", e.Event, "refused", e.Refused, "client", e.Client, "subject", e.Subject, "jti", e.TokenID,
		"actor", e.Actor, "address", e.Address, "detail", e.Detail)
	return s.config.Store.AddAudit(context.WithoutCancel(ctx), e)
}

// cut is a text of a caller's as it may stand in a log.
func cut(text string) string {
	const most = 200
	clean := make([]byte, 0, min(len(text), most))
	for _, r := range text {
		if len(clean) >= most {
			break
		}
		if r < ' ' || r == 0x7f || r == 0xfffd {
			r = '?'
		}
		clean = append(clean, string(r)...)
	}
	return string(clean)
}

// Audit returns entries of the audit log, the newest first.
func (s *Service) Audit(ctx context.Context, f AuditFilter) ([]AuditEntry, error) {
	const most = 500
	if f.Limit <= 0 || f.Limit > most {
		f.Limit = 100
	}
	return s.config.Store.Audit(ctx, f)
}
