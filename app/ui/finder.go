package ui

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// maxEntries bounds what a folder is shown to hold.
const maxEntries = 2000

// finder lets a person choose a file to open, or where to save one. Fyne's own
// dialog would make an empty file before there is anything to save, and cannot
// be used by a path that is typed.
type finder struct {
	title, confirm string
	save           bool
	name           string // to save under
	then           func(path string)
	closed         func()

	box     *widget.PopUp
	path    *finderField
	entries []fs.DirEntry
	folder  string
	list    *widget.List
	trouble *words
	yes     *button
	replace string // the file that the person was asked about
}

// finderField is the field with the path.
type finderField struct {
	field
	escape func()
}

// TypedKey leaves the dialog on Escape.
func (f *finderField) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		f.escape()
		return
	}
	f.field.TypedKey(e)
}

// show opens the dialog over the window, in a folder.
func (f *finder) show(on fyne.Canvas, folder string) {
	f.path = &finderField{escape: f.leave}
	f.path.keys = func(fyne.Shortcut) {} // the window's keys rest
	f.path.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	f.path.ExtendBaseWidget(f.path)
	f.path.OnSubmitted = func(string) { f.accept() }
	f.path.OnChanged = func(string) { f.say("") }
	f.trouble = newWords("", style{size: theme.SizeNameCaptionText, color: colorDanger})
	f.list = widget.NewList(func() int { return len(f.entries) + 1 }, newEntryRow, f.fill)
	f.list.OnSelected = f.pick
	f.yes = newButton(f.confirm, "", mannerPrimary(), f.accept)
	no := newButton("Cancel", "", mannerPlain(), f.leave)
	f.yes.escape, no.escape = f.leave, f.leave
	places := row(space1)
	for _, p := range finderPlaces() {
		name := filepath.Base(p)
		if len(places.Objects) == 0 {
			name = "Home"
		}
		places.Add(newButton(name, "folder", mannerQuiet(), func() { f.enter(p) }))
	}
	head := column(space2, newWords(f.title, style{size: theme.SizeNameHeadingText, bold: true}), f.path, f.trouble, places)
	foot := container.New(margins{top: space3}, container.New(layout.NewCustomPaddedHBoxLayout(space3), layout.NewSpacer(), no, f.yes))
	f.box = widget.NewModalPopUp(inset(space5, container.NewBorder(head, foot, nil, nil,
		container.New(margins{top: space2}, container.NewStack(newGround(colorNone, colorLine, corner), inset(1, f.list))))), on)
	f.box.Resize(on.Size().SubtractWidthHeight(2*space6, 2*space6).Min(fyne.NewSize(760, 620)))
	f.box.Show()
	f.enter(folder)
	on.Focus(f.path)
}

// enter shows a folder.
func (f *finder) enter(folder string) {
	dir, err := os.Open(folder)
	if err != nil {
		f.say("This folder cannot be opened.")
		return
	}
	defer dir.Close() // it was only read
	list, err := dir.ReadDir(maxEntries)
	if err != nil && err != io.EOF {
		f.say("This folder cannot be read.")
		return
	}
	f.entries = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	slices.SortFunc(f.entries, func(a, b fs.DirEntry) int {
		if a.IsDir() != b.IsDir() {
			if a.IsDir() {
				return -1
			}
			return 1
		}
		return cmp.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name()))
	})
	f.folder = folder
	f.path.SetText(filepath.Join(folder, f.name))
	if f.name == "" {
		f.path.SetText(strings.TrimSuffix(folder, string(filepath.Separator)) + string(filepath.Separator))
	}
	f.path.CursorColumn = len([]rune(f.path.Text))
	f.list.UnselectAll()
	f.list.ScrollToTop()
	f.list.Refresh()
}

// pick takes a row of the list: a folder is entered, a file is named.
func (f *finder) pick(row widget.ListItemID) {
	if row == 0 {
		f.enter(filepath.Dir(f.folder))
		return
	}
	e := f.entries[row-1]
	path := filepath.Join(f.folder, e.Name())
	if info, err := os.Stat(path); err == nil && info.IsDir() { // also behind a link
		f.enter(path)
		return
	}
	if f.save {
		f.name = e.Name()
	}
	f.path.SetText(path)
}

// accept takes the path in the field.
func (f *finder) accept() {
	path := strings.TrimSpace(f.path.Text)
	if rest, found := strings.CutPrefix(path, "~"); found {
		if home, err := os.UserHomeDir(); err == nil {
			path = home + rest
		}
	}
	if path == "" {
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.folder, path)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		f.enter(path)
	case f.save && err == nil && f.replace != path:
		f.replace = path
		f.trouble.set("A file of this name is there already. Press again to replace it.")
		f.yes.label("Replace it")
	case f.save:
		if parent, err := os.Stat(filepath.Dir(path)); err != nil || !parent.IsDir() {
			f.say("This folder does not exist.")
			return
		}
		f.finish(path)
	case err != nil:
		f.say("There is no such file.")
	default:
		f.finish(path)
	}
}

// say shows why a path cannot be taken, or nothing.
func (f *finder) say(text string) {
	f.replace = ""
	f.trouble.set(text)
	f.yes.label(f.confirm)
}

func (f *finder) finish(path string) {
	f.leave()
	f.then(path)
}

func (f *finder) leave() {
	f.box.Hide()
	f.closed()
}

func newEntryRow() fyne.CanvasObject {
	return container.New(margins{space2, space2, space1, space1}, container.NewBorder(nil, nil, newPicture("file", colorMuted, 20), nil,
		container.New(margins{left: space2}, middle(newWords("name", style{oneLine: true})))))
}

// fill writes a row of the list.
func (f *finder) fill(id widget.ListItemID, o fyne.CanvasObject) {
	border := o.(*fyne.Container).Objects[0].(*fyne.Container)
	name, icon := "One folder up", "folder"
	if id > 0 && id <= len(f.entries) {
		e := f.entries[id-1]
		if name = e.Name(); !e.IsDir() {
			icon = "file"
		}
	}
	for _, part := range border.Objects {
		switch part := part.(type) {
		case *picture:
			part.name = icon
			part.Refresh()
		case *fyne.Container:
			for _, one := range part.Objects[0].(*fyne.Container).Objects {
				if text, ok := one.(*words); ok {
					text.set(name)
				}
			}
		}
	}
}

// finderPlaces are the folders that people keep their files in.
func finderPlaces() (list []string) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	for _, name := range []string{"", "Desktop", "Documents", "Downloads", "Pictures"} {
		p := filepath.Join(home, name)
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			list = append(list, p)
		}
	}
	return list
}
