package file

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"guichet/platform/wire"
)

// Request asks a participant for a picture. Only staff may.
func (s *Service) Request(ctx context.Context, who Caller, q wire.RequestSnapshot) (wire.Snapshot, error) {
	target := Member{q.TargetUserEndpointID, q.TargetUserID}
	p, err := s.aim(ctx, who, q.ConferenceID, q.UserEndpointID, &target)
	if err != nil {
		return wire.Snapshot{}, err
	}
	interaction, err := interactionOf(who, p, q.InteractionID)
	if err := errors.Join(err, checkWord("applicationId", q.ApplicationID), checkText("snapshotType", q.SnapshotType, maxWord)); err != nil {
		return wire.Snapshot{}, err
	}
	v := Picture{ID: wire.NewID(), Key: Key{who.Organization, q.ConferenceID}, Interaction: interaction, Application: q.ApplicationID, Kind: q.SnapshotType,
		Asker: Member{q.UserEndpointID, who.UserID}, Target: target, State: wire.SnapshotRequested, Created: s.Now()}
	n, err := note(s.snapshotEvent(wire.EventSnapshotRequested, v, v.Asker), v.Asker, v.Target)
	if err != nil {
		return wire.Snapshot{}, err
	}
	woken, err := s.Store.AddSnapshot(ctx, v, n, maxAsked)
	if err != nil {
		return wire.Snapshot{}, fmt.Errorf("ask for snapshot: %w", err)
	}
	s.Wake(woken)
	return describeSnapshot(v), nil
}

// aim checks that staff may ask the target, an endpoint of somebody else in the
// same conference, and fills in whose it is.
func (s *Service) aim(ctx context.Context, who Caller, conference, endpoint string, target *Member) (Place, error) {
	if who.Customer {
		return Place{}, ErrForbidden
	}
	if err := wire.CheckID("targetUserEndpointId", target.EndpointID); err != nil {
		return Place{}, err
	}
	if target.EndpointID == endpoint {
		return Place{}, invalid("targetUserEndpointId: this is the endpoint that asks")
	}
	p, err := s.enter(ctx, who, conference, endpoint)
	if err != nil {
		return Place{}, err
	}
	for _, m := range p.Members {
		if m.EndpointID == target.EndpointID && (target.UserID == "" || target.UserID == m.UserID) {
			*target = m
			return p, nil
		}
	}
	return Place{}, invalid("targetUserEndpointId: this endpoint is not in the conference, or not of this user")
}

// Answer is the target's yes or no. It is given once.
func (s *Service) Answer(ctx context.Context, who Caller, id string, approve bool, q wire.AnswerSnapshot) error {
	if err := errors.Join(wire.CheckID("userEndpointId", q.UserEndpointID), checkText("additionalInformation", q.AdditionalInformation, maxText)); err != nil {
		return err
	}
	v, err := s.Store.Snapshot(ctx, who.Organization, id)
	if err != nil {
		return err
	}
	if v.Target != (Member{q.UserEndpointID, who.UserID}) {
		return ErrForbidden
	}
	if _, err := s.enter(ctx, who, v.Key.Conference, q.UserEndpointID); err != nil {
		return err
	}
	state := wire.SnapshotDeclined
	if approve {
		state = wire.SnapshotApproved
	}
	e := s.snapshotEvent(wire.EventSnapshotApproved, v, v.Target)
	e.Succeeded, e.AdditionalInformation = &approve, q.AdditionalInformation
	n, err := note(e, v.Asker, v.Target)
	if err != nil {
		return err
	}
	woken, err := s.Store.AnswerSnapshot(ctx, v.ID, state, n, s.Now())
	if err != nil {
		return fmt.Errorf("answer snapshot: %w", err)
	}
	s.Wake(woken)
	return nil
}

// Taking is what an uploader says of a picture.
type Taking struct {
	Snapshot       string // its id; empty: the newest one of the target that the uploader may bring
	Endpoint       string // the uploader's own
	TargetEndpoint string // may be empty when Snapshot is not
	MIMEType       string // may be empty
}

// MayAcquire tells early what Acquire would refuse, and returns the snapshot
// that is meant, while its target is still there: an approved one that the
// uploader asked for; or one that the uploader was asked for and did not decline,
// since who sends a picture of itself says yes to it. Shipped clients say it in
// no other way.
func (s *Service) MayAcquire(ctx context.Context, who Caller, t Taking) (Picture, error) {
	var v Picture
	err := wire.CheckID("userEndpointId", t.Endpoint)
	if err != nil {
		return v, err
	}
	if t.Snapshot != "" {
		v, err = s.Store.Snapshot(ctx, who.Organization, t.Snapshot)
	} else {
		if err := wire.CheckID("targetUserEndpointId", t.TargetEndpoint); err != nil {
			return v, err
		}
		v, err = s.Store.AwaitedSnapshot(ctx, who.Organization, t.TargetEndpoint, t.TargetEndpoint == t.Endpoint)
	}
	if err != nil {
		return v, err
	}
	me := Member{t.Endpoint, who.UserID}
	if me != v.Asker && me != v.Target {
		return v, ErrForbidden
	}
	if t.TargetEndpoint != "" && t.TargetEndpoint != v.Target.EndpointID {
		return v, invalid("targetUserEndpointId: the snapshot was asked of another endpoint")
	}
	p, err := s.enter(ctx, who, v.Key.Conference, t.Endpoint)
	switch {
	case err != nil:
		return v, err
	case !p.has(v.Target):
		return v, ErrNotMember
	case v.State == wire.SnapshotDeclined, v.State == wire.SnapshotRequested && me != v.Target:
		return v, ErrNotApproved
	}
	return v, nil
}

