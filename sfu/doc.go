// Package sfu forwards media: one publisher's audio and video go to any number
// of viewers, packet by packet, without decoding.
//
// It owns the media socket (one UDP port, ICE-TCP on the same number), the
// PeerConnections on both sides, the packet history of each published track
// and the translation of every packet for each viewer. It knows SDP, RTP, RTCP
// and pion/webrtc; it must not know HTTP, MQTT, users or what a conference is:
// the keys it is given are opaque.
//
// # Who runs what
//
// Every stream and every viewer has one goroutine that owns its life (run in
// stream.go and viewer.go): it waits for the connection, sends sender reports,
// and at the end closes the PeerConnection and waits for its other goroutines.
// One goroutine per published track reads packets, files them in the track's
// history and writes them to the track's viewers (track.go). It takes the
// track's mutex only to file a packet and to pick up the list of viewers,
// which is copied on change; no lock is held while packets are written. A
// viewer that joins catches up from the history in its own goroutine and is
// then appended to the list; retransmissions are sent by the goroutine that
// reads the viewer's RTCP. The mutex of SFU guards its maps alone.
//
// # ICE
//
// The server is an ICE-lite agent (RFC 8445 section 2.5). It has a public (or
// loopback) address of its own, so the client's checks are enough in every
// case: over UDP, ICE-TCP or a TURN relay. As it never sends checks, an offer
// cannot aim it at somebody else's address, remote candidates need no
// resolving (mDNS names included) and no timers run for them. Candidates that
// clients trickle are therefore checked for their form and then left alone:
// the peer's address is learned from its authenticated checks.
package sfu
