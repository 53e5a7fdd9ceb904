package conference

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"guichet/platform/wire"
)

// onRoom runs an action on a room's session.
func (d *Directory) onRoom(ctx context.Context, who Caller, r wire.RoomAction, p wire.Permission, alter func(state, *room) error) error {
	k, by, err := acting(who, r.ConferenceID, r.UserEndpointID)
	if err != nil {
		return err
	}
	_, err = d.do(ctx, k, onRoom{by, p, alter})
	return err
}

func setting(alter func(*room)) func(state, *room) error {
	return func(_ state, r *room) error { alter(r); return nil }
}

// Lock lets nobody but staff join any more.
func (d *Directory) Lock(ctx context.Context, who Caller, r wire.RoomAction) error {
	return d.onRoom(ctx, who, r, wire.RoomLock, setting(func(r *room) { r.Locked = true }))
}

// Unlock lets people join again.
func (d *Directory) Unlock(ctx context.Context, who Caller, r wire.RoomAction) error {
	return d.onRoom(ctx, who, r, wire.RoomUnlock, setting(func(r *room) { r.Locked = false }))
}

// HideVideoMuted leaves members without a picture out of the layout.
func (d *Directory) HideVideoMuted(ctx context.Context, who Caller, r wire.RoomAction) error {
	return d.onRoom(ctx, who, r, wire.RoomHideVideoMuted, setting(func(r *room) { r.HideVideoMuted = true }))
}

// ShowVideoMuted shows them again.
func (d *Directory) ShowVideoMuted(ctx context.Context, who Caller, r wire.RoomAction) error {
	return d.onRoom(ctx, who, r, wire.RoomShowVideoMuted, setting(func(r *room) { r.HideVideoMuted = false }))
}

// SetPrioritizeHandraise shows raised hands first, or not.
func (d *Directory) SetPrioritizeHandraise(ctx context.Context, who Caller, r wire.SetPrioritizeHandraise) error {
	if r.On == nil {
		return invalid("on is missing")
	}
	return d.onRoom(ctx, who, r.RoomAction, wire.RoomPrioritizeHandraise, setting(func(at *room) { at.PrioritizeHandraise = *r.On }))
}

// SetLayout chooses the layout, and the positions in it when they are given.
func (d *Directory) SetLayout(ctx context.Context, who Caller, r wire.SetLayout) error {
	if !slices.Contains(wire.LayoutNames(), r.Name) {
		return invalid("name is not a layout")
	}
	if err := checkPositions(r.Positions); err != nil {
		return err
	}
	return d.onRoom(ctx, who, r.RoomAction, wire.RoomSetLayout, func(s state, at *room) error {
		at.Layout = r.Name
		if r.Positions == nil {
			return nil
		}
		return at.place(s, r.Positions)
	})
}

// SetPositions places members in the layout.
func (d *Directory) SetPositions(ctx context.Context, who Caller, r wire.SetPositions) error {
	if r.Positions == nil {
		return invalid("positions is missing")
	}
	if err := checkPositions(r.Positions); err != nil {
		return err
	}
	return d.onRoom(ctx, who, r.RoomAction, wire.RoomSetPosition, func(s state, at *room) error { return at.place(s, r.Positions) })
}

func checkPositions(all map[string]string) error {
	if len(all) > maxMembers {
		return invalid("more than %d positions", maxMembers)
	}
	for _, p := range all {
		if err := checkPosition(p); err != nil {
			return err
		}
	}
	return nil
}

// place sets the positions, of members only.
func (r *room) place(s state, all map[string]string) error {
	for endpoint := range all {
		if !s.hasEndpoint(endpoint) {
			return ErrUnknownMember
		}
	}
	if r.Positions = maps.Clone(all); len(all) == 0 {
		r.Positions = nil
	}
	return nil
}

func (d *Directory) onRoomMeta(ctx context.Context, who Caller, r wire.RoomAction, alter func(json.RawMessage) (json.RawMessage, error)) error {
	return d.onRoom(ctx, who, r, wire.RoomSetMeta, func(_ state, at *room) (err error) {
		at.Meta, err = alter(object(at.Meta))
		return err
	})
}

// SetRoomMeta replaces the room's meta.
func (d *Directory) SetRoomMeta(ctx context.Context, who Caller, r wire.SetRoomMeta) error {
	return d.onRoomMeta(ctx, who, r.RoomAction, replacing(r.Meta))
}

// UpdateRoomMeta replaces some of the room's meta.
func (d *Directory) UpdateRoomMeta(ctx context.Context, who Caller, r wire.SetRoomMeta) error {
	return d.onRoomMeta(ctx, who, r.RoomAction, merging(r.Meta))
}

// DeleteRoomMeta deletes some of the room's meta.
func (d *Directory) DeleteRoomMeta(ctx context.Context, who Caller, r wire.DeleteRoomMeta) error {
	return d.onRoomMeta(ctx, who, r.RoomAction, deleting(r.Keys))
}

// The ways to change a meta; each returns a new one.

func replacing(meta json.RawMessage) func(json.RawMessage) (json.RawMessage, error) {
	return func(json.RawMessage) (json.RawMessage, error) { return checkMeta(meta) }
}

func merging(some json.RawMessage) func(json.RawMessage) (json.RawMessage, error) {
	return func(was json.RawMessage) (json.RawMessage, error) {
		all, err := members(was)
		if err != nil {
			return nil, err
		}
		added, err := members(some)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, added)
		return writeMeta(all)
	}
}

func deleting(keys []string) func(json.RawMessage) (json.RawMessage, error) {
	return func(was json.RawMessage) (json.RawMessage, error) {
		if keys == nil {
			return nil, invalid("keys is missing")
		}
		if len(keys) > maxMetaKeys {
			return nil, invalid("more than %d keys", maxMetaKeys)
		}
		all, err := members(was)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			delete(all, k)
		}
		return writeMeta(all)
	}
}

// Layouts returns the names of the layouts that a room may have.
func (d *Directory) Layouts(ctx context.Context, who Caller, id string) (wire.Layouts, error) {
	k, err := key(who, id)
	if err != nil {
		return wire.Layouts{}, err
	}
	s, err := d.do(ctx, k, nil)
	if err != nil {
		return wire.Layouts{}, err
	}
	mine := func(m member) bool { return m.User == who.UserID && m.Seat.may(wire.RoomListAvailableLayouts) }
	if !who.isStaff() && !slices.ContainsFunc(s.Members, mine) {
		return wire.Layouts{}, ErrNotPermitted
	}
	return wire.Layouts{Layouts: wire.LayoutNames()}, nil
}

// Missing answers the calls that this server has no part for yet: who may not
// make them is told that first.
func (d *Directory) Missing(p wire.Permission) func(context.Context, Caller, wire.RoomAction) error {
	return func(ctx context.Context, who Caller, r wire.RoomAction) error {
		k, by, err := acting(who, r.ConferenceID, r.UserEndpointID)
		if err != nil {
			return err
		}
		s, err := d.do(ctx, k, nil)
		if err == nil {
			err = by.inRoom(s, p)
		}
		if err != nil {
			return err
		}
		return &wire.Error{Code: wire.CodeNotAvailable, Message: "this server has no recording, playback or streaming of rooms yet"}
	}
}
