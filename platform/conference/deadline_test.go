package conference_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

const year = 365 * 24 * time.Hour

// isRemoved waits until b1 was removed, and returns when.
func (b *bench) isRemoved(since time.Time) time.Duration {
	b.t.Helper()
	b.eventually(func() bool { return len(b.state("c1").Participants) == 1 })
	return time.Since(since)
}

// bound has b1 in c1 with what a token says. By the wall clock it comes an hour
// ago, so that on a slow machine, too, its time is not up before it is in.
func (b *bench) bound(set func(*conference.Admission)) conference.Caller {
	b.t.Helper()
	b.clock.Set(-time.Hour)
	defer b.clock.Set(0)
	b.create("c1")
	b.join("c1", "a1")
	who := holder("b", set)
	b.enter(who, "c1", "b1")
	return who
}

// TestRemovedAtAnInstant: by the wall clock, within a second of what it shows,
// whichever way it is set; also when the instant came while the server was down.
func TestRemovedAtAnInstant(t *testing.T) {
	for _, way := range []string{"by itself", "by a jump of the clock", "while the server was down"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			begun := time.Now()
			after := map[string]time.Duration{"by itself": time.Second}[way]
			if after == 0 {
				after = year
			}
			b.bound(func(a *conference.Admission) { a.RemoveAt = begun.Add(after) })
			b.clock.Set(-10 * year)
			b.clock.Set(-time.Hour)
			b.clock.Set(0)
			since := begun.Add(after)
			switch way {
			case "by a jump of the clock":
				since = time.Now()
				b.clock.Set(year + time.Second)
			case "while the server was down":
				b.close()
				b.clock.Set(year + time.Second)
				b.open()
				since = time.Now()
			}
			if late := b.isRemoved(since); late < 0 || late > hang/2 {
				t.Errorf("removed %v after its time", late)
			} else if late > time.Second {
				t.Logf("removed %v after its time", late)
			}
			select {
			case got := <-b.dropped:
				if got != "b1 "+wire.LeftTimeUp {
					t.Errorf("dropped %q", got)
				}
			case <-time.After(hang):
				t.Error("the endpoint lives on")
			}
		})
	}
}

// TestRemovedAfterATime: by what has passed since the join, whatever the wall
// clock shows; also over a restart, and also for a token that comes back.
func TestRemovedAfterATime(t *testing.T) {
	const stay = 4 * time.Second
	for _, jump := range []time.Duration{0, time.Hour, -time.Hour, 10 * year, -10 * year} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			t.Parallel()
			b := start(t)
			begun := time.Now()
			who := b.bound(func(a *conference.Admission) { a.RemoveAfter = stay })
			b.clock.Set(jump)
			if err := b.Leave(ctx, who, wire.LeaveConference{ConferenceID: "c1", UserEndpointID: "b1"}); err != nil {
				t.Fatal(err)
			}
			b.enter(who, "c1", "b2") // which gains no time
			passed := b.isRemoved(begun)
			if passed < stay-200*time.Millisecond {
				t.Errorf("removed after %v", passed)
			}
			if err := second(b.Join(ctx, who, wire.JoinConference{ConferenceID: "c1", UserEndpointID: "b3"})); !errors.Is(err, conference.ErrRemoved) {
				t.Errorf("comes back: %v", err)
			}
		})
	}
	t.Run("over a restart", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		begun := time.Now()
		b.bound(func(a *conference.Admission) { a.RemoveAfter = stay })
		b.reopen()
		// Over a restart the wall clock counts, which hosts set in small steps.
		if passed := b.isRemoved(begun); passed < stay/2 {
			t.Errorf("removed after %v", passed)
		}
	})
	t.Run("in time", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		b.bound(func(a *conference.Admission) { a.RemoveAfter = 200000 * time.Second })
		b.clock.Set(10 * year)
		// Somebody with another bound comes and goes, so that the clock is looked at.
		b.enter(holder("c", func(a *conference.Admission) { a.RemoveAfter = time.Millisecond }), "c1", "c1")
		b.eventually(func() bool { return len(b.state("c1").Participants) == 2 })
		b.seat("c1", "b1")
	})
}

// TestBusyRoomKeepsItsDeadlines: commands that come faster than the clock is
// looked at do not put a removal off.
func TestBusyRoomKeepsItsDeadlines(t *testing.T) {
	b := start(t)
	begun := time.Now()
	b.bound(func(a *conference.Admission) { a.RemoveAt = begun.Add(time.Second) })
	guard := time.Now().Add(hang)
	for len(b.state("c1").Participants) == 2 {
		if time.Now().After(guard) {
			t.Fatal("it stays")
		}
	}
	if late := time.Since(begun.Add(time.Second)); late > hang/2 {
		t.Errorf("removed %v after its time", late)
	}
}
