package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// sheet is one table of testdata/contract.md.
type sheet struct {
	heading string
	columns []string
	rows    []map[string]string // cells by column, without the marks of code
}

// readSheets reads the tables of the contract, in order.
func readSheets(t *testing.T) (sheets []sheet) {
	t.Helper()
	text, err := os.ReadFile("testdata/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := ""
	var now *sheet
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutPrefix(line, "## "); ok {
			heading = h
		}
		if !strings.HasPrefix(line, "|") {
			now = nil
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(cell, "`", "")))
		}
		switch {
		case now == nil:
			sheets = append(sheets, sheet{heading: heading, columns: cells})
			now = &sheets[len(sheets)-1]
		case strings.HasPrefix(cells[0], "---"):
		case len(cells) != len(now.columns):
			t.Fatalf("%s: %d cells for %d columns: %s", heading, len(cells), len(now.columns), line)
		default:
			row := map[string]string{}
			for i, c := range now.columns {
				row[c] = cells[i]
			}
			now.rows = append(now.rows, row)
		}
	}
	return sheets
}

// rowsOf are those of all tables that begin with a column.
func rowsOf(sheets []sheet, first string) (rows []map[string]string) {
	for _, s := range sheets {
		if s.columns[0] == first {
			rows = append(rows, s.rows...)
		}
	}
	return rows
}

// shape is what an object may have: its members, by name.
type shape struct {
	list    bool // of such objects
	text    bool // a string
	members []member
}

type member struct {
	name     string
	optional bool
	within   *shape // nil: anything
}

// parseShape reads words such as "id version streams[id metadata?]".
func parseShape(s string) (*shape, error) {
	if s == "text" {
		return &shape{text: true}, nil
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		sh, rest, err := parseMembers(inner)
		if err == nil && rest != "]" {
			err = fmt.Errorf("%q ends with %q", s, rest)
		}
		sh.list = true
		return sh, err
	}
	sh, rest, err := parseMembers(s)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q goes on with %q", s, rest)
	}
	return sh, err
}

func parseMembers(s string) (*shape, string, error) {
	sh := &shape{}
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" || s[0] == ']' {
			return sh, s, nil
		}
		end := strings.IndexAny(s, " [?]")
		if end < 0 {
			end = len(s)
		}
		if end == 0 {
			return sh, s, errors.New("a name is missing")
		}
		m := member{name: s[:end]}
		s = s[end:]
		if rest, ok := strings.CutPrefix(s, "?"); ok {
			m.optional, s = true, rest
		}
		if rest, ok := strings.CutPrefix(s, "["); ok {
			within, rest, err := parseMembers(rest)
			if err != nil || !strings.HasPrefix(rest, "]") {
				return sh, s, fmt.Errorf("%s has no end: %w", m.name, err)
			}
			m.within, s = within, rest[1:]
		}
		sh.members = append(sh.members, m)
	}
}

// fits tells what is wrong with a value: a member that is missing, or one more
// than there may be. A list at the top has something in it.
func (s *shape) fits(v any) error {
	switch v := v.(type) {
	case string:
		if s.text && v != "" {
			return nil
		}
	case []any:
		if !s.list || len(v) == 0 {
			return fmt.Errorf("a list of %d", len(v))
		}
		return s.each(v)
	case map[string]any:
		if !s.list && !s.text {
			return s.object(v)
		}
	}
	return fmt.Errorf("%T is of another form", v)
}

func (s *shape) each(list []any) error {
	for _, one := range list {
		o, ok := one.(map[string]any)
		if !ok {
			return fmt.Errorf("%T in a list", one)
		}
		if err := s.object(o); err != nil {
			return err
		}
	}
	return nil
}

func (s *shape) object(o map[string]any) error {
	for _, m := range s.members {
		v, there := o[m.name]
		if !there && !m.optional {
			return fmt.Errorf("%s is missing", m.name)
		}
		if !there || m.within == nil {
			continue
		}
		var err error
		if list, ok := v.([]any); ok {
			err = m.within.each(list)
		} else {
			err = m.within.fits(v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	for name := range o {
		if !slices.ContainsFunc(s.members, func(m member) bool { return m.name == name }) {
			return fmt.Errorf("%s is one more", name)
		}
	}
	return nil
}

func (s *shape) field(name string) (member, bool) {
	i := slices.IndexFunc(s.members, func(m member) bool { return m.name == name })
	if i < 0 {
		return member{}, false
	}
	return s.members[i], true
}

// TestShape holds the reader of the tables against what it must tell apart.
func TestShape(t *testing.T) {
	s, err := parseShape("id a? list[x y?]")
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []map[string]any{{"id": 1, "list": []any{}}, {"id": nil, "a": 2, "list": []any{map[string]any{"x": 1}}}, {"id": 1, "list": map[string]any{"x": 1, "y": 2}}} {
		if err := s.fits(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []any{nil, "id", []any{}, map[string]any{}, map[string]any{"id": 1}, map[string]any{"id": 1, "list": []any{}, "z": 1},
		map[string]any{"id": 1, "list": []any{map[string]any{}}}, map[string]any{"id": 1, "list": []any{map[string]any{"x": 1, "z": 1}}}} {
		if s.fits(bad) == nil {
			t.Errorf("%v fits", bad)
		}
	}
	for _, bad := range []string{"a[", "a]", "[a", "?", "a[b"} {
		if _, err := parseShape(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
