package file

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"guichet/platform/wire"
)

// maxListed bounds a list of transfers or snapshots.
const maxListed = 1000

// Transfer is what a sender says of a file.
type Transfer struct {
	Conference, Endpoint                          string // the sender's own endpoint
	Application, Interaction, Target, Transaction string // may be empty
}

// MaySend tells early what Send would refuse, with as much of the transfer as is
// known.
func (s *Service) MaySend(ctx context.Context, who Caller, t Transfer) error {
	_, err := s.enter(ctx, who, t.Conference, t.Endpoint)
	return err
}

// Send keeps an upload and tells everybody in the conference. A retry with the
// same transaction and the same file answers like the first.
func (s *Service) Send(ctx context.Context, who Caller, t Transfer, u *Upload) (wire.FileTransfer, error) {
	p, err := s.enter(ctx, who, t.Conference, t.Endpoint)
	if err != nil {
		return wire.FileTransfer{}, err
	}
	interaction, err := interactionOf(who, p, t.Interaction)
	if err := errors.Join(err, checkWord("applicationId", t.Application), checkWord(wire.HeaderTransactionID, t.Transaction)); err != nil {
		return wire.FileTransfer{}, err
	}
	if t.Target != "" && !p.hasUser(t.Target) {
		return wire.FileTransfer{}, invalid("targetId: this user is not in the conference")
	}
	r := Record{ID: wire.NewID(), Key: Key{who.Organization, t.Conference}, Interaction: interaction, Application: t.Application,
		Sender: Member{t.Endpoint, who.UserID}, Target: t.Target, Transaction: t.Transaction,
		Name: u.Name, Kind: u.Kind, Size: u.Size, SHA256: u.SHA256, Created: s.Now(), Staff: !who.Customer}
	event, err := json.Marshal(s.transferred(r))
	if err != nil {
		return wire.FileTransfer{}, fmt.Errorf("encode event: %w", err)
	}
	if err := u.publish(r.ID); err != nil {
		return wire.FileTransfer{}, err
	}
	earlier, woken, err := s.Store.AddFile(ctx, r, event, s.limit())
	if err != nil {
		u.retract(r.ID, err)
		if errors.Is(err, ErrTransaction) && earlier.SHA256 == r.SHA256 && earlier.Key == r.Key {
			return describe(earlier), nil
		}
		return wire.FileTransfer{}, fmt.Errorf("keep file: %w", err)
	}
	s.Wake(woken)
	return describe(r), nil
}

func (s *Service) transferred(r Record) wire.FileEvent {
	return wire.FileEvent{Event: s.event(wire.EventFileTransferred, r.Key.Conference, r.Sender), FileTransferID: r.ID, Filename: r.Name, Size: r.Size,
		MIMEType: r.Kind, SHA256: hex.EncodeToString(r.SHA256[:]), InteractionID: r.Interaction, TargetID: r.Target}
}

func (s *Service) event(t wire.EventType, conference string, by Member) wire.Event {
	return wire.Event{Type: t, ID: wire.NewID(), Timestamp: wire.NewTime(s.Now()), ConferenceID: conference, UserID: by.UserID, UserEndpointID: by.EndpointID}
}

// Transfers lists what was sent in a conference or about an interaction: those
// that the caller sent or was sent and, with all, those meant for others too;
// never what the caller may not read.
func (s *Service) Transfers(ctx context.Context, who Caller, conference, interaction string, all bool) ([]wire.FileTransfer, error) {
	q, err := query(who, conference, interaction)
	if err != nil {
		return nil, err
	}
	q.Addressed = !all
	list, err := s.Store.FilesOf(ctx, q)
	if err == nil && len(list) == 0 && conference != "" {
		err = s.mayList(ctx, who, conference)
	}
	if err != nil {
		return nil, err
	}
	out := make([]wire.FileTransfer, len(list))
	for i, r := range list {
		out[i] = describe(r)
	}
	return out, nil
}

// query checks what a list is asked of.
func query(who Caller, conference, interaction string) (Query, error) {
	q := Query{Organization: who.Organization, Conference: conference, Interaction: interaction, Reader: Reader{who.UserID, who.Customer}, Only: who.Conference, Limit: maxListed}
	if conference == "" && interaction == "" {
		return q, invalid("name a conferenceId or an interactionId")
	}
	return q, errors.Join(checkWord("conferenceId", conference), checkText("interactionId", interaction, maxInteraction))
}

// mayList tells why a conference has nothing for the caller.
func (s *Service) mayList(ctx context.Context, who Caller, conference string) error {
	p, err := s.find(ctx, who, conference)
	if err == nil && !p.Ended && !p.hasUser(who.UserID) {
		err = ErrNotMember
	}
	return err
}

// TransferLink makes a link to a file that the caller may read.
func (s *Service) TransferLink(ctx context.Context, who Caller, id string) (wire.SignedURL, error) {
	r, err := s.readable(ctx, who, id)
	if err == nil && r.Snapshot != "" {
		err = ErrUnknown
	}
	if err != nil {
		return wire.SignedURL{}, err
	}
	return s.link(r.ID), nil
}

func (s *Service) readable(ctx context.Context, who Caller, id string) (Record, error) {
	r, readable, err := s.Store.File(ctx, who.Organization, id, Reader{who.UserID, who.Customer})
	if err == nil && (!readable || who.Conference != "" && who.Conference != r.Key.Conference) {
		err = ErrForbidden
	}
	return r, err
}

func describe(r Record) wire.FileTransfer {
	return wire.FileTransfer{FileTransferID: r.ID, Filename: r.Name, Size: r.Size, MIMEType: r.Kind, SHA256: hex.EncodeToString(r.SHA256[:]),
		ConferenceID: r.Key.Conference, InteractionID: r.Interaction, ApplicationID: r.Application,
		UserID: r.Sender.UserID, UserEndpointID: r.Sender.EndpointID, TargetID: r.Target, CreatedAt: wire.NewTime(r.Created)}
}
