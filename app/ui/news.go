package ui

import "guichet/app/session"

// unread counts what came since a part of the panel was last open.
type unread struct {
	messages, files, photos int // how many of each were seen
	newMessages, newFiles   int
	hands                   map[string]bool // were up, by endpoint
}

// look takes a call's state, and returns what to say about the newest thing that
// the open part of the panel does not show: its part, an icon and a sentence.
func (u *unread) look(c *session.Call, open string) (panel, icon, text string) {
	for _, m := range c.Messages[min(u.messages, len(c.Messages)):] {
		if !m.Own {
			u.newMessages++
			panel, icon, text = panelChat, "chat", m.Name+": "+m.Text
		}
	}
	for _, f := range c.Files[min(u.files, len(c.Files)):] {
		if !f.Own {
			u.newFiles++
			panel, icon, text = panelFiles, "file", f.From+" sent a file: "+f.Name
		}
	}
	there := 0
	for _, p := range c.Photos {
		if p.Stage != session.PhotoThere {
			continue
		}
		if there++; there > u.photos {
			u.newFiles++
			panel, icon, text = panelFiles, "photo", "The photo from "+p.Of+" is there"
		}
	}
	up := map[string]bool{}
	for _, p := range c.Participants {
		if p.Self || p.Hand.IsZero() {
			continue
		}
		if up[p.Endpoint] = true; !u.hands[p.Endpoint] {
			panel, icon, text = panelPeople, "hand", p.Name+" raises a hand"
		}
	}
	u.hands = up
	u.messages, u.files, u.photos = len(c.Messages), len(c.Files), there
	switch open {
	case panelChat:
		u.newMessages = 0
	case panelFiles:
		u.newFiles = 0
	}
	if panel == open {
		panel = panelNone
	}
	return panel, icon, text
}
