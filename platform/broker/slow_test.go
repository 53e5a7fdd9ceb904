package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless is a journal in which an endpoint has rows up to a number, each made
// when it is read: what is kept of them the broker keeps.
type endless struct {
	mu      sync.Mutex
	last    map[string]int64
	size    int // of each body, which begins with the row's number
	cursors map[string]int64
}

func (e *endless) After(_ context.Context, _, id string, cursor int64, limit int) (list []Entry, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for cursor < e.last[id] && len(list) < limit {
		cursor++
		list = append(list, Entry{cursor, binary.BigEndian.AppendUint64(make([]byte, 0, e.size), uint64(cursor))[:e.size]})
	}
	return list, nil
}

// more gives endpoints rows.
func (e *endless) more(n int64, ids ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		e.last[id] += n
	}
}

func (e *endless) Cursor(_ context.Context, id string) (int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cursors[id], nil
}

func (e *endless) Advance(_ context.Context, id string, seq int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cursors[id] = max(e.cursors[id], seq)
	return nil
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), words)
}

// reader is an endpoint that acknowledges what comes, with nothing around it.
type reader struct {
	conn net.Conn
	got  chan int64 // the number of the row that came last
	err  error      // once got is closed
}

// join signs an endpoint in and lets it read; the rows come without a gap, past
// the cursor at first.
func join(t *testing.T, s *server, user string, cursor int64) *reader {
	t.Helper()
	r := &reader{conn: raw(t, s, user, user), got: make(chan int64, 1)}
	if _, err := r.conn.Write(subscribeBytes(endpointTopic(user))); err != nil {
		t.Fatal(err)
	}
	read(t, r.conn, 5)
	r.conn.SetDeadline(time.Time{})
	go func() {
		defer close(r.got)
		for n := cursor + 1; ; n++ {
			id, body, err := publication(r.conn)
			if err == nil && int64(binary.BigEndian.Uint64(body)) != n {
				err = fmt.Errorf("row %d, want %d", binary.BigEndian.Uint64(body), n)
			}
			if err == nil {
				_, err = r.conn.Write([]byte{0x40, 2, byte(id >> 8), byte(id)})
			}
			if err != nil {
				r.err = err
				return
			}
			select {
			case <-r.got:
			default:
			}
			r.got <- n
		}
	}()
	return r
}

// publication reads one PUBLISH at QoS 1.
func publication(conn net.Conn) (id uint16, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:2]); err != nil {
		return 0, nil, err
	}
	n := 2
	for ; head[n-1] >= 0x80; n++ {
		if _, err := io.ReadFull(conn, head[n:n+1]); err != nil {
			return 0, nil, err
		}
	}
	size, _ := binary.Uvarint(head[1:n])
	body := make([]byte, size)
	if _, err := io.ReadFull(conn, body); err != nil {
		return 0, nil, err
	}
	body = body[2+binary.BigEndian.Uint16(body):]
	return binary.BigEndian.Uint16(body), body[2:], nil
}

// until waits for the n-th event.
func (r *reader) until(t *testing.T, n int64) {
	t.Helper()
	guard := time.After(hang)
	for {
		select {
		case got, ok := <-r.got:
			if !ok {
				t.Fatalf("the connection ended: %v", r.err)
			}
			if got >= n {
				return
			}
		case <-guard:
			t.Fatalf("event %d does not come", n)
		}
	}
}

// live is the memory in use after a collection.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOneThatStopsAmongTwoHundredThatRead: nobody waits for it, it holds little
// memory however much there is for it, it is dropped with a reason, and when it
// is back it gets everything.
func TestOneThatStopsAmongTwoHundredThatRead(t *testing.T) {
	const (
		readers = 200
		rows    = 20000   // of 1 KiB each, for the one that stops
		memory  = 2 << 20 // a window that was encoded once, and what goes with it
	)
	e := &endless{size: 1 << 10, last: map[string]int64{}, cursors: map[string]int64{}}
	log := &logged{}
	s := startWith(t, e, func(b *Broker) { b.log, b.writeWait = slog.New(slog.NewTextHandler(log, nil)), 2*time.Second })
	crowd := make([]*reader, readers)
	var ids []string
	for i := range crowd {
		user := fmt.Sprintf("r%d", i)
		crowd[i] = join(t, s, user, 0)
		ids = append(ids, user+"-1")
	}
	all, said := append([]string{"stopped-1"}, ids...), int64(0)
	say := func(n int64) {
		for range n {
			said++
			e.more(1, all...)
			s.Wake(all)
		}
		for _, r := range crowd {
			r.until(t, said)
		}
	}
	say(50)
	before := live()
	e.more(rows, "stopped-1")
	stopped := raw(t, s, "stopped", "a")
	stopped.(*net.TCPConn).SetReadBuffer(4 << 10)
	s.subscribeNarrow(t, stopped, "stopped")
	say(50)
	if grown := int64(live()) - int64(before); grown > memory {
		t.Errorf("%d KiB more in use", grown>>10)
	}
	for guard := time.Now().Add(hang); !log.has("does not read"); {
		if time.Now().After(guard) {
			t.Fatal("it is not dropped")
		}
		say(1) // nobody waits for it either
	}
	ends(t, stopped)
	say(50)
	if c, _ := e.Cursor(context.Background(), "stopped-1"); c != 0 {
		t.Errorf("cursor %d of one that acknowledged nothing", c)
	}
	back := join(t, s, "stopped", 0)
	back.until(t, rows+said)
	for guard := time.Now().Add(hang); ; runtime.Gosched() {
		if c, _ := e.Cursor(context.Background(), "stopped-1"); c == rows+said {
			break
		}
		if time.Now().After(guard) {
			t.Fatal("its cursor does not reach the end")
		}
	}
}

// subscribeNarrow subscribes an endpoint, over a connection whose buffers are soon full.
func (s *server) subscribeNarrow(t *testing.T, conn net.Conn, user string) {
	t.Helper()
	s.mu.Lock()
	for l := range s.links {
		if l.session.UserID == user {
			l.conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
		}
	}
	s.mu.Unlock()
	conn.Write(subscribeBytes(endpointTopic(user)))
	read(t, conn, 5)
}

// TestNoticesThatWaitAreFew: of what is true for a moment only the newest is
// kept for an endpoint with a full window.
func TestNoticesThatWaitAreFew(t *testing.T) {
	s := start(t)
	conn := raw(t, s, "anna", "a")
	s.add("anna-1", numbers(0, window)...)
	conn.Write(subscribeBytes(endpointTopic("anna")))
	read(t, conn, 5)
	n := 2 + len(endpointTopic("anna"))
	var ids [][]byte
	for range window {
		p := readPacket(t, conn)
		ids = append(ids, p[n:n+2])
	}
	for i := range 1000 {
		s.Notify("anna-1", []byte(fmt.Sprintf(`{"now":%d}`, i)))
	}
	for _, id := range ids {
		conn.Write([]byte{0x40, 2, id[0], id[1]})
	}
	for i := 1000 - maxNotices; i < 1000; i++ {
		if p, want := readPacket(t, conn), fmt.Sprintf(`{"now":%d}`, i); string(p[n+2:]) != want {
			t.Fatalf("got %s, want %s", p[n+2:], want)
		}
	}
}
