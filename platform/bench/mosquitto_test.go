//go:build figures

package bench

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startMosquitto runs Mosquitto until the test ends: everybody may come in, and
// nothing is written to the disk.
func startMosquitto(t *testing.T) process {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto"
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	settings := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_type error\nmax_inflight_messages 64\nmax_queued_messages 100000\nuser root\n", port)
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-c", file)
	if err := c.Start(); err != nil {
		t.Fatalf("mosquitto is needed, .ci/install bench has it: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = c.Wait()
	})
	for until := time.Now().Add(patience); ; {
		s, err := subscribe(address, "first", "", "")
		if err == nil {
			s.conn.Close()
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // it has no way to say that it listens
	}
	return process{pid: c.Process.Pid, mqtt: address, publish: address}
}
