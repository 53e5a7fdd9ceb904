package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// maxSending is how many files are sent at a time.
const maxSending = 2

// maxFiles bounds the list of files.
const maxFiles = 1000

// FileStage is what is happening to a file.
type FileStage int

// The stages of a file.
const (
	FileThere   FileStage = iota // everybody who may have it can save it
	FileSending                  // ours is on its way
	FileUnsent                   // ours was not sent: see Trouble
	FileSaving                   // it is being saved here
)

// File is a file that somebody in the call sent, or that we are sending.
type File struct {
	ID      string
	Name    string
	Size    int64 // bytes
	From    string
	Own     bool
	At      time.Time
	Stage   FileStage
	Done    int64  // bytes, while it is sent or saved
	Trouble string // a sentence: why it was not sent or saved, or ""
	SavedAs string // where it was saved last, or ""
}

type (
	sendFile   struct{ path string }
	retryFile  struct{ id string }
	cancelFile struct{ id string }
	saveFile   struct{ id, path string }
)

// What comes of files.
type (
	fileChosen struct {
		dialled int
		path    string
		size    int64
		err     error
	}
	fileTold struct {
		dialled int
		wire.FileTransfer
	}
	fileSent struct {
		dialled int
		id      string
		file    wire.FileTransfer
		err     error
	}
	fileSaved struct {
		dialled        int
		id, name, path string
		err            error
	}
)

// transfer is a file on its way, in either direction.
type transfer struct {
	path   string
	cancel context.CancelFunc // nil while it waits
	done   *atomic.Int64
}

func (c sendFile) do(l *loop) {
	if !l.inCall() {
		return
	}
	n := l.dialled
	l.started.Go(func() {
		info, err := os.Stat(c.path)
		switch {
		case err != nil:
			l.send(fileChosen{n, c.path, 0, err})
		case !info.Mode().IsRegular():
			l.send(fileChosen{n, c.path, 0, client.ErrNoFile})
		default:
			l.send(fileChosen{n, c.path, info.Size(), nil})
		}
	})
}

func (c fileChosen) do(l *loop) {
	switch {
	case c.dialled != l.dialled || !l.inCall():
	case c.err != nil:
		l.fail("The file "+filepath.Base(c.path)+" was not sent.", c.err)
	default:
		id := wire.NewID()
		l.ways[id] = &transfer{path: c.path, done: &atomic.Int64{}}
		l.addFile(File{ID: id, Name: filepath.Base(c.path), Size: c.size, From: l.state.Me.Name, Own: true, At: l.cfg.Now(), Stage: FileSending})
		l.nextFile()
	}
}

func (c retryFile) do(l *loop) {
	if f, ok := l.file(c.id); ok && f.Stage == FileUnsent && l.ways[c.id] != nil {
		f.Stage, f.Trouble, f.Done = FileSending, "", 0
		l.setFile(c.id, f)
		l.nextFile()
	}
}

// nextFile sends files that wait, a few at a time.
func (l *loop) nextFile() {
	if l.call == nil {
		return
	}
	sending := 0
	for _, f := range l.state.Call.Files {
		way := l.ways[f.ID]
		switch {
		case f.Stage != FileSending || way == nil:
			continue
		case sending == maxSending:
			return
		}
		if sending++; way.cancel != nil {
			continue
		}
		ctx, cancel := context.WithCancel(l.ctx)
		way.cancel = cancel
		n, call, id := l.dialled, l.call, f.ID
		l.started.Go(func() {
			defer cancel()
			way.done.Store(0)
			file, err := call.SendPath(ctx, way.path, client.Upload{Transaction: id, Progress: way.done.Store})
			l.send(fileSent{n, id, file, err})
		})
	}
}

func (c fileSent) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	f, known := l.file(c.id)
	switch {
	case !known: // cancelled, or told of by its event already
		delete(l.ways, c.id)
	case c.err != nil:
		if way := l.ways[c.id]; way != nil {
			way.cancel = nil
		}
		f.Stage, f.Trouble = FileUnsent, sentence(c.err)
		l.cfg.Logger.Info("file is not sent", "err", c.err)
		l.setFile(c.id, f)
	default:
		delete(l.ways, c.id)
		if _, twice := l.file(c.file.FileTransferID); twice {
			l.dropFile(c.id)
		} else {
			l.told[c.file.FileTransferID] = c.file
			l.setFile(c.id, l.describe(c.file))
		}
	}
	l.nextFile()
}

