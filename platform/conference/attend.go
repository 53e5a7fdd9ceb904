package conference

import (
	"context"
	"errors"
	"maps"

	"guichet/platform/wire"
)

// Attendant is an endpoint that is in a conference, and its user.
type Attendant struct{ User, Endpoint string }

// attendants are who is in.
func (s state) attendants() []Attendant {
	list := make([]Attendant, len(s.Members))
	for i, m := range s.Members {
		list[i] = Attendant{m.User, m.Endpoint}
	}
	return list
}

// attended tells who is in after a batch in which somebody came or went.
func (o *outbox) attended(b *batch) {
	for _, e := range b.events {
		switch e.Type {
		case wire.EventJoined, wire.EventLeft, wire.EventEnded:
			o.dir.attended(o.key, b.state.Version, b.state.attendants(), b.state.Ended)
			return
		}
	}
}

// Attendance returns who is in a conference, at which version; ended when it is
// over or there never was one.
func (d *Directory) Attendance(ctx context.Context, k Key) (in []Attendant, version int64, ended bool, err error) {
	s, err := d.do(ctx, k, nil)
	if errors.Is(err, ErrEnded) || errors.Is(err, ErrUnknownConference) {
		return nil, 0, true, nil
	}
	return s.attendants(), s.Version, s.Ended, err
}

// setHold holds a conference, or lets it go on, in nobody's name.
type setHold struct{ on bool }

func (c setHold) change(s state) (state, []wire.Event, error) {
	if (s.Metadata[wire.MetadataOnHold] == "true") == c.on {
		return s, nil, nil
	}
	e := wire.Event{Type: wire.EventMetadataUpdated, Key: wire.MetadataOnHold, Operation: wire.OperationRemove}
	if !c.on {
		return s.withoutKey(wire.MetadataOnHold), []wire.Event{e}, nil
	}
	e.Operation, e.Value = wire.OperationSet, "true"
	s.Metadata = maps.Clone(s.Metadata)
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	s.Metadata[wire.MetadataOnHold] = e.Value
	return s, []wire.Event{e}, nil
}

// SetHold holds a conference, or lets it go on.
func (d *Directory) SetHold(ctx context.Context, k Key, on bool) error {
	_, err := d.do(ctx, k, setHold{on})
	return err
}
