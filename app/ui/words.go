package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// words is text that wraps at the width it is given, or ends in an ellipsis.
// Unlike Fyne's label it has no margin of its own, so that distances are those
// of the design.
type words struct {
	widget.BaseWidget
	rich *widget.RichText
	part *widget.TextSegment
}

// style is how words look.
type style struct {
	color   fyne.ThemeColorName // colorText when empty
	size    fyne.ThemeSizeName  // the body's when empty
	bold    bool
	center  bool
	oneLine bool // cut with an ellipsis, instead of wrapped
}

// newWords makes text in a style.
func newWords(s string, st style) *words {
	if st.color == "" {
		st.color = colorText
	}
	if st.size == "" {
		st.size = theme.SizeNameText
	}
	align := fyne.TextAlignLeading
	if st.center {
		align = fyne.TextAlignCenter
	}
	part := &widget.TextSegment{Text: s, Style: widget.RichTextStyle{
		ColorName: st.color, SizeName: st.size, Alignment: align, TextStyle: fyne.TextStyle{Bold: st.bold}}}
	rich := widget.NewRichText(part)
	if st.oneLine {
		rich.Truncation = fyne.TextTruncateEllipsis
	} else {
		rich.Wrapping = fyne.TextWrapWord
	}
	w := &words{rich: rich, part: part}
	w.ExtendBaseWidget(w)
	return w
}

// CreateRenderer is for Fyne.
func (w *words) CreateRenderer() fyne.WidgetRenderer { return wordsRenderer{w.rich} }

// wordsRenderer takes the margin away that Fyne's rich text has.
type wordsRenderer struct{ rich *widget.RichText }

func (r wordsRenderer) margin() float32              { return theme.Size(theme.SizeNameInnerPadding) }
func (r wordsRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rich} }
func (r wordsRenderer) Refresh()                     { r.rich.Refresh() }
func (r wordsRenderer) Destroy()                     {}

func (r wordsRenderer) Layout(size fyne.Size) {
	r.rich.Move(fyne.NewPos(-r.margin(), -r.margin()))
	r.rich.Resize(size.AddWidthHeight(2*r.margin(), 2*r.margin()))
}

func (r wordsRenderer) MinSize() fyne.Size {
	return r.rich.MinSize().SubtractWidthHeight(2*r.margin(), 2*r.margin())
}

// set changes the text; setting the same text again costs nothing.
func (w *words) set(s string) {
	if w.part.Text == s {
		return
	}
	w.part.Text = s
	w.Refresh()
}
