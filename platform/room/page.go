package room

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Limits of a page.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// Place is where a row stands in a list, which has the newest first.
type Place struct {
	At int64 // Unix milliseconds
	ID string
}

// Page says which rows of a list are wanted: Limit of them past After, or the last
// Limit before Before.
type Page struct {
	After, Before *Place
	Limit         int
}

// Row is one line of a list and its place among the others.
type Row[T any] struct {
	Of T
	Place
}

// Pages is a page with the tokens of the pages beside it; empty: there is none.
type Pages[T any] struct {
	Of         []T
	Next, Prev string
}

// ErrToken tells that a page's token is none of ours.
var ErrToken = errors.New("page token is not known")

const maxToken = 512

// String is the page's token: clients give it back as it is.
func (p Page) String() string {
	at, way := p.After, "a"
	if p.Before != nil {
		at, way = p.Before, "b"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(way + strconv.FormatInt(at.At, 10) + " " + at.ID))
}

// ParsePage reads a page's token; an empty one is the first page.
func ParsePage(token string, limit int) (Page, error) {
	p := Page{Limit: limit}
	if token == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(token) > maxToken || len(text) == 0 {
		return p, ErrToken
	}
	number, id, ok := strings.Cut(string(text[1:]), " ")
	at, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || id == "" {
		return p, ErrToken
	}
	switch text[0] {
	case 'a':
		p.After = &Place{at, id}
	case 'b':
		p.Before = &Place{at, id}
	default:
		return p, ErrToken
	}
	if p.String() != token {
		return p, ErrToken
	}
	return p, nil
}

func rows[T any](list []T, place func(T) Place) []Row[T] {
	out := make([]Row[T], len(list))
	for i, v := range list {
		out[i] = Row[T]{v, place(v)}
	}
	return out
}

// page asks for one row more than the page has, to know whether there is another.
// Rows of a page before a place come in the list's order as well.
func page[T any](p Page, read func(Page) ([]Row[T], error)) (Pages[T], error) {
	limit := p.Limit
	p.Limit++
	list, err := read(p)
	if err != nil {
		return Pages[T]{}, err
	}
	more := len(list) > limit
	if more && p.Before != nil {
		list = list[1:]
	} else if more {
		list = list[:limit]
	}
	var out Pages[T]
	out.Of = make([]T, 0, len(list))
	for _, r := range list {
		out.Of = append(out.Of, r.Of)
	}
	if len(list) == 0 {
		return out, nil
	}
	if first := list[0].Place; p.After != nil || p.Before != nil && more {
		out.Prev = Page{Before: &first}.String()
	}
	if last := list[len(list)-1].Place; p.Before != nil || more {
		out.Next = Page{After: &last}.String()
	}
	return out, nil
}

// InOrder returns rows as a list has them: those before a place are read
// backwards.
func InOrder[T any](p Page, list []T) []T {
	if p.Before != nil {
		slices.Reverse(list)
	}
	return list
}
