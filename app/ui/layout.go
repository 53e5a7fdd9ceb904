package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// column stacks objects with a distance between them.
func column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(gap), objects...)
}

// row puts objects side by side with a distance between them.
func row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(gap), objects...)
}

// inset keeps a margin around an object.
func inset(margin float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(margin, margin, margin, margin), o)
}

// middle centres an object vertically.
func middle(o fyne.CanvasObject) *fyne.Container {
	return container.NewVBox(layout.NewSpacer(), o, layout.NewSpacer())
}

// sized gives an object a smallest size.
func sized(w, h float32, o fyne.CanvasObject) *fyne.Container {
	least := canvas.NewRectangle(theme.Color(colorNone))
	least.SetMinSize(fyne.NewSize(w, h))
	return container.NewStack(least, o)
}

// limit is a layout that centres its only child and lets it grow up to a width.
type limit struct{ width float32 }

// Layout is for Fyne.
func (l limit) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := min(size.Width, l.width)
		o.Resize(fyne.NewSize(w, size.Height))
		o.Move(fyne.NewPos((size.Width-w)/2, 0))
	}
}

// MinSize is for Fyne.
func (l limit) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// narrow is a layout that gives its children a width, at the left.
type narrow struct{ width float32 }

// Layout is for Fyne.
func (n narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(fyne.NewSize(min(n.width, size.Width), size.Height))
	}
}

// MinSize is for Fyne.
func (n narrow) MinSize(objects []fyne.CanvasObject) fyne.Size { return limit(n).MinSize(objects) }

// shaped is a layout that keeps its children's shape at the width it is given.
type shaped struct{ ratio float32 }

// Layout is for Fyne.
func (s shaped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(fyne.NewSize(size.Width, size.Width/s.ratio))
	}
}

// MinSize is for the lobby's column, the one width it is used at.
func (s shaped) MinSize([]fyne.CanvasObject) fyne.Size {
	w := sideWidth - 2*space4
	return fyne.NewSize(w, floor(w/s.ratio))
}

// sides is a layout of a middle with something before, after and below it, which
// touch without a gap. Missing parts are nil.
type sides struct{ before, middle, after, below fyne.CanvasObject }

// beside makes a container of a middle and what lies around it.
func beside(before, middle, after, below fyne.CanvasObject) *fyne.Container {
	s := sides{before, middle, after, below}
	c := container.New(s)
	for _, o := range []fyne.CanvasObject{before, middle, after, below} {
		if o != nil {
			c.Add(o)
		}
	}
	return c
}

// Layout is for Fyne.
func (s sides) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	var left, right, under float32
	if s.below != nil && s.below.Visible() {
		under = s.below.MinSize().Height
		s.below.Resize(fyne.NewSize(size.Width, under))
		s.below.Move(fyne.NewPos(0, size.Height-under))
	}
	height := size.Height - under
	if s.before != nil && s.before.Visible() {
		left = s.before.MinSize().Width
		s.before.Resize(fyne.NewSize(left, height))
		s.before.Move(fyne.Position{})
	}
	if s.after != nil && s.after.Visible() {
		right = s.after.MinSize().Width
		s.after.Resize(fyne.NewSize(right, height))
		s.after.Move(fyne.NewPos(size.Width-right, 0))
	}
	s.middle.Resize(fyne.NewSize(size.Width-left-right, height))
	s.middle.Move(fyne.NewPos(left, 0))
}

// MinSize is for Fyne.
func (s sides) MinSize([]fyne.CanvasObject) fyne.Size {
	size := s.middle.MinSize()
	for _, o := range []fyne.CanvasObject{s.before, s.after} {
		if o != nil && o.Visible() {
			m := o.MinSize()
			size = fyne.NewSize(size.Width+m.Width, max(size.Height, m.Height))
		}
	}
	if s.below != nil && s.below.Visible() {
		m := s.below.MinSize()
		size = fyne.NewSize(max(size.Width, m.Width), size.Height+m.Height)
	}
	return size
}

// margins is a layout with a margin on one or two sides.
type margins struct{ left, right, top, bottom float32 }

// Layout places the children inside the margins.
func (m margins) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(m.left, m.top))
		o.Resize(size.SubtractWidthHeight(m.left+m.right, m.top+m.bottom))
	}
}

// MinSize is the children's with the margins.
func (m margins) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size.AddWidthHeight(m.left+m.right, m.top+m.bottom)
}
