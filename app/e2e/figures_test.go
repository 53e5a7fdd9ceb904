//go:build figures

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// figure prints one line of `make bench`.
func figure(t *testing.T, name, unit string, values map[string]float64) {
	t.Helper()
	line := map[string]any{"figure": name, "unit": unit}
	for k, v := range values {
		line[k] = v
	}
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// quantile of a sorted list, nearest rank.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func spread(values []float64) map[string]float64 {
	slices.Sort(values)
	return map[string]float64{"p50": quantile(values, 0.5), "p99": quantile(values, 0.99), "n": float64(len(values))}
}

// cpu is the processor time that a process and its descendants have used.
func cpu(t *testing.T, pids ...int) time.Duration {
	t.Helper()
	var ticks int64
	for _, pid := range tree(t, pids...) {
		fields := stat(pid)
		for _, f := range fields[min(11, len(fields)):min(13, len(fields))] { // utime, stime
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

// stat returns the fields of /proc/PID/stat after the name.
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// tree lists processes and their descendants.
func tree(t *testing.T, pids ...int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for grown := true; grown; {
		grown = false
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil || slices.Contains(pids, pid) {
				continue
			}
			if f := stat(pid); len(f) > 1 {
				if parent, _ := strconv.Atoi(f[1]); slices.Contains(pids, parent) {
					pids, grown = append(pids, pid), true
				}
			}
		}
	}
	return pids
}

// memory is the resident set of processes, in MiB.
func memory(t *testing.T, pids ...int) float64 {
	t.Helper()
	var kib float64
	for _, pid := range tree(t, pids...) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				n, err := strconv.ParseFloat(strings.Fields(v)[0], 64)
				if err != nil {
					t.Fatal(err)
				}
				kib += n
			}
		}
	}
	return kib / 1024
}

// TestFiguresOfTheSFU measures a publisher of 180 packets of 1,100 bytes a
// second, a key frame each second, and 50 viewers.
func TestFiguresOfTheSFU(t *testing.T) {
	ready, server := startServerProcess(t)
	r := service(t, ready.URL)
	figure(t, "server at rest", "MiB", map[string]float64{"rss": memory(t, server)})

	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "s")
	if err != nil {
		t.Fatal(err)
	}
	connected := make(chan struct{})
	whipPeer(t, r, "/whip/figures", func(pc *webrtc.PeerConnection) {
		if _, err := pc.AddTrack(track); err != nil {
			t.Fatal(err)
		}
		pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s == webrtc.PeerConnectionStateConnected {
				close(connected)
			}
		})
	})
	<-connected
	stop, stopped := make(chan struct{}), make(chan struct{})
	go sendFrames(track, stop, stopped)
	defer func() { close(stop); <-stopped }()

	const viewers = 50
	var packets atomic.Int64
	var mu sync.Mutex
	var firstKey []float64
	var seen sync.WaitGroup
	before := memory(t, server)
	for range viewers {
		seen.Add(1)
		asked := time.Now()
		whipPeer(t, r, "/whep/figures", func(pc *webrtc.PeerConnection) {
			if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				t.Fatal(err)
			}
			pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
				key := false
				for {
					p, _, err := remote.ReadRTP()
					if err != nil {
						return
					}
					packets.Add(1)
					if !key && p.Payload[0]&0x10 != 0 && p.Payload[1]&1 == 0 {
						key = true
						mu.Lock()
						firstKey = append(firstKey, time.Since(asked).Seconds()*1000)
						mu.Unlock()
						seen.Done()
					}
				}
			})
		})
	}
	seen.Wait()
	figure(t, "request to first key frame at the SFU", "ms", spread(firstKey))
	figure(t, "memory per viewer", "KiB", map[string]float64{"rss": (memory(t, server) - before) * 1024 / viewers, "viewers": viewers})
	const seconds = 10
	count, used := packets.Load(), cpu(t, server)
	<-time.After(seconds * time.Second)
	count, used = packets.Load()-count, cpu(t, server)-used
	figure(t, "CPU per forwarded packet", "us", map[string]float64{"mean": float64(used.Microseconds()) / float64(count), "viewers": viewers, "packets per second": float64(count) / seconds})
}

