package sfu

import (
	"testing"
	"time"
)

func filed(h *history, number uint64, size int, ts uint32) *packet {
	p := newPacket()
	p.number, p.to, p.time = number, size, ts
	h.put(p)
	return p
}

func TestHistoryKeepsTheNewest(t *testing.T) {
	h := newHistory(8)
	for n := uint64(100); n < 120; n++ {
		filed(h, n, 10, 0)
	}
	if h.get(111) != nil || h.get(112) == nil || h.get(119) == nil || h.get(120) != nil {
		t.Error("want 112 to 119")
	}
	late := newPacket()
	late.number = 105
	if h.put(late) != nil || h.get(113) == nil {
		t.Error("an old packet pushed a newer one out")
	}
	again := newPacket()
	again.number = 115
	if h.put(again) != nil {
		t.Error("a packet was filed twice")
	}
}

func TestHistoryGroup(t *testing.T) {
	now := time.Unix(50, 0)
	tests := map[string]struct {
		packets, size int
		age           time.Duration
		want          bool
	}{
		"short":             {20, 100, 0, true},
		"many packets":      {groupPackets + 1, 10, 0, false},
		"many bytes":        {groupBytes/1000 + 1, 1000, 0, false},
		"long ago":          {20, 100, groupAge, false},
		"as many as it may": {groupPackets, 10, 0, true},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHistory(videoHistory)
			if _, ok := h.group(now); ok {
				t.Error("a group without a key frame")
			}
			filed(h, 9, 1000, 1) // before the key frame: does not count
			for i := range c.packets {
				p := filed(h, uint64(10+i), c.size, 2)
				if i == 0 {
					h.keyFrame(p, now)
				}
			}
			first, ok := h.group(now.Add(c.age))
			if ok != c.want || ok && first != 10 {
				t.Errorf("got %d %v, want %v", first, ok, c.want)
			}
		})
	}
}

func TestHistoryKeyFrameOfSeveralPackets(t *testing.T) {
	h := newHistory(videoHistory)
	now := time.Unix(50, 0)
	h.keyFrame(filed(h, 20, 10, 7), now) // parameter sets
	h.keyFrame(filed(h, 21, 10, 7), now) // the picture
	if first, _ := h.group(now); first != 20 {
		t.Errorf("begins at %d", first)
	}
	h.keyFrame(filed(h, 30, 10, 8), now)
	h.keyFrame(filed(h, 25, 10, 6), now) // a late one
	if first, _ := h.group(now); first != 30 {
		t.Errorf("begins at %d after a late key frame", first)
	}
	h.restart()
	if _, ok := h.group(now); ok {
		t.Error("a group of the source before")
	}
}
