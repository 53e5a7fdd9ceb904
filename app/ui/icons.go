package ui

import (
	"embed"
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

//go:embed icons
var drawings embed.FS // one outlined set, and the mark

// icon returns an icon of our set in a colour, or nil for an unknown name. Fyne
// caches pictures by their resource's name, so the colour is part of it.
func icon(name string, c color.Color) fyne.Resource {
	svg, err := drawings.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return nil
	}
	r, g, b, _ := c.RGBA()
	hex := fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
	return fyne.NewStaticResource(name+hex+".svg", []byte(strings.ReplaceAll(string(svg), "currentColor", hex)))
}

// mark returns the counter window that stands for Guichet; it has its own colour.
func mark() fyne.Resource { return icon("mark", theme.Color(colorBrand)) }
