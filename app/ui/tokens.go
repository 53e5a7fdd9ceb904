package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
)

// The colours of the design by name. The ones of the stage are the same in the
// light and in the dark theme, because video wants a dark surrounding.
const (
	colorGround        fyne.ThemeColorName = "ground"
	colorSurface       fyne.ThemeColorName = "surface"
	colorLine          fyne.ThemeColorName = "line" // edges of fields and buttons
	colorText          fyne.ThemeColorName = "text"
	colorMuted         fyne.ThemeColorName = "muted"
	colorBrand         fyne.ThemeColorName = "brand" // the primary colour: buttons, links, focus
	colorOnBrand       fyne.ThemeColorName = "onBrand"
	colorDanger        fyne.ThemeColorName = "danger"
	colorOnDanger      fyne.ThemeColorName = "onDanger"
	colorGood          fyne.ThemeColorName = "good"
	colorWarn          fyne.ThemeColorName = "warn"
	colorOnWarn        fyne.ThemeColorName = "onWarn"
	colorNone          fyne.ThemeColorName = "none" // transparent
	colorStage         fyne.ThemeColorName = "stage"
	colorStageText     fyne.ThemeColorName = "stageText"
	colorStageMuted    fyne.ThemeColorName = "stageMuted"
	colorStageSurface  fyne.ThemeColorName = "stageSurface"
	colorStageRaised   fyne.ThemeColorName = "stageRaised" // buttons on the stage
	colorStageBrand    fyne.ThemeColorName = "stageBrand"
	colorStageGood     fyne.ThemeColorName = "stageGood"
	colorStageDanger   fyne.ThemeColorName = "stageDanger"
	colorStageOnDanger fyne.ThemeColorName = "stageOnDanger"
	colorStageVeil     fyne.ThemeColorName = "stageVeil" // behind words that lie on a picture
)

// The distances of the design, in Fyne's density-independent pixels.
const (
	space1 float32 = 4
	space2 float32 = 8
	space3 float32 = 12
	space4 float32 = 16
	space5 float32 = 24
	space6 float32 = 32

	corner float32 = 8

	sizeBody      float32 = 16
	sizeSecondary float32 = 14
	sizeTitle     float32 = 24

	roundSize  float32 = 48  // a call button
	panelWidth float32 = 320 // the side panel
)

// token returns a colour of the design, or false for a name of somebody else.
func token(name fyne.ThemeColorName, dark bool) (color.NRGBA, bool) {
	pick := func(light, night uint32) (color.NRGBA, bool) {
		if dark {
			return rgb(night), true
		}
		return rgb(light), true
	}
	switch name {
	case colorGround:
		return pick(0xFFFFFF, 0x10181F)
	case colorSurface:
		return pick(0xF3F6F8, 0x1A2530)
	case colorLine:
		return pick(0x8795A0, 0x7A8B98)
	case colorText:
		return pick(0x16212B, 0xE8EEF2)
	case colorMuted:
		return pick(0x55636F, 0x9DB0BD)
	case colorBrand:
		return pick(0x0B5C73, 0x5CC3DD)
	case colorOnBrand:
		return pick(0xFFFFFF, 0x0A1A20)
	case colorDanger:
		return pick(0xB3261E, 0xFF8A80)
	case colorOnDanger:
		return pick(0xFFFFFF, 0x10181F)
	case colorGood:
		return pick(0x1B7A46, 0x5BC98C)
	case colorWarn:
		return pick(0xF2B53C, 0xF2B53C)
	case colorOnWarn:
		return pick(0x16212B, 0x16212B)
	case colorStage:
		return pick(0x0B1015, 0x0B1015)
	case colorStageText:
		return pick(0xE8EEF2, 0xE8EEF2)
	case colorStageMuted:
		return pick(0xB8C4CC, 0xB8C4CC)
	case colorStageSurface:
		return pick(0x1A2530, 0x1A2530)
	case colorStageRaised:
		return pick(0x2A3846, 0x2A3846)
	case colorStageBrand:
		return pick(0x5CC3DD, 0x5CC3DD)
	case colorStageGood:
		return pick(0x5BC98C, 0x5BC98C)
	case colorStageDanger:
		return pick(0xC4352C, 0xC4352C)
	case colorStageOnDanger:
		return pick(0xFFFFFF, 0xFFFFFF)
	case colorStageVeil:
		c := rgb(0x0B1015)
		c.A = 0xCC
		return c, true
	}
	return color.NRGBA{}, false
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}
}
