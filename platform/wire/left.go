package wire

// The reasons of ConferenceLeftEvent that the server gives by itself. Any other is
// what somebody said who left, or who removed the one who left; nobody can give
// one of these by removing somebody.
const (
	LeftSilent       = "keep-alive missed"  // the endpoint was not heard of for too long
	LeftUnregistered = "unregistered"       // the endpoint was, without a reason
	LeftAccessEnded  = "access ended"       // what its token rests on was revoked
	LeftRemoved      = "removed by another" // without a reason
	LeftTimeUp       = "time is up"         // its room token, or the room, allows no more
)

// LeftReasons returns them all.
func LeftReasons() []string {
	return []string{LeftSilent, LeftUnregistered, LeftAccessEnded, LeftRemoved, LeftTimeUp}
}

// LeftByRemoval tells whether a reason of ConferenceLeftEvent means that the
// endpoint shall not come back: somebody removed it, or its time is up. The others
// of the server's own mean that it may have been lost by mistake. Without any it
// left by itself.
func LeftByRemoval(reason string) bool {
	switch reason {
	case "", LeftSilent, LeftUnregistered, LeftAccessEnded:
		return false
	}
	return true
}
