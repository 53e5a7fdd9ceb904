package room

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func FuzzParsePage(f *testing.F) {
	for _, s := range []string{"", "YTEgMQ", "YjEgMQ", Page{After: &Place{-1, "x y"}}.String(), Page{Before: &Place{1 << 62, "é"}}.String(), "YQ", "!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, err := ParsePage(in, 5)
		switch {
		case err != nil:
			if !errors.Is(err, ErrToken) {
				t.Errorf("%q: %v", in, err)
			}
		case in == "":
			if p.After != nil || p.Before != nil {
				t.Errorf("the first page is %+v", p)
			}
		case (p.After == nil) == (p.Before == nil) || p.String() != in || p.Limit != 5:
			t.Errorf("%q: %+v", in, p)
		}
	})
}

// TestPages walks lists of every length by pages of every size, forth and back.
func TestPages(t *testing.T) {
	for n := range 8 {
		all := make([]Row[int], n)
		for i := range all {
			all[i] = Row[int]{i, Place{int64(100 - i/2), fmt.Sprint(9 - i)}} // newest first, two at a time
		}
		read := func(p Page) ([]Row[int], error) {
			list := slices.Clone(all)
			at := func(x *Place) int { return slices.IndexFunc(all, func(r Row[int]) bool { return r.Place == *x }) }
			switch {
			case p.After != nil:
				list = list[at(p.After)+1:]
			case p.Before != nil:
				list = list[:at(p.Before)]
				return list[max(0, len(list)-p.Limit):], nil
			}
			return list[:min(len(list), p.Limit)], nil
		}
		for size := 1; size < 9; size++ {
			var got []int
			last, err := page(Page{Limit: size}, read)
			for steps := 0; ; steps++ {
				if err != nil || steps > 20 || len(last.Of) > size {
					t.Fatal(err, steps, last)
				}
				if got = append(got, last.Of...); last.Next == "" {
					break
				}
				p, e := ParsePage(last.Next, size)
				if last, err = page(p, read); e != nil {
					t.Fatal(e)
				}
			}
			for i, v := range got {
				if i != v {
					t.Fatalf("%d by %d forth: %v", n, size, got)
				}
			}
			back := slices.Clone(last.Of)
			for last.Prev != "" {
				p, e := ParsePage(last.Prev, size)
				if last, err = page(p, read); e != nil || err != nil || len(last.Of) == 0 || last.Next == "" {
					t.Fatal(e, err, last)
				}
				back = append(slices.Clone(last.Of), back...)
			}
			if len(got) != n || !slices.Equal(back, got) {
				t.Errorf("%d by %d: forth %v, back %v", n, size, got, back)
			}
		}
	}
}
