package ui

import "testing"

// TestSettle: a state from before a press does not undo it; the state that
// answers it, and any later one, does count.
func TestSettle(t *testing.T) {
	for _, tc := range []struct {
		name              string
		wish, asks, shown bool
		now, still        bool
	}{
		{"nothing asked", false, false, true, true, false},
		{"a state from before the press", true, true, false, true, true},
		{"the answer", true, true, true, true, false},
		{"changed elsewhere after the answer", true, false, false, false, false},
	} {
		if now, still := settle(tc.wish, tc.asks, tc.shown); now != tc.now || still != tc.still {
			t.Errorf("%s: %v, %v; want %v, %v", tc.name, now, still, tc.now, tc.still)
		}
	}
}
