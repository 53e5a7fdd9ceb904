package playout

import (
	"math/rand"
	"slices"
	"testing"
	"time"
)

// opusByte makes a packet of 20 ms (CELT, one frame) that carries a number.
func opusByte(n int) []byte { return []byte{31 << 3, byte(n), byte(n >> 8)} }

// epoch is where all tests' time starts.
func epoch() time.Time { return time.Unix(1_800_000_000, 0) }

// event is a packet that arrives.
type event struct {
	n  int // number of the packet, which was sent at n * 20 ms
	at time.Duration
}

// arrive makes events from n packets, each delayed by what delay says.
func arrive(n int, delay func(n int) (time.Duration, bool)) []event {
	var events []event
	for i := range n {
		if d, ok := delay(i); ok {
			events = append(events, event{i, time.Duration(i)*20*time.Millisecond + d})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	return events
}

// play runs a buffer over the events, popping every 20 ms, and returns what came
// out: packet numbers, -1 for lost, -2 for empty, -3 for pause.
func play(b Buffer, events []event, first uint16, firstTS uint32, stampOf func(n int) uint32) (out []int, delays []time.Duration) {
	end := events[len(events)-1].at + 500*time.Millisecond
	for now := 5 * time.Millisecond; now < end; now += 20 * time.Millisecond {
		for len(events) > 0 && events[0].at <= now {
			e := events[0]
			events = events[1:]
			b.Push(first+uint16(e.n), firstTS+stampOf(e.n), opusByte(e.n), epoch().Add(e.at))
		}
		item := b.Pop(epoch().Add(now))
		if item.Excess {
			out = append(out, int(item.Payload[1])|int(item.Payload[2])<<8)
			item = b.Pop(epoch().Add(now))
		}
		switch item.Kind {
		case Voice:
			n := int(item.Payload[1]) | int(item.Payload[2])<<8
			out = append(out, n)
			delays = append(delays, now-time.Duration(n)*20*time.Millisecond)
		case Lost:
			out = append(out, -1)
		case Empty:
			out = append(out, -2)
		case Pause:
			out = append(out, -3)
		}
	}
	return out, delays
}

func steady(n int) uint32 { return uint32(n) * 960 }

func count(out []int, v int) (c int) {
	for _, o := range out {
		if o == v {
			c++
		}
	}
	return c
}

// voices returns the packet numbers played.
func voices(out []int) []int {
	return slices.DeleteFunc(slices.Clone(out), func(n int) bool { return n < 0 })
}

func TestJitter(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	ms := time.Millisecond
	on := func(d time.Duration) (time.Duration, bool) { return d, true }
	for _, c := range []struct {
		name     string
		delay    func(n int) (time.Duration, bool)
		first    uint16
		firstTS  uint32
		missing  int           // packets of 500 that may not be played
		atMost   time.Duration // delay over sending, at the end
		wantLost int           // at most this many Lost items before the last packet
	}{
		{name: "clean", delay: func(int) (time.Duration, bool) { return on(30 * ms) }, atMost: 100 * ms},
		{name: "numbers wrap", first: 65300, firstTS: 1<<32 - 960*250, delay: func(int) (time.Duration, bool) { return on(30 * ms) }, atMost: 100 * ms},
		{name: "jitter of 40 ms", delay: func(int) (time.Duration, bool) { return on(time.Duration(20+r.Intn(40)) * ms) }, atMost: 160 * ms, missing: 5, wantLost: 12},
		{name: "reordered pairs", delay: func(n int) (time.Duration, bool) { return on(time.Duration(30+30*(n&1)) * ms) }, atMost: 140 * ms, missing: 2, wantLost: 5},
		{name: "every tenth lost", delay: func(n int) (time.Duration, bool) { return 30 * ms, n%10 != 7 }, atMost: 100 * ms, missing: 50, wantLost: 53},
		{name: "delay steps up by 300 ms", delay: func(n int) (time.Duration, bool) {
			if n < 200 {
				return on(30 * ms)
			}
			return on(330 * ms)
		}, atMost: 480 * ms, missing: 3, wantLost: 8},
		{name: "delay steps down again", delay: func(n int) (time.Duration, bool) {
			if n > 100 && n < 200 {
				return on(230 * ms)
			}
			return on(30 * ms)
		}, atMost: 140 * ms, missing: 3, wantLost: 20},
	} {
		b := NewJitter(0, 0)
		out, delays := play(b, arrive(500, c.delay), c.first, c.firstTS, steady)
		got := voices(out)
		if !slices.IsSorted(got) {
			t.Errorf("%s: out of order", c.name)
		}
		if len(got) < 500-c.missing {
			t.Errorf("%s: played %d of 500", c.name, len(got))
		}
		if lost := count(out, -1) - giveUp; lost > c.wantLost {
			t.Errorf("%s: %d concealed, want at most %d", c.name, lost, c.wantLost)
		}
		if len(delays) == 0 || delays[len(delays)-1] > c.atMost {
			t.Errorf("%s: delay of %v at the end, want at most %v", c.name, delays[len(delays)-1], c.atMost)
		}
	}
}

func TestJitterDuplicatesAndLate(t *testing.T) {
	b := NewJitter(0, 0)
	for n := range 10 {
		for range 2 {
			b.Push(uint16(n), steady(n), opusByte(n), epoch())
		}
	}
	var got []int
	for range 10 {
		got = append(got, int(b.Pop(epoch()).Payload[1]))
	}
	if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("played %v", got)
	}
	b.Push(3, steady(3), opusByte(3), epoch())
	if s := b.Stats(); s.Duplicate != 10 || s.Late != 1 || s.Received != 21 {
		t.Errorf("%+v", s)
	}
	if item := b.Pop(epoch()); item.Kind == Voice {
		t.Errorf("a late packet was played: %+v", item)
	}
}

func TestJitterGivesTheNextPacketForRepair(t *testing.T) {
	b := NewJitter(0, 0)
	for _, n := range []int{0, 1, 3, 6, 7} {
		b.Push(uint16(n), steady(n), opusByte(n), epoch())
	}
	var kinds []Kind
	var repair []int
	for range 8 {
		item := b.Pop(epoch())
		kinds = append(kinds, item.Kind)
		if item.Kind == Lost && item.Payload != nil {
			repair = append(repair, int(item.Payload[1]))
		}
	}
	if !slices.Equal(kinds, []Kind{Voice, Voice, Lost, Voice, Lost, Lost, Voice, Voice}) || !slices.Equal(repair, []int{3, 6}) {
		t.Errorf("kinds %v, repaired from %v", kinds, repair)
	}
}

// TestJitterPause sends nothing for 400 ms, as DTX does, and goes on.
func TestJitterPause(t *testing.T) {
	stamp := func(n int) uint32 {
		if n >= 50 {
			return steady(n + 20)
		}
		return steady(n)
	}
	events := arrive(100, func(n int) (time.Duration, bool) {
		if n >= 50 {
			return 430 * time.Millisecond, true
		}
		return 30 * time.Millisecond, true
	})
	b := NewJitter(0, 0)
	out, delays := play(b, events, 0, 0, stamp)
	if got := voices(out); len(got) != 100 {
		t.Fatalf("played %d of 100", len(got))
	}
	// Measured against the sender's pause of 400 ms.
	if last := delays[len(delays)-1] - 400*time.Millisecond; last > 120*time.Millisecond {
		t.Errorf("the pause left a delay of %v", last)
	}
	if b.Stats().Lost != 0 {
		t.Errorf("a pause counted as loss: %+v", b.Stats())
	}
}

func TestJitterNewStream(t *testing.T) {
	b := NewJitter(0, 0)
	b.Push(10, 0, opusByte(1), epoch())
	b.Push(30000, 777, opusByte(2), epoch())
	b.Push(30001, 777+960, opusByte(3), epoch())
	item := b.Pop(epoch().Add(time.Second))
	if item.Kind != Voice || item.Payload[1] != 2 {
		t.Errorf("after a jump: %+v", item)
	}
}

func TestJitterIsBounded(t *testing.T) {
	b := NewJitter(0, 0)
	for n := range 5000 {
		b.Push(uint16(n), steady(n), opusByte(n), epoch().Add(time.Duration(n)*20*time.Millisecond))
	}
	if len(b.packets) > keep {
		t.Errorf("%d packets held", len(b.packets))
	}
	if item := b.Pop(epoch().Add(time.Hour)); item.Kind != Voice || item.Payload[1] != byte((5000-keep)&255) {
		t.Errorf("after an overflow: %+v", item)
	}
}

func TestFixedDelay(t *testing.T) {
	b := NewJitter(60*time.Millisecond, 60*time.Millisecond)
	_, delays := play(b, arrive(300, func(int) (time.Duration, bool) { return 10 * time.Millisecond, true }), 0, 0, steady)
	for _, d := range delays {
		if d < 60*time.Millisecond || d > 100*time.Millisecond {
			t.Fatalf("delay %v, want 70 ms or a packet more", d)
		}
	}
}

func FuzzJitter(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 200, 100, 4, 5, 6, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		b := NewJitter(0, 0)
		now := epoch()
		var seq uint16
		var ts uint32
		for i, d := range data {
			switch d % 4 {
			case 0:
				b.Pop(now)
			case 1:
				seq += uint16(d) * uint16(d)
				ts += uint32(d) * 1000
			case 2:
				now = now.Add(time.Duration(d) * time.Millisecond)
			}
			b.Push(seq, ts, data[i:], now)
			seq++
			ts += 960
			if len(b.packets) > keep {
				t.Fatal("too many packets")
			}
		}
		// Each of the packets may follow a pause of at most 1.2 s.
		for range keep * 62 {
			now = now.Add(20 * time.Millisecond)
			b.Pop(now)
		}
		if item := b.Pop(now); item.Kind == Voice {
			t.Fatal("never ends")
		}
	})
}
