package session

import (
	"errors"
	"slices"

	"guichet/app/client"
)

type (
	refreshDevices struct{}
	preview        struct{ on bool }
	chooseDevice   struct {
		kind kind
		name string
	}
)

// What the devices say.
type (
	deviceList    struct{ lists [3][]Device }
	deviceWarning struct {
		kind kind
		err  error
	}
	mutedSpeech struct{}
)

// kind is a kind of device.
type kind int

const (
	camera kind = iota
	microphone
	speaker
)

// causes of the kinds' notices in a call.
var kindCauses = [...]cause{camera: causeCamera, microphone: causeSound, speaker: causeSpeaker}

func (refreshDevices) do(l *loop) {
	l.retryCamera()
	l.scan()
	l.wishStudio()
}

// scan looks for devices, which may take a moment.
func (l *loop) scan() {
	l.started.Go(func() {
		cameras, microphones, speakers := l.cfg.Media.Devices()
		l.send(deviceList{[3][]Device{camera: cameras, microphone: microphones, speaker: speakers}})
	})
}

func (c deviceList) do(l *loop) {
	d := &l.state.Devices
	d.Cameras, d.Microphones, d.Speakers = c.lists[camera], c.lists[microphone], c.lists[speaker]
	l.change()
}

func (c preview) do(l *loop) {
	l.previewing = c.on
	l.wishStudio()
}

func (c chooseDevice) do(l *loop) {
	d := &l.state.Devices
	switch c.kind {
	case camera:
		d.Camera = c.name
		l.retryCamera()
	case microphone:
		d.Microphone = c.name
	case speaker:
		d.Speaker = c.name
	}
	l.forgive(c.kind)
	l.change()
	l.remember()
	l.wishStudio()
}

// retryCamera gives a camera that failed another chance.
func (l *loop) retryCamera() {
	l.forgive(camera)
	l.cameraBad = false
	l.cameraTry++
	l.tellMutes()
}

func (c deviceWarning) do(l *loop) {
	if c.kind == camera {
		l.cameraBad = true
		l.tellMutes()
		if errors.Is(c.err, ErrSwitchedOff) {
			return
		}
	}
	text := polish(c.err.Error())
	l.cfg.Logger.Info("device", "err", c.err)
	if slices.Contains(l.warnings[c.kind], text) {
		return
	}
	l.warnings[c.kind] = append(l.warnings[c.kind], text)
	l.showWarnings()
	if l.inCall() {
		l.raise(kindCauses[c.kind], text)
	}
}

// forgive takes the warnings of a kind away.
func (l *loop) forgive(k kind) {
	l.warnings[k] = nil
	l.showWarnings()
	l.clear(kindCauses[k])
}

func (l *loop) showWarnings() {
	l.state.Devices.Warnings = slices.Concat(l.warnings[:]...)
	l.change()
}

func (mutedSpeech) do(l *loop) {
	if l.inCall() && l.state.Call.MicrophoneMuted {
		l.spoke = l.cfg.Now()
		l.state.Call.MutedWhileSpeaking = true
		l.change()
	}
}

// wishStudio tells the studio how the devices should be now.
func (l *loop) wishStudio() {
	d := l.state.Devices
	open := l.inCall() || l.previewing && l.state.Phase == Lobby
	w := wishes{sound: open, camera: open, names: [3]string{camera: d.Camera, microphone: d.Microphone, speaker: d.Speaker},
		cameraTry: l.cameraTry, bitrate: l.network.bitrate(), loss: l.network.lost()}
	if c := l.state.Call; c != nil {
		w.muted, w.cameraOff = c.MicrophoneMuted || c.Own.Silenced, c.CameraOff || c.Own.Darkened
		w.screen, w.screenBitrate = c.Share.Screen, l.screenNetwork.bitrate()
		if !l.sends() {
			w.camera, w.names[microphone] = false, Off
		}
	}
	l.studio.wish(w)
}

// tellMutes tells the others what of ours cannot be heard or seen.
func (l *loop) tellMutes() {
	c := l.state.Call
	if c == nil || l.call == nil {
		return
	}
	d := l.state.Devices
	l.call.SetMuted(client.Audio, c.MicrophoneMuted || d.Microphone == Off)
	l.call.SetMuted(client.Video, c.CameraOff || d.Camera == Off || l.cameraBad)
	l.people()
}
