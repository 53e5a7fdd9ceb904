package conference

import (
	"context"
	"strings"

	"guichet/platform/wire"
)

// Presence says who is behind the media of a conference right now.
type Presence struct {
	Organization, ID string
	Endpoints        []string // all that are in
	state            state
}

// Owner returns the endpoint that publishes a stream, or with a viewer's name
// the one that views it; "" when it is nobody's.
func (p Presence) Owner(stream, viewer string) string {
	if viewer != "" {
		return p.state.Viewers[viewerKey{wire.StreamID(stream), viewer}].endpoint
	}
	if m, _, ok := p.state.stream(wire.StreamID(stream)); ok {
		return p.state.Members[m].Endpoint
	}
	return ""
}

// Presence returns who is in a conference, by the name that the SFU knows it by;
// ErrUnknownConference when nobody is, which loads nothing.
func (d *Directory) Presence(ctx context.Context, name string) (Presence, error) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return Presence{}, ErrUnknownConference
	}
	k := Key{name[:i], name[i+1:]}
	d.mu.Lock()
	c := d.live[k]
	if c != nil {
		c.holders++
	}
	d.mu.Unlock()
	if c == nil {
		return Presence{}, ErrUnknownConference
	}
	defer d.give(c)
	s, err := c.do(ctx, nil)
	if err != nil {
		return Presence{}, err
	}
	p := Presence{Organization: k.Organization, ID: k.ID, state: s}
	for _, m := range s.Members {
		p.Endpoints = append(p.Endpoints, m.Endpoint)
	}
	return p, nil
}
