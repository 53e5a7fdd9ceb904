package ui

import (
	"log/slog"

	"guichet/app/session"
)

// journal writes a line for each change that a person would notice. It never
// writes addresses of tickets or of the sign-in. It is used on
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
		j.people(s.Call)
	}
	for _, n := range s.Notices {
		if !seen(j.last.Notices, n.ID) {
			j.log.Info("notice", "text", n.Text, "error", n.Error)
		}
	}
	j.last = s
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
		if known && old.Muted == p.Muted && old.CameraOff == p.CameraOff && old.HasVideo == p.HasVideo && old.Name == p.Name {
			continue
		}
		camera := "on"
		if p.CameraOff {
			camera = "off"
		}
		j.log.Info("participant", "name", p.Name, "self", p.Self, "muted", p.Muted, "camera", camera, "video", p.HasVideo)
	}
	for _, p := range before {
		j.log.Info("participant left", "name", p.Name)
	}
}

func seen(list []session.Notice, id int64) bool {
	for _, n := range list {
		if n.ID == id {
			return true
		}
	}
	return false
}
