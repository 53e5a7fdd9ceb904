package ui

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

const (
	sideWidth   float32 = 304 // the lobby's left column
	middleWidth float32 = 640 // the lobby's middle
)

// lobby is the screen of a signed-in agent without a call: who they are and
// their devices on the left, new and recent calls in the middle.
type lobby struct {
	kit     *kit
	root    *fyne.Container
	name    *words
	server  *words
	preview *tile
	devices *picker
	begin   *button
	link    *field
	notices *notices
	running *fyne.Container
	current []session.Running
	runs    *fyne.Container // the heading with the list below
	recent  *fyne.Container
	empty   *fyne.Container
	calls   []session.Recent
}

func newLobby(k *kit) *lobby {
	l := &lobby{kit: k, preview: newTile(true, colorSurface), devices: newPicker(k), notices: newNotices(k), recent: column(space2), running: column(space2), link: newField(k, "Link or number of a call")}
	l.root = beside(l.side(), l.middle(), nil, nil)
	l.preview.watch(k.pulse, func(show func(*image.YCbCr)) func() { return k.session.OnVideo(session.SelfView, show) })
	k.session.SetPreview(true)
	return l
}

// side makes the left column.
func (l *lobby) side() fyne.CanvasObject {
	caption := style{size: theme.SizeNameCaptionText, color: colorMuted}
	l.name = newWords("", style{bold: true, oneLine: true})
	l.server = newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true})
	sign := canvas.NewImageFromResource(mark())
	sign.FillMode = canvas.ImageFillContain
	sign.SetMinSize(fyne.NewSquareSize(40))
	dot := canvas.NewCircle(theme.Color(colorGood))
	presence := container.NewBorder(nil, nil, container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(10), dot)), nil,
		container.New(margins{left: space1}, newWords("Ready for calls", caption)))
	head := container.NewBorder(nil, nil, sign, nil, container.New(margins{left: space2}, middle(column(2, l.name, presence))))
	foot := column(space2, newRule(), container.NewBorder(nil, nil, nil,
		newButton("Sign out", "", mannerQuiet(), l.kit.session.SignOut), middle(l.server)))
	body := container.NewVScroll(container.New(margins{left: space4, right: space4, top: space2, bottom: space2},
		column(space4, container.New(shaped{tileShape}, l.preview), l.devices.box)))
	return container.NewStack(newGround(colorSurface, "", 0), sized(sideWidth, 0, container.NewBorder(
		inset(space4, head), container.New(margins{left: space4, right: space4, bottom: space2}, foot), nil, nil, body)))
}

// middle makes the part with the calls.
func (l *lobby) middle() fyne.CanvasObject {
	l.begin = newButton("New call", "call", mannerPrimary(), l.kit.session.NewCall)
	l.begin.tall = true
	l.link.OnSubmitted = func(string) { l.join() }
	join := newButton("Join", "", mannerPlain(), l.join)
	none := newWords("Your calls appear here after you have hung up.", style{color: colorMuted})
	l.empty = container.NewStack(newGround(colorSurface, "", corner), inset(space5, none))
	title := style{size: theme.SizeNameHeadingText, bold: true}
	l.runs = column(space2, newWords("Calls that run now", style{bold: true}), l.running)
	l.runs.Hide()
	body := column(space6,
		l.notices.box,
		column(space4, newWords("Call a customer", title),
			newWords("You get a link to send. Your customer opens it in a browser and is with you.", style{color: colorMuted}),
			container.New(narrow{280}, l.begin)),
		l.runs,
		column(space2, newWords("Join by a link or number", style{bold: true}),
			container.NewBorder(nil, nil, nil, container.New(margins{left: space2}, join), l.link)),
		column(space2, newWords("Recent calls", style{bold: true}), container.NewStack(l.empty, l.recent)))
	return container.NewVScroll(container.New(limit{middleWidth}, inset(space6, body)))
}

func (l *lobby) join() {
	if s := strings.TrimSpace(l.link.Text); s != "" {
		l.kit.session.Join(s)
	}
}

func (l *lobby) object() fyne.CanvasObject { return l.root }
func (l *lobby) first() fyne.Focusable     { return l.begin }

func (l *lobby) close() {
	l.preview.unwatch()
	l.devices.close()
	l.kit.session.SetPreview(false)
}

func (l *lobby) update(s session.State) {
	l.name.set(s.Me.Name)
	l.server.set(strings.TrimPrefix(strings.TrimPrefix(s.Server, "https://"), "http://"))
	l.preview.set(face{name: s.Me.Name, off: s.Devices.Camera == noDevice}, placeGrid)
	l.devices.update(s.Devices)
	l.notices.update(s.Notices)
	l.show(s.Running)
	same := slices.EqualFunc(s.Recent, l.calls, func(a, b session.Recent) bool {
		return a.ConferenceID == b.ConferenceID && a.StartedAt.Equal(b.StartedAt) && slices.Equal(a.With, b.With)
	})
	l.empty.Hidden = len(s.Recent) > 0
	if same {
		return
	}
	l.calls = s.Recent
	l.recent.RemoveAll()
	for _, c := range s.Recent {
		l.recent.Add(l.call(c))
	}
}

// show lists the calls that run now.
func (l *lobby) show(running []session.Running) {
	if slices.EqualFunc(running, l.current, func(a, b session.Running) bool {
		return a.ConferenceID == b.ConferenceID && slices.Equal(a.With, b.With)
	}) {
		return
	}
	l.current = running
	l.runs.Hidden = len(running) == 0
	l.running.RemoveAll()
	for _, c := range running {
		l.running.Add(l.row(strings.Join(c.With, ", "), inside(len(c.With)), newButton("Join", "", mannerPlain(), func() { l.kit.session.Join(c.ConferenceID) })))
	}
	l.runs.Refresh()
}

// inside says how many people are in a call.
func inside(n int) string {
	if n == 1 {
		return "1 person is in it"
	}
	return fmt.Sprintf("%d people are in it", n)
}

// row is one call of a list: who, more about it, and what to do.
func (l *lobby) row(who, more string, act fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(newGround(colorSurface, "", corner), container.New(margins{space4, space2, space2, space2},
		container.NewBorder(nil, nil, nil, middle(act), column(2, newWords(who, style{oneLine: true}),
			newWords(more, style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true})))))
}

// call is one row of the recent calls.
func (l *lobby) call(c session.Recent) fyne.CanvasObject {
	who := strings.Join(c.With, ", ")
	if who == "" {
		who = "Nobody came"
	}
	when := fmt.Sprintf("%s, %s", moment(c.StartedAt, l.kit.now()), lasted(c.Duration))
	return l.row(who, when, newButton("Return", "", mannerQuiet(), func() { l.kit.session.Join(c.ConferenceID) }))
}

// lasted says how long a call was.
func lasted(d time.Duration) string {
	switch m := int(d.Round(time.Minute).Minutes()); {
	case d < time.Minute:
		return "less than a minute"
	case m == 1:
		return "1 minute"
	case m < 60:
		return fmt.Sprintf("%d minutes", m)
	default:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
}
