package ui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"guichet/app/session"
)

// shot is what a tile of somebody else shows.
type shot int

const (
	shotFace   shot = iota // who they are, with their camera
	shotSecond             // one more camera of theirs
	shotScreen             // their screen
)

// actor is one tile of the stage.
type actor struct {
	key    string // of the tile
	shot   shot
	who    session.Participant
	stream string
}

// cast is who has a tile on the stage, and how they stand.
type cast struct {
	actors []actor // of the others, in order; the first is the large one if there is one
	large  bool
	own    place // of the own picture
	none   bool  // there is no own picture
	left   int   // of the others that the layout has no place for
}

// castOf decides by the room's layout and by who is there; front is who stands in
// front when nothing else decides.
func castOf(c *session.Call, front string) cast {
	var faces, screens []actor
	for _, p := range onStage(c) {
		if p.Self {
			continue
		}
		faces = append(faces, actor{p.Endpoint, shotFace, p, p.StreamID})
		if p.SecondID != "" {
			faces = append(faces, actor{p.Endpoint + "/2", shotSecond, p, p.SecondID})
		}
	}
	for _, p := range c.Participants {
		if !p.Self && p.ScreenID != "" {
			screens = append(screens, actor{p.Endpoint + "/screen", shotScreen, p, p.ScreenID})
		}
	}
	if c.OnHold { // their last pictures would look like them
		faces, screens = nil, nil
	}
	slices.SortStableFunc(faces, func(a, b actor) int { return cmp.Compare(standing(a.who.Position), standing(b.who.Position)) })
	all := append(screens, faces...)
	s := cast{none: c.Own.Audience, large: len(screens) > 0}
	if name := c.Room.Layout; !s.large && len(all) > 1 && (name == "highlight-1-responsive" || name == "5up") {
		s.large = true
		if i := slices.IndexFunc(all, func(a actor) bool { return a.key == front }); i > 0 && !reserved(all[0].who.Position) {
			one := all[i]
			all = slices.Insert(slices.Delete(all, i, i+1), 0, one)
		}
	}
	s.actors = all[:min(len(all), places(c.Room.Layout))]
	s.left = len(all) - len(s.actors)
	if s.own = placeGrid; !s.large && len(s.actors) <= 1 {
		s.own = placeFloat
	}
	return s
}

// onStage are those who may have a tile: not the audience, nor who was placed
// outside, nor who shows no picture where the room leaves them out; raised hands
// first where the room wants that.
func onStage(c *session.Call) []session.Participant {
	var shown []session.Participant
	for _, p := range c.Participants {
		if p.Self || !p.Audience && p.Position != "off-canvas" && !(c.Room.HideVideoMuted && p.CameraOff) {
			shown = append(shown, p)
		}
	}
	if c.Room.HandsFirst {
		return ranked(shown)
	}
	return shown
}

// places is how many a layout has for the others; the own picture has one more.
func places(layout string) int {
	switch w, h, grid := strings.Cut(layout, "x"); {
	case layout == "5up":
		return 5
	case grid:
		across, err := strconv.Atoi(w)
		down, err2 := strconv.Atoi(h)
		if err == nil && err2 == nil && across > 0 && down > 0 && across <= 10 && down <= 10 {
			return across * down
		}
	}
	return 1 << 10 // as many as come
}

func reserved(position string) bool { return strings.HasPrefix(position, "reserved") }

// standing orders positions: reserved before standard ones, each by its number,
// before those of nobody in particular.
func standing(position string) int {
	name, number, _ := strings.Cut(position, "-")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 999 {
		n = 0
	}
	switch name {
	case "reserved":
		return n
	case "standard":
		return 1000 + n
	}
	return 2000
}

// inFront follows who speaks: somebody stays in front until another speaks and
// they do not.
func inFront(c *session.Call, before string) string {
	speaker := ""
	for _, p := range c.Participants {
		if p.Self || p.Audience || !p.Speaking {
			continue
		}
		if p.Endpoint == before {
			return before
		}
		if speaker == "" {
			speaker = p.Endpoint
		}
	}
	return cmp.Or(speaker, before)
}
