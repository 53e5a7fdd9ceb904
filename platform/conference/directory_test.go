package conference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"guichet/platform/clocktest"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/store"
	"guichet/platform/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long a test waits for what must come.
const hang = 20 * time.Second

// sfu is a Media that notes what is asked of it.
type sfu struct {
	mu      sync.Mutex
	calls   []string
	publish func(ctx context.Context) error // called by Publish and View, when set
}

func (m *sfu) note(call ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, strings.Join(call, " "))
}

func (m *sfu) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

func (m *sfu) answer(ctx context.Context) (string, error) {
	m.mu.Lock()
	f := m.publish
	m.mu.Unlock()
	if f != nil {
		if err := f(ctx); err != nil {
			return "", err
		}
	}
	return "answer", nil
}

func (m *sfu) Publish(ctx context.Context, conference, stream, owner, offer string) (string, error) {
	m.note("publish", conference, stream)
	return m.answer(ctx)
}
func (m *sfu) AddPublisherCandidate(conference, stream string, c wire.ICECandidate) error {
	m.note("candidate", conference, stream, c.Candidate)
	return nil
}
func (m *sfu) Unpublish(conference, stream string) { m.note("unpublish", conference, stream) }
func (m *sfu) View(ctx context.Context, conference, stream, viewer, owner, offer string) (string, error) {
	m.note("view", conference, stream, viewer)
	return m.answer(ctx)
}
func (m *sfu) AddViewerCandidate(conference, stream, viewer string, c wire.ICECandidate) error {
	m.note("candidate", conference, stream, viewer, c.Candidate)
	return nil
}
func (m *sfu) StopView(conference, stream, viewer string) {
	m.note("stop", conference, stream, viewer)
}
func (m *sfu) Hold(conference string, on bool) { m.note("hold", conference, fmt.Sprint(on)) }
func (m *sfu) End(conference string)           { m.note("end", conference) }
func (m *sfu) Permit(conference, owner string, r conference.Rights) {
	m.note("permit", conference, owner, fmt.Sprint(r))
}

// endpoints says which endpoints are alive: those of "a" begin with an a.
type endpoints struct {
	mu   sync.Mutex
	dead map[string]bool
	ask  func() // called by Check, when set
}

func (e *endpoints) Check(_ context.Context, _, user, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ask != nil {
		e.ask()
	}
	if e.dead[id] || !strings.HasPrefix(id, user) {
		return endpoint.ErrUnknown
	}
	return nil
}

// faulty is a store whose writes can be made to fail.
type faulty struct {
	conference.Store
	mu     sync.Mutex
	broken error
	after  bool // the write happens and then fails
}

func (f *faulty) fail(err error, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken, f.after = err, after
}

func (f *faulty) SaveConference(ctx context.Context, c conference.Change) error {
	f.mu.Lock()
	err, after := f.broken, f.after
	f.mu.Unlock()
	if err != nil && !after {
		return err
	}
	return errors.Join(f.Store.SaveConference(ctx, c), err)
}

// bench is a Directory on a real store, with what surrounds it.
type bench struct {
	*conference.Directory
	t       testing.TB
	dir     string
	store   *store.Store
	faulty  *faulty
	journal *store.Journal
	sfu     *sfu
	ends    *endpoints
	woken   chan []string
	clock   clocktest.Clock
	dropped chan string // endpoint and reason
}

func start(t testing.TB) *bench {
	b := &bench{t: t, dir: t.TempDir(), ends: &endpoints{dead: map[string]bool{}}}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.store, err = store.Open(context.Background(), b.dir); err != nil {
		b.t.Fatal(err)
	}
	b.journal = store.NewJournal(b.store, time.Now, slog.New(slog.DiscardHandler))
	b.faulty = &faulty{Store: b.store}
	b.sfu = &sfu{}
	b.woken, b.dropped = make(chan []string, 1<<16), make(chan string, 1<<10)
	b.Directory = conference.New(conference.Config{Store: b.faulty, Media: b.sfu, Endpoints: b.ends,
		Wake: func(ids []string) { b.woken <- ids }, Now: b.clock.Now,
		Drop: func(_ context.Context, _, _, endpoint, reason string) { b.dropped <- endpoint + " " + reason }})
}