// sendFrames writes 30 frames a second of six packets, the first of each second
// a key frame, until stop.
func sendFrames(track *webrtc.TrackLocalStaticRTP, stop, stopped chan struct{}) {
	defer close(stopped)
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	payload := make([]byte, 1100)
	var sequence uint16
	for frame := 0; ; frame++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for i := range 6 {
			payload[0], payload[1] = 0, 1
			if i == 0 {
				payload[0] = 0x10 // S: start of a partition
				if frame%30 == 0 {
					copy(payload[1:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}) // key frame header
				}
			}
			sequence++
			// The connection's end is seen by the reader of its state.
			_ = track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: i == 5, SequenceNumber: sequence, Timestamp: uint32(frame) * 3000}, Payload: payload})
		}
	}
}

// TestFiguresOfJoining measures from the customer's press on Join to the first
// decoded frame of the agent, in a real Chromium.
func TestFiguresOfJoining(t *testing.T) {
	t.Run("ROUTER", func(t *testing.T) { join(t, wire.ModeRouter, "Join to first remote frame") })
	t.Run("P2P", func(t *testing.T) { join(t, wire.ModeP2P, "Join to first remote frame, P2P") })
}

func join(t *testing.T, mode wire.Mode, name string) {
	ready, _ := startServerProcess(t)
	r := service(t, ready.URL)
	ticket := r.inviteTo(mode, wire.TicketMultiUse)
	anna := openHeadless(t, ready, ticket.Properties[wire.PropertyConferenceID], "Anna", "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	anna.lines.wait(t, 0, `"phase":"call"`)

	b := openBrowser(t, customerPattern, customerTone)
	var times []float64
	for range 30 {
		b.run(chromedp.Navigate(ticket.URL))
		b.screen("invite")
		b.run(chromedp.Click("#ask"))
		b.screen("preview")
		times = append(times, eval[float64](b, `new Promise((done) => {
			const start = performance.now();
			const watch = () => {
				const video = document.querySelector("#stage video[data-stream]");
				if (video) video.requestVideoFrameCallback(() => done(performance.now() - start));
				else requestAnimationFrame(watch);
			};
			document.querySelector("#join").click();
			watch();
		})`))
		b.run(chromedp.Click("#leave"))
		b.screen("ended")
	}
	figure(t, name, "ms", spread(times))
}

// TestFiguresOfTheDesktop measures both ends of a two-party 720p call.
func TestFiguresOfTheDesktop(t *testing.T) {
	ready, _ := startServerProcess(t)
	r := service(t, ready.URL)
	ticket := r.invite(wire.TicketMultiUse)
	w := openWindow(t, "--server", ready.URL, "--join", ticket.URL, "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	w.lines.wait(t, 0, "phase=call")
	b := openBrowserSized(t, customerPattern, customerTone, 1280, 720)
	b.run(chromedp.Navigate(ticket.URL))
	b.screen("invite")
	b.run(chromedp.Click("#ask"))
	b.screen("preview")
	b.run(chromedp.Click("#join"))
	b.screen("call")
	b.moving("#stage video[data-stream]", agentPattern)
	w.shows(customerPattern)

	chromium := chromedp.FromContext(b.ctx).Browser.Process().Pid
	const seconds = 15
	measure := func(name string, desktop int) {
		t.Helper()
		own, browser := cpu(t, desktop), cpu(t, chromium)
		<-time.After(seconds * time.Second)
		own, browser = cpu(t, desktop)-own, cpu(t, chromium)-browser
		share := func(d time.Duration) float64 { return 100 * d.Seconds() / seconds }
		figure(t, name, "% of a core", map[string]float64{"desktop": share(own), "chromium": share(browser),
			"ratio": float64(own) / float64(browser), "desktop MiB": memory(t, desktop), "chromium MiB": memory(t, chromium)})
	}
	measure("desktop in a two-party 720p call, window drawn in software", w.cmd.Process.Pid)
	w.stop(t)
	h := openHeadless(t, ready, ticket.Properties[wire.PropertyConferenceID], "Anna", "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	h.sees(0, customerPattern)
	b.moving("#stage video[data-stream]", agentPattern)
	measure("desktop in a two-party 720p call, no window", h.cmd.Process.Pid)
}
