package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/file"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

var chatKey = chat.Key{Organization: "default", Conference: "c1"}

// said writes a message of a user at an endpoint; its event is its number and
// text.
func said(ctx context.Context, s *Store, m chat.Message) (chat.Message, []string, error) {
	m.Key = chatKey
	return s.AddMessage(ctx, m, 10_000, func(m *chat.Message) ([]byte, error) {
		m.Created = noon
		return json.Marshal([]any{m.Seq, m.Text})
	})
}

// TestNumbersOfMessagesAreDense: fifty write at the same time, everything twice,
// while the store is closed and opened again under them. Each message that was
// acknowledged is there once, the numbers have no gap, everybody's messages keep
// their order, and events tell the same in the same order.
func TestNumbersOfMessagesAreDense(t *testing.T) {
	const senders, each, restarts = 50, 20, 3
	dir := t.TempDir()
	s, err := Open(bg, dir)
	check(t, err)
	for i := range senders {
		attend(t, s, "default", "c1", fmt.Sprint("user-", i), fmt.Sprint("e-", i))
	}
	var lock sync.RWMutex // of s
	acknowledged := make([][]int64, senders)
	acks := make(chan struct{}, 2*senders*each)
	var ended sync.WaitGroup
	for i := range senders {
		ended.Go(func() {
			from := chat.Member{EndpointID: fmt.Sprint("e-", i), UserID: fmt.Sprint("user-", i)}
			for n := 0; n < 2*each; {
				m := chat.Message{ID: fmt.Sprintf("m-%d-%d", i, n/2), Sender: from, Name: "Anna", Text: fmt.Sprintf("%d %d", i, n/2)}
				lock.RLock()
				now := s
				lock.RUnlock()
				kept, woken, err := said(bg, now, m)
				if errors.Is(err, ErrClosed) || errors.Is(err, sql.ErrConnDone) {
					continue // until it is open again
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 1 && (kept.Seq != acknowledged[i][n/2] || len(woken) > 0) {
					t.Errorf("%s again is number %d and wakes %d, was number %d", m.ID, kept.Seq, len(woken), acknowledged[i][n/2])
				}
				if n%2 == 0 {
					acknowledged[i] = append(acknowledged[i], kept.Seq)
				}
				n++
				acks <- struct{}{}
			}
		})
	}
	for range restarts {
		for range senders * each / restarts {
			<-acks
		}
		check(t, s.Close())
		again, err := Open(bg, dir)
		check(t, err)
		lock.Lock()
		s = again
		lock.Unlock()
	}
	ended.Wait()
	t.Cleanup(func() { check(t, s.Close()) })

	list, err := s.Messages(bg, chatKey, 0, 2*senders*each)
	check(t, err)
	if len(list) != senders*each {
		t.Errorf("%d messages, want %d", len(list), senders*each)
	}
	byText := map[string]int64{}
	var events []string
	for i, m := range list {
		if m.Seq != int64(i+1) {
			t.Fatalf("message %d has number %d", i+1, m.Seq)
		}
		byText[m.Text] = m.Seq
		events = append(events, fmt.Sprintf(`[%d,%q]`, m.Seq, m.Text))
	}
	for i, numbers := range acknowledged {
		if !slices.IsSorted(numbers) {
			t.Errorf("sender %d: %v", i, numbers)
		}
		for n, seq := range numbers {
			if got := byText[fmt.Sprintf("%d %d", i, n)]; got != seq {
				t.Errorf("message %d of sender %d was acknowledged as %d and is %d", n, i, seq, got)
			}
		}
	}
	rows, err := s.read.Query(afterQuery, "e-0", "default", 0, 10*senders*each)
	check(t, err)
	entries, err := scanEntries(rows)
	check(t, err)
	told := slices.DeleteFunc(bodies(entries), func(b string) bool { return b[0] == '+' })
	if d := cmp.Diff(events, told); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
}

func TestMessagesThatAreNotTaken(t *testing.T) {
	s := open(t)
	attend(t, s, "default", "c1", "anna", "e1")
	attend(t, s, "default", "c1", "maria", "e2")
	anna, maria := chat.Member{EndpointID: "e1", UserID: "anna"}, chat.Member{EndpointID: "e2", UserID: "maria"}
	first, woken, err := said(bg, s, chat.Message{ID: "m1", Sender: anna, Text: "x"})
	check(t, err)
	if slices.Sort(woken); first.Seq != 1 || !slices.Equal(woken, []string{"e1", "e2"}) {
		t.Errorf("%+v wakes %v", first, woken)
	}
	for name, tc := range map[string]struct {
		m    chat.Message
		want error
	}{
		"another text":        {chat.Message{ID: "m1", Sender: anna, Text: "y"}, chat.ErrTaken},
		"another user":        {chat.Message{ID: "m1", Sender: maria, Text: "x"}, chat.ErrTaken},
		"another's endpoint":  {chat.Message{ID: "m2", Sender: chat.Member{EndpointID: "e1", UserID: "maria"}, Text: "x"}, chat.ErrNotMember},
		"no endpoint of them": {chat.Message{ID: "m2", Sender: chat.Member{EndpointID: "e9", UserID: "anna"}, Text: "x"}, chat.ErrNotMember},
	} {
		if _, woken, err := said(bg, s, tc.m); !errors.Is(err, tc.want) || len(woken) > 0 {
			t.Errorf("%s: %v, wakes %v", name, err, woken)
		}
	}
	// The same user with another endpoint, after it lost the first one.
	attend(t, s, "default", "c1", "anna", "e3")
	again, _, err := said(bg, s, chat.Message{ID: "m1", Sender: chat.Member{EndpointID: "e3", UserID: "anna"}, Text: "x"})
	check(t, err)
	if again.Seq != 1 || again.Sender != anna {
		t.Errorf("from another endpoint: %+v", again)
	}
	if _, _, err := s.AddMessage(bg, chat.Message{ID: "m2", Key: chatKey, Sender: anna, Text: "x"}, 1, nil); !errors.Is(err, chat.ErrFull) {
		t.Errorf("past the limit: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := s.AddMessage(bg, chat.Message{ID: "m2", Key: chatKey, Sender: anna, Text: "x"}, 9, func(*chat.Message) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("no event: %v", err)
	}
	second, _, err := said(bg, s, chat.Message{ID: "m2", Sender: maria, Text: "x"})
	if check(t, err); second.Seq != 2 {
		t.Errorf("what failed took a number: %+v", second)
	}
}

func TestSeat(t *testing.T) {
	s := open(t)
	check(t, s.update(bg, addOrganization("other")))
	attend(t, s, "default", "c1", "anna", "e1")
	seat := func(k chat.Key, m chat.Member) chat.Seat {
		t.Helper()
		v, err := s.Seat(bg, k, m)
		check(t, err)
		return v
	}
	k := conference.Key{Organization: "default", ID: "c1"}
	was, err := s.LoadConference(bg, k)
	check(t, err)
	check(t, s.SaveConference(bg, conference.Change{Key: k, Was: was.Version, Version: was.Version + 1, At: noon,
		State: []byte(`{"members":[{"endpoint":"e0"},{"endpoint":"e1","metadata":{"name":"Anna"}}]}`)}))
	if v := seat(chatKey, chat.Member{EndpointID: "e1", UserID: "anna"}); !v.Known || v.Ended || !v.In || string(v.Metadata) != `{"name":"Anna"}` {
		t.Errorf("%+v, %s", v, v.Metadata)
	}
	for name, m := range map[string]chat.Member{"any endpoint": {UserID: "anna"}} {
		if v := seat(chatKey, m); !v.In {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for name, m := range map[string]chat.Member{"another's": {EndpointID: "e1", UserID: "maria"}, "another": {UserID: "maria"}, "none": {EndpointID: "e9", UserID: "anna"}} {
		if v := seat(chatKey, m); v.In || !v.Known {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := seat(chat.Key{Organization: "other", Conference: "c1"}, chat.Member{EndpointID: "e1", UserID: "anna"}); v.Known || v.In {
		t.Errorf("elsewhere: %+v", v)
	}
	save(t, s, k, noon, ".")
	if v := seat(chatKey, chat.Member{EndpointID: "e1", UserID: "anna"}); !v.Ended || v.In {
		t.Errorf("after the end: %+v", v)
	}
}

// TestChatsUnderOneID: a later conference has nothing of an earlier one, and
// when it is no more the last one's is what is left.
func TestChatsUnderOneID(t *testing.T) {
	s := open(t)
	texts := func() (list []string) {
		t.Helper()
		messages, err := s.Messages(bg, chatKey, 0, 99)
		check(t, err)
		for _, m := range messages {
			list = append(list, m.Text)
		}
		notes, err := s.Notes(bg, chatKey)
		check(t, err)
		for _, n := range notes {
			list = append(list, fmt.Sprint(n.Kind, " ", n.Text, " by ", n.Name))
		}
		return list
	}
	var at time.Time
	for round := range 2 {
		endpoint := fmt.Sprint("e", round+1)
		at = time.Now().UTC().Add(time.Duration(round) * time.Minute).Truncate(time.Millisecond)
		attend(t, s, "default", "c1", "anna", endpoint)
		if left := texts(); len(left) > 0 {
			t.Errorf("conference %d begins with %q", round, left)
		}
		anna := chat.Member{EndpointID: endpoint, UserID: "anna"}
		_, _, err := said(bg, s, chat.Message{ID: "m1", Sender: anna, Name: "Anna", Text: fmt.Sprint("text ", round)})
		check(t, err)
		for i, r := range []file.Record{{Name: "May.pdf"}, {Name: "secret.pdf", Target: "anna"}, {Name: "x.png", Snapshot: fmt.Sprint("s", round)}} {
			r.ID, r.Key, r.Sender, r.Created = fmt.Sprintf("f%d%d", round, i), file.Key{Organization: "default", Conference: "c1"}, file.Member{EndpointID: endpoint, UserID: "anna"}, at
			if r.Snapshot != "" {
				v := file.Picture{ID: r.Snapshot, Key: r.Key, Kind: "PASSPORT", Asker: r.Sender, Target: r.Sender, State: wire.SnapshotRequested, Created: at}
				_, err := s.AddSnapshot(bg, v, file.Note{}, 9)
				check(t, err)
				_, err = s.AddPicture(bg, r, file.Note{Body: []byte("{}")}, file.Note{}, "anna", file.Limit{Files: 9, Bytes: 1000})
				check(t, err)
				continue
			}
			_, _, err := s.AddFile(bg, r, []byte("came"), file.Limit{Files: 9, Bytes: 1000})
			check(t, err)
		}
		want := []string{fmt.Sprint("text ", round), "FILE May.pdf by Anna", "SNAPSHOT PASSPORT by Anna"}
		if d := cmp.Diff(want, texts()); d != "" {
			t.Errorf("conference %d (-want +got):\n%s", round, d)
		}
		save(t, s, conference.Key{Organization: "default", ID: "c1"}, noon, ".")
		if d := cmp.Diff(want, texts()); d != "" {
			t.Errorf("conference %d after its end (-want +got):\n%s", round, d)
		}
		check(t, s.update(bg, func(tx *sql.Tx) error { _, err := tx.Exec(`DELETE FROM conferences`); return err }))
		if round == 1 {
			// The first was closed before the second's files came.
			if d := cmp.Diff(want, texts()); d != "" {
				t.Errorf("when it is no more (-want +got):\n%s", d)
			}
		}
	}
}
