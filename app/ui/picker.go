package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// picker chooses camera, microphone and speaker, with a bar that moves with the
// own voice. It works in the lobby and during a call.
type picker struct {
	box                         *fyne.Container
	camera, microphone, speaker *choice
	level                       *meter
	warnings                    *fyne.Container
	shown                       []string
	stop                        func()
}

// Fixed choices beside the devices that are connected.
const (
	systemDevice = ""     // the system's own choice
	noDevice     = "none" // switched off
)

func newPicker(k *kit) *picker {
	p := &picker{level: newMeter(), warnings: column(space2)}
	p.camera = newChoice("Camera", "camera", k.session.ChooseCamera)
	p.microphone = newChoice("Microphone", "microphone", k.session.ChooseMicrophone)
	p.speaker = newChoice("Speaker", "speaker", k.session.ChooseSpeaker)
	again := newButton("Look for devices again", "", mannerQuiet(), k.session.RefreshDevices)
	heading := style{size: theme.SizeNameCaptionText, color: colorMuted}
	p.box = column(space4,
		column(space1, newWords("Camera", heading), p.camera),
		column(space2, column(space1, newWords("Microphone", heading), p.microphone), p.level),
		column(space1, newWords("Speaker", heading), p.speaker),
		p.warnings,
		container.NewCenter(again))
	p.stop = k.pulse.often(func() { p.level.set(k.session.Levels().Microphone) })
	return p
}

func (p *picker) update(d session.Devices) {
	p.camera.set(options(d.Cameras, d.Camera, "No camera"), d.Camera)
	p.microphone.set(options(d.Microphones, d.Microphone, "No microphone"), d.Microphone)
	p.speaker.set(options(d.Speakers, d.Speaker, "No sound"), d.Speaker)
	if slices.Equal(p.shown, d.Warnings) {
		return
	}
	p.shown = d.Warnings
	p.warnings.RemoveAll()
	for _, s := range d.Warnings {
		sign := container.NewVBox(newPicture("warning", colorText, 20))
		p.warnings.Add(container.NewStack(newGround(colorNone, colorWarn, corner),
			inset(space3, container.NewBorder(nil, nil, sign, nil,
				container.New(margins{left: space2}, newWords(s, style{size: theme.SizeNameCaptionText}))))))
	}
}

func (p *picker) close() { p.stop() }

// options lists devices for a menu: the system's choice first, none last. A
// chosen device that is not connected stays in the list and says so.
func options(list []session.Device, chosen, none string) []option {
	all := []option{{systemDevice, "System default"}}
	count := map[string]int{}
	for _, d := range list {
		count[d.Name]++
	}
	known := chosen == systemDevice || chosen == noDevice
	for i, d := range list {
		if slices.ContainsFunc(list[:i], func(o session.Device) bool { return o.Name == d.Name }) {
			continue // Choose… knows names only: the first of two equal ones
		}
		text := d.Name
		if count[d.Name] > 1 && d.Label != "" {
			text += " (" + d.Label + ")"
		}
		all = append(all, option{d.Name, text})
		known = known || d.Name == chosen
	}
	if !known {
		all = append(all, option{chosen, absent(chosen)})
	}
	return append(all, option{noDevice, none})
}

// absent names a chosen device that is not in the list.
func absent(name string) string {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "pattern":
		return "Test picture"
	case "tone":
		return "Test tone"
	case "file":
		return "File " + rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return name + " (not connected)"
}
