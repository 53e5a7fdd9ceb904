package ui

import (
	"net/url"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
)

// choose lets the person choose a file of this computer.
func (w *Window) choose(then func(path string)) {
	w.find(&finder{title: "Send a file to everybody in the call", confirm: "Send", then: then})
}

// saveAs lets the person say where a file is to be saved.
func (w *Window) saveAs(name string, then func(path string)) {
	w.find(&finder{title: "Save as", confirm: "Save", save: true, name: filepath.Base(name), then: then})
}

// find opens a dialog where the last one ended; the window's own keys rest
// meanwhile.
func (w *Window) find(f *finder) {
	if w.asking {
		return
	}
	w.asking = true
	before, then := w.win.Canvas().Focused(), f.then
	f.closed = func() {
		w.asking = false
		if before != nil {
			w.kit.focus(before)
		}
	}
	f.then = func(path string) {
		w.folder = filepath.Dir(path)
		then(path)
	}
	folder := w.folder
	if folder == "" {
		folder = start(f.save)
	}
	f.show(w.win.Canvas(), folder)
}

// start is the folder that a first dialog opens in.
func start(save bool) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return string(filepath.Separator)
	}
	name := "Documents"
	if save {
		name = "Downloads"
	}
	if info, err := os.Stat(filepath.Join(home, name)); err == nil && info.IsDir() {
		return filepath.Join(home, name)
	}
	return home
}

// browse opens a page in the person's browser.
func (w *Window) browse(u *url.URL) {
	if err := w.app.OpenURL(u); err != nil {
		w.config.Logger.Warn("no browser opens", "err", err)
	}
}

// dropped sends files that were dropped onto the window during a call.
func (w *Window) dropped(_ fyne.Position, files []fyne.URI) {
	c, ok := w.screen.(*call)
	if !ok || w.asking {
		return
	}
	for _, f := range files {
		if f.Scheme() == "file" {
			w.kit.session.SendFile(f.Path())
		}
	}
	if c.panel != panelFiles {
		c.toggle(panelFiles)
	}
}
