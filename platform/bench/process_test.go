//go:build figures

package bench

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// process is a server in a process of its own.
type process struct {
	pid          int
	address      string // host:port
	tokenPath    string
	mqtt, mqttWS string // of those that speak MQTT: host:port, and an address of ws:
	publish      string // host:port that takes publications
}

// start runs a program until the test ends, and reads the line that it prints
// when it is ready.
func start(t *testing.T, program string, args ...string) process {
	t.Helper()
	c := exec.Command(program, args...)
	c.Stderr = io.Discard
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = c.Wait() // a program that a signal ends need not say that all is well
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready struct{ URL, Token, MQTT, MQTTWs, Publish string }
	if err != nil || json.Unmarshal(line, &ready) != nil {
		t.Fatalf("%s: %v, %q", program, err, line)
	}
	u, err := url.Parse(ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	return process{c.Process.Pid, u.Host, ready.Token, ready.MQTT, ready.MQTTWs, ready.Publish}
}

// program is the server's: GUICHET_SERVER, or what make built.
func program(t *testing.T) string {
	t.Helper()
	name := os.Getenv("GUICHET_SERVER")
	if name == "" {
		name = filepath.Join("..", "..", "bin", "guichet-server")
	}
	if _, err := os.Stat(name); err != nil {
		t.Fatal("there is no server program: run make server")
	}
	return name
}

// guichet is our server with an application of a generated secret, which is
// stored as SHA-256.
type guichet struct {
	process
	id, secret string
}

func startGuichet(t *testing.T, algorithm string) guichet {
	t.Helper()
	name, data, g := program(t), t.TempDir(), guichet{id: "figures"}
	const free = "127.0.0.1:0"
	g.process = start(t, name, "serve", "--dev", "--data", data, "--listen", free, "--mqtt-listen", free, "--media-listen", free,
		"--turn-listen", free, "--signing-algorithm", algorithm)
	// Not before: the command would make a signing key of the preset algorithm,
	// and another takes its place only after minutes.
	secret, err := exec.Command(name, "application", "add", "--data", data, "--id", g.id, "--role", "agent", "--basic").Output()
	if err != nil {
		t.Fatal(err)
	}
	g.secret = strings.TrimSpace(string(secret))
	g.tokenPath = "/security/oauth/token"
	return g
}

// startProvider runs npm oidc-provider with a client like ours.
func startProvider(t *testing.T, algorithm string, like guichet) process {
	t.Helper()
	folder := filepath.Join("..", "..", "assets")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "oidc-provider")); err != nil {
		t.Fatal("oidc-provider is not installed: run make node_modules")
	}
	return start(t, "node", filepath.Join(folder, "testbed", "oauth-provider.js"), algorithm, like.id, like.secret)
}

// tokens is the request for a token by client credentials.
func (p process) tokens(name, id, secret string) target {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}.Encode()
	return target{name: name, address: p.address, status: http.StatusOK, cpu: p.cpu,
		request: fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
			p.tokenPath, p.address, len(form), form)}
}

// token asks for one, which must be signed as the server was told.
func (g guichet) token(t *testing.T, algorithm string) string {
	t.Helper()
	a, err := http.PostForm("http://"+g.address+g.tokenPath, url.Values{"grant_type": {"client_credentials"}, "client_id": {g.id}, "client_secret": {g.secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var v struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(a.Body).Decode(&v); err != nil || v.Token == "" {
		t.Fatalf("status %d, %v", a.StatusCode, err)
	}
	head, _, _ := strings.Cut(v.Token, ".")
	if b, err := base64.RawURLEncoding.DecodeString(head); err != nil || !strings.Contains(string(b), algorithm) {
		t.Fatalf("the token's header is %s, want %s", b, algorithm)
	}
	return v.Token
}

// resident is the memory of the process, in KiB.
func (p process) resident() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	if err != nil {
		return 0
	}
	return kib
}

// cpu is the processor time that the process has used.
func (p process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0
	}
	var ticks int64
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}
