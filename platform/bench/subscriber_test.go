//go:build figures

package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// The generator's own MQTT 3.1.1, the same for every broker: a client costs one
// goroutine and a small buffer.

// patience is how long an answer of a broker may take.
const patience = 30 * time.Second

// bodySize is that of a publication: the time that it was sent at, the rest is
// filling.
const bodySize = 256

// sentAt stands before the time, in an event of ours as well.
const sentAt = "sent at 0x"

func field(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func packet(first byte, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return append(binary.AppendUvarint([]byte{first}, uint64(len(all))), all...)
}

// subscriber is a connection with one subscription.
type subscriber struct {
	conn net.Conn
	in   *bufio.Reader
}

// subscribe connects to host:port or to an address of ws:, as a client that
// signs in with a user name if there is one, and subscribes at QoS 1.
func subscribe(address, id, user, topic string) (s subscriber, err error) {
	if strings.HasPrefix(address, "ws") {
		ws, _, err := websocket.Dial(context.Background(), address, &websocket.DialOptions{Subprotocols: []string{"mqtt"}})
		if err != nil {
			return s, err
		}
		s.conn = websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
	} else if s.conn, err = net.Dial("tcp", address); err != nil {
		return s, err
	}
	s.in = bufio.NewReaderSize(s.conn, 1024)
	hello := [][]byte{field("MQTT"), {4, 2, 0, 0}, field(id)} // without keep-alive
	if user != "" {
		hello[1][1] |= 0x80
		hello = append(hello, field(user))
	}
	if err := s.ask(packet(0x10, hello...), 0x20); err != nil {
		return s, fmt.Errorf("connect: %w", err)
	}
	if topic != "" {
		if err := s.ask(packet(0x82, []byte{0, 1}, field(topic), []byte{1}), 0x90); err != nil {
			return s, fmt.Errorf("subscribe: %w", err)
		}
	}
	return s, nil
}

// ask sends a packet and reads the answer, whose last byte is 0, or 1 for the
// quality of service that was asked for.
func (s subscriber) ask(p []byte, kind byte) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := s.conn.Write(p); err != nil {
		return err
	}
	k, b, err := readPacket(s.in, nil)
	if err != nil {
		return err
	}
	if k != kind || b[len(b)-1] > 1 {
		return fmt.Errorf("answer %#x % x", k, b)
	}
	return s.conn.SetDeadline(time.Time{})
}

// readPacket reads one packet into a buffer, which it may replace.
func readPacket(in *bufio.Reader, buf []byte) (kind byte, body []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, nil, err
	}
	if n > 1<<20 {
		return 0, nil, errors.New("packet too large")
	}
	if uint64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err = io.ReadFull(in, buf)
	return kind, buf, err
}

// receive reads publications until the connection ends and hands each body to
// take. Those that came together are acknowledged together.
func (s subscriber) receive(take func(body []byte)) {
	var buf, acks []byte
	for {
		kind, b, err := readPacket(s.in, buf)
		if err != nil {
			return
		}
		if kind&0xf0 != 0x30 || len(b) < 2 {
			continue
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		if kind&0x06 != 0 {
			acks = append(acks, 0x40, 2, b[n], b[n+1])
			n += 2
		}
		take(b[n:])
		if s.in.Buffered() == 0 && len(acks) > 0 {
			if _, err := s.conn.Write(acks); err != nil {
				return
			}
			acks = acks[:0]
		}
		buf = b
	}
}

// stamp is a body of so many bytes that tells when it was sent.
func stamp(size int) []byte {
	b := fmt.Appendf(make([]byte, 0, size), "%s%016x", sentAt, time.Now().UnixNano())
	return append(b, strings.Repeat("x", max(0, size-len(b)))...)
}

// age is how long ago a body was sent, in ms; false when it does not tell.
func age(body []byte) (ms float64, ok bool) {
	_, rest, ok := bytes.Cut(body, []byte(sentAt))
	if !ok || len(rest) < 16 {
		return 0, false
	}
	at, err := strconv.ParseInt(string(rest[:16]), 16, 64)
	return float64(time.Now().UnixNano()-at) / 1e6, err == nil
}

// publisher is a connection that publishes at QoS 1.
type publisher struct {
	subscriber
	sent chan struct{} // one for each publication that is not acknowledged
}

// newPublisher connects; at most depth publications stay unacknowledged.
func newPublisher(address, id string, depth int) (*publisher, error) {
	s, err := subscribe(address, id, "", "")
	if err != nil {
		return nil, err
	}
	p := &publisher{s, make(chan struct{}, depth)}
	go func() {
		defer s.conn.Close()
		for {
			kind, _, err := readPacket(s.in, nil)
			if err != nil {
				return
			}
			if kind == 0x40 {
				<-p.sent
			}
		}
	}()
	return p, nil
}

// say publishes an event of a group.
func (p *publisher) say(group int) error { return p.publish(group, bodySize) }

func (p *publisher) publish(group, size int) error {
	p.sent <- struct{}{}
	_, err := p.conn.Write(packet(0x32, field("g/"+strconv.Itoa(group)), []byte{0, 1}, stamp(size)))
	return err
}
