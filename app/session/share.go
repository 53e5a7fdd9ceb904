package session

import (
	"errors"
	"slices"

	"guichet/app/client"
)

type (
	chooseScreen struct{}
	shareScreen  struct{ id string }
	stopSharing  struct{}
)

// What comes of them.
type (
	screensListed struct {
		dialled int
		list    []Screen
		err     error
	}
	screenFailed struct {
		screen *Screen
		err    error
	}
	screenQuality struct{ client.Quality }
)

// Bounds of a screen's bitrate, in bits per second: text wants many for a moment,
// and hardly any while nothing moves.
const (
	screenBitrate    = 4_000_000
	minScreenBitrate = 400_000
)

// chooseScreen asks what can be shared, for a person to choose from.
func (chooseScreen) do(l *loop) {
	if !l.inCall() || l.call == nil || !l.state.Call.Own.MayShare || l.state.Call.Share.Screen != nil {
		return
	}
	n := l.dialled
	l.started.Go(func() {
		list, err := l.cfg.Media.Screens()
		l.send(screensListed{n, list, err})
	})
}

func (c screensListed) do(l *loop) {
	switch {
	case c.dialled != l.dialled || !l.inCall() || !l.state.Call.Own.MayShare || l.state.Call.Share.Screen != nil:
	case c.err != nil:
		l.fail("Your screen cannot be shared.", c.err)
	default:
		l.offered = append([]Screen{}, c.list...)
		l.state.Call.Share.Choices = l.offered
		l.change()
	}
}

func (c shareScreen) do(l *loop) {
	if !l.inCall() || l.call == nil || !l.state.Call.Own.MayShare {
		return
	}
	// A menu is put away, which ends the choice, before what was picked counts.
	i := slices.IndexFunc(l.offered, func(s Screen) bool { return s.ID == c.id })
	if i < 0 {
		return
	}
	one := l.offered[i]
	l.offered, l.state.Call.Share = nil, Share{Screen: &one}
	l.screenNetwork = network{most: screenBitrate, least: minScreenBitrate}
	l.change()
	l.call.Share(l.screen)
	l.wishStudio()
}

func (stopSharing) do(l *loop) { l.unshare() }

// unshare shows nothing any more, and tells whether anything was shown. The screen
// is not read from now on, whatever the network does.
func (l *loop) unshare() (was bool) {
	if !l.inCall() {
		return false
	}
	share := &l.state.Call.Share
	was = share.Screen != nil
	if !was && share.Choices == nil {
		return false
	}
	*share = Share{}
	l.change()
	l.wishStudio()
	if l.call != nil {
		l.call.Share(nil)
	}
	return was
}

// screenFailed comes from the device: a monitor was switched off, a window closed.
func (c screenFailed) do(l *loop) {
	if l.inCall() && l.state.Call.Share.Screen == c.screen && l.unshare() {
		l.fail("Your screen is not shared any more.", c.err)
	}
}

// followShare takes over what became of the screen that is shown.
func (l *loop) followShare() {
	c := l.state.Call
	if c.Share.Screen == nil {
		if !c.Own.MayShare {
			l.unshare() // there is nothing to choose any more
		}
		return
	}
	if err := l.last.ShareErr; err != nil && !l.last.Shares {
		l.unshare()
		if errors.Is(err, client.ErrNotPermitted) {
			l.notice("Your screen is not shared any more: you may not share it in this room.", false)
		} else {
			l.fail("Your screen is not shared.", err)
		}
		return
	}
	if live := l.last.Shown; live != c.Share.Live {
		c.Share.Live = live
		l.change()
	}
}

func (c screenQuality) do(l *loop) {
	if !l.inCall() || l.state.Call.Share.Screen == nil {
		return
	}
	before := l.screenNetwork.bitrate()
	l.screenNetwork.add(c.Quality)
	if l.screenNetwork.bitrate() != before {
		l.wishStudio()
	}
}
