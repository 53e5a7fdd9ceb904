package conference

import (
	"cmp"
	"encoding/json"
	"strings"

	"guichet/platform/wire"
)

// Attendee is who joined, in the words of reports.
type Attendee struct {
	UserID, Name, Application string
	Ticket                    string // that the customer came by
	Role                      wire.AttendeeRole
}

// attendee is who joins in the words of reports.
func attendee(who Caller, metadata json.RawMessage) Attendee {
	a := Attendee{UserID: who.UserID, Name: cmp.Or(nameIn(metadata), who.UserID), Application: who.Application, Ticket: who.Ticket, Role: wire.AttendeeAgent}
	if len(a.Name) > maxName {
		a.Name = strings.ToValidUTF8(a.Name[:maxName], "")
	}
	switch {
	case who.Customer, who.Admission != nil:
		a.Role = wire.AttendeeCustomer
	case who.Kiosk:
		a.Role = wire.AttendeeKiosk
	}
	return a
}
