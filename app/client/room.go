package client

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"guichet/platform/wire"
)

// ErrRoomURL is returned for a link that is not a room's.
var ErrRoomURL = errors.New("not a link like https://calls.example.org/r/lobby#token")

// RoomLink is where a room token leads to. The token stands behind the #, which
// browsers send to nobody.
type RoomLink struct{ Server, Room, Token string }

// ParseRoomURL takes a room's link apart.
func ParseRoomURL(link string) (RoomLink, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return RoomLink{}, ErrRoomURL
	}
	room, found := strings.CutPrefix(strings.TrimRight(u.Path, "/"), "/r/")
	if !found || wire.CheckID("room", room) != nil || u.Fragment == "" || strings.ContainsFunc(u.Fragment, notOfToken) {
		return RoomLink{}, ErrRoomURL
	}
	return RoomLink{Server: u.Scheme + "://" + u.Host, Room: room, Token: u.Fragment}, nil
}

// notOfToken tells that a character is in no compact JWS (RFC 7515, section 7.1).
func notOfToken(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// memberIn reads an endpoint's seat out of a conference's metadata.
func memberIn(metadata map[string]string, endpoint string) (m wire.Member, ok bool) {
	value, ok := metadata[wire.MemberKey(endpoint)]
	if !ok || json.Unmarshal([]byte(value), &m) != nil {
		return wire.Member{}, false
	}
	return m, true
}

// Seat returns the own place in the room; ok is false for who is bound by nothing.
func (s CallState) Seat() (m wire.Member, ok bool) {
	return memberIn(s.Conference.Metadata, s.Endpoint)
}

// Room returns the settings of the room's session; ok is false when the
// conference is none.
func (s CallState) Room() (r wire.Room, ok bool) {
	value, ok := s.Conference.Metadata[wire.MetadataRoom]
	if !ok || json.Unmarshal([]byte(value), &r) != nil {
		return wire.Room{}, false
	}
	return r, true
}

// Rights is what we may do to rooms and their members, by the server's own rule,
// so that nothing need be offered that would be refused.
type Rights struct {
	staff    bool
	endpoint string
	granted  []wire.Permission
}

// Rights returns what we may do now.
func (s CallState) Rights() Rights {
	m, _ := s.Seat()
	return Rights{s.Staff, s.Endpoint, m.Permissions}
}

// InRoom tells whether we may do what takes a permission of the room.
func (r Rights) InRoom(p wire.Permission) bool { return r.staff || slices.Contains(r.granted, p) }

// To tells whether we may do something to somebody in the call.
func (r Rights) To(a Action, who Participant) bool {
	self, member := a.Permissions()
	if who.Endpoint == r.endpoint && self != "" && r.InRoom(self) {
		return true
	}
	return r.staff || (who.Endpoint == r.endpoint || who.Seat != nil) && r.InRoom(member)
}
