package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// look is the theme: our colours and sizes, Fyne's fonts and icons.
type look struct {
	fyne.Theme
	force string // "light", "dark", or "" to follow the system
	stage bool   // the window is cleared in the stage's colour, during a call
}

func newLook(force string) *look { return &look{Theme: theme.DefaultTheme(), force: force} }

// Color returns our own colours, and maps the names of Fyne's widgets to them.
func (l *look) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	if name == colorNone {
		return color.Transparent // this very value: Fyne then draws nothing at all
	}
	dark := l.dark(variant)
	if c, ok := token(name, dark); ok {
		return c
	}
	faint := func(of fyne.ThemeColorName, alpha uint8) color.Color {
		c, _ := token(of, dark)
		c.A = alpha
		return c
	}
	if name == theme.ColorNameBackground && l.stage {
		c, _ := token(colorStage, dark)
		return c
	}
	switch name {
	case theme.ColorNameHover, theme.ColorNamePressed:
		return faint(colorText, 0x14)
	case theme.ColorNameFocus, theme.ColorNameSelection:
		return faint(colorBrand, 0x47)
	case theme.ColorNameScrollBar:
		return faint(colorText, 0x66)
	case theme.ColorNameScrollBarBackground:
		return faint(colorText, 0x0A)
	case theme.ColorNameShadow:
		return color.NRGBA{A: 0x40}
	case theme.ColorNameSeparator:
		return faint(colorLine, 0x66)
	}
	if own, ok := fyneColors(name); ok {
		c, _ := token(own, dark)
		return c
	}
	if dark {
		return l.Theme.Color(name, theme.VariantDark)
	}
	return l.Theme.Color(name, theme.VariantLight)
}

// fyneColors says which of our colours stands for one of Fyne's.
func fyneColors(name fyne.ThemeColorName) (fyne.ThemeColorName, bool) {
	switch name {
	case theme.ColorNameBackground, theme.ColorNameInputBackground:
		return colorGround, true
	case theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameHeaderBackground,
		theme.ColorNameButton, theme.ColorNameDisabledButton:
		return colorSurface, true
	case theme.ColorNameForeground:
		return colorText, true
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return colorMuted, true
	case theme.ColorNameInputBorder:
		return colorLine, true
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return colorBrand, true
	case theme.ColorNameForegroundOnPrimary:
		return colorOnBrand, true
	case theme.ColorNameError:
		return colorDanger, true
	case theme.ColorNameForegroundOnError:
		return colorOnDanger, true
	case theme.ColorNameSuccess:
		return colorGood, true
	case theme.ColorNameWarning:
		return colorWarn, true
	case theme.ColorNameForegroundOnWarning:
		return colorOnWarn, true
	}
	return "", false
}

// Size returns the sizes of the design.
func (l *look) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return sizeBody
	case theme.SizeNameCaptionText, theme.SizeNameSubHeadingText:
		return sizeSecondary
	case theme.SizeNameHeadingText:
		return sizeTitle
	case theme.SizeNamePadding:
		return space1
	case theme.SizeNameInnerPadding:
		return space2
	case theme.SizeNameLineSpacing:
		return space1
	case theme.SizeNameInlineIcon:
		return 20
	case theme.SizeNameInputRadius, theme.SizeNameButtonRadius, theme.SizeNameCardRadius, theme.SizeNameDialogRadius,
		theme.SizeNamePopupRadius, theme.SizeNameMenuRadius:
		return corner
	case theme.SizeNameInputBorder:
		return 1
	}
	return l.Theme.Size(name)
}

func (l *look) dark(variant fyne.ThemeVariant) bool {
	switch l.force {
	case "light":
		return false
	case "dark":
		return true
	}
	return variant == theme.VariantDark
}
