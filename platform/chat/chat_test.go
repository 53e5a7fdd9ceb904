package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// kept is a store that has what a test puts in.
type kept struct {
	seat     Seat
	messages []Message
	notes    []Note
	fails    int64 // the number of the message from which on reading fails; 0: never
}

var errDisk = errors.New("disk")

func (k *kept) Seat(context.Context, Key, Member) (Seat, error) { return k.seat, nil }

func (k *kept) AddMessage(_ context.Context, m Message, _ int64, stamp func(*Message) ([]byte, error)) (Message, []string, error) {
	m.Seq = int64(len(k.messages) + 1)
	_, err := stamp(&m)
	k.messages = append(k.messages, m)
	return m, nil, err
}

func (k *kept) Messages(_ context.Context, _ Key, after int64, limit int) ([]Message, error) {
	if k.fails > 0 && after >= k.fails {
		return nil, errDisk
	}
	list := k.messages[min(int(after), len(k.messages)):]
	return list[:min(limit, len(list))], nil
}

func (k *kept) Notes(context.Context, Key) ([]Note, error) { return k.notes, nil }

func service(t *testing.T, k *kept, now func() time.Time) *Service {
	t.Helper()
	s, err := New(Config{Store: k, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzText: a text that is taken is one that any reader can show, and none makes
// a transcript's line that its writer did not write.
func FuzzText(f *testing.F) {
	for _, text := range []string{"hello", "", " \n", "a\x00", "\x1b[2J", "ä\u2028b", "\xff", "a\r\nb", "\u202eabc", strings.Repeat("x", wire.MaxMessage+1), "one\n2026-01-02 12:00:00 UTC  Anna: two"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := checkText(text)
		var said *wire.Error
		if err != nil {
			if !errors.As(err, &said) || said.Code != wire.CodeInvalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if text == "" || len(text) > wire.MaxMessage || !utf8.ValidString(text) {
			t.Fatalf("%q passes", text)
		}
		for _, r := range text {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("%q passes", text)
			}
		}
		back, err := json.Marshal(text)
		var again string
		if err != nil || json.Unmarshal(back, &again) != nil || again != text {
			t.Fatalf("%q does not survive JSON", text)
		}
		var b bytes.Buffer
		transcript := &Transcript{Conference: "c1", store: &kept{}, first: []Message{{Name: "Maria", Text: text, Created: noon}}}
		if err := transcript.WriteText(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		lines := strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\n' || r == '\u2028' || r == '\u2029' })
		for i, line := range lines[1:] {
			if own := strings.HasPrefix(line, "2026-01-02 12:00:00 UTC  Maria: "); own != (i == 0) || !own && !strings.HasPrefix(line, margin) {
				t.Fatalf("line %d of %q begins at the left: %q", i, text, line)
			}
		}
	})
}

// FuzzName: whatever a participant calls itself, its name is one short line that
// can be seen.
func FuzzName(f *testing.F) {
	for _, metadata := range []string{``, `{}`, `{"name":"Anna"}`, `{"name":7}`, `{"name":"a\nb\u202e"}`, `[]`, `{"name":"` + strings.Repeat("ä", 100) + `"}`} {
		f.Add([]byte(metadata))
	}
	f.Fuzz(func(t *testing.T, metadata []byte) {
		name := nameOf(metadata, "guest-1")
		if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q of %q", name, metadata)
		}
	})
}

func TestName(t *testing.T) {
	for metadata, want := range map[string]string{
		``: "u", `{}`: "u", `{"name":""}`: "u", `{"name":" \n"}`: "u", `{"name":7}`: "u", `{"name":"Anna","roles":7}`: "Anna",
		`{"name":"Anna\nBell: hello"}`: "Anna Bell: hello", `{"name":"` + strings.Repeat("ä", 70) + `"}`: strings.Repeat("ä", 64),
	} {
		if got := nameOf([]byte(metadata), "u"); got != want {
			t.Errorf("%s: %q, want %q", metadata, got, want)
		}
	}
}

// TestPace: a burst, then ten a second, for each sender by itself.
func TestPace(t *testing.T) {
	now := noon
	k := &kept{seat: Seat{Known: true, In: true}}
	s := service(t, k, func() time.Time { return now })
	send := func(endpoint string) error {
		_, err := s.Send(t.Context(), Caller{Organization: "o", UserID: "u"}, wire.SendMessage{ConferenceID: "c1", UserEndpointID: endpoint, MessageID: "m", Text: "x"})
		return err
	}
	for i := range typing().Burst {
		if err := send("e1"); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if err := send("e1"); !errors.Is(err, ErrTooFast) {
		t.Errorf("past the burst: %v", err)
	}
	if err := send("e2"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	now = now.Add(typing().Every)
	if err := send("e1"); err != nil {
		t.Errorf("a moment later: %v", err)
	}
	if err := send("e1"); !errors.Is(err, ErrTooFast) {
		t.Errorf("and at once again: %v", err)
	}
	k.seat.In = false
	for i := range 100 {
		if err := send(fmt.Sprint("made-up-", i)); !errors.Is(err, ErrNotMember) {
			t.Fatal(err)
		}
	}
	if n := s.pace.Len(); n != 2 {
		t.Errorf("%d senders are remembered, want the 2 that are there", n)
	}
}

// TestTranscript: pages become one list, with files and snapshots in their
// places; a failure is told, not taken for the end.
func TestTranscript(t *testing.T) {
	k := &kept{seat: Seat{Known: true}}
	for i := range 2*maxPage + 1 {
		k.messages = append(k.messages, Message{ID: fmt.Sprint(i + 1), Seq: int64(i + 1), Name: "Anna", Text: "x", Created: noon.Add(time.Duration(i) * time.Second)})
	}
	k.notes = []Note{{Kind: wire.TranscriptFile, ID: "f1", Text: "May\n.pdf", Sender: Member{"e2", "maria"}, Created: noon.Add(1500 * time.Millisecond)},
		{Kind: wire.TranscriptSnapshot, ID: "s1", Name: "Maria", Created: noon.Add(time.Hour)}}
	s := service(t, k, nil)
	if _, err := s.Transcript(t.Context(), Caller{Customer: true}, "c1"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a customer: %v", err)
	}
	transcript, err := s.Transcript(t.Context(), Caller{}, "c1")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for l, err := range transcript.Lines(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, l.ID)
	}
	if len(ids) != 2*maxPage+3 || cmp.Diff([]string{"1", "2", "f1", "3"}, ids[:4]) != "" || ids[len(ids)-1] != "s1" {
		t.Errorf("%d lines: %q", len(ids), ids)
	}
	var b bytes.Buffer
	if err := transcript.WriteText(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"2026-01-02 12:00:01 UTC  maria sent a file: May .pdf\n", "2026-01-02 13:00:00 UTC  Maria took a snapshot\n"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%q is missing in\n%.300s", line, b.String())
		}
	}
	k.fails = maxPage
	if err := transcript.WriteText(t.Context(), &b); !errors.Is(err, errDisk) {
		t.Errorf("read half: %v", err)
	}
	if _, err := service(t, &kept{}, nil).Transcript(t.Context(), Caller{}, "c1"); !errors.Is(err, ErrUnknownConference) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestTextsThatAreTaken(t *testing.T) {
	for _, text := range []string{"x", "name\tsum\nanna\t7", "שלום", "👩‍👩‍👧", strings.Repeat("ä", wire.MaxMessage/2), "<script>"} {
		if err := checkText(text); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
