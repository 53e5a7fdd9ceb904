package ui

import (
	"log/slog"
	"slices"

	"guichet/app/session"
)

// journal writes a line for each change that a person would notice. It never
// writes addresses of tickets or of the sign-in, what is said, or names of files. It is used on
// the Fyne thread, after the change was shown.
type journal struct {
	log  *slog.Logger
	last session.State
}

func (j *journal) write(s session.State) {
	if s.Phase != j.last.Phase {
		j.log.Info("phase", "phase", string(s.Phase))
	}
	if s.Call != nil {
		j.share(s.Call)
		j.people(s.Call)
		j.talk(s.Call)
	}
	for _, n := range s.Notices {
		if !seen(j.last.Notices, n.ID) {
			j.log.Info("notice", "text", n.Text, "error", n.Error)
		}
	}
	j.last = s
}

// share writes whether the own screen is shown, and never what is on it.
func (j *journal) share(c *session.Call) {
	before := session.Share{}
	if j.last.Call != nil {
		before = j.last.Call.Share
	}
	if (before.Screen != nil) != (c.Share.Screen != nil) || before.Live != c.Share.Live || (before.Choices != nil) != (c.Share.Choices != nil) {
		j.log.Info("screen", "asked", c.Share.Choices != nil, "shared", c.Share.Screen != nil, "live", c.Share.Live)
	}
}

func (j *journal) people(c *session.Call) {
	before := map[string]session.Participant{}
	if j.last.Call != nil {
		for _, p := range j.last.Call.Participants {
			before[p.Endpoint] = p
		}
	}
	for _, p := range c.Participants {
		old, known := before[p.Endpoint]
		delete(before, p.Endpoint)
		if known && old.Muted == p.Muted && old.CameraOff == p.CameraOff && old.HasVideo == p.HasVideo && old.Name == p.Name && old.Audience == p.Audience && old.Hand.Equal(p.Hand) && (old.ScreenID == "") == (p.ScreenID == "") {
			continue
		}
		camera := "on"
		if p.CameraOff {
			camera = "off"
		}
		j.log.Info("participant", "name", p.Name, "self", p.Self, "muted", p.Muted, "camera", camera, "video", p.HasVideo, "audience", p.Audience, "hand", !p.Hand.IsZero(), "screen", p.ScreenID != "")
	}
	for _, p := range before {
		j.log.Info("participant left", "name", p.Name)
	}
}

// talk writes that something was said or sent, and never what.
func (j *journal) talk(c *session.Call) {
	before := session.Call{}
	if j.last.Call != nil && j.last.Call.ConferenceID == c.ConferenceID {
		before = *j.last.Call
	}
	for _, m := range c.Messages[min(len(before.Messages), len(c.Messages)):] {
		j.log.Info("message", "own", m.Own)
	}
	for _, f := range c.Files {
		if !slices.ContainsFunc(before.Files, func(b session.File) bool {
			return b.ID == f.ID && b.Stage == f.Stage && b.SavedAs == f.SavedAs
		}) {
			j.log.Info("file", "own", f.Own, "stage", stageWord(f.Stage), "saved", f.SavedAs != "")
		}
	}
	for _, p := range c.Photos {
		if !slices.ContainsFunc(before.Photos, func(b session.Photo) bool {
			return b.ID == p.ID && b.Stage == p.Stage && (b.Small == nil) == (p.Small == nil)
		}) {
			j.log.Info("photo", "stage", photoWord(p.Stage), "shown", p.Small != nil)
		}
	}
}

// stageWord names the stage of a file.
func stageWord(s session.FileStage) string {
	return [...]string{session.FileThere: "there", session.FileSending: "sending", session.FileUnsent: "unsent", session.FileSaving: "saving"}[s]
}

// photoWord names the stage of a photo.
func photoWord(s session.PhotoStage) string {
	return [...]string{session.PhotoAsked: "asked", session.PhotoAllowed: "allowed", session.PhotoDeclined: "declined", session.PhotoThere: "there"}[s]
}

func seen(list []session.Notice, id int64) bool {
	for _, n := range list {
		if n.ID == id {
			return true
		}
	}
	return false
}
