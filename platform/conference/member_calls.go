package conference

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"guichet/platform/wire"
)

// onMember runs an action on a member, oneself or another.
func (d *Directory) onMember(ctx context.Context, who Caller, r wire.MemberAction, need right, alter func(*seat) error) error {
	k, by, err := acting(who, r.ConferenceID, r.UserEndpointID)
	if err == nil && r.TargetUserEndpointID != "" {
		err = wire.CheckID("targetUserEndpointId", r.TargetUserEndpointID)
	}
	if err != nil {
		return err
	}
	_, err = d.do(ctx, k, onMember{by, r.TargetUserEndpointID, need, alter})
	return err
}

// acting returns the conference and who acts there.
func acting(who Caller, id, endpoint string) (Key, actor, error) {
	k, err := keyAs(who, id, endpoint)
	return k, actor{who.UserID, endpoint, who.isStaff()}, err
}

func always(alter func(*seat)) func(*seat) error {
	return func(s *seat) error { alter(s); return nil }
}

// MuteAudio lets no sound of a member pass.
func (d *Directory) MuteAudio(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfAudioMute, wire.MemberAudioMute}, always(func(s *seat) { s.AudioMuted = true }))
}

// UnmuteAudio lets a member's sound pass again.
func (d *Directory) UnmuteAudio(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfAudioUnmute, wire.MemberAudioUnmute}, always(func(s *seat) { s.AudioMuted = false }))
}

// MuteVideo lets no picture of a member pass.
func (d *Directory) MuteVideo(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfVideoMute, wire.MemberVideoMute}, always(func(s *seat) { s.VideoMuted = true }))
}

// UnmuteVideo lets a member's pictures pass again.
func (d *Directory) UnmuteVideo(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfVideoUnmute, wire.MemberVideoUnmute}, always(func(s *seat) { s.VideoMuted = false }))
}

// Deafen lets a member hear nothing.
func (d *Directory) Deafen(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfDeaf, wire.MemberDeaf}, always(func(s *seat) { s.Deaf = true }))
}

// Undeafen lets a member hear again.
func (d *Directory) Undeafen(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfUndeaf, wire.MemberUndeaf}, always(func(s *seat) { s.Deaf = false }))
}

// RaiseHand notes that a member wants to speak, and since when.
func (d *Directory) RaiseHand(ctx context.Context, who Caller, r wire.MemberAction) error {
	at := wire.NewTime(d.now())
	return d.onMember(ctx, who, r, right{wire.SelfRaiseHand, wire.MemberRaiseHand}, always(func(s *seat) {
		if s.HandRaisedAt == nil {
			s.HandRaisedAt = &at
		}
	}))
}

// LowerHand notes that a member does not want to speak.
func (d *Directory) LowerHand(ctx context.Context, who Caller, r wire.MemberAction) error {
	return d.onMember(ctx, who, r, right{wire.SelfLowerHand, wire.MemberLowerHand}, always(func(s *seat) { s.HandRaisedAt = nil }))
}

// SetInputVolume sets how loud a member is heard.
func (d *Directory) SetInputVolume(ctx context.Context, who Caller, r wire.SetVolume) error {
	if err := within("volume", r.Volume, -maxVolume, maxVolume); err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{wire.SelfSetInputVolume, wire.MemberSetInputVolume},
		always(func(s *seat) { s.InputVolume = *r.Volume }))
}

// SetOutputVolume sets how loud a member hears.
func (d *Directory) SetOutputVolume(ctx context.Context, who Caller, r wire.SetVolume) error {
	if err := within("volume", r.Volume, -maxVolume, maxVolume); err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{wire.SelfSetOutputVolume, wire.MemberSetOutputVolume},
		always(func(s *seat) { s.OutputVolume = *r.Volume }))
}

// SetInputSensitivity sets how loud a member's sound must be to pass.
func (d *Directory) SetInputSensitivity(ctx context.Context, who Caller, r wire.SetSensitivity) error {
	if err := within("value", r.Value, 0, maxSensitive); err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{wire.SelfSetInputSensitivity, wire.MemberSetInputSensitivity},
		always(func(s *seat) { s.Sensitivity = *r.Value }))
}

func within(what string, n *int, low, high int) error {
	if n == nil {
		return invalid("%s is missing", what)
	}
	if *n < low || *n > high {
		return invalid("%s is not between %d and %d", what, low, high)
	}
	return nil
}

// SetMemberPosition chooses a member's place in the layout.
func (d *Directory) SetMemberPosition(ctx context.Context, who Caller, r wire.SetMemberPosition) error {
	if err := checkPosition(r.Position); err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{wire.SelfSetPosition, wire.MemberSetPosition},
		always(func(s *seat) { s.Position = r.Position }))
}

