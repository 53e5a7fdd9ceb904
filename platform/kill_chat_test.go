package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"guichet/platform/wire"
)

// say writes a line of the chat, now and then the same twice.
func (g *guest) say() error {
	id := g.next()
	return g.do("say "+id, func() error {
		var first, second wire.ChatMessage
		q := wire.SendMessage{ConferenceID: g.id, UserEndpointID: g.endpoint, MessageID: id, Text: "I am " + id}
		err := g.send(q, &first)
		if err != nil || g.chance.IntN(4) > 0 {
			return err
		}
		if err := g.send(q, &second); errors.Is(err, errTooMany) {
			return nil
		} else if err != nil {
			return err
		}
		if first.Seq != second.Seq {
			return fmt.Errorf("message %s is line %d and line %d", id, first.Seq, second.Seq)
		}
		return nil
	})
}

// errTooMany is an answer that puts off: nothing was done.
var errTooMany = errors.New("too many lines")

func (g *guest) send(q wire.SendMessage, into *wire.ChatMessage) error {
	status, body, _, err := g.ask(http.DefaultClient, "POST", "/rtc-api/conferences/sendMessage", g.token, q)
	switch {
	case err != nil:
		return err
	case status == http.StatusTooManyRequests:
		return errTooMany
	case status != 200:
		return fmt.Errorf("send message: %d %s", status, body)
	}
	return json.Unmarshal(body, into)
}

// checkLines reads the chat, and returns the numbers of its lines by what they
// are the outcome of.
func (h *hall) checkLines(t *testing.T) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for last := int64(0); ; {
		var page wire.ChatMessages
		if err := h.expect(http.DefaultClient, 200, "GET", fmt.Sprintf("/rtc-api/conferences/%s/messages?after=%d&limit=500", h.id, last), h.token, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			last++
			if m.Seq != last || m.Text != "I am "+m.MessageID {
				h.errorf("line %d is %+v", last, m)
			}
			mark := "say " + m.MessageID
			if _, twice := found[mark]; twice || !h.said[mark] {
				h.errorf("line %d, %+v, is there twice: %v, and was asked for: %v", last, m, twice, h.said[mark])
			}
			found[mark] = last
		}
		if !page.More {
			return found
		}
	}
}
