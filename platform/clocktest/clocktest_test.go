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