func (b *bench) close() {
	b.Directory.Close()
	if err := errors.Join(b.journal.Close(), b.store.Close()); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

func agent(user string) conference.Caller {
	return conference.Caller{Organization: "default", UserID: user, MayCreate: true, MayEnd: true}
}

func customer(user, conferenceID string) conference.Caller {
	return conference.Caller{Organization: "default", UserID: user, Conference: conferenceID, Customer: true}
}

var ctx = context.Background()

// must fails the test on an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) create(id string) {
	b.t.Helper()
	must(b.Create(ctx, agent("a"), wire.CreateConference{ConferenceID: id}))(b.t)
}

func (b *bench) join(id, endpoint string) {
	b.t.Helper()
	must(b.Join(ctx, agent(endpoint[:1]), wire.JoinConference{ConferenceID: id, UserEndpointID: endpoint}))(b.t)
}

func (b *bench) publish(id, endpoint, stream string) {
	b.t.Helper()
	must(b.Publish(ctx, agent(endpoint[:1]), offer(id, endpoint, stream)))(b.t)
}

func offer(id, endpoint, stream string) wire.PublishStream {
	return wire.PublishStream{ConferenceID: id, UserEndpointID: endpoint, StreamID: wire.StreamID(stream),
		ConferenceStreamType: wire.StreamMicAndCam, SDPOffer: "v=0", Metadata: json.RawMessage(`{"portraitMode":false}`)}
}

func viewing(id, endpoint, stream, viewer string) wire.ViewStream {
	return wire.ViewStream{ConferenceID: id, UserEndpointID: endpoint, StreamID: wire.StreamID(stream), ViewerID: viewer, SDPOffer: "v=0"}
}

func (b *bench) state(id string) wire.Conference {
	b.t.Helper()
	return must(b.State(ctx, agent("a"), id))(b.t)
}

// events returns what an endpoint is owed past a sequence number, and the last
// of those.
func (b *bench) events(endpoint string, past int64) ([]wire.Event, int64) {
	b.t.Helper()
	var events []wire.Event
	for {
		rows := must(b.journal.After(ctx, "default", endpoint, past, 64))(b.t)
		for _, r := range rows {
			var e wire.Event
			if err := json.Unmarshal(r.Body, &e); err != nil {
				b.t.Fatal(err)
			}
			events, past = append(events, e), r.Seq
		}
		if len(rows) < 64 {
			return events, past
		}
	}
}

func types(events []wire.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%s %s %d", strings.TrimSuffix(strings.TrimPrefix(string(e.Type), "Conference"), "Event"),
			e.UserEndpointID, *e.ConferenceVersion))
	}
	return out
}

// eventually waits, from wake-up to wake-up, until ok.
func (b *bench) eventually(ok func() bool) {
	b.t.Helper()
	guard := time.After(hang)
	for !ok() {
		select {
		case <-b.woken:
		case <-guard:
			b.t.Fatal("it does not happen")
		}
	}
}

