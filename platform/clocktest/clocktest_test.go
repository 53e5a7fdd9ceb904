package clocktest

import (
	"testing"
	"time"
)

func TestWallJumpsAndNothingElse(t *testing.T) {
	var c Clock
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour, 10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour} {
		c.Set(ahead)
		right, got := time.Now(), c.Now()
		if wall := got.Round(0).Sub(right.Round(0)); wall < ahead || wall > ahead+time.Minute {
			t.Errorf("the wall is %v ahead, want %v", wall, ahead)
		}
		if passed := got.Sub(right); passed < 0 || passed > time.Minute {
			t.Errorf("with the wall %v ahead %v have passed", ahead, passed)
		}
	}
}

// TestTimePasses: a year goes by on the wall and by what is counted.
func TestTimePasses(t *testing.T) {
	const year = 365 * 24 * time.Hour
	var c Clock
	c.Set(-time.Hour)
	before := c.Now()
	c.Pass(year)
	after := c.Now()
	for what, passed := range map[string]time.Duration{"the wall": after.Round(0).Sub(before.Round(0)), "what is counted": after.Sub(before)} {
		if passed < year || passed > year+time.Minute {
			t.Errorf("by %s %v have passed", what, passed)
		}
	}
}
