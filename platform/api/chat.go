package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"guichet/platform/chat"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeChat() {
	a.mux.HandleFunc(operation("sendMessage"), a.guard(callsWrite, a.sendMessage))
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}/messages", a.guard(callsRead, a.listMessages))
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}/transcript", a.guard(callsRule, staff(a.transcript)))
}

// chatCaller is the identity in the words of the chat package.
func chatCaller(id oauth.Identity) chat.Caller {
	return chat.Caller{Organization: id.Organization, UserID: id.UserID, Conference: id.Conference, Customer: !isStaff(id)}
}

func (a *API) sendMessage(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.SendMessage](w, r)
	if err != nil {
		return err
	}
	m, err := a.Chat.Send(r.Context(), chatCaller(id), body)
	if errors.Is(err, chat.ErrTooFast) {
		w.Header().Set("Retry-After", "1")
	}
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, m)
}

func (a *API) listMessages(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	q := r.URL.Query()
	after, err := number(q, "after")
	if err != nil {
		return err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return err
	}
	list, err := a.Chat.Messages(r.Context(), chatCaller(id), r.PathValue("id"), int64(after), limit)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}

// number reads a whole number of the query; without it, 0.
func number(q url.Values, name string) (int, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalid("%s: want a whole number", name)
	}
	return n, nil
}

// transcript writes a call's chat as text for people or, when that is asked for,
// as JSON. It is written as it is read; when the store fails on the way the
// answer ends without its end, so that nobody takes it for the whole.
func (a *API) transcript(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	format := r.URL.Query().Get("format")
	if format == "" && strings.Contains(r.Header.Get("Accept"), "application/json") {
		format = "json"
	}
	if format != "" && format != "json" && format != "text" {
		return invalid("format: want json or text")
	}
	t, err := a.Chat.Transcript(r.Context(), chatCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	if format == "json" {
		w.Header().Set("Content-Type", "application/json")
		err = writeTranscript(w, r, t)
	} else {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		err = t.WriteText(r.Context(), w)
	}
	if err != nil {
		if r.Context().Err() == nil {
			a.Logger.Error("transcript ended early", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeTranscript writes a wire.Transcript line by line.
func writeTranscript(w io.Writer, r *http.Request, t *chat.Transcript) error {
	out := bufio.NewWriter(w)
	head, err := json.Marshal(t.Conference)
	if err != nil {
		return fmt.Errorf("encode transcript: %w", err)
	}
	fmt.Fprintf(out, `{"conferenceId":%s,"lines":[`, head) // Flush tells of what went wrong
	between := ""
	for l, err := range t.Lines(r.Context()) {
		if err != nil {
			return err
		}
		line, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("encode transcript: %w", err)
		}
		fmt.Fprint(out, between)
		out.Write(line)
		between = ","
	}
	fmt.Fprint(out, "]}")
	return out.Flush()
}
