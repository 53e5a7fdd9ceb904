//go:build figures

package bench

import (
	"net"
	"testing"
	"time"
)

// TestFiguresOfTheStoppedEndpoint measures 200 endpoints that read, with and
// without one that has stopped and gets more than its connection holds.
func TestFiguresOfTheStoppedEndpoint(t *testing.T) {
	const readers, fat, pace = 200, 60 << 10, 50 * time.Millisecond
	h := ours(t, "memory", 2, readers) // the second group's only endpoint that connects is the one that stops
	d := h.listen(t, 1, readers)
	p, err := newPublisher(h.publish, "fat", 64)
	if err != nil {
		t.Fatal(err)
	}
	defer p.conn.Close()
	const turns = 3 * rounds // the noise of a machine that is in use is greater than what is sought
	values := map[string]float64{"endpoints": readers, "rounds": turns}
	besideOne := func() round {
		stopped, err := subscribe(h.address, "stopped", "token", h.topic(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer stopped.conn.Close()
		if err := stopped.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		for range 100 { // more than a window
			if err := p.publish(1, fat); err != nil {
				t.Fatal(err)
			}
		}
		return d.measure(t, pace)
	}
	d.measure(t, pace) // to warm up
	var alone, beside []round
	memory := h.resident()
	for i := range turns {
		if i%2 == 0 {
			alone, beside = append(alone, d.measure(t, pace)), append(beside, besideOne())
		} else {
			beside, alone = append(beside, besideOne()), append(alone, d.measure(t, pace))
		}
	}
	summary(values, "alone", alone)
	summary(values, "beside the stopped", beside)
	ratios(values, "ratio", beside, alone)
	values["MiB more, its events included"] = (h.resident() - memory) / 1024
	figure(t, "200 endpoints beside one that stops", "deliveries/s", values)
}
