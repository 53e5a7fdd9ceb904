package room

import (
	"slices"
	"strings"
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// TestPermissions spells the contract's list out once more, so that a slip in a
// name shows.
func TestPermissions(t *testing.T) {
	both := strings.Fields("audio_mute audio_unmute video_mute video_unmute deaf undeaf set_input_volume set_output_volume" +
		" set_input_sensitivity set_position set_meta raisehand lowerhand")
	var want []Permission
	add := func(prefix string, names ...string) {
		for _, n := range names {
			want = append(want, Permission(prefix+n))
		}
	}
	add("room.self.", both...)
	add("room.self.", "screenshare", "additional_source")
	add("room.member.", both...)
	add("room.member.", "remove", "promote", "demote")
	add("room.", strings.Fields("list_available_layouts set_layout set_position set_meta hide_video_muted show_video_muted lock unlock"+
		" prioritize_handraise recording playback playback_seek stream")...)
	if d := cmp.Diff(want, wire.Permissions()); d != "" || len(want) != 44 {
		t.Errorf("%d permissions (-want +got):\n%s", len(want), d)
	}
	for _, p := range want {
		if got, ok := ParsePermission(string(p)); got != p || !ok {
			t.Errorf("%s: got %q, %v", p, got, ok)
		}
	}
}

func TestParsePermissionRefuses(t *testing.T) {
	for _, name := range []string{"", "room", "room.", "room.self", "room.self.", "room.self.remove", "room.member.screenshare", "room.Lock",
		"room.lock ", "room.stream.stop", "lock", "*"} {
		if p, ok := ParsePermission(name); ok {
			t.Errorf("%q: taken for %s", name, p)
		}
	}
}

func TestDefaultPermissions(t *testing.T) {
	got := defaultPermissions()
	if len(got) != 11 {
		t.Errorf("%d defaults", len(got))
	}
	for _, p := range got {
		if !strings.HasPrefix(string(p), "room.self.") || !slices.Contains(wire.Permissions(), p) {
			t.Errorf("%s is a default", p)
		}
	}
	for _, p := range []Permission{wire.SelfSetPosition, wire.SelfSetMeta, wire.SelfRaiseHand, wire.SelfLowerHand} {
		if slices.Contains(got, p) {
			t.Errorf("%s is a default", p)
		}
	}
}