// onMeta changes a member's meta.
func (d *Directory) onMeta(ctx context.Context, who Caller, r wire.MemberAction, alter func(json.RawMessage) (json.RawMessage, error)) error {
	return d.onMember(ctx, who, r, right{wire.SelfSetMeta, wire.MemberSetMeta}, func(s *seat) (err error) {
		s.Meta, err = alter(object(s.Meta))
		return err
	})
}

// SetMemberMeta replaces a member's meta.
func (d *Directory) SetMemberMeta(ctx context.Context, who Caller, r wire.SetMemberMeta) error {
	return d.onMeta(ctx, who, r.MemberAction, replacing(r.Meta))
}

// UpdateMemberMeta replaces some of a member's meta.
func (d *Directory) UpdateMemberMeta(ctx context.Context, who Caller, r wire.SetMemberMeta) error {
	return d.onMeta(ctx, who, r.MemberAction, merging(r.Meta))
}

// DeleteMemberMeta deletes some of a member's meta.
func (d *Directory) DeleteMemberMeta(ctx context.Context, who Caller, r wire.DeleteMemberMeta) error {
	return d.onMeta(ctx, who, r.MemberAction, deleting(r.Keys))
}

// Promote makes somebody of the audience a member; a member stays what it is.
func (d *Directory) Promote(ctx context.Context, who Caller, r wire.Promote) error {
	err := checkAllowed(r.MediaAllowed)
	for _, p := range r.Permissions {
		if !slices.Contains(wire.Permissions(), p) {
			err = checkAll(err, invalid("permissions: one is not known"))
		}
	}
	var granted []wire.Permission
	for _, p := range wire.Permissions() {
		if slices.Contains(r.Permissions, p) {
			granted = append(granted, p)
		}
	}
	var meta json.RawMessage
	if err == nil && len(r.Meta) > 0 && string(r.Meta) != "null" {
		meta, err = checkMeta(r.Meta)
	}
	if err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{member: wire.MemberPromote}, always(func(s *seat) {
		if !s.listens() {
			return
		}
		s.Role, s.Permissions, s.Recast = wire.JoinAsMember, granted, true
		s.AudioMuted, s.VideoMuted = r.JoinAudioMuted, r.JoinVideoMuted
		if meta != nil {
			s.Meta = meta
		}
		if r.MediaAllowed != "" {
			s.MediaAllowed = r.MediaAllowed
		}
	}))
}

// Demote makes a member one of the audience.
func (d *Directory) Demote(ctx context.Context, who Caller, r wire.Demote) error {
	if err := checkAllowed(r.MediaAllowed); err != nil {
		return err
	}
	return d.onMember(ctx, who, r.MemberAction, right{member: wire.MemberDemote}, always(func(s *seat) {
		if !s.listens() {
			s.Role, s.Permissions, s.Recast = wire.JoinAsAudience, nil, true
		}
		if r.MediaAllowed != "" {
			s.MediaAllowed = r.MediaAllowed
		}
	}))
}

func checkAllowed(m wire.MediaAllowed) error {
	switch m {
	case "", wire.MediaAll, wire.MediaAudioOnly, wire.MediaVideoOnly:
		return nil
	}
	return invalid("mediaAllowed is not one of all, audio-only, video-only")
}

// checkRemoval refuses the server's own words as the reason of a removal: clients
// tell by them what became of them.
func checkRemoval(reason string) error {
	if slices.Contains(wire.LeftReasons(), reason) {
		return invalid("reason: %q is the server's own word", reason)
	}
	return checkLength("reason", reason, maxReason)
}

// RemoveMember takes a member out for good: out of the conference, of its media
// and of the news.
func (d *Directory) RemoveMember(ctx context.Context, who Caller, r wire.RemoveMember) error {
	k, by, err := acting(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("targetUserEndpointId", r.TargetUserEndpointID), checkRemoval(r.Reason)); err != nil {
		return err
	}
	_, err = d.do(ctx, k, remove{by, r.TargetUserEndpointID, cmp.Or(r.Reason, wire.LeftRemoved)})
	return err
}

// RemoveAllMembers takes everybody out for good but staff, who asks last.
func (d *Directory) RemoveAllMembers(ctx context.Context, who Caller, r wire.RemoveAllMembers) error {
	k, by, err := acting(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, checkRemoval(r.Reason)); err != nil {
		return err
	}
	s, err := d.do(ctx, k, nil)
	if err == nil {
		err = by.inRoom(s, wire.MemberRemove)
	}
	if err != nil {
		return err
	}
	var all []string
	for _, m := range s.Members {
		if !m.isStaff() && m.Endpoint != by.endpoint {
			all = append(all, m.Endpoint)
		}
	}
	if i := s.index(by.endpoint); i >= 0 && !s.Members[i].isStaff() {
		all = append(all, by.endpoint)
	}
	for _, target := range all {
		_, err := d.do(ctx, k, remove{by, target, cmp.Or(r.Reason, wire.LeftRemoved)})
		if err := ignore(err, ErrUnknownMember, ErrEnded); err != nil {
			return err
		}
	}
	return nil
}