// fileTold takes a file that everybody is told of. Our own takes the place of
// the one that is on its way.
func (c fileTold) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	if _, known := l.file(c.FileTransferID); known {
		return
	}
	l.told[c.FileTransferID] = c.FileTransfer
	told := l.describe(c.FileTransfer)
	for _, f := range l.state.Call.Files {
		if told.Own && f.Stage == FileSending && f.Name == told.Name && f.Size == told.Size && f.Done == f.Size {
			l.setFile(f.ID, told)
			return
		}
	}
	l.addFile(told)
}

func (l *loop) describe(f wire.FileTransfer) File {
	own := l.mine[f.UserEndpointID]
	name := l.nameOf(f.UserID, f.UserEndpointID)
	if own {
		name = l.state.Me.Name
	}
	return File{ID: f.FileTransferID, Name: f.Filename, Size: f.Size, From: name, Own: own, At: f.CreatedAt.Time}
}

// nameOf names whoever is or was in the call.
func (l *loop) nameOf(user, endpoint string) string {
	for _, id := range []string{endpoint, user} {
		if name := l.names[id]; name != "" {
			return name
		}
	}
	return "Somebody who has left"
}

func (c cancelFile) do(l *loop) {
	f, known := l.file(c.id)
	way := l.ways[c.id]
	if !known || way == nil {
		return
	}
	if way.cancel != nil {
		way.cancel()
	}
	if f.Stage == FileSaving {
		return // what comes of it is told by fileSaved
	}
	delete(l.ways, c.id)
	l.dropFile(c.id)
	l.nextFile()
}

func (c saveFile) do(l *loop) {
	f, known := l.file(c.id)
	if !known || f.Stage != FileThere {
		return
	}
	ctx, cancel := context.WithCancel(l.ctx)
	way := &transfer{path: c.path, cancel: cancel, done: &atomic.Int64{}}
	l.ways[c.id] = way
	f.Stage, f.Done, f.Trouble = FileSaving, 0, ""
	l.setFile(c.id, f)
	n, api, told := l.dialled, l.client, l.told[c.id]
	l.started.Go(func() {
		defer cancel()
		err := save(c.path, func(to *os.File) error { return api.Download(ctx, told, to, way.done.Store) })
		l.send(fileSaved{n, c.id, f.Name, c.path, err})
	})
}

// fileSaved may come after the call: what was begun goes on.
func (c fileSaved) do(l *loop) {
	f, known := File{}, false
	if c.dialled == l.dialled {
		delete(l.ways, c.id)
		f, known = l.file(c.id)
	}
	canceled := errors.Is(c.err, context.Canceled)
	switch {
	case known:
		f.Stage, f.Done = FileThere, 0
		if c.err == nil {
			f.SavedAs = c.path
		} else if !canceled {
			f.Trouble = "Not saved. " + sentence(c.err)
		}
		l.setFile(c.id, f)
	case c.err == nil:
		l.notice("The file "+c.name+" is saved.", false)
	case !canceled:
		l.fail("The file "+c.name+" was not saved.", c.err)
	}
}

func (l *loop) file(id string) (File, bool) {
	if !l.inCall() {
		return File{}, false
	}
	i := slices.IndexFunc(l.state.Call.Files, func(f File) bool { return f.ID == id })
	if i < 0 {
		return File{}, false
	}
	return l.state.Call.Files[i], true
}

func (l *loop) addFile(f File) {
	list := append(slices.Clone(l.state.Call.Files), f)
	l.state.Call.Files = list[max(0, len(list)-maxFiles):]
	l.change()
}

func (l *loop) setFile(id string, f File) {
	list := slices.Clone(l.state.Call.Files)
	for i := range list {
		if list[i].ID == id {
			list[i] = f
		}
	}
	l.state.Call.Files = list
	l.change()
}

func (l *loop) dropFile(id string) {
	l.state.Call.Files = slices.DeleteFunc(slices.Clone(l.state.Call.Files), func(f File) bool { return f.ID == id })
	l.change()
}

// moveFiles shows how far the files on their way have come.
func (l *loop) moveFiles() {
	for id, way := range l.ways {
		if f, ok := l.file(id); ok && f.Stage != FileThere && f.Stage != FileUnsent && f.Done != way.done.Load() {
			f.Done = way.done.Load()
			l.setFile(id, f)
		}
	}
}
