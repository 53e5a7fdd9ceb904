package file

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store that knows one conference with one endpoint in it, and fails
// as it is told.
type shelf struct {
	Snapshots
	fails error
	files map[string]Record
}

var (
	bg  = context.Background()
	who = Caller{Organization: "o", UserID: "u"}
	to  = Transfer{Conference: "c", Endpoint: "e"}
)

func (s *shelf) Place(context.Context, Key) (Place, error) {
	return Place{Known: true, Members: []Member{{"e", "u"}}}, nil
}

func (s *shelf) AddFile(_ context.Context, r Record, _ []byte, _ Limit) (Record, []string, error) {
	if s.fails == nil {
		s.files[r.ID] = r
	}
	return Record{}, nil, s.fails
}

func (s *shelf) File(_ context.Context, _, id string, _ Reader) (Record, bool, error) {
	r, ok := s.files[id]
	if !ok {
		return r, false, ErrUnknown
	}
	return r, true, nil
}

func (s *shelf) FilesOf(context.Context, Query) ([]Record, error) { return nil, nil }

func (s *shelf) KeptFiles(context.Context) (map[string]int64, error) {
	sizes := map[string]int64{}
	for id, r := range s.files {
		sizes[id] = r.Size
	}
	return sizes, nil
}

func open(t *testing.T, c Config) *Service {
	t.Helper()
	c.Key, c.PublicURL = bytes.Repeat([]byte{1}, 32), "http://x"
	if c.Folder == "" {
		c.Folder = t.TempDir()
	}
	s, err := New(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func receive(t *testing.T, s *Service, text string) *Upload {
	t.Helper()
	u, err := s.Receive(bg, who, Document, "a.txt", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// lying returns what is on disk.
func lying(t *testing.T, folder string) (names []string) {
	t.Helper()
	if err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestFileWithoutRow is a crash between a file and its row: the row may have
// been written, so the file stays until the next start can tell.
func TestFileWithoutRow(t *testing.T) {
	for name, tc := range map[string]struct {
		fails      error
		stays      int
		afterStart int
	}{
		"nobody knows":      {errors.New("commit: disk is gone"), 1, 0},
		"refused":           {ErrNotMember, 0, 0},
		"given up":          {context.Canceled, 0, 0},
		"too many files":    {ErrTooMany, 0, 0},
		"nothing went awry": {nil, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := &shelf{fails: tc.fails, files: map[string]Record{}}
			s := open(t, Config{Store: store})
			if _, err := s.Send(bg, who, to, receive(t, s, "hello")); !errors.Is(err, tc.fails) {
				t.Fatalf("%v, want %v", err, tc.fails)
			}
			if got := lying(t, s.Folder); len(got) != tc.stays {
				t.Errorf("lying %v, want %d", got, tc.stays)
			}
			again := open(t, Config{Store: store, Folder: s.Folder})
			if got := lying(t, s.Folder); len(got) != tc.afterStart {
				t.Errorf("after the start: lying %v, want %d", got, tc.afterStart)
			}
			if want := int64(tc.afterStart * len("hello")); again.room.used != want {
				t.Errorf("%d bytes in use, want %d", again.room.used, want)
			}
		})
	}
}

func TestFileThatIsMissing(t *testing.T) {
	store := &shelf{files: map[string]Record{}}
	s := open(t, Config{Store: store})
	v, err := s.Send(bg, who, to, receive(t, s, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.Folder, v.FileTransferID)); err != nil {
		t.Fatal(err)
	}
	again := open(t, Config{Store: store, Folder: s.Folder})
	expires := "99999999999"
	signature := again.sign(v.FileTransferID, expires)
	if _, _, err := again.Open(bg, v.FileTransferID, expires, encode(signature)); err == nil || errors.Is(err, ErrLink) {
		t.Errorf("opened: %v", err)
	}
}

// TestRoom takes it and gives it back, whatever becomes of an upload.
func TestRoom(t *testing.T) {
	store := &shelf{files: map[string]Record{}}
	s := open(t, Config{Store: store, MaxTotal: 10})
	u := receive(t, s, "12345678")
	if _, err := s.Receive(bg, who, Document, "b.txt", strings.NewReader("123")); !errors.Is(err, ErrNoSpace) {
		t.Errorf("eleven bytes: %v", err)
	}
	u.Discard()
	u.Discard()
	if _, err := s.Send(bg, who, to, u); err == nil {
		t.Error("sent what was discarded")
	}
	if _, err := s.Receive(bg, who, Document, "b.txt", io.MultiReader(strings.NewReader("12345678"), failing{})); !errors.Is(err, errLine) {
		t.Errorf("cut off: %v", err)
	}
	gone, cancel := context.WithCancel(bg)
	cancel()
	if _, err := s.Receive(gone, who, Document, "b.txt", strings.NewReader("12345678")); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if s.room.used != 0 || len(lying(t, s.Folder)) > 0 {
		t.Errorf("%d bytes in use, lying %v", s.room.used, lying(t, s.Folder))
	}
	if _, err := s.Send(bg, who, to, receive(t, s, "1234567890")); err != nil {
		t.Errorf("ten bytes: %v", err)
	}
}

var errLine = errors.New("line is dead")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errLine }

// TestUploadsAtATime bounds what one user holds open.
func TestUploadsAtATime(t *testing.T) {
	s := open(t, Config{Store: &shelf{files: map[string]Record{}}})
	var pipes []*io.PipeWriter
	ended := make(chan error)
	for range maxUserUploads {
		r, w := io.Pipe()
		pipes = append(pipes, w)
		go func() {
			u, err := s.Receive(bg, who, Document, "a.txt", r)
			u.Discard()
			ended <- err
		}()
		if _, err := w.Write([]byte("x")); err != nil { // it is being read
			t.Fatal(err)
		}
	}
	if _, err := s.Receive(bg, who, Document, "a.txt", strings.NewReader("x")); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	other := Caller{Organization: "o", UserID: "another"}
	u, err := s.Receive(bg, other, Document, "a.txt", strings.NewReader("x"))
	if err != nil {
		t.Errorf("somebody else: %v", err)
	}
	u.Discard()
	for _, w := range pipes {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	receive(t, s, "x").Discard()
	if len(s.room.byUser) > 0 {
		t.Errorf("still counted: %v", s.room.byUser)
	}
}

// TestLargeFilesAreNotHeldInMemory measures what receiving 20 MiB allocates.
func TestLargeFilesAreNotHeldInMemory(t *testing.T) {
	s := open(t, Config{Store: &shelf{files: map[string]Record{}}})
	const size = 20 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	u, err := s.Receive(bg, who, Document, "a.txt", io.LimitReader(letters{}, size))
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Discard()
	if n := after.TotalAlloc - before.TotalAlloc; u.Size != size || n > size/10 {
		t.Errorf("%d bytes allocated for %d", n, u.Size)
	}
}

// letters is a text without end.
type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestKinds(t *testing.T) {
	zip := func(name, content string) string {
		return "PK\x03\x04" + strings.Repeat("\x00", 22) + string([]byte{byte(len(name)), 0, 0, 0}) + name + content
	}
	const odt = "application/vnd.oasis.opendocument.text"
	for name, tc := range map[string]struct {
		name, head, mime string
		err              error
	}{
		"JPEG":              {"a.JPG", "\xff\xd8\xff\xe1", "image/jpeg", nil},
		"GIF":               {"a.gif", "GIF89a", "image/gif", nil},
		"WebP":              {"a.webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", nil},
		"WAV is no WebP":    {"a.webp", "RIFF\x00\x00\x00\x00WAVEfmt ", "", ErrMismatch},
		"HEIC":              {"a.heic", "\x00\x00\x00\x18ftypheic", "image/heic", nil},
		"MP4 is no HEIC":    {"a.heic", "\x00\x00\x00\x18ftypisom", "", ErrMismatch},
		"DOCX":              {"a.docx", zip("[Content_Types].xml", ""), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", nil},
		"XLSX":              {"a.xlsx", zip("_rels/.rels", ""), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", nil},
		"macros by name":    {"a.docm", zip("[Content_Types].xml", ""), "", ErrType},
		"ODT":               {"a.odt", zip("mimetype", odt+"PK\x03\x04"), odt, nil},
		"ODT of more words": {"a.odt", zip("mimetype", odt+"-master"), "", ErrMismatch},
		"ODS named ODT":     {"a.ods", zip("mimetype", odt+"PK"), "", ErrMismatch},
		"ZIP with a lie":    {"a.docx", "PK\x03\x04" + strings.Repeat("\xff", 30), "", ErrMismatch},
		"short ZIP":         {"a.docx", "PK\x03\x04", "", ErrMismatch},
		"old Word":          {"a.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", ErrType},
		"CSV":               {"a.csv", "a;b\r\n1;2\r\n", "text/csv; charset=utf-8", nil},
		"text with a mark":  {"a.txt", "\xef\xbb\xbfhello", "text/plain; charset=utf-8", nil},
		"text with umlauts": {"a.txt", "Gr\xfc\xdfe", "text/plain; charset=utf-8", nil},
		"less than":         {"a.txt", "< 5 or <3", "text/plain; charset=utf-8", nil},
		"marked page":       {"a.txt", "\xef\xbb\xbf<html>", "", ErrMismatch},
		"XML":               {"a.txt", "<?xml version='1.0'?>", "", ErrMismatch},
		"zero byte":         {"a.txt", "a\x00b", "", ErrMismatch},
		"program":           {"a.txt", "\x7fELF\x02", "", ErrMismatch},
		"shortcut":          {"a.url", "[InternetShortcut]", "", ErrType},
	} {
		mime, _, err := kindOf(documentKinds(), tc.name, []byte(tc.head))
		if mime != tc.mime || !errors.Is(err, tc.err) {
			t.Errorf("%s: %q %v, want %q %v", name, mime, err, tc.mime, tc.err)
		}
	}
	if _, _, err := kindOf(pictureKinds(), "a.txt", []byte("hello")); !errors.Is(err, ErrType) {
		t.Errorf("text as a photo: %v", err)
	}
}

// FuzzName holds what any name and head become to what a disk and a header can
// take.
func FuzzName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../x", `C:\a.pdf`, "con", "", "...", "a\u202etxt.exe", strings.Repeat("ü", 300), "\xff\xfe"} {
		f.Add(s, []byte("hello"))
	}
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		clean := cleanName(name)
		if clean == "" || len(clean) > maxName || !utf8.ValidString(clean) || strings.ContainsAny(clean, "/\\\x00\r\n\"<>:|?*") ||
			strings.Trim(clean, ". ") != clean || cleanName(clean) != clean {
			t.Errorf("%q became %q", name, clean)
		}
		if _, full, err := kindOf(documentKinds(), clean, head); err == nil && !strings.HasPrefix(full, clean) {
			t.Errorf("%q became %q", clean, full)
		}
	})
}

// FuzzLink opens nothing with what was not signed.
func FuzzLink(f *testing.F) {
	store := &shelf{files: map[string]Record{"f": {ID: "f"}}}
	s := &Service{Config: Config{Store: store, Key: bytes.Repeat([]byte{1}, 32), PublicURL: "http://x", Now: time.Now}}
	f.Add("f", "99999999999", "c2ln")
	f.Add("..", "", "")
	f.Fuzz(func(t *testing.T, id, expires, signature string) {
		if _, _, err := s.Open(bg, id, expires, signature); err == nil {
			t.Errorf("%q %q %q opens", id, expires, signature)
		}
	})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// TestFullDisk writes to the device that has no room.
func TestFullDisk(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no full device")
	}
	defer f.Close() // nothing was written
	s := open(t, Config{Store: &shelf{files: map[string]Record{}}})
	u := &Upload{service: s, file: f}
	if err := u.write(io.Discard, []byte("x")); !errors.Is(err, ErrNoSpace) {
		t.Errorf("%v, want %v", err, ErrNoSpace)
	}
	if isRefusal(noSpace(errors.New("I/O error"))) || errors.Is(noSpace(errors.New("I/O error")), ErrNoSpace) {
		t.Error("any failure of the disk is taken for a full one")
	}
}
