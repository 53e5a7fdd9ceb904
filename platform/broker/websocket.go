package broker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Handler serves MQTT over WebSocket. A page of any origin may connect: what
// counts is the token in CONNECT, and no cookie is read.
func (b *Broker) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols:       []string{"mqtt", "mqttv3.1"},
			InsecureSkipVerify: true, // the origin, see above
		})
		if err != nil {
			return // Accept has answered
		}
		// A frame may be one packet, part of one or several (section 6 of MQTT
		// 3.1.1); the library bounds the packets.
		ws.SetReadLimit(4 * maxPacket)
		b.admit(newSocket(ws, r.RemoteAddr))
	})
}

// socket makes a net.Conn of a WebSocket: binary messages in and out, closed
// without waiting for the peer. One goroutine reads; any may write.
type socket struct {
	ws     *websocket.Conn
	remote addr
	reader io.Reader          // of the message at hand
	finish context.CancelFunc // of its deadline

	mu          sync.Mutex
	read, write time.Time // deadlines
}

type addr string

func (addr) Network() string  { return "websocket" }
func (a addr) String() string { return string(a) }

var errText = errors.New("websocket message is not binary")

func newSocket(ws *websocket.Conn, remote string) *socket {
	return &socket{ws: ws, remote: addr(remote)}
}

func (s *socket) deadline(of *time.Time) (context.Context, context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of.IsZero() {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadline(context.Background(), *of)
}

// Read returns what is left of the message at hand, or the next one. The
// deadline is the one that was set when the message began.
func (s *socket) Read(p []byte) (int, error) {
	for {
		if s.reader == nil {
			ctx, cancel := s.deadline(&s.read)
			kind, r, err := s.ws.Reader(ctx)
			if err == nil && kind != websocket.MessageBinary {
				err = errText
			}
			if err != nil {
				cancel()
				return 0, err
			}
			s.reader, s.finish = r, cancel
		}
		n, err := s.reader.Read(p)
		if err != nil {
			s.finish()
			s.reader = nil
			if err != io.EOF {
				return n, err
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

// Write sends p as one message.
func (s *socket) Write(p []byte) (int, error) {
	ctx, cancel := s.deadline(&s.write)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the connection without the closing handshake, which would wait for
// the peer.
func (s *socket) Close() error { return s.ws.CloseNow() }

func (s *socket) LocalAddr() net.Addr  { return addr("") }
func (s *socket) RemoteAddr() net.Addr { return s.remote }

func (s *socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = t
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write = t
	return nil
}
