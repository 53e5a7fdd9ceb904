package session

import (
	"context"

	"guichet/app/client"
	"guichet/platform/wire"
)

type (
	makeTicket   struct{ singleUse bool }
	revokeTicket struct{}
)

// What comes of a ticket.
type (
	ticketMade struct {
		dialled int
		ticket  *Ticket
		err     error
	}
	ticketRevoked struct {
		dialled int
		id      string
		err     error
	}
)

// createTicket makes a link to a conference.
func createTicket(ctx context.Context, c *client.Client, conference string, singleUse bool) (*Ticket, error) {
	kind := wire.TicketMultiUse
	if singleUse {
		kind = wire.TicketSingleUse
	}
	t, err := c.CreateTicket(ctx, wire.CreateTicket{Type: kind, Properties: map[string]string{wire.PropertyConferenceID: conference}})
	if err != nil {
		return nil, err
	}
	link := t.URL
	if link == "" {
		link = c.Server() + "/t/" + t.ID
	}
	return &Ticket{ID: t.ID, URL: link, ExpiresAt: t.ExpiresAt.Time, SingleUse: singleUse}, nil
}

func (c makeTicket) do(l *loop) {
	if !l.inCall() || l.state.Call.ConferenceID == "" || l.state.Me.Customer {
		return
	}
	n, conference, api := l.dialled, l.state.Call.ConferenceID, l.client
	l.started.Go(func() {
		t, err := createTicket(l.ctx, api, conference, c.singleUse)
		l.send(ticketMade{n, t, err})
	})
}

func (c ticketMade) do(l *loop) {
	switch {
	case c.dialled != l.dialled || !l.inCall():
	case c.err != nil:
		l.fail("The link was not made.", c.err)
	default:
		l.state.Call.Ticket = c.ticket
		l.change()
	}
}

func (revokeTicket) do(l *loop) {
	if !l.inCall() || l.state.Call.Ticket == nil || l.state.Call.Ticket.Revoked {
		return
	}
	n, id, api := l.dialled, l.state.Call.Ticket.ID, l.client
	l.started.Go(func() { l.send(ticketRevoked{n, id, api.RevokeTicket(l.ctx, id)}) })
}

func (c ticketRevoked) do(l *loop) {
	switch t := l.state.Call; {
	case c.dialled != l.dialled || t == nil || t.Ticket == nil || t.Ticket.ID != c.id:
	case c.err != nil:
		l.fail("The link was not withdrawn.", c.err)
	default:
		revoked := *t.Ticket
		revoked.Revoked = true
		t.Ticket = &revoked
		l.change()
	}
}
