package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// attend registers an endpoint of a user and brings it into a conference.
func attend(t *testing.T, s *Store, organization, conferenceID, user, id string) {
	t.Helper()
	check(t, s.SaveEndpoint(bg, endpoint.Endpoint{ID: id, Owner: endpoint.Owner{Organization: organization, UserID: user}, KeepAliveSeconds: 15, Created: noon}))
	save(t, s, conference.Key{Organization: organization, ID: conferenceID}, noon, "+"+id)
}

// paper is a file of anna, who is in c1 with e1.
func paper(id string) file.Record {
	return file.Record{ID: id, Key: file.Key{Organization: "default", Conference: "c1"}, Interaction: "case", Sender: file.Member{EndpointID: "e1", UserID: "anna"},
		Name: id + ".txt", Kind: "text/plain", Size: 5, SHA256: [32]byte{1, 2}, Created: noon}
}

func names(list []file.Record) (ids []string) {
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestFilesAndTheirReaders(t *testing.T) {
	s := open(t)
	check(t, s.update(bg, addOrganization("other")))
	attend(t, s, "default", "c1", "anna", "e1")
	attend(t, s, "default", "c1", "maria", "e2")
	attend(t, s, "other", "c1", "anna", "x1") // the same names elsewhere

	r := paper("f1")
	_, woken, err := s.AddFile(bg, r, []byte("came"), file.Limit{Files: 2, Bytes: 1000})
	check(t, err)
	if slices.Sort(woken); !slices.Equal(woken, []string{"e1", "e2"}) {
		t.Errorf("woken %v", woken)
	}
	got, readable, err := s.File(bg, "default", "f1", file.Reader{UserID: "maria"})
	check(t, err)
	if d := cmp.Diff(r, got); d != "" || !readable {
		t.Errorf("readable %v (-want +got):\n%s", readable, d)
	}
	if _, _, err := s.File(bg, "other", "f1", file.Reader{UserID: "anna"}); !errors.Is(err, file.ErrUnknown) {
		t.Errorf("another organization finds it: %v", err)
	}
	for _, q := range []file.Query{{Organization: "other", Conference: "c1"}, {Organization: "other", Interaction: "case"}} {
		q.Reader.UserID, q.Limit = "anna", 10
		if list, err := s.FilesOf(bg, q); err != nil || len(list) > 0 {
			t.Errorf("another organization lists %v, %v", list, err)
		}
	}

	stranger := paper("f2")
	stranger.Sender = file.Member{EndpointID: "e1", UserID: "maria"}
	if _, _, err := s.AddFile(bg, stranger, []byte("came"), file.Limit{Files: 2, Bytes: 1000}); !errors.Is(err, file.ErrNotMember) {
		t.Errorf("from an endpoint of another: %v", err)
	}
	save(t, s, c1, noon, "-e1")
	if _, _, err := s.AddFile(bg, paper("f2"), []byte("came"), file.Limit{Files: 2, Bytes: 1000}); !errors.Is(err, file.ErrNotMember) {
		t.Errorf("from who has left: %v", err)
	}
	if _, readable, err := s.File(bg, "default", "f1", file.Reader{UserID: "anna"}); err != nil || !readable {
		t.Errorf("who was there may not read: %v", err)
	}
	save(t, s, c1, noon, "+e1")
	_, _, err = s.AddFile(bg, paper("f2"), []byte("came"), file.Limit{Files: 2, Bytes: 1000})
	check(t, err)
	if _, _, err := s.AddFile(bg, paper("f3"), []byte("came"), file.Limit{Files: 2, Bytes: 1000}); !errors.Is(err, file.ErrTooMany) {
		t.Errorf("a third of two: %v", err)
	}
	if _, _, err := s.AddFile(bg, paper("f3"), []byte("came"), file.Limit{Files: 9, Bytes: 14}); !errors.Is(err, file.ErrTooMany) {
		t.Errorf("fifteen bytes of fourteen: %v", err)
	}
	list, err := s.FilesOf(bg, file.Query{Organization: "default", Interaction: "case", Reader: file.Reader{UserID: "maria"}, Limit: 10})
	check(t, err)
	if got := names(list); !slices.Equal(got, []string{"f1", "f2"}) {
		t.Errorf("listed %v", got)
	}
	list, err = s.FilesOf(bg, file.Query{Organization: "default", Interaction: "case", Only: "c2", Reader: file.Reader{UserID: "maria"}, Limit: 10})
	check(t, err)
	if len(list) > 0 {
		t.Errorf("of another conference only: %v", names(list))
	}
	kept, err := s.KeptFiles(bg)
	check(t, err)
	if d := cmp.Diff(map[string]int64{"f1": 5, "f2": 5}, kept); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestWhoComesLater reads what staff left for everybody, if a customer; all, if
// staff; and nothing of an earlier conference of the same id.
func TestWhoComesLater(t *testing.T) {
	s := open(t)
	j, clock := openJournal(t, s)
	attend(t, s, "default", "c1", "anna", "e1")
	for id, change := range map[string]func(*file.Record){
		"of staff":                    func(r *file.Record) { r.Staff = true },
		"of staff, for the late":      func(r *file.Record) { r.Staff, r.Target = true, "late" },
		"of staff, for one":           func(r *file.Record) { r.Staff, r.Target = true, "anna" },
		"of a customer":               func(*file.Record) {},
		"of a customer, for the late": func(r *file.Record) { r.Target = "late" },
	} {
		r := paper(id)
		change(&r)
		_, _, err := s.AddFile(bg, r, []byte("came"), file.Limit{Files: 9, Bytes: 1000})
		check(t, err)
	}
	attend(t, s, "default", "c1", "late", "e2")
	sees := func(by file.Reader) (ids []string) {
		t.Helper()
		list, err := s.FilesOf(bg, file.Query{Organization: "default", Conference: "c1", Reader: by, Limit: 10})
		check(t, err)
		for _, r := range list {
			_, readable, err := s.File(bg, "default", r.ID, by)
			check(t, err)
			if !readable {
				t.Errorf("%s is listed and cannot be read", r.ID)
			}
		}
		return names(list)
	}
	if got := sees(file.Reader{UserID: "late", Customer: true}); !slices.Equal(got, []string{"of staff", "of staff, for the late"}) {
		t.Errorf("a customer sees %q", got)
	}
	if got := sees(file.Reader{UserID: "late"}); len(got) != 5 {
		t.Errorf("staff sees %q", got)
	}
	if _, readable, err := s.File(bg, "default", "of a customer", file.Reader{UserID: "late", Customer: true}); err != nil || readable {
		t.Errorf("a customer reads what another one sent: %v", err)
	}

	save(t, s, c1, noon, "-e1", "-e2", ".")
	clock.pass(keepConference + time.Minute)
	check(t, j.Sweep(bg))
	attend(t, s, "default", "c1", "late", "e3")
	if got := sees(file.Reader{UserID: "late"}); len(got) > 0 {
		t.Errorf("another conference of the same id sees %q", got)
	}
	if got := sees(file.Reader{UserID: "anna"}); len(got) != 5 {
		t.Errorf("who was there sees %q", got)
	}
}

// TestOneFileOfManyTries has uploads with the same word race.
func TestOneFileOfManyTries(t *testing.T) {
	s := open(t)
	attend(t, s, "default", "c1", "anna", "e1")
	var wg sync.WaitGroup
	kept := make(chan string, 8)
	for i := range cap(kept) {
		wg.Go(func() {
			r := paper(fmt.Sprint("f", i))
			r.Transaction = "try-1"
			earlier, _, err := s.AddFile(bg, r, []byte("came"), file.Limit{Files: 100, Bytes: 1000})
			switch {
			case err == nil:
				kept <- r.ID
			case errors.Is(err, file.ErrTransaction):
				kept <- earlier.ID
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(kept)
	first := <-kept
	for id := range kept {
		if id != first {
			t.Errorf("%s beside %s", id, first)
		}
	}
}

// TestEventsOfFilesAreRead compares what memory and database tell of events of
// a conference, of its files and of single endpoints, in their order.
func TestEventsOfFilesAreRead(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	attend(t, s, "default", "c1", "anna", "e1")
	attend(t, s, "default", "c1", "maria", "e2")
	for _, id := range []string{"e1", "e2"} { // from now on memory is asked
		_, err := j.After(bg, "default", id, 0, 10)
		check(t, err)
	}
	asked := file.Picture{ID: "s1", Key: file.Key{Organization: "default", Conference: "c1"}, Asker: file.Member{EndpointID: "e1", UserID: "anna"},
		Target: file.Member{EndpointID: "e2", UserID: "maria"}, State: wire.SnapshotRequested, Created: noon}
	stranger := file.Member{EndpointID: "e2", UserID: "paul"} // whose endpoint became somebody else's
	woken, err := s.AddSnapshot(bg, asked, file.Note{Body: []byte("asked"), To: []file.Member{asked.Asker, stranger}}, 1)
	check(t, err)
	if !slices.Equal(woken, []string{"e1"}) {
		t.Errorf("woken %v", woken)
	}
	_, _, err = s.AddFile(bg, paper("f1"), []byte("came"), file.Limit{Files: 9, Bytes: 1000})
	check(t, err)
	save(t, s, c1, noon, "muted")
	for id, want := range map[string][]string{"e1": {"+e1", "+e2", "asked", "came", "muted"}, "e2": {"+e2", "came", "muted"}} {
		rows, err := s.read.Query(afterQuery, id, "default", 0, 10)
		check(t, err)
		stored, err := scanEntries(rows)
		check(t, err)
		if got := bodies(stored); !slices.Equal(got, want) {
			t.Errorf("%s reads %v, want %v", id, got, want)
		}
		first := stored[len(stored)-1].Seq - 2
		remembered, ok := s.tail.after(id, first, 10)
		if d := cmp.Diff(bodies(stored[len(stored)-2:]), bodies(remembered)); !ok || d != "" {
			t.Errorf("%s, from memory (%v):\n%s", id, ok, d)
		}
	}
	if _, err := s.AddSnapshot(bg, file.Picture{ID: "s2", Key: asked.Key, State: wire.SnapshotRequested, Created: noon}, file.Note{}, 1); !errors.Is(err, file.ErrTooMany) {
		t.Errorf("a second that waits: %v", err)
	}
}

func TestSnapshotStates(t *testing.T) {
	s := open(t)
	attend(t, s, "default", "c1", "anna", "e1")
	v := file.Picture{ID: "s1", Key: file.Key{Organization: "default", Conference: "c1"}, Interaction: "case", Application: "a", Kind: "PASSPORT",
		Asker: file.Member{EndpointID: "e9", UserID: "paul"}, Target: file.Member{EndpointID: "e1", UserID: "anna"}, State: wire.SnapshotRequested, Created: noon}
	_, err := s.AddSnapshot(bg, v, file.Note{}, 9)
	check(t, err)
	r := paper("f1")
	r.Snapshot = "s1"
	if _, err := s.AddPicture(bg, r, file.Note{}, file.Note{}, "paul", file.Limit{Files: 9, Bytes: 1000}); !errors.Is(err, file.ErrNotApproved) {
		t.Errorf("before it is approved: %v", err)
	}
	if _, err := s.AwaitedSnapshot(bg, "default", "e1", false); !errors.Is(err, file.ErrNotApproved) {
		t.Errorf("found before it is approved: %v", err)
	}
	_, err = s.AnswerSnapshot(bg, "s1", wire.SnapshotApproved, file.Note{}, noon)
	check(t, err)
	if _, err := s.AnswerSnapshot(bg, "s1", wire.SnapshotDeclined, file.Note{}, noon); !errors.Is(err, file.ErrAnswered) {
		t.Errorf("answered twice: %v", err)
	}
	got, err := s.AwaitedSnapshot(bg, "default", "e1", false)
	check(t, err)
	v.State = wire.SnapshotApproved
	if d := cmp.Diff(v, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := s.Snapshot(bg, "other", "s1"); !errors.Is(err, file.ErrUnknownSnapshot) {
		t.Errorf("another organization finds it: %v", err)
	}
	if _, err := s.AddPicture(bg, r, file.Note{}, file.Note{}, "paul", file.Limit{Files: 0, Bytes: 1000}); !errors.Is(err, file.ErrTooMany) {
		t.Errorf("no room in the conference: %v", err)
	}
	_, err = s.AddPicture(bg, r, file.Note{}, file.Note{}, "paul", file.Limit{Files: 9, Bytes: 1000}) // what failed left it approved
	check(t, err)
	if _, readable, err := s.File(bg, "default", "f1", file.Reader{UserID: "paul"}); err != nil || !readable {
		t.Errorf("who asked may not read: %v", err)
	}
	got, err = s.Snapshot(bg, "default", "s1")
	check(t, err)
	if got.State != wire.SnapshotAcquired || got.File.ID != "f1" || got.File.SHA256 != r.SHA256 {
		t.Errorf("%+v", got)
	}
}

// TestPictureApprovesItsSnapshot: what the target sends before it answered is its
// approval, told once and before the picture; a no stays a no.
func TestPictureApprovesItsSnapshot(t *testing.T) {
	s := open(t)
	j, _ := openJournal(t, s)
	attend(t, s, "default", "c1", "anna", "e1")
	target := file.Member{EndpointID: "e1", UserID: "anna"}
	v := file.Picture{Key: file.Key{Organization: "default", Conference: "c1"}, Asker: file.Member{EndpointID: "e9", UserID: "paul"}, Target: target, State: wire.SnapshotRequested}
	tell := func(text string) file.Note { return file.Note{Body: []byte(text), To: []file.Member{target}} }
	limit := file.Limit{Files: 9, Bytes: 1000}
	ask := func(id string, at time.Time) file.Record {
		v.ID, v.Created = id, at
		_, err := s.AddSnapshot(bg, v, file.Note{}, 9)
		check(t, err)
		r := paper("file of " + id)
		r.Snapshot = id
		return r
	}
	first, second, third := ask("s1", noon), ask("s2", noon.Add(time.Second)), ask("s3", noon.Add(2*time.Second))
	if got, err := s.AwaitedSnapshot(bg, "default", "e1", true); err != nil || got.ID != "s3" {
		t.Errorf("the newest is %s, %v", got.ID, err)
	}
	_, err := s.AddPicture(bg, first, tell("yes 1"), tell("there 1"), "paul", limit)
	check(t, err)
	_, err = s.AnswerSnapshot(bg, "s2", wire.SnapshotApproved, tell("yes 2"), noon)
	check(t, err)
	if got, err := s.AwaitedSnapshot(bg, "default", "e1", true); err != nil || got.ID != "s2" {
		t.Errorf("rather than one that was approved: %s, %v", got.ID, err)
	}
	_, err = s.AddPicture(bg, second, tell("yes again"), tell("there 2"), "paul", limit) // approved between the look and the write
	check(t, err)
	_, err = s.AnswerSnapshot(bg, "s3", wire.SnapshotDeclined, tell("no 3"), noon)
	check(t, err)
	if _, err := s.AddPicture(bg, third, tell("yes 3"), tell("there 3"), "paul", limit); !errors.Is(err, file.ErrNotApproved) {
		t.Errorf("after a no: %v", err)
	}
	if _, err := s.AwaitedSnapshot(bg, "default", "e1", true); !errors.Is(err, file.ErrNotApproved) {
		t.Errorf("nothing waits: %v", err)
	}
	v.Key.Conference = "c2" // an earlier call, that it has left
	ask("s4", noon)
	_, err = s.AnswerSnapshot(bg, "s4", wire.SnapshotApproved, file.Note{}, noon)
	check(t, err)
	if _, err := s.AwaitedSnapshot(bg, "default", "e1", true); !errors.Is(err, file.ErrNotApproved) {
		t.Errorf("of an earlier call: %v", err)
	}
	list, err := j.After(bg, "default", "e1", 0, 99)
	check(t, err)
	var told []string
	for _, e := range list[1:] { // after its own joining
		told = append(told, string(e.Body))
	}
	if want := []string{"yes 1", "there 1", "yes 2", "there 2", "no 3"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestCameraRequestsThatNobodyAnswers(t *testing.T) {
	s := open(t)
	c := file.Camera{ID: "r1", Key: file.Key{Organization: "default", Conference: "c1"}, Kind: wire.CameraSwitch, Created: noon}
	_, err := s.AddCamera(bg, c, file.Note{}, 1)
	check(t, err)
	c.ID = "r2"
	if _, err := s.AddCamera(bg, c, file.Note{}, 1); !errors.Is(err, file.ErrTooMany) {
		t.Errorf("a second that waits: %v", err)
	}
	c.Created = noon.Add(keepRow + time.Second)
	_, err = s.AddCamera(bg, c, file.Note{}, 1)
	check(t, err)
	if _, err := s.Camera(bg, "default", "r1"); !errors.Is(err, file.ErrUnknownCamera) {
		t.Errorf("of yesterday: %v", err)
	}
}

func TestInteractionsOfOrganizations(t *testing.T) {
	s := open(t)
	check(t, s.update(bg, addOrganization("other")))
	for _, organization := range []string{"default", "other"} {
		check(t, s.AddInteraction(bg, interaction.Record{ID: "i", CreatedBy: interaction.Owner{Organization: organization, UserID: "u"}, Type: organization,
			Data: []byte("{}"), Created: noon, Version: 1}))
	}
	check(t, s.ChangeInteraction(bg, "other", "i", 1, "changed", []byte("{}")))
	got, err := s.Interaction(bg, "default", "i")
	check(t, err)
	if got.Type != "default" || got.Version != 1 {
		t.Errorf("%+v", got)
	}
}

func TestListsOfFilesUseTheirIndexes(t *testing.T) {
	s := open(t)
	for name, q := range map[string]file.Query{"by_conference": {Conference: "c"}, "by_interaction": {Interaction: "i"}} {
		for _, table := range []string{"files", "snapshots"} {
			plan, err := collect(bg, s.read, "explain", func(r row) (detail string, err error) {
				var skip int
				err = r.Scan(&skip, &skip, &skip, &detail)
				return detail, err
			}, `EXPLAIN QUERY PLAN SELECT f.id FROM `+table+` f WHERE `+belongs(q)+` ORDER BY f.created, f.id`, "default", nil, nil, q.Conference, q.Interaction)
			check(t, err)
			if want := "INDEX " + table + "_" + name; !strings.Contains(strings.Join(plan, "; "), want) {
				t.Errorf("%s by %s: %v", table, name, plan)
			}
		}
	}
}
