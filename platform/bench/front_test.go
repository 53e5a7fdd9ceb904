//go:build figures

package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/broker"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/store"
)

// TestMain runs the tests, or the broker's front alone as a process of its own:
// `bench.test front memory|store GROUP...`, where each group is the number of
// endpoints that one publication reaches.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "front" {
		if err := runFront(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// front is the broker with a door for publishers, who speak MQTT like those of
// other brokers: a publication to g/N is an event of the group N. A group is a
// conference, its members are endpoints N.M.
type front struct {
	broker *broker.Broker
	event  func(group int, body []byte) error
	groups []group
}

type group struct {
	mu      sync.Mutex
	version int64
	members []string
}

func endpointName(group, member int) string { return fmt.Sprintf("e%d.%d", group, member) }

func runFront(kind string, sizes []string) error {
	f := &front{groups: make([]group, len(sizes))}
	for i, s := range sizes {
		n, err := strconv.Atoi(s)
		if err != nil {
			return err
		}
		for j := range n {
			f.groups[i].members = append(f.groups[i].members, endpointName(i, j))
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var journal broker.Journal
	if kind == "store" {
		dir, err := os.MkdirTemp("", "front")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s, err := store.Open(context.Background(), dir)
		if err != nil {
			return err
		}
		defer s.Close()
		j := store.NewJournal(s, time.Now, log)
		defer j.Close()
		journal = j
		if err := f.useStore(s); err != nil {
			return err
		}
	} else {
		journal = f.useMemory()
	}
	var err error
	f.broker, err = broker.New(broker.Config{Listen: "127.0.0.1:0", Journal: journal, Logger: log,
		Authenticate: func(context.Context, string) (broker.Session, error) {
			return broker.Session{Organization: "default", UserID: "u", Expires: time.Now().Add(time.Hour)}, nil
		},
		Owns: func(context.Context, broker.Session, string) error { return nil }})
	if err != nil {
		return err
	}
	defer f.broker.Close()
	if err := f.broker.Start(); err != nil {
		return err
	}
	publishers, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer publishers.Close()
	go f.accept(publishers)
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: f.broker.Handler()}
	defer server.Close()
	go server.Serve(web)
	fmt.Printf("{\"url\":\"http://%s\",\"mqtt\":%q,\"mqttWs\":\"ws://%s/ws\",\"publish\":%q}\n", web.Addr(), f.broker.Addr(), web.Addr(), publishers.Addr())
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt)
	<-end
	return nil
}

// useStore keeps the groups as conferences of the real store, whose members
// have joined.
func (f *front) useStore(s *store.Store) error {
	ctx := context.Background()
	for i := range f.groups {
		g := &f.groups[i]
		entries := make([]conference.Entry, len(g.members))
		for j, id := range g.members {
			if err := s.SaveEndpoint(ctx, endpoint.Endpoint{ID: id, Owner: endpoint.Owner{Organization: "default", UserID: "u"}}); err != nil {
				return err
			}
			entries[j] = conference.Entry{Body: []byte("{}"), To: g.members, Joins: id}
		}
		k := conference.Key{Organization: "default", ID: "c" + strconv.Itoa(i)}
		if err := s.SaveConference(ctx, conference.Change{Key: k, Version: 1, State: []byte("{}"), At: time.Now(), Entries: entries}); err != nil {
			return err
		}
		g.version = 1
	}
	f.event = func(i int, body []byte) error {
		g := &f.groups[i]
		g.mu.Lock()
		defer g.mu.Unlock()
		k := conference.Key{Organization: "default", ID: "c" + strconv.Itoa(i)}
		err := s.SaveConference(ctx, conference.Change{Key: k, Was: g.version, Version: g.version + 1, State: []byte("{}"), At: time.Now(),
			Entries: []conference.Entry{{Body: body, To: g.members}}})
		g.version++
		return err
	}
	return nil
}

// useMemory keeps what an endpoint has not acknowledged in memory, as the store
// does with its newest rows, and writes nothing.
func (f *front) useMemory() broker.Journal {
	m := &memory{readers: map[string]*rows{}}
	for i := range f.groups {
		for _, id := range f.groups[i].members {
			m.readers[id] = &rows{}
		}
	}
	f.event = func(i int, body []byte) error {
		m.append(f.groups[i].members, body)
		return nil
	}
	return m
}

// memory is a journal. All events pass one lock, as they do in the store.
type memory struct {
	mu      sync.Mutex
	last    int64
	readers map[string]*rows
}

type rows struct {
	cursor int64
	list   []broker.Entry
}

func (m *memory) append(to []string, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	for _, id := range to {
		r := m.readers[id]
		r.list = append(r.list, broker.Entry{Seq: m.last, Body: body})
	}
}

func (m *memory) After(_ context.Context, _, id string, cursor int64, limit int) ([]broker.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []broker.Entry
	for _, e := range m.readers[id].list {
		if e.Seq > cursor && len(list) < limit {
			list = append(list, e)
		}
	}
	return list, nil
}

func (m *memory) Cursor(_ context.Context, id string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.readers[id].cursor, nil
}

func (m *memory) Advance(_ context.Context, id string, seq int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.readers[id]
	n := 0
	for n < len(r.list) && r.list[n].Seq <= seq {
		n++
	}
	r.list = append(r.list[:0], r.list[n:]...)
	r.cursor = seq
	return nil
}

func (f *front) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go f.publisher(c)
	}
}

// publisher takes the publications of one connection, and acknowledges each
// once it is in the journal.
func (f *front) publisher(c net.Conn) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 16<<10)
	var acks []byte
	for {
		kind, b, err := readPacket(in, nil) // the journal keeps the body
		if err != nil {
			return
		}
		switch kind & 0xf0 {
		case 0x10:
			_, err = c.Write([]byte{0x20, 2, 0, 0})
		case 0x30:
			n := 2 + int(binary.BigEndian.Uint16(b))
			acks = append(acks, 0x40, 2, b[n], b[n+1])
			err = f.publication(string(b[2:n]), b[n+2:])
		}
		if err == nil && in.Buffered() == 0 && len(acks) > 0 {
			_, err = c.Write(acks)
			acks = acks[:0]
		}
		if err != nil {
			if err != io.EOF {
				slog.Error("publisher", "err", err)
			}
			return
		}
	}
}

func (f *front) publication(topic string, body []byte) error {
	i, err := strconv.Atoi(strings.TrimPrefix(topic, "g/"))
	if err != nil || i >= len(f.groups) {
		return fmt.Errorf("topic %s", topic)
	}
	if err := f.event(i, body); err != nil {
		return err
	}
	f.broker.Wake(f.groups[i].members)
	return nil
}
