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
// The server has an address of its own that every client reaches by UDP, by
// ICE-TCP or through a TURN relay, so the client's checks are enough to find
// the way. It is nevertheless a full agent, not an ICE-lite one: it answers a
// check with one of its own, which makes clients built on pion nominate at once
// instead of 200 ms later, and which proves that media goes to somebody who
// wants it (RFC 8445 section 19.5.1). But it is given no remote candidates:
// those in offers and those that clients trickle are checked for their form and
// left alone, and the client's address is learned from its authenticated checks.
// So an offer cannot aim the server at anybody's address, nothing waits for
// gathering, and names that only the client can resolve (mDNS) do no harm.
package sfu
