package conference

import (
	"slices"
	"time"

	"guichet/platform/wire"
)

// maxPast bounds what is remembered of those who left; the oldest is forgotten.
const maxPast = 1000

// past is what counts against a holder that comes back while the session lasts:
// leaving is no way out of a mute, of the audience, or of a time that runs out.
type past struct {
	Holder  string `json:"holder"`
	Removed bool   `json:"removed,omitempty"`

	AudioMuted bool      `json:"audioMuted,omitempty"`
	VideoMuted bool      `json:"videoMuted,omitempty"`
	Deaf       bool      `json:"deaf,omitempty"`
	Elapses    time.Time `json:"elapses,omitzero"`
	// Set when the role is no longer that of the token.
	Role         wire.JoinAs       `json:"role,omitempty"`
	Permissions  []wire.Permission `json:"permissions,omitempty"`
	MediaAllowed wire.MediaAllowed `json:"mediaAllowed,omitempty"`
}

// pastOf is what to remember of a member that goes.
func pastOf(m member, removed bool) past {
	p := past{Holder: m.holder(), Removed: removed}
	if s := m.Seat; s != nil {
		p.AudioMuted, p.VideoMuted, p.Deaf, p.Elapses = s.AudioMuted, s.VideoMuted, s.Deaf, s.Elapses
		if s.Recast {
			p.Role, p.Permissions, p.MediaAllowed = s.Role, s.Permissions, s.MediaAllowed
		}
	}
	return p
}

// counts tells that there is something to remember.
func (p past) counts() bool {
	return p.Removed || p.AudioMuted || p.VideoMuted || p.Deaf || !p.Elapses.IsZero() || p.Role != ""
}

// remembered returns what counts against a holder, also while it is in with
// another endpoint.
func (s state) remembered(holder string) (past, bool) {
	if holder == "" {
		return past{}, false
	}
	var found *past
	if i := slices.IndexFunc(s.Past, func(p past) bool { return p.Holder == holder }); i >= 0 {
		found = &s.Past[i]
	}
	for _, m := range s.Members {
		if m.Seat == nil || m.holder() != holder {
			continue
		}
		p := pastOf(m, false)
		if found != nil {
			p = p.and(*found)
		}
		found = &p
	}
	if found == nil {
		return past{}, false
	}
	return *found, true
}

// and adds what an earlier past says to a later one, which has the rest from it.
func (p past) and(earlier past) past {
	p.Removed = p.Removed || earlier.Removed
	return p
}

// remember keeps what counts against a member that goes.
func (s state) remember(m member, removed bool) state {
	p := pastOf(m, removed)
	if p.Holder == "" {
		return s
	}
	var kept []past
	for _, earlier := range s.Past {
		if earlier.Holder == p.Holder {
			p = p.and(earlier)
		} else {
			kept = append(kept, earlier)
		}
	}
	if len(kept) >= maxPast {
		kept = kept[len(kept)-maxPast+1:]
	}
	if s.Past = kept; p.counts() {
		s.Past = append(kept, p)
	}
	return s
}

// resume returns the seat of a holder that comes back.
func (p past) resume(s seat) seat {
	s.AudioMuted, s.VideoMuted, s.Deaf = s.AudioMuted || p.AudioMuted, s.VideoMuted || p.VideoMuted, p.Deaf
	if !p.Elapses.IsZero() {
		s.Elapses = p.Elapses
	}
	if p.Role != "" {
		s.Role, s.Permissions, s.MediaAllowed, s.Recast = p.Role, p.Permissions, p.MediaAllowed, true
	}
	return s
}