// Acquire keeps the picture of a snapshot. From the target it is the approval as
// well, when there was none. Doing so again with the same picture is no error.
func (s *Service) Acquire(ctx context.Context, who Caller, t Taking, u *Upload) error {
	v, err := s.MayAcquire(ctx, who, t)
	if err != nil {
		return err
	}
	if !sameType(t.MIMEType, u.Kind) {
		return ErrMismatch
	}
	if v.State == wire.SnapshotAcquired {
		return acquired(v, u)
	}
	now := s.Now()
	r := Record{ID: wire.NewID(), Key: v.Key, Interaction: v.Interaction, Application: v.Application, Sender: Member{t.Endpoint, who.UserID},
		Snapshot: v.ID, Name: "snapshot-" + now.UTC().Format("20060102-150405") + path.Ext(u.Name), Kind: u.Kind, Size: u.Size, SHA256: u.SHA256, Created: now, Staff: !who.Customer}
	e := s.snapshotEvent(wire.EventSnapshotAcquired, v, r.Sender)
	e.SnapshotLocation = s.PublicURL + "/rtc-api/snapshots/" + v.ID + "/signedUrl"
	e.SHA256, e.Size = hex.EncodeToString(r.SHA256[:]), r.Size
	n, err := note(e, v.Asker, v.Target)
	if err != nil {
		return err
	}
	var approval Note
	if v.State == wire.SnapshotRequested {
		yes := true
		e := s.snapshotEvent(wire.EventSnapshotApproved, v, v.Target)
		e.Succeeded = &yes
		if approval, err = note(e, v.Asker, v.Target); err != nil {
			return err
		}
	}
	if err := u.publish(r.ID); err != nil {
		return err
	}
	woken, err := s.Store.AddPicture(ctx, r, approval, n, v.Asker.UserID, s.limit())
	if err == nil {
		s.Wake(woken)
		return nil
	}
	u.retract(r.ID, err)
	if errors.Is(err, ErrNotApproved) { // another upload of it was faster
		if v, e := s.Store.Snapshot(ctx, who.Organization, v.ID); e == nil {
			return acquired(v, u)
		}
	}
	return fmt.Errorf("keep snapshot: %w", err)
}

// acquired judges an upload of what is there already.
func acquired(v Picture, u *Upload) error {
	if v.State == wire.SnapshotAcquired && v.File.SHA256 == u.SHA256 {
		return nil
	}
	return ErrAnswered
}

func sameType(said, is string) bool {
	return said == "" || said == is || said == "image/jpg" && is == "image/jpeg"
}

// Pictures lists the snapshots of a conference or interaction that staff may
// read.
func (s *Service) Pictures(ctx context.Context, who Caller, conference, interaction string) ([]wire.Snapshot, error) {
	if who.Customer {
		return nil, ErrForbidden
	}
	q, err := query(who, conference, interaction)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.SnapshotsOf(ctx, q)
	if err == nil && len(list) == 0 && conference != "" {
		err = s.mayList(ctx, who, conference)
	}
	if err != nil {
		return nil, err
	}
	out := make([]wire.Snapshot, len(list))
	for i, v := range list {
		out[i] = describeSnapshot(v)
	}
	return out, nil
}

// PictureLink makes a link to a snapshot's picture. Only staff may have it.
func (s *Service) PictureLink(ctx context.Context, who Caller, id string) (wire.SignedURL, error) {
	if who.Customer {
		return wire.SignedURL{}, ErrForbidden
	}
	v, err := s.Store.Snapshot(ctx, who.Organization, id)
	if err != nil {
		return wire.SignedURL{}, err
	}
	if v.File.ID == "" {
		return wire.SignedURL{}, ErrUnknown
	}
	r, err := s.readable(ctx, who, v.File.ID)
	if err != nil {
		return wire.SignedURL{}, err
	}
	return s.link(r.ID), nil
}

func (s *Service) snapshotEvent(t wire.EventType, v Picture, by Member) wire.SnapshotEvent {
	return wire.SnapshotEvent{Event: s.event(t, v.Key.Conference, by), SnapshotID: v.ID, SnapshotType: v.Kind,
		TargetUserID: v.Target.UserID, TargetUserEndpointID: v.Target.EndpointID}
}

func note(e wire.SnapshotEvent, to ...Member) (Note, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return Note{}, fmt.Errorf("encode event: %w", err)
	}
	return Note{Body: body, To: to}, nil
}

func describeSnapshot(v Picture) wire.Snapshot {
	w := wire.Snapshot{SnapshotID: v.ID, SnapshotType: v.Kind, State: v.State, ConferenceID: v.Key.Conference, InteractionID: v.Interaction,
		ApplicationID: v.Application, UserID: v.Asker.UserID, UserEndpointID: v.Asker.EndpointID,
		TargetUserID: v.Target.UserID, TargetUserEndpointID: v.Target.EndpointID, CreatedAt: wire.NewTime(v.Created)}
	if v.File.ID != "" {
		w.Size, w.MIMEType, w.SHA256 = v.File.Size, v.File.Kind, hex.EncodeToString(v.File.SHA256[:])
	}
	return w
}
