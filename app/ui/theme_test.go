package ui

import (
	"bytes"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// TestContrast holds the colours to the figures of the design: 4.5 for text, 3
// for edges and large signs.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		on, ground fyne.ThemeColorName
		dark       bool
		want       float64
	}{
		{colorText, colorGround, false, 16.2}, {colorText, colorGround, true, 15.2},
		{colorText, colorSurface, false, 14}, {colorText, colorSurface, true, 12},
		{colorMuted, colorGround, false, 5.7}, {colorMuted, colorGround, true, 6.9},
		{colorMuted, colorSurface, false, 4.5}, {colorMuted, colorSurface, true, 4.5},
		{colorOnBrand, colorBrand, false, 7.5}, {colorOnBrand, colorBrand, true, 8.7},
		{colorBrand, colorGround, false, 4.5}, {colorBrand, colorGround, true, 4.5},
		{colorBrand, colorSurface, false, 4.5}, {colorBrand, colorSurface, true, 4.5},
		{colorOnDanger, colorDanger, false, 6.5}, {colorOnDanger, colorDanger, true, 7.8},
		{colorDanger, colorGround, false, 4.5}, {colorDanger, colorGround, true, 4.5},
		{colorGood, colorGround, false, 5.3}, {colorGood, colorGround, true, 5.3},
		{colorOnWarn, colorWarn, false, 8.9}, {colorOnWarn, colorWarn, true, 8.9},
		{colorLine, colorGround, false, 3}, {colorLine, colorGround, true, 3},
		{colorStageText, colorStage, false, 15}, {colorStageMuted, colorStage, false, 10.7},
		{colorStageText, colorStageRaised, false, 4.5}, {colorStage, colorStageText, false, 4.5},
		{colorStage, colorStageBrand, false, 4.5}, {colorStageOnDanger, colorStageDanger, false, 4.5},
		{colorStageBrand, colorStage, false, 3}, {colorStageGood, colorStage, false, 3},
	} {
		on, _ := token(c.on, c.dark)
		ground, _ := token(c.ground, c.dark)
		if got := contrast(on, ground); got < c.want {
			t.Errorf("%s on %s, dark %t: contrast %.2f, want %.1f", c.on, c.ground, c.dark, got, c.want)
		}
	}
	// Words on a picture lie on a veil; even over white they must be readable.
	veil, _ := token(colorStageVeil, false)
	text, _ := token(colorStageText, false)
	over := func(v uint8) uint8 { return uint8((int(v)*int(veil.A) + 255*(255-int(veil.A))) / 255) }
	if got := contrast(text, color.NRGBA{over(veil.R), over(veil.G), over(veil.B), 255}); got < 4.5 {
		t.Errorf("a name over a white picture has contrast %.2f", got)
	}
}

func TestThemeFollowsTheSystem(t *testing.T) {
	ground := func(l *look, v fyne.ThemeVariant) color.Color { return l.Color(theme.ColorNameBackground, v) }
	light, _ := token(colorGround, false)
	dark, _ := token(colorGround, true)
	for _, c := range []struct {
		force   string
		variant fyne.ThemeVariant
		want    color.Color
	}{{"", theme.VariantLight, light}, {"", theme.VariantDark, dark}, {"light", theme.VariantDark, light}, {"dark", theme.VariantLight, dark}} {
		if got := ground(newLook(c.force), c.variant); got != c.want {
			t.Errorf("theme %q, system %d: ground %v, want %v", c.force, c.variant, got, c.want)
		}
	}
	if newLook("").Color(colorNone, 0) != color.Transparent {
		t.Error("Fyne draws what is not this very value")
	}
}

// TestIcons draws every icon and looks for ink, in the asked colour.
func TestIcons(t *testing.T) {
	test.NewTempApp(t)
	names, err := fs.Glob(drawings, "icons/*.svg")
	if err != nil || len(names) < 15 {
		t.Fatal(names, err)
	}
	for _, file := range names {
		name := strings.TrimSuffix(filepath.Base(file), ".svg")
		img := canvas.NewImageFromResource(icon(name, color.NRGBA{R: 255, A: 255}))
		w := test.NewWindow(img)
		w.Resize(fyne.NewSize(48, 48))
		shot := w.Canvas().Capture()
		ink := 0
		for x := range shot.Bounds().Dx() {
			for y := range shot.Bounds().Dy() {
				if r, g, _, _ := shot.At(x, y).RGBA(); (r > 0xC000 && g < 0x4000) || (name == "mark" && g > 0x6000) {
					ink++
				}
			}
		}
		if ink < 20 {
			t.Errorf("%s draws %d pixels", name, ink)
		}
		w.Close()
	}
	if icon("nothing", color.Black) != nil {
		t.Error("an icon that does not exist")
	}
}

// TestMarkIsOne: the window has its own copy of the mark, since assets belong to
// the server; both must be the same.
func TestMarkIsOne(t *testing.T) {
	ours, err := drawings.ReadFile("icons/mark.svg")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile("../../assets/mark.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		t.Error("icons/mark.svg and assets/mark.svg differ")
	}
}
