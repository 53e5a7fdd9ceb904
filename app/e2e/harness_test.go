// Package e2e tests what the three users do, with the real parts: the server's
// binary, the desktop program in a real window under Xvfb, and Chromium.
// Nothing here imports the programs; they are built, started and watched from
// outside. Pictures of both sides are kept in captures/ at the repository's top.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"guichet/platform/wire"
)

// patience is how long anything may take before the test counts as hung.
const patience = 60 * time.Second

var (
	root     string // of the repository
	binaries string
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "guichet-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	if root, err = filepath.Abs("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.MkdirAll(filepath.Join(root, "captures"), 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// program returns the path of a binary, which it builds once.
func program(t *testing.T, name string) string {
	t.Helper()
	builds[name].once.Do(func() {
		b := builds[name]
		cmd := exec.Command("go", append(append([]string{"build", "-o", filepath.Join(binaries, name)}, b.flags...), b.pkg)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), b.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if err := builds[name].err; err != nil {
		t.Fatalf("build %s: %v", name, err)
	}
	return filepath.Join(binaries, name)
}

type build struct {
	once  sync.Once
	err   error
	pkg   string
	flags []string
	env   []string
}

var builds = map[string]*build{
	"guichet-server": {pkg: "./platform", env: []string{"CGO_ENABLED=0"}},
	"guichet":        {pkg: "./app", flags: []string{"-tags", "migrated_fynedo,nolibopusfile"}},
}

// process is a program that the test started and ends.
type process struct {
	cmd    *exec.Cmd
	lines  *lines // of standard error
	ended  chan struct{}
	status error
}

// lines collects what a program prints and lets the test wait for a line.
type lines struct {
	mu   sync.Mutex
	all  []string
	news chan struct{} // closed and renewed at each line
}

func (l *lines) read(r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		l.mu.Lock()
		l.all = append(l.all, s.Text())
		close(l.news)
		l.news = make(chan struct{})
		l.mu.Unlock()
	}
}

// wait returns the first line, from the given one on, that contains all parts,
// and the number of the line after it.
func (l *lines) wait(t *testing.T, from int, parts ...string) (string, int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		for i := from; i < len(l.all); i++ {
			if containsAll(l.all[i], parts) {
				line := l.all[i]
				l.mu.Unlock()
				return line, i + 1
			}
		}
		news := l.news
		l.mu.Unlock()
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("no line with %q in:\n%s", parts, l)
		}
	}
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// start runs a program until the test ends. Its standard output goes to out,
// or to its lines when out is nil.
func start(t *testing.T, out io.Writer, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), lines: &lines{news: make(chan struct{})}, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = w
	p.cmd.Stdout = w
	if out != nil {
		p.cmd.Stdout = out
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		p.lines.read(r)
		r.Close()
		p.status = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(name), tail(p.lines.String(), 8000))
		}
	})
	return p
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// stop asks a program to end and waits for it.
func (p *process) stop(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Logf("stop %s: %v", p.cmd.Path, err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Errorf("%s did not end within 30 s of SIGTERM", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// startServer runs the server with demo users on free ports.
func startServer(t *testing.T) wire.Ready {
	t.Helper()
	ready, _ := startServerProcess(t)
	return ready
}

// startServerProcess also returns the server's process id.
func startServerProcess(t *testing.T) (wire.Ready, int) {
	t.Helper()
	r, w := io.Pipe()
	p := start(t, w, nil, program(t, "guichet-server"), "serve", "--dev", "--data", t.TempDir(), "--listen", "127.0.0.1:0",
		"--mqtt-listen", "127.0.0.1:0", "--media-listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0")
	ready := make(chan wire.Ready, 1)
	go func() {
		var v wire.Ready
		d := json.NewDecoder(r)
		if d.Decode(&v) == nil {
			ready <- v
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case v := <-ready:
		return v, p.cmd.Process.Pid
	case <-p.ended:
		t.Fatalf("the server ended: %v", p.status)
		return wire.Ready{}, 0
	case <-time.After(patience):
		t.Fatal("the server printed no ready line")
		return wire.Ready{}, 0
	}
}

// startX runs an X server and returns its DISPLAY.
func startX(t *testing.T, size string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", size+"x24", "+extension", "GLX", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	return ":" + strings.TrimSpace(line)
}

// window is the desktop program on an X server of its own.
type window struct {
	*process
	t       *testing.T
	display string
	opened  string // a FIFO that gets the address which the program opens in "the browser"
}

// openWindow starts the desktop program with a browser opener that tells the
// test the address, and no session bus, sound server or keyring.
func openWindow(t *testing.T, args ...string) *window {
	t.Helper()
	dir := t.TempDir()
	w := &window{t: t, display: startX(t, "1366x768"), opened: filepath.Join(dir, "opened")}
	if err := syscall.Mkfifo(w.opened, 0o600); err != nil {
		t.Fatal(err)
	}
	opener := "#!/bin/sh\nprintf '%s\\n' \"$1\" >'" + w.opened + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	w.process = start(t, nil, []string{"DISPLAY=" + w.display, "PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir,
		"XDG_CONFIG_HOME=" + dir + "/config", "XDG_DATA_HOME=" + dir + "/data", "XDG_CACHE_HOME=" + dir + "/cache",
		"XDG_RUNTIME_DIR=" + dir, "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=", "LANG=en_US.UTF-8", "FYNE_SCALE=1"},
		program(t, "guichet"), args...)
	w.appears()
	return w
}

// appears waits until the window is on the screen. The search walks all windows
// and fails on one that is destroyed under it, as toolkits do while they start;
// with --sync it would not search again.
func (w *window) appears() {
	w.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "Guichet")
		cmd.Env = append(os.Environ(), "DISPLAY="+w.display)
		if out, err := cmd.Output(); err == nil && len(out) > 0 {
			return
		}
	}
	w.t.Fatal("no window on the screen")
}

// x runs an X client on the window's display.
func (w *window) x(name string, args ...string) []byte {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+w.display)
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

// key presses a key in the window.
func (w *window) key(name string) {
	w.t.Helper()
	w.x("xdotool", "key", "--clearmodifiers", name)
}

// browserAddress waits for the address that the program opens.
func (w *window) browserAddress() string {
	w.t.Helper()
	line := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(w.opened) // blocks until the opener writes
		if err == nil {
			line <- strings.TrimSpace(string(b))
		}
	}()
	select {
	case s := <-line:
		return s
	case <-time.After(patience):
		w.t.Fatal("the program opened no browser")
		return ""
	}
}

// screenshot takes a picture of the whole screen.
func (w *window) screenshot() image.Image {
	w.t.Helper()
	img, _, err := image.Decode(bytes.NewReader(w.x("import", "-window", "root", "bmp3:-")))
	if err != nil {
		img, _, err = image.Decode(bytes.NewReader(w.x("import", "-window", "root", "png:-")))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return img
}

// keep saves a picture of the screen as captures/name.png.
func (w *window) keep(name string) {
	w.t.Helper()
	w.x("import", "-window", "root", capture(name))
}

func capture(name string) string { return filepath.Join(root, "captures", name+".png") }

// rest is a REST client with a token.
type rest struct {
	t     *testing.T
	url   string
	token string
}

// service signs in as the demo application.
func service(t *testing.T, url string) rest {
	t.Helper()
	response, err := http.PostForm(url+"/security/oauth/token", map[string][]string{
		"grant_type": {"client_credentials"}, "client_id": {"test"}, "client_secret": {"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var token wire.Token
	if err := json.NewDecoder(response.Body).Decode(&token); err != nil || token.AccessToken == "" {
		t.Fatalf("token: status %d, %v", response.StatusCode, err)
	}
	return rest{t, url, token.AccessToken}
}

// call posts in and decodes the answer into out, which may be nil.
func (r rest) call(path string, in, out any) {
	r.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send("POST", path, body, out)
}

func (r rest) get(path string, out any) {
	r.t.Helper()
	r.send("GET", path, nil, out)
}

func (r rest) send(method, path string, body []byte, out any) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.url+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		r.t.Fatalf("%s %s: status %d, %v: %s", method, path, response.StatusCode, err, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			r.t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
}

// invite makes a conference and a ticket to it.
func (r rest) invite(kind wire.TicketType) (ticket wire.Ticket) {
	r.t.Helper()
	return r.inviteTo(wire.ModeRouter, kind)
}

func (r rest) inviteTo(mode wire.Mode, kind wire.TicketType) (ticket wire.Ticket) {
	r.t.Helper()
	var conference wire.Summary
	r.call("/rtc-api/conferences/create", wire.CreateConference{Mode: mode}, &conference)
	r.call("/security/ticket", wire.CreateTicket{Type: kind, Properties: map[string]string{wire.PropertyConferenceID: conference.ID}}, &ticket)
	return ticket
}
