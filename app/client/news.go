package client

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"guichet/platform/wire"
)

// maxTold bounds the ids of events that are remembered because they may come
// again.
const maxTold = 256

// news is what happens in a conference besides its state: the chat, files,
// snapshots, the networks. It belongs to the call's loop. What was missed is
// read after every joining and every outage; what comes twice is told once.
type news struct {
	transcript Transcript
	files      map[string]bool
	snapshots  map[string]wire.Snapshot
	told       []string // ids of camera events, the oldest first
	network    map[string]wire.NetworkIndicator
	measured   time.Time // when it came

	behind bool // something may have been missed
	busy   bool // it is being read
	tries  backoff
	again  *time.Timer // when reading may be tried again
}

func newNews() *news {
	return &news{files: map[string]bool{}, snapshots: map[string]wire.Snapshot{}}
}

// messages is a part of the chat, as the server tells it.
type messages struct {
	page    wire.ChatMessages
	fetched bool // from past the last one that we know
}

// caughtUp is what was read.
type caughtUp struct {
	chat      *messages // nil when it was not read
	files     []wire.FileTransfer
	snapshots []wire.Snapshot
	err       error
}

// happened takes an event that has no version.
func (l *callLoop) happened(h happening) {
	var err error
	switch h.Type {
	case wire.EventMessageSent:
		var e wire.MessageEvent
		if err = json.Unmarshal(h.body, &e); err == nil {
			l.said(messages{page: wire.ChatMessages{Messages: []wire.ChatMessage{lineOf(e)}}})
		}
	case wire.EventFileTransferred:
		var e wire.FileEvent
		if err = json.Unmarshal(h.body, &e); err == nil {
			l.sent(transfer(e))
		}
	case wire.EventSnapshotRequested, wire.EventSnapshotApproved, wire.EventSnapshotAcquired:
		var e wire.SnapshotEvent
		if err = json.Unmarshal(h.body, &e); err == nil {
			l.pictured(snapshot(e, l.news.snapshots[e.SnapshotID]))
		}
	case wire.EventSnapshotCameraRequested, wire.EventSnapshotCameraProcessed:
		var e wire.SnapshotEvent
		if err = json.Unmarshal(h.body, &e); err == nil {
			l.cameraAsked(e)
		}
	case wire.EventNetworkIndicatorUpdated:
		var e wire.NetworkEvent
		if err = json.Unmarshal(h.body, &e); err == nil {
			l.news.network = e.ParticipantIndicatorMap
			l.news.measured = time.Now()
		}
	}
	if err != nil {
		l.client.cfg.Logger.Warn("event is not readable", "type", h.Type, "err", err)
	}
}

// said tells of messages whose turn has come, and whether there were any.
func (l *callLoop) said(m messages) (any bool) {
	if l.cfg.OnMessage == nil {
		return false
	}
	t := &l.news.transcript
	var ready []wire.ChatMessage
	if m.fetched {
		ready = t.Fetched(m.page.Messages, m.page.More)
	} else {
		for _, one := range m.page.Messages {
			ready = append(ready, t.Take(one)...)
		}
	}
	for _, one := range ready {
		l.cfg.OnMessage(one)
	}
	if t.Missing() || m.page.More {
		l.news.behind = true
	}
	return len(ready) > 0
}

// sent tells of a file.
func (l *callLoop) sent(f wire.FileTransfer) {
	if l.cfg.OnFile != nil && !l.news.files[f.FileTransferID] {
		l.news.files[f.FileTransferID] = true
		l.cfg.OnFile(f)
	}
}

// pictured tells of a snapshot that came further than it was.
func (l *callLoop) pictured(s wire.Snapshot) {
	before, known := l.news.snapshots[s.SnapshotID]
	if l.cfg.OnSnapshot == nil || s.ConferenceID != l.conference() || known && progress(s.State) <= progress(before.State) {
		return
	}
	l.news.snapshots[s.SnapshotID] = s
	l.cfg.OnSnapshot(s)
}

// cameraAsked tells of a request to a camera, and of its outcome.
func (l *callLoop) cameraAsked(e wire.SnapshotEvent) {
	if l.cfg.OnCamera == nil || slices.Contains(l.news.told, e.ID) {
		return
	}
	l.news.told = append(l.news.told[max(0, len(l.news.told)-maxTold+1):], e.ID)
	l.cfg.OnCamera(e)
}

// lagging tells whether something is to be read when its time has come.
func (l *callLoop) lagging() bool {
	n := l.news
	return n.behind && !n.busy && !l.over && l.status.Online && l.member != "" && l.follower.fetched
}

// missed has everything read again, at once.
func (l *callLoop) missed() {
	l.news.behind = true
	l.news.tries.reset()
	l.news.again.Reset(l.news.tries.next())
}

// catchUp reads what may have been missed.
func (l *callLoop) catchUp() {
	n := l.news
	n.busy, n.behind = true, false
	n.again.Reset(n.tries.next())
	after := n.transcript.After()
	l.started.Go(func() { l.post(l.read(l.ctx, after)) })
}

func (l *callLoop) read(ctx context.Context, after int64) (c caughtUp) {
	// What is refused for good, such as the list of snapshots to a customer, does
	// not come later either.
	failed := func(err error) bool {
		if err != nil && !Permanent(err) {
			c.err = err
		}
		return err != nil
	}
	if l.cfg.OnMessage != nil {
		page, err := l.client.Messages(ctx, l.conference(), after, messagesAtATime)
		if !failed(err) {
			c.chat = &messages{page: page, fetched: true}
		}
	}
	if l.cfg.OnFile != nil {
		list, err := l.client.Files(ctx, l.conference())
		if !failed(err) {
			c.files = list
		}
	}
	if l.cfg.OnSnapshot != nil {
		list, err := l.client.Snapshots(ctx, l.conference())
		if !failed(err) {
			c.snapshots = list
		}
	}
	return c
}

// caught takes what was read.
func (l *callLoop) caught(c caughtUp) {
	n := l.news
	n.busy = false
	further := c.chat != nil && l.said(*c.chat)
	for _, f := range c.files {
		l.sent(f)
	}
	for _, s := range c.snapshots {
		l.pictured(s)
	}
	if c.err != nil {
		n.behind = true
		return
	}
	if further || !n.behind {
		n.tries.reset()
	}
	if n.behind { // with more to read, or a gap that could not be filled yet
		n.again.Reset(n.tries.next())
	}
}
