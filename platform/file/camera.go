package file

import (
	"context"
	"errors"
	"fmt"

	"guichet/platform/wire"
)

// RequestCamera asks a participant's camera to do something. Only staff may.
func (s *Service) RequestCamera(ctx context.Context, who Caller, q wire.RequestCamera) (wire.CameraRequest, error) {
	switch q.CameraRequestType {
	case wire.CameraSwitch, wire.CameraFlashOn, wire.CameraFlashOff:
	default:
		return wire.CameraRequest{}, invalid("cameraRequestType: want %s, %s or %s", wire.CameraSwitch, wire.CameraFlashOn, wire.CameraFlashOff)
	}
	target := Member{q.TargetUserEndpointID, q.TargetUserID}
	if _, err := s.aim(ctx, who, q.ConferenceID, q.UserEndpointID, &target); err != nil {
		return wire.CameraRequest{}, err
	}
	c := Camera{ID: wire.NewID(), Key: Key{who.Organization, q.ConferenceID}, Asker: Member{q.UserEndpointID, who.UserID}, Target: target,
		Kind: q.CameraRequestType, Created: s.Now()}
	n, err := note(s.cameraEvent(wire.EventSnapshotCameraRequested, c, c.Asker), c.Asker, c.Target)
	if err != nil {
		return wire.CameraRequest{}, err
	}
	woken, err := s.Store.AddCamera(ctx, c, n, maxAsked)
	if err != nil {
		return wire.CameraRequest{}, fmt.Errorf("ask camera: %w", err)
	}
	s.Wake(woken)
	return wire.CameraRequest{SnapshotCameraRequestID: c.ID}, nil
}

// AnswerCamera tells the asker what became of a request. The target does so,
// once.
func (s *Service) AnswerCamera(ctx context.Context, who Caller, q wire.AnswerCamera) error {
	if err := errors.Join(wire.CheckID("snapshotCameraRequestId", q.SnapshotCameraRequestID), wire.CheckID("userEndpointId", q.UserEndpointID),
		checkText("additionalInformation", q.AdditionalInformation, maxText)); err != nil {
		return err
	}
	c, err := s.Store.Camera(ctx, who.Organization, q.SnapshotCameraRequestID)
	if err != nil {
		return err
	}
	if c.Target != (Member{q.UserEndpointID, who.UserID}) {
		return ErrForbidden
	}
	if _, err := s.enter(ctx, who, c.Key.Conference, q.UserEndpointID); err != nil {
		return err
	}
	e := s.cameraEvent(wire.EventSnapshotCameraProcessed, c, c.Target)
	e.Succeeded, e.AdditionalInformation = &q.Succeeded, q.AdditionalInformation
	n, err := note(e, c.Asker, c.Target)
	if err != nil {
		return err
	}
	woken, err := s.Store.AnswerCamera(ctx, c.ID, n, s.Now())
	if err != nil {
		return fmt.Errorf("answer camera request: %w", err)
	}
	s.Wake(woken)
	return nil
}

func (s *Service) cameraEvent(t wire.EventType, c Camera, by Member) wire.SnapshotEvent {
	return wire.SnapshotEvent{Event: s.event(t, c.Key.Conference, by), TargetUserID: c.Target.UserID, TargetUserEndpointID: c.Target.EndpointID,
		CameraRequestType: c.Kind, SnapshotCameraRequestID: c.ID}
}
