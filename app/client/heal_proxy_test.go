package client

import (
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// storm is a proxy before the server's HTTP port. While it rages it delays what
// passes, and cuts each connection after a random number of bytes; while it is
// out nothing passes, and at times nobody is told.
type storm struct {
	listener net.Listener
	target   string
	all      sync.WaitGroup

	mu     sync.Mutex
	calm   *sync.Cond
	chance *rand.Rand
	rages  bool
	out    bool
	closed bool
	conns  map[net.Conn]struct{}
	cuts   int
	bytes  int64
}

func startStorm(t *testing.T, h *host, seed uint64) *storm {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &storm{listener: l, target: strings.TrimPrefix(h.URL, "http://"), chance: rand.New(rand.NewPCG(seed, 3)), conns: map[net.Conn]struct{}{}}
	s.calm = sync.NewCond(&s.mu)
	s.all.Go(s.serve)
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.cut()
		s.weather(false, false)
		s.all.Wait()
	})
	return s
}

func (s *storm) url() string { return "http://" + s.listener.Addr().String() }

// weather says what it is like from now on.
func (s *storm) weather(rages, out bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rages, s.out = rages, out
	s.calm.Broadcast()
}

// cut ends every connection.
func (s *storm) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
		s.cuts++
	}
	clear(s.conns)
}

func (s *storm) serve() {
	for {
		in, err := s.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", s.target)
		if err != nil {
			in.Close()
			continue
		}
		s.mu.Lock()
		s.conns[in], s.conns[out] = struct{}{}, struct{}{}
		s.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			s.all.Go(func() {
				s.pass(pair[0], pair[1])
				in.Close()
				out.Close()
			})
		}
	}
}

// pass copies until a fault or an end.
func (s *storm) pass(to, from net.Conn) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		rest, wait := s.fate(n)
		if wait > 0 {
			time.Sleep(wait) // it is the fault
		}
		if _, err := to.Write(buffer[:rest]); err != nil || rest < n {
			return
		}
	}
}

// fate says how many of n bytes pass before the connection is cut, and after
// what delay.
func (s *storm) fate(n int) (int, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.out && !s.closed {
		s.calm.Wait()
	}
	s.bytes += int64(n)
	if !s.rages {
		return n, 0
	}
	wait := time.Duration(s.chance.Int64N(int64(20 * time.Millisecond)))
	if s.chance.IntN(6000) < n {
		s.cuts++
		return s.chance.IntN(n), wait
	}
	return n, wait
}
