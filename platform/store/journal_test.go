package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/platform/broker"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
)

var (
	bg   = context.Background()
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	c1   = conference.Key{Organization: "default", ID: "c1"}
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func openJournal(t *testing.T, s *Store) (*Journal, *clock) {
	t.Helper()
	c := &clock{at: noon}
	j := NewJournal(s, c.now, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j, c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func register(t *testing.T, s *Store, id string) {
	t.Helper()
	check(t, s.SaveEndpoint(bg, endpoint.Endpoint{ID: id, Owner: endpoint.Owner{Organization: "default", UserID: "u"},
		KeepAliveSeconds: 15, Created: noon}))
}

// entries makes journal entries of words such as "+e1" (e1 joins), "-e1" (it
// leaves), "." (the end) and anything else, for a conference with these members.
func entries(members []string, words ...string) []conference.Entry {
	var out []conference.Entry
	for _, w := range words {
		e := conference.Entry{Body: []byte(w)}
		if strings.HasPrefix(w, "+") {
			e.Joins = w[1:]
			members = append(slices.Clip(members), e.Joins)
		}
		e.To = members
		switch {
		case strings.HasPrefix(w, "-"):
			e.Leaves = w[1:]
			members = slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == e.Leaves })
		case w == ".":
			e.Ends = true
			members = nil
		}
		out = append(out, e)
	}
	return out
}

// members returns who is in a conference.
func members(t *testing.T, s *Store, k conference.Key) []string {
	t.Helper()
	rows, err := s.read.Query(`SELECT endpoint FROM memberships WHERE organization = ? AND conference = ? AND to_seq IS NULL`,
		k.Organization, k.ID)
	check(t, err)
	defer rows.Close()
	var list []string
	for rows.Next() {
		var id string
		check(t, rows.Scan(&id))
		list = append(list, id)
	}
	check(t, rows.Err())
	return list
}

// save writes a change of so many events.
func save(t *testing.T, s *Store, k conference.Key, at time.Time, words ...string) {
	t.Helper()
	was, err := s.LoadConference(bg, k)
	check(t, err)
	c := conference.Change{Key: k, Was: was.Version, Version: max(1, was.Version) + int64(len(words)), State: []byte(`{}`), At: at,
		Entries: entries(members(t, s, k), words...), Ended: len(words) > 0 && words[len(words)-1] == "."}
	check(t, s.SaveConference(bg, c))
}

func bodies(rows []broker.Entry) []string {
	out := []string{}
	for i, r := range rows {
		if i > 0 && r.Seq <= rows[i-1].Seq {
			out = append(out, "out of order")
		}
		out = append(out, string(r.Body))
	}
	return out
}

func sees(t *testing.T, j *Journal, endpointID string, past int64, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	for _, from := range []string{"the database or memory", "memory or the database"} {
		rows, err := j.After(bg, "default", endpointID, past, 100)
		check(t, err)
		if d := cmp.Diff(want, bodies(rows)); d != "" {
			t.Errorf("%s sees from %s (-want +got):\n%s", endpointID, from, d)
		}
	}
}

func TestEndpointsSeeWhatHappensWhileTheyAreIn(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	other := conference.Key{Organization: "default", ID: "c2"}
	save(t, s, c1, noon, "+e1", "a")
	save(t, s, other, noon, "+e1", "x")
	save(t, s, c1, noon, "+e2", "b", "-e1", "c")
	save(t, s, c1, noon, "+e1", "d")
	check(t, j.Tell(bg, "default", "e1", []byte("private")))
	save(t, s, other, noon, "-e1", "y")
	save(t, s, c1, noon, ".")
	sees(t, j, "e1", 0, "+e1", "a", "+e1", "x", "+e2", "b", "-e1", "+e1", "d", "private", "-e1", ".")
	sees(t, j, "e2", 0, "+e2", "b", "-e1", "c", "+e1", "d", ".")
	sees(t, j, "e3", 0)
	rows, err := j.After(bg, "default", "e1", 0, 3)
	check(t, err)
	if d := cmp.Diff([]string{"+e1", "a", "+e1"}, bodies(rows)); d != "" {
		t.Errorf("the first three (-want +got):\n%s", d)
	}
	sees(t, j, "e1", rows[2].Seq, "x", "+e2", "b", "-e1", "+e1", "d", "private", "-e1", ".")
	if rows, err := j.After(bg, "other", "e1", 0, 100); err != nil || len(rows) > 0 {
		t.Errorf("another organization sees %q, %v", bodies(rows), err)
	}
	keys, err := s.OpenConferences(bg)
	if err != nil || len(keys) != 0 {
		t.Errorf("open: %v, %v", keys, err)
	}
}

func TestConferencesAreFoundByWhoIsIn(t *testing.T) {
	s := open(t)
	c2 := conference.Key{Organization: "default", ID: "c2"}
	save(t, s, c1, noon, "+e1", "+e2")
	save(t, s, c2, noon, "+e1", "-e1")
	for name, tc := range map[string]struct {
		find func() ([]conference.Key, error)
		want []conference.Key
	}{
		"open":  {func() ([]conference.Key, error) { return s.OpenConferences(bg) }, []conference.Key{c1}},
		"of e1": {func() ([]conference.Key, error) { return s.ConferencesOf(bg, "e1") }, []conference.Key{c1}},
		"of e9": {func() ([]conference.Key, error) { return s.ConferencesOf(bg, "e9") }, nil},
	} {
		got, err := tc.find()
		check(t, err)
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestStaleChangesAreRefusedWhole(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	save(t, s, c1, noon, "+e1")
	for name, was := range map[string]int64{"created again": 0, "older": 1, "newer": 3} {
		err := s.SaveConference(bg, conference.Change{Key: c1, Was: was, Version: 9, State: []byte("wrong"), At: noon, Entries: entries(nil, "wrong")})
		if !errors.Is(err, conference.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sees(t, j, "e1", 0, "+e1")
	got, err := s.LoadConference(bg, c1)
	if err != nil || got.Version != 2 || string(got.State) != "{}" {
		t.Errorf("loaded %+v, %v", got, err)
	}
	if got, err := s.LoadConference(bg, conference.Key{Organization: "other", ID: "c1"}); err != nil || got.Version != 0 {
		t.Errorf("another organization loads %+v, %v", got, err)
	}
}

func TestCursors(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(bg, dir)
	check(t, err)
	save(t, s, c1, noon, "+e0", "a")
	register(t, s, "e1")
	c := &clock{at: noon}
	j := NewJournal(s, c.now, slog.New(slog.DiscardHandler))
	at := func(want int64) {
		t.Helper()
		if got, err := j.Cursor(bg, "e1"); err != nil || got != want {
			t.Errorf("cursor %d, %v, want %d", got, err, want)
		}
	}
	at(2) // what was before it does not concern a new endpoint
	check(t, j.Advance(bg, "e1", 7))
	at(7)
	check(t, j.Advance(bg, "e1", 5))
	at(7)
	check(t, j.Advance(bg, "unknown", 5))
	check(t, j.Close())
	check(t, s.Close())
	s, err = Open(bg, dir)
	check(t, err)
	j = NewJournal(s, c.now, slog.New(slog.DiscardHandler))
	at(7)
	register(t, s, "e1") // resumed
	at(7)
	if got, err := j.Cursor(bg, "e9"); err != nil || got != 0 {
		t.Errorf("cursor of nobody: %d, %v", got, err)
	}
	check(t, j.Close())
	check(t, s.Close())
}

func TestCursorsAreWrittenWithoutBeingAsked(t *testing.T) {
	s := open(t)
	register(t, s, "e1")
	j, _ := openJournal(t, s)
	check(t, j.Advance(bg, "e1", 7))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	guard := time.After(20 * time.Second)
	for cursor := int64(0); cursor != 7; {
		select {
		case <-tick.C:
			check(t, s.read.QueryRow(`SELECT cursor FROM endpoints WHERE id = 'e1'`).Scan(&cursor))
		case <-guard:
			t.Fatal("the cursor is not written")
		}
	}
}

func TestEndpoints(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	e := endpoint.Endpoint{ID: "e1", Owner: endpoint.Owner{Organization: "default", UserID: "anna"}, KeepAliveSeconds: 15,
		RemindOn: true, Created: noon.Local()}
	check(t, s.SaveEndpoint(bg, e))
	list, err := s.Endpoints(bg)
	check(t, err)
	if d := cmp.Diff([]endpoint.Endpoint{e}, list); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	stolen := e
	stolen.Owner.UserID = "eve"
	if err := s.SaveEndpoint(bg, stolen); !errors.Is(err, endpoint.ErrNotYours) {
		t.Errorf("another's id is written over: %v", err)
	}
	nowhere := e
	nowhere.ID, nowhere.Owner.Organization = "e2", "nowhere"
	if err := s.SaveEndpoint(bg, nowhere); err == nil {
		t.Error("an organization that does not exist gets an endpoint")
	}
	check(t, j.Tell(bg, "default", "e1", []byte("private")))
	save(t, s, c1, noon, "+e1", "a")
	if err := s.DeleteEndpoint(bg, "e1"); err == nil {
		t.Error("an endpoint is deleted while it is in a conference")
	}
	save(t, s, c1, noon, "-e1")
	check(t, s.DeleteEndpoint(bg, "e1"))
	register(t, s, "e1")
	sees(t, j, "e1", 0)
}

func TestSweep(t *testing.T) {
	s := open(t)
	j, c := openJournal(t, s)
	for _, id := range []string{"fast", "slow", "gone"} {
		if id != "gone" {
			register(t, s, id)
		}
	}
	ended, empty, live := c1, conference.Key{Organization: "default", ID: "c2"}, conference.Key{Organization: "default", ID: "c3"}
	save(t, s, ended, c.now(), "+fast", "+slow", "+gone", ".")
	save(t, s, empty, c.now(), "+fast", "-fast")
	save(t, s, live, c.now(), "+fast", "a")
	count := func(table string) (n int) {
		t.Helper()
		check(t, s.read.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		return n
	}
	want := func(journal, memberships, conferences int) {
		t.Helper()
		check(t, j.Sweep(bg))
		got := [3]int{count("journal"), count("memberships"), count("conferences")}
		if got != [3]int{journal, memberships, conferences} {
			t.Errorf("after %v: %v rows, want %v", c.now().Sub(noon), got, [3]int{journal, memberships, conferences})
		}
	}
	want(8, 4, 3) // the membership of who has gone is of no use
	c.pass(2 * time.Hour)
	want(8, 4, 3) // nobody has read the end yet
	check(t, j.Advance(bg, "fast", 8))
	check(t, j.flush())
	want(8, 2, 3) // slow has not
	check(t, j.Advance(bg, "slow", 4))
	check(t, j.flush())
	want(4, 1, 3)
	save(t, s, live, c.now(), "b")
	c.pass(23 * time.Hour)
	want(1, 1, 2) // the end was a day ago
	c.pass(31 * 24 * time.Hour)
	want(0, 1, 1) // somebody is in the live one
}

func TestSweepInChunks(t *testing.T) {
	s := open(t)
	j, c := openJournal(t, s)
	check(t, s.update(bg, func(tx *sql.Tx) error {
		for i := range 2*sweepChunk + 7 {
			_, err := tx.Exec(`INSERT INTO journal (organization, endpoint, body, created) VALUES ('default', 'e', ?, 0)`, fmt.Append(nil, i))
			if err != nil {
				return err
			}
		}
		return nil
	}))
	c.pass(0)
	check(t, j.Sweep(bg))
	sees(t, j, "e", 0)
}

// TestWritersAndReadersTogether has conferences written while endpoints read:
// nobody misses a row.
func TestWritersAndReadersTogether(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	var wg sync.WaitGroup
	const each = 100
	for n := range 4 {
		k := conference.Key{Organization: "default", ID: fmt.Sprintf("c%d", n)}
		save(t, s, k, noon, "+e")
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				err := s.SaveConference(bg, conference.Change{Key: k, Was: int64(2 + i), Version: int64(3 + i), State: []byte("{}"),
					At: noon, Entries: entries([]string{"e"}, fmt.Sprintf("%d", i))})
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	seen, cursor := 0, int64(0)
	guard := time.Now().Add(20 * time.Second)
	for seen < 4*(each+1) && time.Now().Before(guard) {
		rows, err := j.After(bg, "default", "e", cursor, 64)
		check(t, err)
		for _, r := range rows {
			if r.Seq <= cursor {
				t.Fatalf("row %d after %d", r.Seq, cursor)
			}
			cursor = r.Seq
			seen++
		}
	}
	wg.Wait()
	if seen != 4*(each+1) {
		t.Errorf("%d rows seen of %d", seen, 4*(each+1))
	}
}

// TestTailAgreesWithTheDatabase has endpoints read in many rhythms what random
// writes tell them, from memory and from the database.
func TestTailAgreesWithTheDatabase(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	rng := rand.New(rand.NewPCG(1, 2))
	cursors := map[string]int64{}
	fromMemory, broken := 0, errors.New("broken")
	for range 800 {
		id := fmt.Sprintf("e%d", rng.IntN(3))
		k := conference.Key{Organization: "default", ID: fmt.Sprintf("c%d", rng.IntN(2))}
		switch in := slices.Contains(members(t, s, k), id); rng.IntN(16) {
		case 0, 1:
			word := map[bool]string{false: "+", true: "-"}[in] + id
			save(t, s, k, noon, word)
		case 2, 3, 4:
			words := make([]string, 1+rng.IntN(3))
			for i := range words {
				words[i] = fmt.Sprint(rng.IntN(1000))
			}
			save(t, s, k, noon, words...)
		case 5:
			check(t, j.Tell(bg, "default", id, []byte("private")))
		case 6: // rolled back, so that its numbers come again
			err := s.update(bg, func(tx *sql.Tx) error {
				r, err := tx.Exec(`INSERT INTO journal (organization, endpoint, body, created) VALUES ('default', ?, x'00', 0)`, id)
				if err != nil {
					return err
				}
				seq, err := r.LastInsertId()
				if err != nil {
					return err
				}
				s.tail.stage([]tailRow{{broker.Entry{Seq: seq, Body: []byte("lost")}, []string{id}}})
				return broken
			})
			if !errors.Is(err, broken) {
				t.Fatal(err)
			}
		case 7:
			if rng.IntN(20) == 0 {
				save(t, s, k, noon, make([]string, maxTail)...) // who is in falls behind
			}
		default:
			limit := 1 + rng.IntN(20)
			if list, ok := s.tail.after(id, cursors[id], limit); ok {
				fromMemory++
				rows, err := s.read.Query(afterQuery, id, "default", cursors[id], limit)
				check(t, err)
				stored, err := scanEntries(rows)
				check(t, err)
				if d := cmp.Diff(stored, list, cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("%s past %d (-database +memory):\n%s", id, cursors[id], d)
				}
			}
			rows, err := j.After(bg, "default", id, cursors[id], limit)
			check(t, err)
			if len(rows) > 0 {
				cursors[id] = rows[len(rows)-1].Seq
				if rng.IntN(3) > 0 {
					check(t, j.Advance(bg, id, rows[rng.IntN(len(rows))].Seq))
				}
			}
		}
	}
	if fromMemory < 50 {
		t.Errorf("only %d reads from memory: the test shows little", fromMemory)
	}
}

func TestAfterUsesItsIndexes(t *testing.T) {
	s := open(t)
	rows, err := s.read.Query(`EXPLAIN QUERY PLAN `+afterQuery, "e", "default", 0, 64)
	check(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		check(t, rows.Scan(&id, &parent, &unused, &detail))
		if strings.HasPrefix(detail, "SCAN") {
			t.Errorf("the plan reads a whole table: %s", detail)
		}
	}
	check(t, rows.Err())
}
