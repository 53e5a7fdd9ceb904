package broker

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// Sizes of the buffers of a WebSocket. Packets are small, and net/http's own
// buffers of 4 KiB each would be most of what an idle connection costs.
const (
	socketReadBuffer  = 256
	socketWriteBuffer = 512
)

// Handler serves MQTT over WebSocket. A page of any origin may connect: what
// counts is the token in CONNECT, and no cookie is read. It returns once the
// connection is open, so that what HTTP needed of it is given back.
func (b *Broker) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lean := &hijacker{ResponseWriter: w}
		ws, err := websocket.Accept(lean, r, &websocket.AcceptOptions{
			Subprotocols:       []string{"mqtt", "mqttv3.1"},
			InsecureSkipVerify: true, // the origin, see above
		})
		if err != nil {
			return // Accept has answered
		}
		// A frame may be one packet, part of one or several (section 6 of MQTT
		// 3.1.1); read bounds the packets.
		ws.SetReadLimit(4 * maxPacket)
		b.admit(&socket{Conn: lean.conn, ws: ws})
	})
}

// hijacker hands out the connection under HTTP with small buffers, and remembers
// it.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = conn
	if err := conn.SetDeadline(time.Time{}); err != nil { // those of HTTP
		return nil, nil, errors.Join(err, conn.Close())
	}
	if rw.Reader.Buffered() == 0 { // otherwise the client did not wait for the answer
		rw.Reader = bufio.NewReaderSize(conn, socketReadBuffer)
	}
	return conn, bufio.NewReadWriter(rw.Reader, bufio.NewWriterSize(conn, socketWriteBuffer)), nil
}

// socket makes a net.Conn of a WebSocket: binary messages in and out. Deadlines
// are those of the connection below. One goroutine reads; any may write.
type socket struct {
	net.Conn
	ws     *websocket.Conn
	reader io.Reader // of the message at hand
}

var errText = errors.New("websocket message is not binary")

// Read returns what is left of the message at hand, or the next one.
func (s *socket) Read(p []byte) (int, error) {
	for {
		if s.reader == nil {
			kind, r, err := s.ws.Reader(context.Background())
			if err != nil {
				return 0, err
			}
			if kind != websocket.MessageBinary {
				return 0, errText
			}
			s.reader = r
		}
		n, err := s.reader.Read(p)
		if err == io.EOF {
			s.reader, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends p as one message.
func (s *socket) Write(p []byte) (int, error) {
	if err := s.ws.Write(context.Background(), websocket.MessageBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the connection without the closing handshake, which would wait for
// the peer. The connection below is closed first: the library waits for who
// reads or writes.
func (s *socket) Close() error {
	err := s.Conn.Close()
	_ = s.ws.CloseNow() // what it could tell is that the connection is closed
	return err
}
