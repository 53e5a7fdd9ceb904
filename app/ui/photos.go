package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// photoCard is one photo that staff asked for, from the question to the picture.
type photoCard struct {
	box     *fyne.Container
	kit     *kit
	shown   session.Photo
	title   *words
	about   *words
	hash    *words
	trouble *words
	image   *canvas.Image
	frame   *fyne.Container
	buttons *fyne.Container
	save    *button
}

func newPhotoCard(k *kit, one session.Photo) *photoCard {
	caption := style{size: theme.SizeNameCaptionText, color: colorMuted}
	p := &photoCard{kit: k, title: newWords("", style{bold: true}), about: newWords("", caption), hash: newWords("", caption),
		trouble: newWords("", style{size: theme.SizeNameCaptionText, color: colorDanger}), image: &canvas.Image{FillMode: canvas.ImageFillContain}}
	p.frame = container.NewStack(newGround(colorStage, "", corner), p.image)
	p.save = newButton("Save as…", "", mannerPlain(), func() {
		k.saveAs(photoName(p.shown), func(path string) { k.session.SavePhoto(p.shown.ID, path) })
	})
	p.buttons = row(space2, newButton("Show large", "", mannerPlain(), func() { k.session.OpenPhoto(p.shown.ID) }), p.save)
	p.box = card(column(space2, container.NewBorder(nil, nil, container.NewVBox(newPicture("photo", colorMuted, 20)), nil, container.New(margins{left: space2}, p.title)),
		p.frame, p.about, p.hash, p.trouble, p.buttons))
	p.update(one)
	return p
}

func (p *photoCard) update(one session.Photo) {
	if p.shown == one {
		return
	}
	p.shown = one
	p.title.set("Photo from " + one.Of)
	when := moment(one.At, p.kit.now())
	about := ""
	switch one.Stage {
	case session.PhotoAsked:
		about = "Asked at " + when + ". Waiting for " + one.Of + " to allow it."
	case session.PhotoAllowed:
		about = one.Of + " allowed it. The photo is on its way."
	case session.PhotoDeclined:
		about = one.Of + " does not want to send a photo."
	case session.PhotoThere:
		about = fmt.Sprintf("Asked at %s, %s", when, fileSize(one.Size))
		switch {
		case one.Saving:
			about += ". Saving…"
		case one.SavedAs != "" && one.Trouble == "":
			about += ". Saved."
		}
	}
	p.about.set(about)
	there := one.Stage == session.PhotoThere
	p.hash.set("SHA-256 " + one.SHA256[:min(16, len(one.SHA256))] + "…")
	p.hash.Hidden = !there || one.SHA256 == ""
	p.trouble.set(one.Trouble)
	p.trouble.Hidden = one.Trouble == ""
	p.buttons.Hidden = !there
	p.save.enable(!one.Saving)
	if p.frame.Hidden = one.Small == nil; one.Small != nil {
		p.image.Image = one.Small
		b := one.Small.Bounds()
		width := panelWidth - 2*space4 - 2*space3
		p.image.SetMinSize(fyne.NewSize(width, min(240, floor(width*float32(b.Dy())/float32(max(1, b.Dx()))))))
	}
	p.box.Refresh()
}

// photoName is the name to save a photo under.
func photoName(p session.Photo) string {
	return "photo-" + p.At.Format("20060102-150405") + p.Kind
}

// viewer shows a photo large over the stage, with what proves that it is the
// one that was sent.
type viewer struct {
	box   *fyne.Container
	kit   *kit
	image *canvas.Image
	title *words
	about *words
	hash  *field
	shut  *button
	photo session.Photo
}

func newViewer(k *kit) *viewer {
	v := &viewer{kit: k, image: &canvas.Image{FillMode: canvas.ImageFillContain}, title: newWords("", style{bold: true, oneLine: true}),
		about: newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true}), hash: newFixedField(k, 1)}
	v.shut = newButton("Close", "", mannerPlain(), k.session.ClosePhoto)
	v.shut.escape = k.session.ClosePhoto
	save := newButton("Save as…", "", mannerPrimary(), func() {
		k.saveAs(photoName(v.photo), func(path string) { k.session.SavePhoto(v.photo.ID, path) })
	})
	save.escape = k.session.ClosePhoto
	head := container.NewBorder(nil, nil, nil, row(space2, save, v.shut), column(2, v.title, v.about))
	foot := column(space1, newWords("SHA-256, which proves that nothing was changed", style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true}), v.hash)
	v.box = container.NewStack(newGround(colorGround, "", 0), inset(space4, container.NewBorder(head, foot, nil, nil,
		container.New(margins{top: space3, bottom: space3}, container.NewStack(newGround(colorStage, "", corner), v.image)))))
	v.box.Hide()
	return v
}

func (v *viewer) update(c *session.Call) {
	if c.Open == nil {
		if v.box.Visible() {
			v.box.Hide()
			v.image.Image = nil
		}
		return
	}
	for _, p := range c.Photos {
		if p.ID == c.Open.Photo {
			v.photo = p
		}
	}
	v.title.set("Photo from " + v.photo.Of)
	about := "Asked at " + moment(v.photo.At, v.kit.now()) + ", " + fileSize(v.photo.Size)
	if m := c.Open.Image; m == nil {
		about += ". Loading…"
	} else {
		about += fmt.Sprintf(", %d × %d", m.Bounds().Dx(), m.Bounds().Dy())
	}
	v.about.set(about)
	v.hash.set(v.photo.SHA256)
	if v.image.Image != c.Open.Image {
		v.image.Image = c.Open.Image
		v.image.Refresh()
	}
	if !v.box.Visible() {
		v.box.Show()
		v.kit.focus(v.shut)
	}
	v.box.Refresh()
}
