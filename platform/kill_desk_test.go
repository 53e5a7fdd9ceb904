package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"guichet/platform/wire"
)

// desk makes tickets and remembers what was acknowledged of each.
type desk struct {
	*hall
	mu      sync.Mutex
	tickets map[string]*slip
	count   int
	guesses int // since the start of the server
	// What the test has seen.
	made, redeemed, refused, revoked int
}

func (d *desk) String() string {
	return fmt.Sprintf("%d tickets, %d redeemed, %d refusals, %d revoked", d.made, d.redeemed, d.refused, d.revoked)
}

// slip is a ticket. One worker at a time has it.
type slip struct {
	wire.Ticket
	key     string // of the browser that redeemed it, or asked to
	guest   string // that the browser became; empty: not acknowledged
	revoked state  // live, dead or in doubt
	busy    bool
	checked int
}

// step makes, redeems or revokes a ticket.
func (d *desk) step(chance *rand.Rand) error {
	s := d.take(chance)
	if s == nil || chance.IntN(3) == 0 {
		d.put(s)
		return d.make(chance)
	}
	defer d.put(s)
	if s.key != "" && chance.IntN(2) == 0 {
		s.revoked = doubt
		err := d.expect(http.DefaultClient, 204, "DELETE", "/security/ticket/"+s.ID, d.token, nil, nil)
		if err == nil {
			s.revoked = dead
		}
		return err
	}
	if s.key == "" {
		s.key = d.next()
	}
	return d.redeem(s)
}

func (d *desk) next() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	return fmt.Sprintf("browser %d", d.count)
}

// take returns a ticket that is good.
func (d *desk) take(chance *rand.Rand) *slip {
	d.mu.Lock()
	defer d.mu.Unlock()
	var good []*slip
	for _, s := range d.tickets {
		if !s.busy && s.revoked == live && s.checked < 2 {
			good = append(good, s)
		}
	}
	if len(good) == 0 {
		return nil
	}
	s := good[chance.IntN(len(good))]
	s.busy = true
	return s
}

func (d *desk) put(s *slip) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s != nil {
		s.busy = false
	}
}

func (d *desk) make(chance *rand.Rand) error {
	q := wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: d.id, wire.PropertyCustomerID: d.next()}}
	if chance.IntN(4) == 0 {
		q.Type = wire.TicketMultiUse
	}
	s := &slip{}
	if err := d.expect(http.DefaultClient, 200, "POST", "/security/ticket", d.token, q, &s.Ticket); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tickets[s.ID] = s
	return nil
}

func (d *desk) redeem(s *slip) error {
	var v wire.Token
	form := url.Values{"grant_type": {"password"}, "client_id": {"customer"}, "username": {s.ID}, "password": {s.key}}
	status, body, _, err := d.ask(http.DefaultClient, "POST", "/security/oauth/token", "", form)
	switch {
	case err != nil:
		return err
	case status == http.StatusTooManyRequests: // we are one address; nothing was done
		return nil
	case status != 200:
		return fmt.Errorf("redeem: %d %s", status, body)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	if v.Subject == "" || s.guest != "" && s.guest != v.Subject {
		return fmt.Errorf("the browser of ticket %s was guest %q and is %q", s.ID, s.guest, v.Subject)
	}
	s.guest = v.Subject
	return nil
}

// check holds a server that has just started against the tickets of late.
func (d *desk) check(t *testing.T) {
	t.Helper()
	d.guesses = 0
	var all sync.WaitGroup
	todo := make(chan *slip)
	for range 4 {
		all.Go(func() {
			for s := range todo {
				if err := d.checkOne(s); err != nil {
					d.errorf("ticket %s: %w", s.ID, err)
				}
			}
		})
	}
	for id, s := range d.tickets {
		if s.busy = false; s.checked == 3 {
			delete(d.tickets, id)
		} else {
			todo <- s
		}
	}
	close(todo)
	all.Wait()
}

func (d *desk) checkOne(s *slip) error {
	var v wire.Ticket
	if err := d.expect(http.DefaultClient, 200, "GET", "/security/ticket/"+s.ID, d.token, nil, &v); err != nil {
		return err
	}
	if v.Type != s.Type || v.Properties[wire.PropertyCustomerID] != s.Properties[wire.PropertyCustomerID] || !v.ExpiresAt.Equal(s.ExpiresAt.Time) {
		return fmt.Errorf("was made as %+v and is %+v", s.Ticket, v)
	}
	if s.revoked != doubt && (v.Revoked != nil) != (s.revoked == dead) {
		return fmt.Errorf("revoked %v, acknowledged %v", v.Revoked, s.revoked)
	}
	if s.revoked = live; v.Revoked != nil {
		s.revoked = dead
	}
	d.mu.Lock()
	if s.checked++; s.checked == 1 {
		d.made++
	}
	d.mu.Unlock()
	refuse := func(key string) error {
		// The server lets an address guess wrong so often, and we are one address.
		d.mu.Lock()
		d.guesses++
		enough := d.guesses > 12
		d.mu.Unlock()
		if enough {
			return nil
		}
		status, body, _, err := d.ask(http.DefaultClient, "POST", "/security/oauth/token", "",
			url.Values{"grant_type": {"password"}, "client_id": {"customer"}, "username": {s.ID}, "password": {key}})
		if err == nil && status != 400 && status != http.StatusTooManyRequests {
			err = fmt.Errorf("another's browser is answered with %d %s", status, body)
		}
		d.mu.Lock()
		d.refused++
		d.mu.Unlock()
		return err
	}
	count := func(n *int) {
		d.mu.Lock()
		*n++
		d.mu.Unlock()
	}
	switch {
	case s.revoked == dead:
		count(&d.revoked)
		return refuse(s.key)
	case s.key == "":
		return nil
	}
	count(&d.redeemed)
	err := d.redeem(s)
	if s.Type == wire.TicketSingleUse && s.checked == 1 && s.guest != "" {
		err = errors.Join(err, refuse("another"))
	}
	return err
}
