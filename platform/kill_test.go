package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

// hang is how long anything may take before the test counts as hung.
const hang = time.Minute

// program is the real server, built once and killed often.
type program struct {
	t                testing.TB
	path, data       string
	address          string // of HTTP: the same after every start, so that tokens stay ours
	password, secret string // of anna, who administers as well, and of the application robot
	near             bool   // media comes from this machine; else it never comes
	process          *exec.Cmd
	mqtt             string // address of the broker, another after every start
}

// build makes the program and what it is asked about: a data folder with a
// person and an application, added by command.
func build(t testing.TB) *program {
	t.Helper()
	p := &program{t: t, path: filepath.Join(t.TempDir(), "guichet-server"), data: t.TempDir(), password: "correct horse"}
	make := exec.Command("go", "build", "-o", p.path, ".")
	make.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// An address of loopback's that other tests do not use.
	l, err := net.Listen("tcp", "127.107.105.108:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	l.Close()
	p.command(p.password+"\n", "user", "add", "--name", "anna", "--role", "agent", "--role", "admin")
	p.secret = strings.TrimSpace(p.command("", "application", "add", "--id", "robot", "--role", "service"))
	return p
}

func (p *program) command(in string, args ...string) string {
	p.t.Helper()
	c := exec.Command(p.path, append(args, "--data", p.data)...)
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		p.t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// start runs the program until kill.
func (p *program) start() {
	p.t.Helper()
	media := []string{"--media-listen", "0.0.0.0:0", "--media-address", "192.0.2.1"}
	if p.near {
		media = []string{"--dev", "--media-listen", "127.0.0.1:0"}
	}
	p.process = exec.Command(p.path, append([]string{"serve", "--data", p.data, "--listen", p.address, "--mqtt-listen", "127.0.0.1:0",
		"--turn-listen", "127.0.0.1:0", "--log-level", "error"}, media...)...)
	p.process.Stderr = os.Stderr
	out, err := p.process.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	var ready wire.Ready
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &ready) != nil || !ready.Ready {
		p.kill()
		p.t.Fatalf("the server does not start: %s %v", line, err)
	}
	p.mqtt = ready.MQTT
}

// kill ends the program as a power cut would, as far as processes go.
func (p *program) kill() {
	if p.process == nil {
		return
	}
	// Neither tells more than that it was killed.
	_ = p.process.Process.Kill()
	_ = p.process.Wait()
	p.process = nil
}

// rounds is how often to kill; GUICHET_KILL_ROUNDS asks for more.
func rounds(t *testing.T) int {
	asked := os.Getenv("GUICHET_KILL_ROUNDS")
	if asked == "" {
		return 5
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		t.Fatalf("GUICHET_KILL_ROUNDS=%s is no number of rounds", asked)
	}
	return n
}

// TestKillLosesNothing kills the server at random moments of sign-ins, refreshes,
// revocations and changes of the signing keys. Whatever it had acknowledged holds
// after the next start.
func TestKillLosesNothing(t *testing.T) {
	p := build(t)
	defer p.kill()
	const workers = 6
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	l := newLedger()
	var done counts
	for round := range rounds(t) {
		p.start()
		l.check(t, p, &done)
		killAfter := int64(1 + chance.IntN(120))
		var acknowledged atomic.Int64
		now := make(chan struct{})
		var all sync.WaitGroup
		for n := range workers {
			w := &worker{program: p, ledger: l, chance: rand.New(rand.NewPCG(seed, uint64(1+round*workers+n))), rotates: n == 0, compromises: round%4 == 3,
				acknowledged: func() {
					if acknowledged.Add(1) == killAfter {
						close(now)
					}
				}}
			all.Go(w.run)
		}
		select {
		case <-now:
		case <-time.After(hang):
			t.Fatal("the workers do nothing")
		}
		p.kill()
		all.Wait()
		for _, fault := range l.takeFaults() {
			t.Errorf("round %d: %v", round, fault)
		}
		done.kills++
		if t.Failed() {
			break
		}
	}
	p.start()
	l.check(t, p, &done)
	t.Log(done)
	if done.live == 0 || done.ended == 0 || done.refused == 0 || done.refreshed == 0 {
		t.Error("the kills came before anything was done")
	}
}

// counts are what the test has seen, so that it cannot pass by doing nothing.
type counts struct {
	kills, live, ended, refused, refreshed, doubtful int
	keys                                             map[string]bool
}

func (c counts) String() string {
	return fmt.Sprintf("%d kills; tokens found live %d, ended %d; refresh tokens refused %d, good once %d; in doubt %d; signing keys %d",
		c.kills, c.live, c.ended, c.refused, c.refreshed, c.doubtful, len(c.keys))
}
