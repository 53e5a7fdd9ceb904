package room

import (
	"slices"

	"guichet/platform/wire"
)

// Permission is one thing that a member may do in a room.
type Permission = wire.Permission

// ParsePermission returns the permission of a name, or false. Two names that
// the vendor's pages and tests use stand for others of the list.
func ParsePermission(name string) (Permission, bool) {
	switch name {
	case "room.stream.start":
		return wire.RoomStream, true
	case "room.playback.seek":
		return wire.RoomPlaybackSeek, true
	}
	p := Permission(name)
	return p, slices.Contains(wire.Permissions(), p)
}

// defaultPermissions are those of a member whose request names none: all that
// concerns oneself alone.
func defaultPermissions() []Permission {
	return []Permission{
		wire.SelfAudioMute, wire.SelfAudioUnmute, wire.SelfVideoMute, wire.SelfVideoUnmute, wire.SelfDeaf, wire.SelfUndeaf,
		wire.SelfSetInputVolume, wire.SelfSetOutputVolume, wire.SelfSetInputSensitivity, wire.SelfScreenshare, wire.SelfAdditionalSource,
	}
}
