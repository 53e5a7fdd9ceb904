package conference

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"guichet/platform/wire"
)

// afterwards bounds what is done after the caller has gone: undoing.
const afterwards = 10 * time.Second

// key returns the conference that a caller means, if it may touch it.
func key(who Caller, id string) (Key, error) {
	if err := wire.CheckID("conferenceId", id); err != nil {
		return Key{}, err
	}
	if who.Conference != "" && who.Conference != id {
		return Key{}, ErrForbidden
	}
	return Key{who.Organization, id}, nil
}

// keyAs does so for calls that act as an endpoint.
func keyAs(who Caller, id, endpoint string) (Key, error) {
	if err := wire.CheckID("userEndpointId", endpoint); err != nil {
		return Key{}, err
	}
	return key(who, id)
}

// Create makes a conference, with a new id when the request names none. An id
// that is taken, also by a conference that has ended, is ErrExists.
func (d *Directory) Create(ctx context.Context, who Caller, r wire.CreateConference) (wire.Summary, error) {
	if !who.MayCreate {
		return wire.Summary{}, ErrForbidden
	}
	if r.ConferenceID == "" {
		if r.ConferenceID = who.Conference; r.ConferenceID == "" {
			r.ConferenceID = wire.NewID()
		}
	}
	k, err := key(who, r.ConferenceID)
	if err == nil {
		err = checkAll(checkMetadata(r.Metadata), checkLength("interactionId", r.InteractionID, maxInteractionID))
	}
	switch r.Mode {
	case "", wire.ModeRouter, wire.ModeP2P:
	default:
		err = checkAll(err, invalid("mode is neither ROUTER nor P2P"))
	}
	if err != nil {
		return wire.Summary{}, err
	}
	s, err := d.do(ctx, k, create{k.ID, r.InteractionID, maps.Clone(r.Metadata), r.Mode})
	return s.summary(), err
}

// Join brings an endpoint into a conference; one that is in already changes
// nothing.
func (d *Directory) Join(ctx context.Context, who Caller, r wire.JoinConference) (wire.Summary, error) {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err != nil {
		return wire.Summary{}, err
	}
	metadata, err := describe(who, r.Metadata)
	if err != nil {
		return wire.Summary{}, err
	}
	if err := d.endpoints.Check(ctx, who.Organization, who.UserID, r.UserEndpointID); err != nil {
		return wire.Summary{}, fmt.Errorf("join: %w", err)
	}
	s, err := d.do(ctx, k, join{who.UserID, r.UserEndpointID, metadata, attendee(who, metadata), who.Customer, who.isStaff(), who.Admission,
		d.now(), d.steady()})
	if err != nil {
		return wire.Summary{}, err
	}
	// The endpoint may have gone between the check and the write, when
	// EndpointGone could not find it here yet.
	if err := d.endpoints.Check(ctx, who.Organization, who.UserID, r.UserEndpointID); err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		_, undo := d.do(late, k, leave{who.UserID, r.UserEndpointID, "endpoint is gone"})
		return wire.Summary{}, errors.Join(fmt.Errorf("join: %w", err), ignore(undo, ErrNotMember, ErrEnded))
	}
	return s.summary(), nil
}

// Leave takes an endpoint out; its streams and viewers end.
func (d *Directory) Leave(ctx context.Context, who Caller, r wire.LeaveConference) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, checkLength("reason", r.Reason, maxReason)); err != nil {
		return err
	}
	_, err = d.do(ctx, k, leave{who.UserID, r.UserEndpointID, r.Reason})
	return err
}

// End closes a conference for everybody, for good. The endpoint in the request,
// if any, is only told in the event and need not be in the conference.
func (d *Directory) End(ctx context.Context, who Caller, r wire.LeaveConference) error {
	if !who.MayEnd {
		return ErrForbidden
	}
	k, err := key(who, r.ConferenceID)
	if err == nil && r.UserEndpointID != "" {
		err = wire.CheckID("userEndpointId", r.UserEndpointID)
	}
	if err := checkAll(err, checkLength("reason", r.Reason, maxReason)); err != nil {
		return err
	}
	_, err = d.do(ctx, k, end{who.UserID, r.UserEndpointID, r.Reason})
	return err
}

// EndEmpty closes a conference that nobody is in, for good, or fails with
// ErrNotEmpty.
func (d *Directory) EndEmpty(ctx context.Context, k Key, reason string) error {
	_, err := d.do(ctx, k, endEmpty{reason})
	return err
}

