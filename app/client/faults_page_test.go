package client

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"guichet/platform/wire"
)

// pages is a process that follows with the page's library.
type pages struct {
	in    io.WriteCloser
	out   *bufio.Reader
	lines int
}

func startPages(t *testing.T) *pages {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs node: make test installs it")
	}
	c := exec.Command(node, "../../assets/testbed/follow.js")
	c.Stderr = os.Stderr
	p := &pages{}
	if p.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// page is one that follows a conference.
type page struct {
	all      *pages
	name, id string
	endpoint string
	answer   seenByPage
	broken   error
}

// seenByPage is what the library says after every happening.
type seenByPage struct {
	Wants   string `json:"wants"`
	Over    bool   `json:"over"`
	Version int64  `json:"version"`
	Text    string `json:"text"`
}

// pageHappening is one line to the process.
type pageHappening struct {
	Name       string           `json:"name"`
	Does       string           `json:"does"`
	Conference string           `json:"conference,omitempty"`
	Endpoint   string           `json:"endpoint,omitempty"`
	Event      json.RawMessage  `json:"event,omitempty"`
	State      *wire.Conference `json:"state,omitempty"`
	Refused    string           `json:"refused"`
}

func (p *pages) open(id string) *page {
	p.lines++
	return &page{all: p, name: fmt.Sprint(p.lines), id: id}
}

func (p *page) tell(h pageHappening) {
	h.Name, h.Conference = p.name, p.id
	line, err := json.Marshal(h)
	if err == nil {
		_, err = p.all.in.Write(append(line, '\n'))
	}
	if err == nil {
		if line, err = p.all.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &p.answer)
		}
	}
	if err != nil && p.broken == nil {
		p.broken = err
	}
}

func (p *page) online(endpoint string) {
	p.endpoint = endpoint
	p.tell(pageHappening{Does: "online", Endpoint: endpoint})
}

func (p *page) event(body []byte) { p.tell(pageHappening{Does: "event", Event: body}) }

func (p *page) wants() string {
	wants := p.answer.Wants
	if wants != "" {
		p.tell(pageHappening{Does: "asked"})
	}
	return wants
}

func (p *page) joined(endpoint string, err error) {
	p.tell(pageHappening{Does: "joined", Endpoint: endpoint, Refused: word(err)})
}

func (p *page) fetched(s wire.Conference, err error) {
	p.tell(pageHappening{Does: "fetched", State: &s, Refused: word(err)})
}

// word is the code of a refusal, as the page reads it.
func word(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errGone):
		return string(wire.CodeNotFound)
	case code(err) == "":
		return string(wire.CodeUnavailable)
	}
	return string(code(err))
}

func (p *page) view() (string, int64) {
	p.tell(pageHappening{Does: "view"})
	if p.broken != nil {
		return p.broken.Error(), p.answer.Version
	}
	return p.answer.Text, p.answer.Version
}

func (p *page) over() bool      { return p.answer.Over }
func (p *page) rejoins() bool   { return false }
func (p *page) refetches() bool { return true }
