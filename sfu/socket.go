package sfu

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// socketBuffer is what is asked of the kernel for each direction, in bytes; it
// may grant less.
const socketBuffer = 4 << 20

// socket is the media UDP port as the ICE mux sees it. Every packet in and out
// passes here, so that sending in batches or over several sockets can be added
// below without touching anything above.
type socket struct {
	*net.UDPConn
}

func newSocket(c *net.UDPConn) *socket {
	// A kernel that grants less is no reason not to start.
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
	return &socket{c}
}

// ReadFromAddrPort reads one datagram. Only a closed socket ends in an error:
// the mux gives up for good at the first one it sees, and a stray ICMP error or
// a moment without buffers must not stop all media.
func (s *socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	pause := time.Millisecond
	for {
		n, from, err := s.ReadFromUDPAddrPort(b)
		if err == nil || errors.Is(err, net.ErrClosed) {
			return n, from, err
		}
		time.Sleep(pause)
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// WriteToAddrPort sends one datagram.
func (s *socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return s.WriteToUDPAddrPort(b, to)
}