// UpdateMetadata sets or removes a key. What is so already makes no event.
func (d *Directory) UpdateMetadata(ctx context.Context, who Caller, r wire.UpdateMetadata) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err == nil {
		err = checkEntry(r.Key, r.Value)
	}
	switch r.Operation {
	case wire.OperationSet:
		if r.Key == wire.MetadataParticipantLimit && r.Value == "" {
			err = checkAll(err, invalid("%s: want a number above 0", r.Key))
		}
	case wire.OperationRemove:
		r.Value = ""
	default:
		err = checkAll(err, invalid("operation is neither SET nor REMOVE"))
	}
	if err != nil {
		return err
	}
	_, err = d.do(ctx, k, update{who.UserID, r.UserEndpointID, who.Customer || who.Admission != nil, r.Operation, r.Key, r.Value})
	return err
}

// UpdateStreamMetadata replaces what an endpoint says of a stream of its own.
func (d *Directory) UpdateStreamMetadata(ctx context.Context, who Caller, r wire.UpdateStreamMetadata) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID))); err != nil {
		return err
	}
	metadata, err := checkObject("metadata", r.Metadata)
	if err != nil {
		return err
	}
	_, err = d.do(ctx, k, describeStream{who.UserID, r.UserEndpointID, r.StreamID, metadata})
	return err
}

// maxListed bounds the answer of List.
const maxListed = 500

// List returns the conferences that have not ended, the one that changed last
// first; of a customer, that of the ticket.
func (d *Directory) List(ctx context.Context, who Caller) ([]wire.ConferenceEntry, error) {
	saved, err := d.store.Conferences(ctx, who.Organization, who.Conference, maxListed)
	if err != nil {
		return nil, err
	}
	list := make([]wire.ConferenceEntry, 0, len(saved))
	for _, one := range saved {
		s, err := decode(one)
		if err != nil {
			return nil, err
		}
		list = append(list, wire.ConferenceEntry{Summary: s.summary(), InteractionID: s.Interaction, Participants: len(s.Members), Names: s.names(),
			UpdatedAt: wire.NewTime(one.At)})
	}
	return list, nil
}

// State returns a conference as it is stored. Anyone of its organization may
// read it, a customer that of its ticket, and of these nobody whom it would not
// let in: neither who was removed nor who stands before a locked door.
func (d *Directory) State(ctx context.Context, who Caller, id string) (wire.Conference, error) {
	k, err := key(who, id)
	if err != nil {
		return wire.Conference{}, err
	}
	s, err := d.do(ctx, k, nil)
	if err == nil {
		err = s.shows(who, d.now(), d.steady())
	}
	if err != nil {
		return wire.Conference{}, err
	}
	return s.conference(), nil
}

// Summary returns a conference in three words.
func (d *Directory) Summary(ctx context.Context, who Caller, id string) (wire.Summary, error) {
	k, err := key(who, id)
	if err != nil {
		return wire.Summary{}, err
	}
	s, err := d.do(ctx, k, nil)
	if err == nil {
		err = s.shows(who, d.now(), d.steady())
	}
	if err != nil {
		return wire.Summary{}, err
	}
	return s.summary(), nil
}

// EndpointGone takes an endpoint out of every conference. It tries again when
// the store fails, until ctx ends.
func (d *Directory) EndpointGone(ctx context.Context, organization, userID, endpointID, reason string) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := d.leaveAll(ctx, userID, endpointID, reason)
		if err == nil || errors.Is(err, ErrClosed) {
			return
		}
		if wait > 2*time.Second {
			d.log.Error("endpoint that is gone is still in a conference", "organization", organization,
				"endpoint", endpointID, "err", err)
			return
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

func (d *Directory) leaveAll(ctx context.Context, userID, endpointID, reason string) error {
	keys, err := d.store.ConferencesOf(ctx, endpointID)
	for _, k := range keys {
		_, e := d.do(ctx, k, leave{userID, endpointID, reason})
		err = errors.Join(err, ignore(e, ErrNotMember, ErrEnded))
	}
	return err
}

// ignore returns nil for the errors that mean that there is nothing to do.
func ignore(err error, fine ...error) error {
	for _, f := range fine {
		if errors.Is(err, f) {
			return nil
		}
	}
	return err
}
