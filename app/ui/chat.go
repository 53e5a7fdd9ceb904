package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// atATime is how many messages are drawn; older ones are there on demand.
const atATime = 100

// chat is the part of the panel where people write to each other.
type chat struct {
	box      *fyne.Container
	kit      *kit
	scroll   *container.Scroll
	earlier  *button
	list     *fyne.Container // what everybody has
	outbox   *fyne.Container // ours that is on its way
	empty    *fyne.Container
	latest   *button // goes to the end, where something new is
	write    *compose
	send     *button
	length   *words
	messages []session.Message
	waiting  []session.Message
	from     int // number of the first message drawn
}

func newChat(k *kit, escape func()) *chat {
	c := &chat{kit: k, list: column(space2), outbox: column(space2)}
	c.earlier = newButton("Show earlier messages", "", mannerQuiet(), c.back)
	c.earlier.Hide()
	c.empty = inset(space4, column(space2, newWords("Nobody has written yet", style{bold: true, center: true}),
		newWords("Everybody in the call reads what you write here.", style{color: colorMuted, size: theme.SizeNameCaptionText, center: true})))
	c.scroll = container.NewVScroll(container.New(margins{left: space4, right: space4, top: space2, bottom: space2}, column(space2, c.earlier, c.empty, c.list, c.outbox)))
	c.latest = newButton("New messages below", "open", mannerPlain(), c.end)
	c.latest.Hide()
	c.scroll.OnScrolled = func(fyne.Position) {
		if c.atEnd() && c.latest.Visible() {
			c.latest.Hide()
			c.box.Refresh()
		}
	}
	c.write = newCompose(k, c.submit, escape)
	c.write.OnChanged = func(string) { c.count() }
	c.send = newRoundButton("Send the message (Enter)", "send", manner{fill: colorBrand, on: colorOnBrand, ring: colorBrand}, k.hints, func() { c.submit(c.write.Text) })
	c.length = newWords("", style{size: theme.SizeNameCaptionText, color: colorDanger})
	c.length.Hide()
	foot := container.New(margins{left: space4, right: space4, top: space2, bottom: space4}, column(space1, c.latest, c.length,
		container.NewBorder(nil, nil, nil, container.New(margins{left: space2}, container.NewVBox(c.send)), c.write)))
	c.box = container.NewBorder(nil, column(0, newRule(), foot), nil, nil, c.scroll)
	c.count()
	return c
}

// count says when a text is too long, and switches the button.
func (c *chat) count() {
	over := len(c.write.Text) - session.MaxMessage
	c.send.enable(c.write.Text != "" && over <= 0)
	if c.length.Hidden = over <= 0; over > 0 {
		c.length.set(fmt.Sprintf("This is too long by about %d letters. Send it in parts.", over))
	}
	c.length.Refresh()
}

func (c *chat) submit(text string) {
	if c.send.disabled {
		return
	}
	c.kit.session.SendMessage(text)
	c.write.SetText("")
}

// update shows what is new.
func (c *chat) update(call *session.Call) {
	follow := c.atEnd()
	fresh := call.Messages[min(len(c.messages), len(call.Messages)):]
	for _, m := range fresh {
		c.list.Add(newBubble(c.kit, m, c.kit.now(), nil))
		follow = follow || m.Own
	}
	if extra := len(c.list.Objects) - atATime; follow && extra > 0 {
		c.list.Objects = slices.Delete(c.list.Objects, 0, extra)
		c.from += extra
	}
	c.messages = call.Messages
	changed := len(fresh) > 0
	if !slices.Equal(c.waiting, call.Outbox) {
		follow = follow || len(call.Outbox) > len(c.waiting)
		c.waiting, changed = slices.Clone(call.Outbox), true
		c.outbox.RemoveAll()
		for _, m := range c.waiting {
			c.outbox.Add(newBubble(c.kit, m, c.kit.now(), c.fate(m)))
		}
	}
	if !changed {
		return
	}
	c.earlier.Hidden = c.from == 0
	c.empty.Hidden = len(c.messages)+len(c.waiting) > 0
	c.outbox.Hidden = len(c.waiting) == 0
	c.scroll.Content.Refresh()
	c.scroll.Refresh()
	if follow {
		c.end()
	} else if len(fresh) > 0 {
		c.latest.Show()
		c.box.Refresh()
	}
}

// fate says what is happening to a message that is not in the chat yet.
func (c *chat) fate(m session.Message) fyne.CanvasObject {
	if m.Trouble == "" {
		return newWords("Sending…", style{size: theme.SizeNameCaptionText, color: colorMuted})
	}
	return column(space1, container.NewBorder(nil, nil, container.NewVBox(newPicture("warning", colorDanger, 20)), nil,
		container.New(margins{left: space2}, newWords("Not sent. "+m.Trouble, style{size: theme.SizeNameCaptionText, color: colorDanger}))),
		newButton("Try again", "", mannerPlain(), func() { c.kit.session.RetryMessage(m.ID) }))
}

// back draws earlier messages, and keeps in sight what was.
func (c *chat) back() {
	from := max(0, c.from-atATime)
	var more []fyne.CanvasObject
	for _, m := range c.messages[from:c.from] {
		more = append(more, newBubble(c.kit, m, c.kit.now(), nil))
	}
	before := c.scroll.Content.MinSize().Height
	c.from, c.list.Objects = from, append(more, c.list.Objects...)
	c.earlier.Hidden = from == 0
	c.scroll.Content.Refresh()
	c.scroll.Refresh()
	c.scroll.ScrollToOffset(fyne.NewPos(0, c.scroll.Content.MinSize().Height-before))
}

// atEnd tells whether the newest message is in sight.
func (c *chat) atEnd() bool {
	return c.scroll.Offset.Y+c.scroll.Size().Height >= c.scroll.Content.Size().Height-space4
}

// end brings the newest message into sight.
func (c *chat) end() {
	c.latest.Hide()
	c.scroll.ScrollToBottom()
	c.box.Refresh()
}
