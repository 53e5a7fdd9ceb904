package ui

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// meter is a bar as long as a sound is loud.
type meter struct {
	widget.BaseWidget
	level float64 // 0 to 1
	color fyne.ThemeColorName
}

func newMeter() *meter { return newMeterOf(colorGood) }

// newMeterOf makes a bar for something else that is between nothing and all.
func newMeterOf(color fyne.ThemeColorName) *meter {
	m := &meter{color: color}
	m.ExtendBaseWidget(m)
	return m
}

// set shows a loudness; a difference that nobody sees draws nothing.
func (m *meter) set(level float64) {
	level = min(max(level, 0), 1)
	if math.Abs(level-m.level) < 0.01 && (level > 0 || m.level == 0) {
		return
	}
	m.level = level
	m.Refresh()
}

// CreateRenderer is for Fyne.
func (m *meter) CreateRenderer() fyne.WidgetRenderer {
	r := &meterRenderer{m: m, track: &canvas.Rectangle{}, bar: &canvas.Rectangle{}}
	r.Refresh()
	return r
}

type meterRenderer struct {
	m          *meter
	track, bar *canvas.Rectangle
}

func (r *meterRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.bar} }
func (r *meterRenderer) Destroy()                     {}
func (r *meterRenderer) MinSize() fyne.Size           { return fyne.NewSize(80, space2) }

func (r *meterRenderer) Layout(size fyne.Size) {
	r.track.Resize(size)
	r.bar.Resize(fyne.NewSize(size.Width*float32(r.m.level), size.Height))
	r.bar.Hidden = r.m.level < 0.01
}

func (r *meterRenderer) Refresh() {
	r.track.FillColor, r.bar.FillColor = shade(theme.Color(colorLine), 0x55), theme.Color(r.m.color)
	r.track.CornerRadius, r.bar.CornerRadius = space1, space1
	r.Layout(r.m.Size())
	r.track.Refresh()
	r.bar.Refresh()
}

// bars shows the network's grade as three bars, beside a word that others add.
type bars struct {
	widget.BaseWidget
	lit            int // of three
	good, low, dim fyne.ThemeColorName
}

// newBars makes bars for the stage.
func newBars() *bars { return newBarsOf(colorStageGood, colorWarn, colorStageMuted) }

func newBarsOf(good, low, dim fyne.ThemeColorName) *bars {
	b := &bars{good: good, low: low, dim: dim}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bars) set(lit int) {
	if b.lit != lit {
		b.lit = lit
		b.Refresh()
	}
}

// CreateRenderer is for Fyne.
func (b *bars) CreateRenderer() fyne.WidgetRenderer {
	r := &barsRenderer{b: b}
	for i := range r.bar {
		r.bar[i] = &canvas.Rectangle{CornerRadius: 1}
	}
	r.Refresh()
	return r
}

type barsRenderer struct {
	b   *bars
	bar [3]*canvas.Rectangle
}

func (r *barsRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.bar[0], r.bar[1], r.bar[2]}
}
func (r *barsRenderer) Destroy()           {}
func (r *barsRenderer) MinSize() fyne.Size { return fyne.NewSize(18, 16) }

func (r *barsRenderer) Layout(size fyne.Size) {
	for i, bar := range r.bar {
		h := float32(6 + 5*i)
		bar.Resize(fyne.NewSize(4, h))
		bar.Move(fyne.NewPos(float32(i)*7, (size.Height+16)/2-h))
	}
}

func (r *barsRenderer) Refresh() {
	on := theme.Color(r.b.good)
	if r.b.lit < 3 {
		on = theme.Color(r.b.low)
	}
	for i, bar := range r.bar {
		bar.FillColor = on
		if i >= r.b.lit {
			bar.FillColor = shade(theme.Color(r.b.dim), 0x55)
		}
		bar.Refresh()
	}
}