func equal(t testing.TB, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestACallFromCreateToEnd(t *testing.T) {
	b := start(t)
	s := must(b.Create(ctx, agent("a"), wire.CreateConference{Mode: wire.ModeRouter}))(t)
	equal(t, wire.Summary{ID: s.ID, Mode: wire.ModeRouter, Version: 1}, s)
	id := s.ID
	joined := must(b.Join(ctx, agent("a"), wire.JoinConference{ConferenceID: id, UserEndpointID: "a1", Metadata: json.RawMessage(`{"name":"Anna"}`)}))(t)
	equal(t, int64(2), joined.Version)
	must(b.Join(ctx, customer("b", id), wire.JoinConference{ConferenceID: id, UserEndpointID: "b1"}))(t)
	equal(t, wire.PublishedStream{StreamID: "s1", SDPAnswer: "answer"}, must(b.Publish(ctx, agent("a"), offer(id, "a1", "s1")))(t))
	equal(t, wire.ViewedStream{ViewerID: "v1", SDPAnswer: "answer"}, must(b.View(ctx, customer("b", id), viewing(id, "b1", "s1", "v1")))(t))
	candidates := wire.ICECandidates{ConferenceID: id, UserEndpointID: "a1", StreamID: "s1", ICECandidates: []wire.ICECandidate{{Candidate: "x"}, {}}}
	if err := b.AddPublisherCandidates(ctx, agent("a"), candidates); err != nil {
		t.Error(err)
	}
	candidates.UserEndpointID, candidates.ViewerID, candidates.ICECandidates = "b1", "v1", candidates.ICECandidates[:1]
	if err := b.AddViewerCandidates(ctx, customer("b", id), candidates); err != nil {
		t.Error(err)
	}
	mute := wire.UpdateMetadata{ConferenceID: id, UserEndpointID: "a1", Operation: wire.OperationSet, Key: wire.TrackMuted("audio", "s1"), Value: "true"}
	if err := b.UpdateMetadata(ctx, agent("a"), mute); err != nil {
		t.Error(err)
	}
	equal(t, wire.Conference{ID: id, Mode: wire.ModeRouter, Version: 5, Metadata: map[string]string{mute.Key: "true"},
		Participants: []wire.Participant{
			{ID: "a", Endpoints: []wire.Endpoint{{ID: "a1", Metadata: json.RawMessage(`{"name":"Anna"}`),
				Streams: []wire.Stream{{ID: "s1", Type: wire.StreamMicAndCam, Metadata: json.RawMessage(`{"portraitMode":false}`)}}}}},
			{ID: "b", Endpoints: []wire.Endpoint{{ID: "b1", Metadata: json.RawMessage(`{"roles":["CUSTOMER"]}`), Streams: []wire.Stream{}}}},
		}}, b.state(id))
	if err := b.Leave(ctx, agent("a"), wire.LeaveConference{ConferenceID: id, UserEndpointID: "a1", Reason: "bye"}); err != nil {
		t.Error(err)
	}
	if err := b.End(ctx, agent("chef"), wire.LeaveConference{ConferenceID: id, Reason: "done"}); err != nil {
		t.Error(err)
	}
	m := "default/" + id
	equal(t, []string{"publish " + m + " s1", "view " + m + " s1 v1", "candidate " + m + " s1 x", "candidate " + m + " s1 ",
		"candidate " + m + " s1 v1 x", "stop " + m + " s1 v1", "unpublish " + m + " s1", "end " + m}, b.sfu.took())
	mine, _ := b.events("a1", 0)
	equal(t, []string{"Joined a1 1", "Joined b1 2", "StreamPublished a1 3", "MetadataUpdated a1 4", "StreamUnpublished a1 5", "Left a1 6"}, types(mine))
	theirs, _ := b.events("b1", 0)
	equal(t, []string{"Joined b1 2", "StreamPublished a1 3", "MetadataUpdated a1 4", "StreamUnpublished a1 5", "Left a1 6", "Ended  7"}, types(theirs))
	for name, err := range map[string]error{
		"join":    second(b.Join(ctx, agent("a"), wire.JoinConference{ConferenceID: id, UserEndpointID: "a1"})),
		"state":   second(b.State(ctx, agent("a"), id)),
		"publish": second(b.Publish(ctx, agent("a"), offer(id, "a1", "s2"))),
		"end":     b.End(ctx, agent("a"), wire.LeaveConference{ConferenceID: id}),
	} {
		if !errors.Is(err, conference.ErrEnded) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	if _, err := b.Create(ctx, agent("a"), wire.CreateConference{ConferenceID: id}); !errors.Is(err, conference.ErrExists) {
		t.Errorf("create after the end: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhoMayDoWhat(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.create("c2")
	b.join("c1", "a1")
	b.publish("c1", "a1", "s1")
	must(b.Join(ctx, customer("b", "c1"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "b1"}))(t)
	must(b.View(ctx, customer("b", "c1"), viewing("c1", "b1", "s1", "v1")))(t)
	elsewhere := conference.Caller{Organization: "other", UserID: "a", MayCreate: true, MayEnd: true}
	ref := func(endpoint, stream, viewer string) wire.StreamRef {
		return wire.StreamRef{ConferenceID: "c1", UserEndpointID: endpoint, StreamID: wire.StreamID(stream), ViewerID: viewer}
	}
	ice := func(endpoint, stream, viewer string) wire.ICECandidates {
		return wire.ICECandidates{ConferenceID: "c1", UserEndpointID: endpoint, StreamID: wire.StreamID(stream), ViewerID: viewer}
	}
	guest := customer("b", "c1")
	for name, tc := range map[string]struct{ got, want error }{
		"customer creates":              {second(b.Create(ctx, guest, wire.CreateConference{})), conference.ErrForbidden},
		"customer ends":                 {b.End(ctx, guest, wire.LeaveConference{ConferenceID: "c1", UserEndpointID: "b1"}), conference.ErrForbidden},
		"customer reads elsewhere":      {second(b.State(ctx, guest, "c2")), conference.ErrForbidden},
		"customer joins elsewhere":      {second(b.Join(ctx, guest, wire.JoinConference{ConferenceID: "c2", UserEndpointID: "b1"})), conference.ErrForbidden},
		"customer sets metadata":        {b.UpdateMetadata(ctx, guest, wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "b1", Operation: wire.OperationSet, Key: "ON_HOLD", Value: "x"}), conference.ErrForbidden},
		"other organization":            {second(b.State(ctx, elsewhere, "c1")), conference.ErrUnknownConference},
		"other organization ends":       {b.End(ctx, elsewhere, wire.LeaveConference{ConferenceID: "c1"}), conference.ErrUnknownConference},
		"unknown conference":            {second(b.State(ctx, agent("a"), "c9")), conference.ErrUnknownConference},
		"taken id":                      {second(b.Create(ctx, agent("a"), wire.CreateConference{ConferenceID: "c1"})), conference.ErrExists},
		"join with a dead endpoint":     {second(b.Join(ctx, agent("a"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "z1"})), endpoint.ErrUnknown},
		"leave as another":              {b.Leave(ctx, guest, wire.LeaveConference{ConferenceID: "c1", UserEndpointID: "a1"}), conference.ErrNotYours},
		"publish as another":            {second(b.Publish(ctx, guest, offer("c1", "a1", "s2"))), conference.ErrNotYours},
		"publish without joining":       {second(b.Publish(ctx, agent("a"), offer("c1", "a2", "s2"))), conference.ErrNotMember},
		"publish a taken id":            {second(b.Publish(ctx, guest, offer("c1", "b1", "s1"))), conference.ErrExists},
		"unpublish another's":           {b.Unpublish(ctx, guest, ref("b1", "s1", "")), conference.ErrNotYours},
		"unpublish nothing":             {b.Unpublish(ctx, guest, ref("b1", "s9", "")), conference.ErrUnknownStream},
		"view nothing":                  {second(b.View(ctx, guest, viewing("c1", "b1", "s9", "v1"))), conference.ErrUnknownStream},
		"view twice":                    {second(b.View(ctx, guest, viewing("c1", "b1", "s1", "v1"))), conference.ErrExists},
		"stop another's view":           {b.StopView(ctx, agent("a"), ref("a1", "s1", "v1")), conference.ErrNotYours},
		"stop no view":                  {b.StopView(ctx, guest, ref("b1", "s1", "v9")), conference.ErrUnknownViewer},
		"candidate for another":         {b.AddPublisherCandidates(ctx, guest, ice("b1", "s1", "")), conference.ErrNotYours},
		"candidate for nothing":         {b.AddPublisherCandidates(ctx, guest, ice("b1", "s9", "")), conference.ErrUnknownStream},
		"candidate as another":          {b.AddPublisherCandidates(ctx, guest, ice("a1", "s1", "")), conference.ErrNotYours},
		"candidate for another viewer":  {b.AddViewerCandidates(ctx, agent("a"), ice("a1", "s1", "v1")), conference.ErrNotYours},
		"candidate for no viewer":       {b.AddViewerCandidates(ctx, guest, ice("b1", "s1", "v9")), conference.ErrUnknownViewer},
		"candidate of who is not there": {b.AddViewerCandidates(ctx, agent("a"), ice("a7", "s1", "v1")), conference.ErrNotMember},
	} {
		if !errors.Is(tc.got, tc.want) {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
	for name, err := range map[string]error{
		"id with a slash":    second(b.State(ctx, agent("a"), "a/b")),
		"no endpoint":        b.Leave(ctx, agent("a"), wire.LeaveConference{ConferenceID: "c1"}),
		"mode":               second(b.Create(ctx, agent("a"), wire.CreateConference{Mode: "MESH"})),
		"operation":          b.UpdateMetadata(ctx, agent("a"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "a1", Operation: "ADD", Key: "k"}),
		"empty limit":        b.UpdateMetadata(ctx, agent("a"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "a1", Operation: wire.OperationSet, Key: wire.MetadataParticipantLimit}),
		"stream id":          second(b.Publish(ctx, agent("a"), offer("c1", "a1", "s 1"))),
		"metadata no object": second(b.Join(ctx, agent("a"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "a1", Metadata: json.RawMessage(`[]`)})),
	} {
		var invalid *wire.Error
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPublishThatComesToNothing(t *testing.T) {
	refused := errors.New("bad offer")
	for name, tc := range map[string]struct {
		during func(b *bench, cancel func()) error // while the SFU answers
		want   error
		undone bool
	}{
		"the SFU refuses":       {func(*bench, func()) error { return refused }, refused, false},
		"the caller goes":       {func(_ *bench, cancel func()) error { cancel(); return nil }, context.Canceled, true},
		"the endpoint leaves":   {func(b *bench, _ func()) error { return leave(b) }, conference.ErrNotMember, true},
		"the conference ends":   {func(b *bench, _ func()) error { return finish(b) }, conference.ErrEnded, true},
		"the store fails":       {func(b *bench, _ func()) error { b.faulty.fail(refused, false); return nil }, conference.ErrUnavailable, true},
		"the store fails, late": {func(b *bench, _ func()) error { b.faulty.fail(refused, true); return nil }, conference.ErrUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			b.create("c1")
			b.join("c1", "a1")
			b.join("c1", "b1")
			b.sfu.took()
			asking, cancel := context.WithCancel(ctx)
			defer cancel()
			b.sfu.publish = func(context.Context) error {
				if _, err := b.Publish(ctx, agent("b"), offer("c1", "b1", "s1")); name != "the conference ends" && !errors.Is(err, conference.ErrExists) {
					t.Errorf("the id is not held: %v", err)
				}
				return tc.during(b, cancel)
			}
			if _, err := b.Publish(asking, agent("a"), offer("c1", "a1", "s1")); !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if calls := b.sfu.took(); slices.Contains(calls, "unpublish default/c1 s1") != tc.undone {
				t.Errorf("the SFU was asked %q", calls)
			}
			b.faulty.fail(nil, false)
			b.sfu.mu.Lock()
			b.sfu.publish = nil
			b.sfu.mu.Unlock()
			if name == "the conference ends" {
				return
			}
			// The id is free again, once the store works.
			b.retry(func() error { return second(b.Publish(ctx, agent("b"), offer("c1", "b1", "s1"))) })
			s := b.state("c1")
			streams := 0
			for _, p := range s.Participants {
				for _, e := range p.Endpoints {
					streams += len(e.Streams)
				}
			}
			equal(t, 1, streams)
		})
	}
}

// retry runs f until it does not meet a store that is still being reloaded.
func (b *bench) retry(f func() error) {
	b.t.Helper()
	guard := time.After(hang)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		if !errors.Is(err, conference.ErrUnavailable) && !errors.Is(err, conference.ErrExists) {
			b.t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-guard:
			b.t.Fatal(err)
		}
	}
}

func leave(b *bench) error {
	return b.Leave(ctx, agent("a"), wire.LeaveConference{ConferenceID: "c1", UserEndpointID: "a1"})
}

func finish(b *bench) error {
	return b.End(ctx, agent("a"), wire.LeaveConference{ConferenceID: "c1"})
}

func TestViewThatComesToNothing(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	b.join("c1", "b1")
	b.publish("c1", "a1", "s1")
	b.sfu.took()
	b.sfu.publish = func(context.Context) error {
		return b.Unpublish(ctx, agent("a"), wire.StreamRef{ConferenceID: "c1", UserEndpointID: "a1", StreamID: "s1"})
	}
	if _, err := b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1")); !errors.Is(err, conference.ErrUnknownStream) {
		t.Errorf("view of what was unpublished meanwhile: %v", err)
	}
	equal(t, []string{"view default/c1 s1 v1", "unpublish default/c1 s1", "stop default/c1 s1 v1"}, b.sfu.took())
	b.sfu.publish = nil
	b.publish("c1", "a1", "s1")
	refused := errors.New("bad offer")
	b.sfu.publish = func(context.Context) error { return refused }
	if _, err := b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1")); !errors.Is(err, refused) {
		t.Errorf("view that the SFU refuses: %v", err)
	}
	b.sfu.publish = nil
	must(b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1")))(t)
}

func TestMediaThatEndsByItself(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	b.join("c1", "b1")
	b.publish("c1", "a1", "s1")
	must(b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1")))(t)
	b.sfu.took()
	b.ViewerClosed("default/c1", "s1", "v1")
	b.retry(func() error { return second(b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1"))) })
	b.PublisherClosed("default/c1", "s1")
	b.eventually(func() bool { return len(b.state("c1").Participants[0].Endpoints[0].Streams) == 0 })
	events, _ := b.events("b1", 0)
	equal(t, []string{"Joined b1 2", "StreamPublished a1 3", "StreamUnpublished a1 4"}, types(events))
	// What is not there any more is nobody's error.
	b.PublisherClosed("default/c1", "s1")
	b.PublisherClosed("default/c9", "s1")
	b.ViewerClosed("nonsense", "s1", "v1")
}

func TestEndpointGone(t *testing.T) {
	b := start(t)
	for _, id := range []string{"c1", "c2", "c3"} {
		b.create(id)
		b.join(id, "b1")
	}
	b.join("c1", "a1")
	b.join("c2", "a1")
	b.publish("c1", "a1", "s1")
	b.EndpointGone(ctx, "default", "a", "a1", "keep-alive missed")
	for _, id := range []string{"c1", "c2", "c3"} {
		equal(t, 1, len(b.state(id).Participants))
	}
	events, _ := b.events("a1", 0)
	last := events[len(events)-1]
	if last.Type != wire.EventLeft || last.Reason != "keep-alive missed" {
		t.Errorf("the last event is %s with reason %q", last.Type, last.Reason)
	}
	if !slices.Contains(b.sfu.took(), "unpublish default/c1 s1") {
		t.Error("the stream goes on")
	}
	b.EndpointGone(ctx, "default", "a", "a1", "again")
}

func TestEndpointThatGoesWhileItJoins(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "b1")
	checks := 0
	b.ends.ask = func() {
		if checks++; checks == 2 {
			b.ends.dead["a1"] = true
		}
	}
	if _, err := b.Join(ctx, agent("a"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "a1"}); !errors.Is(err, endpoint.ErrUnknown) {
		t.Errorf("join: %v", err)
	}
	equal(t, 1, len(b.state("c1").Participants))
}

func TestEndpointGoneThoughTheStoreFails(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	b.join("c1", "b1")
	b.faulty.fail(errors.New("disk full"), false)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.EndpointGone(ctx, "default", "a", "a1", "gone")
	}()
	for err := error(nil); !errors.Is(err, conference.ErrUnavailable); {
		err = b.UpdateMetadata(ctx, agent("b"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "b1", Operation: wire.OperationSet, Key: "k", Value: "v"})
	}
	b.faulty.fail(nil, false)
	<-done
	equal(t, 1, len(b.state("c1").Participants))
}

// TestFollowersNeverDifferOverRestarts runs calls against real stores that are
// closed and opened between them, with a client that follows by the journal.
func TestFollowersNeverDifferOverRestarts(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "z1")
	f := conference.Follower{Conference: b.state("c1")}
	var seq int64
	follow := func() {
		var events []wire.Event
		events, seq = b.events("z1", seq)
		for _, e := range events {
			if err := f.Follow(e); err != nil {
				t.Fatal(err)
			}
		}
		want, got := conference.Sorted(b.state("c1")), conference.Sorted(f.Conference)
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("the follower differs (-state +follower):\n%s", cmp.Diff(want, got))
		}
	}
	for i := range 600 {
		who := string(rune('a' + i*7%3))
		e := who + string(rune('1'+i%2))
		stream := "s" + who
		switch i * 13 % 11 {
		case 0, 1, 2:
			b.Join(ctx, agent(who), wire.JoinConference{ConferenceID: "c1", UserEndpointID: e})
		case 3, 4, 5:
			b.Publish(ctx, agent(who), offer("c1", e, stream))
		case 6:
			b.Unpublish(ctx, agent(who), wire.StreamRef{ConferenceID: "c1", UserEndpointID: e, StreamID: wire.StreamID(stream)})
		case 7:
			b.Leave(ctx, agent(who), wire.LeaveConference{ConferenceID: "c1", UserEndpointID: e})
		default:
			b.UpdateMetadata(ctx, agent(who), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: e, Operation: wire.OperationSet,
				Key: []string{wire.TrackMuted("audio", wire.StreamID(stream)), "ON_HOLD"}[i%2], Value: fmt.Sprint(i)})
		}
		if i%17 == 0 {
			follow()
		}
		if i%60 == 59 {
			b.reopen()
			for _, p := range b.state("c1").Participants {
				for _, e := range p.Endpoints {
					if len(e.Streams) > 0 {
						t.Fatalf("%s still publishes after a restart", e.ID)
					}
				}
			}
			follow()
		}
	}
	follow()
	if f.Version < 100 {
		t.Errorf("only %d events: the test shows little", f.Version)
	}
}

func TestRestartUnpublishesWithoutBeingAsked(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	b.publish("c1", "a1", "s1")
	b.reopen()
	b.eventually(func() bool {
		events, _ := b.events("a1", 0)
		return slices.Contains(types(events), "StreamUnpublished a1 3")
	})
	equal(t, 1, len(b.state("c1").Participants))
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	before := b.state("c1")
	set := func(v string) error {
		return b.UpdateMetadata(ctx, agent("a"), wire.UpdateMetadata{ConferenceID: "c1", UserEndpointID: "a1", Operation: wire.OperationSet, Key: "k", Value: v})
	}
	b.faulty.fail(errors.New("disk full"), false)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := set(fmt.Sprint(i)); !errors.Is(err, conference.ErrUnavailable) {
				t.Errorf("a write that failed is answered with %v", err)
			}
		}()
	}
	wg.Wait()
	b.faulty.fail(nil, false)
	var after wire.Conference
	b.retry(func() (err error) { after, err = b.State(ctx, agent("a"), "c1"); return err })
	equal(t, before, after)
	b.retry(func() error { return set("at last") })
	events, _ := b.events("a1", 0)
	equal(t, []string{"Joined a1 1", "MetadataUpdated a1 2"}, types(events))
}

func TestHundredJoinAtOnce(t *testing.T) {
	b := start(t)
	must(b.Create(ctx, agent("a"), wire.CreateConference{ConferenceID: "c1", Metadata: map[string]string{wire.MetadataParticipantLimit: "80"}}))(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	full := 0
	for i := range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := b.Join(ctx, agent("u"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: fmt.Sprintf("u%d", i)})
			if errors.Is(err, conference.ErrFull) {
				mu.Lock()
				defer mu.Unlock()
				full++
			} else if err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	equal(t, 20, full)
	s := b.state("c1")
	equal(t, int64(81), s.Version)
	equal(t, 80, len(s.Participants[0].Endpoints))
}

func TestClose(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	b.Directory.Close()
	if _, err := b.State(ctx, agent("a"), "c1"); !errors.Is(err, conference.ErrClosed) {
		t.Errorf("state after Close: %v", err)
	}
	b.PublisherClosed("default/c1", "s1")
}
