package session

import (
	"io"
	"net"
	"sync"
	"testing"
)

// wall is what stands between a session and its server's API and events: a
// proxy that can be shut. Media does not pass it.
type wall struct {
	listener net.Listener
	target   string // where the server is to listen
	done     sync.WaitGroup

	mu    sync.Mutex
	shut  bool
	conns []net.Conn
}

func newWall(t *testing.T) *wall {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wall{listener: l, target: free.Addr().String()}
	free.Close() // for the server to take
	w.done.Go(w.serve)
	t.Cleanup(func() {
		l.Close()
		w.set(true)
		w.done.Wait()
	})
	return w
}

func (w *wall) url() string { return "http://" + w.listener.Addr().String() }

func (w *wall) serve() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		shut := w.shut
		w.mu.Unlock()
		out, err := net.Dial("tcp", w.target)
		if err != nil || shut {
			in.Close()
			if err == nil {
				out.Close()
			}
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, in, out)
		w.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			w.done.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				in.Close()
				out.Close()
			})
		}
	}
}

// set shuts the wall, cutting what is open, or opens it.
func (w *wall) set(shut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = shut
	if shut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}

// TestOutage: a call survives that the server cannot be reached, and says so;
// one can leave it meanwhile.
func TestOutage(t *testing.T) {
	w := newWall(t)
	startServerAt(t, w.target, w.url())
	a := newPerson(t, "Anna", w.url(), nil)
	a.untilPhase(Lobby)
	a.NewCall()
	before := a.until("media is connected", func(s State) bool { return s.Phase == InCall && s.Call.Network.Grade == GradeGood }).Call
	w.set(true)
	during := a.untilPhase(Reconnecting).Call
	if during.ConferenceID != before.ConferenceID || during.StartedAt != before.StartedAt {
		t.Errorf("the call became %+v", during)
	}
	w.set(false)
	a.untilPhase(InCall)
	w.set(true)
	a.untilPhase(Reconnecting)
	a.Leave()
	a.until("the lobby says that the server is away", func(s State) bool { return s.Phase == Lobby && len(s.Notices) == 1 })
	w.set(false)
	a.until("all is well again", func(s State) bool { return s.Phase == Lobby && len(s.Notices) == 0 })
}
