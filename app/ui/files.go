package ui

import (
	"fmt"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// files is the part of the panel with what was sent, and with the photos that
// staff asked for.
type files struct {
	box    *fyne.Container
	kit    *kit
	send   *button
	list   *fyne.Container
	rows   map[string]*fileRow
	photos *fyne.Container
	cards  map[string]*photoCard
	titles [2]*words // of photos and of files, while there are both
	empty  *fyne.Container
}

func newFiles(k *kit) *files {
	f := &files{kit: k, list: column(space2), rows: map[string]*fileRow{}, photos: column(space3), cards: map[string]*photoCard{}}
	f.send = newButton("Send a file…", "file", mannerPrimary(), f.choose)
	note := style{size: theme.SizeNameCaptionText, color: colorMuted}
	f.empty = column(space2, newWords("Nothing was sent yet", style{bold: true}), newWords("Files go to everybody in the call and can be saved by them.", note))
	f.titles = [2]*words{newWords("Photos", style{bold: true}), newWords("Files", style{bold: true})}
	for _, o := range []fyne.CanvasObject{f.titles[0], f.titles[1], f.photos, f.list} {
		o.Hide()
	}
	f.box = column(space4, column(space2, f.send, newWords("Or drop it onto this window. PDF, pictures, text and office files, up to 25 MB.", note)),
		f.empty, column(space2, f.titles[0], f.photos), column(space2, f.titles[1], f.list))
	return f
}

// choose opens the dialog to send a file.
func (f *files) choose() { f.kit.choose(f.kit.session.SendFile) }

func (f *files) update(c *session.Call) {
	same := f.arrange(c)
	for _, one := range c.Files {
		f.rows[one.ID].update(one)
	}
	for _, one := range c.Photos {
		f.cards[one.ID].update(one)
	}
	if same {
		return
	}
	f.empty.Hidden = len(c.Files)+len(c.Photos) > 0
	f.titles[0].Hidden, f.titles[1].Hidden = len(c.Photos) == 0, len(c.Photos) == 0 || len(c.Files) == 0
	f.photos.Hidden, f.list.Hidden = len(c.Photos) == 0, len(c.Files) == 0
	f.box.Refresh()
}

// arrange makes a row for each file and a card for each photo, the newest first,
// and tells whether they were there before.
func (f *files) arrange(c *session.Call) (same bool) {
	var rows, cards []fyne.CanvasObject
	here := map[string]bool{}
	for _, one := range slices.Backward(c.Files) {
		here[one.ID] = true
		if f.rows[one.ID] == nil {
			f.rows[one.ID] = newFileRow(f.kit, one)
		}
		rows = append(rows, f.rows[one.ID].box)
	}
	for _, one := range slices.Backward(c.Photos) {
		here[one.ID] = true
		if f.cards[one.ID] == nil {
			f.cards[one.ID] = newPhotoCard(f.kit, one)
		}
		cards = append(cards, f.cards[one.ID].box)
	}
	for id := range f.rows {
		if !here[id] {
			delete(f.rows, id)
		}
	}
	same = slices.Equal(f.list.Objects, rows) && slices.Equal(f.photos.Objects, cards) && f.empty.Hidden == (len(rows)+len(cards) > 0)
	f.list.Objects, f.photos.Objects = rows, cards
	return same
}

// fileRow is one file: what it is, whose, and what can be done.
type fileRow struct {
	box     *fyne.Container
	kit     *kit
	shown   session.File
	name    *words
	about   *words
	trouble *words
	moving  *meter
	save    *button
	again   *button
	cancel  *button
	buttons *fyne.Container
}

func newFileRow(k *kit, one session.File) *fileRow {
	r := &fileRow{kit: k, name: newWords("", style{bold: true}), about: newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted}),
		trouble: newWords("", style{size: theme.SizeNameCaptionText, color: colorDanger}), moving: newMeterOf(colorBrand)}
	r.save = newButton("Save as…", "", mannerPlain(), func() {
		k.saveAs(r.shown.Name, func(path string) { k.session.SaveFile(r.shown.ID, path) })
	})
	r.again = newButton("Try again", "", mannerPlain(), func() { k.session.RetryFile(r.shown.ID) })
	r.cancel = newButton("Cancel", "", mannerQuiet(), func() { k.session.CancelFile(r.shown.ID) })
	r.buttons = row(space2, r.save, r.again, r.cancel)
	r.box = card(column(space1, container.NewBorder(nil, nil, container.NewVBox(newPicture("file", colorMuted, 20)), nil, container.New(margins{left: space2}, r.name)),
		r.about, r.moving, r.trouble, r.buttons))
	r.update(one)
	return r
}

func (r *fileRow) update(one session.File) {
	if r.shown == one {
		return
	}
	r.shown = one
	r.name.set(one.Name)
	who := one.From
	if one.Own {
		who = "you"
	}
	about := fmt.Sprintf("%s, from %s, %s", fileSize(one.Size), who, moment(one.At, r.kit.now()))
	switch {
	case one.Stage == session.FileSending && one.Done == 0:
		about = "Waiting to be sent, " + fileSize(one.Size)
	case one.Stage == session.FileSending:
		about = fmt.Sprintf("Sending, %s of %s", fileSize(one.Done), fileSize(one.Size))
	case one.Stage == session.FileSaving:
		about = fmt.Sprintf("Saving, %s of %s", fileSize(one.Done), fileSize(one.Size))
	case one.Stage == session.FileUnsent:
		about = "Not sent, " + fileSize(one.Size)
	case one.SavedAs != "" && one.Trouble == "":
		about += ". Saved in " + filepath.Base(filepath.Dir(one.SavedAs))
	}
	r.about.set(about)
	r.trouble.set(one.Trouble)
	r.trouble.Hidden = one.Trouble == ""
	moves := one.Stage == session.FileSending || one.Stage == session.FileSaving
	r.moving.Hidden = !moves
	if moves && one.Size > 0 {
		r.moving.set(float64(one.Done) / float64(one.Size))
	}
	r.save.Hidden = one.Stage != session.FileThere
	r.again.Hidden = one.Stage != session.FileUnsent
	r.cancel.Hidden = one.Stage == session.FileThere
	if one.Stage == session.FileUnsent {
		r.cancel.label("Remove")
	} else {
		r.cancel.label("Cancel")
	}
	r.box.Refresh()
}

// card is a framed part of the panel.
func card(o fyne.CanvasObject) *fyne.Container {
	return container.NewStack(newGround(colorGround, colorLine, corner), inset(space3, o))
}

// fileSize says a size as people and the customer's page do.
func fileSize(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d kB", (n+1<<9)>>10)
	case n < 10<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d MB", (n+1<<19)>>20)
}
