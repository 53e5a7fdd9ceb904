package endpoint

import (
	"context"
	"fmt"
	"testing"
	"time"

	"guichet/platform/clocktest"
	"guichet/platform/wire"
)

// TestWallClockJumps: whoever sets the machine's time drops nobody who is alive,
// and keeps nobody who is not.
func TestWallClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 10 * year, -10 * year} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			t.Parallel()
			var clock clocktest.Clock
			// Of the last run; "dead" lives for the grace alone.
			store := &memory{rows: map[string]Endpoint{"dead": {ID: "dead", Owner: anna}, "alive": {ID: "alive", Owner: anna, KeepAliveSeconds: 600}}}
			gone := make(chan string, 4)
			r := New(Config{Store: store, Now: clock.Now, Gone: func(_ context.Context, e Endpoint, reason string) { gone <- e.ID + " " + reason }})
			defer r.Close()
			if err := r.Run(ctx); err != nil {
				t.Fatal(err)
			}
			clock.Set(jump)
			began := time.Now()
			(&bench{Registry: r}).register(t, anna, "new", 600) // has the registry look at the clock
			select {
			case who := <-gone:
				if passed := time.Since(began); who != "dead "+wire.LeftSilent || passed < grace/2 {
					t.Errorf("after %v: %s", passed, who)
				}
			case <-time.After(time.Minute):
				t.Fatal("a dead endpoint lives on")
			}
			for _, id := range []string{"alive", "new"} {
				if err := r.KeepAlive(anna, nil, id); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
}
