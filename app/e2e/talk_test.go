package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
)

// meet brings an agent and a customer called Maria into one call.
func meet(t *testing.T, ready wire.Ready) (w *window, customer *browser) {
	t.Helper()
	w = openWindow(t, "--server", ready.URL, "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none")
	b := openBrowser(t, customerPattern, customerTone)
	w.key("Return")
	signIn(w, b, ready.Users["agent1"])
	_, at := w.lines.wait(t, 0, "phase=lobby")
	w.key("Return")
	w.lines.wait(t, at, "phase=call")
	link := w.link()
	customer = b.tab()
	customer.run(chromedp.Navigate(link))
	customer.screen("invite")
	customer.run(chromedp.Click("#ask"))
	customer.screen("preview")
	customer.run(chromedp.SendKeys("#name", "Maria"), chromedp.Click("#join"))
	customer.screen("call")
	w.shows(customerPattern)
	return w, customer
}

// write types a text into the window.
func (w *window) write(text string) {
	w.t.Helper()
	w.x("xdotool", "type", "--delay", "15", text)
}

// says waits for a line of the customer's chat.
func (b *browser) says(kind, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("#messages > li%s")].some((li) => li.textContent.includes(%q))`, kind, text))
}

// TestTalk: agent and customer write to each other, files go over in both
// directions, and the agent takes a photo of what the customer's camera sees;
// the agent by keyboard alone.
func TestTalk(t *testing.T) {
	w, customer := meet(t, startServer(t))
	at := w.lines.count()
	w.key("ctrl+j")
	w.write("Good morning Maria")
	w.key("Return")
	customer.says("", "Good morning Maria")
	customer.run(chromedp.Click("#chat"), chromedp.SendKeys("#write", "Hello, I hear you.\r"))
	w.lines.wait(t, at, "msg=message", "own=false")
	customer.keep("customer-chat")
	w.keep("desktop-chat")

	home := filepath.Dir(w.opened)
	paper := func(name string) (path string, content []byte) {
		content = append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte(name), 20_000)...)
		path = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path, content
	}
	path, content := paper("contract.pdf")
	customer.run(chromedp.SetUploadFiles("input[type=file]", []string{path}))
	w.lines.wait(t, at, "msg=file", "own=false", "stage=there")
	w.key("ctrl+o")
	w.key("Tab")
	w.key("Return") // Save as…
	w.keep("desktop-save")
	w.key("Return") // under this name, at home
	w.lines.wait(t, at, "msg=file", "own=false", "saved=true")
	if got, err := os.ReadFile(filepath.Join(home, "contract.pdf")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("saved %d bytes, %v", len(got), err)
	}
	path, _ = paper("answer.pdf")
	w.key("ctrl+o")
	w.key("ctrl+o")
	w.key("Return") // Send a file…
	w.key("ctrl+a")
	w.write(path)
	w.key("Return")
	w.lines.wait(t, at, "msg=file", "own=true", "stage=there")
	customer.says(".file", "answer.pdf")

	w.key("ctrl+p")
	w.key("shift+Tab") // End the call for everybody
	w.key("shift+Tab") // Let nobody else in
	w.key("shift+Tab") // Layout of the stage
	w.key("shift+Tab") // what can be asked of Maria
	w.key("Return")
	w.key("Down")
	w.keep("desktop-ask")
	w.key("Return") // Ask for a photo
	customer.run(chromedp.WaitVisible("#photo-send"))
	customer.keep("customer-photo")
	customer.run(chromedp.Click("#photo-send"))
	w.lines.wait(t, at, "msg=photo", "stage=there", "shown=true")
	w.keep("desktop-photo")
}
