package conference

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"guichet/platform/wire"
)

// Publish hands an offer to the SFU, unless the mode is P2P, and records the
// stream. The id is held
// meanwhile; when the record is refused, or the caller has gone before it was
// written, the SFU lets go of the stream again.
func (d *Directory) Publish(ctx context.Context, who Caller, r wire.PublishStream) (wire.PublishedStream, error) {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), checkLength("sdpOffer", r.SDPOffer, maxSDP)); err != nil {
		return wire.PublishedStream{}, err
	}
	stream := wire.Stream{ID: r.StreamID}
	if stream.Type, err = checkStreamType(r.ConferenceStreamType); err != nil {
		return wire.PublishedStream{}, err
	}
	if stream.Metadata, err = checkObject("metadata", r.Metadata); err != nil {
		return wire.PublishedStream{}, err
	}
	c, err := d.take(k)
	if err != nil {
		return wire.PublishedStream{}, err
	}
	defer d.give(c)
	late := context.WithoutCancel(ctx) // what is held must be let go of, whatever happens
	attempt := d.attempts.Add(1)
	free := letGo{viewerKey{stream: r.StreamID}, attempt}
	s, err := c.do(late, hold{who.UserID, r.UserEndpointID, r.StreamID, attempt, stream.Type})
	if err != nil {
		c.do(late, free) // what cannot be written may be held all the same
		return wire.PublishedStream{}, err
	}
	var answer string
	if s.Mode != wire.ModeP2P {
		if err = checkSDP(r.SDPOffer); err == nil {
			answer, err = d.media.Publish(ctx, k.media(), string(r.StreamID), r.UserEndpointID, r.SDPOffer)
		}
		if err != nil {
			c.do(late, free)
			return wire.PublishedStream{}, fmt.Errorf("publish stream: %w", err)
		}
	}
	if err = ctx.Err(); err == nil {
		if _, err = c.do(late, publish{who.UserID, r.UserEndpointID, stream}); err == nil {
			err = ctx.Err() // nobody is left to take the answer
		}
	}
	if err != nil {
		_, gone := c.do(late, unpublish{"", "", r.StreamID})
		d.media.Unpublish(k.media(), string(r.StreamID))
		err = errors.Join(err, ignore(gone, ErrUnknownStream, ErrEnded, ErrUnavailable))
	}
	c.do(late, free)
	if err != nil {
		return wire.PublishedStream{}, err
	}
	return wire.PublishedStream{StreamID: r.StreamID, SDPAnswer: answer}, nil
}

// AddPublisherCandidates hands ICE candidates of the publisher to the SFU, also
// while it is still answering the offer, or in mode P2P to one viewer.
func (d *Directory) AddPublisherCandidates(ctx context.Context, who Caller, r wire.ICECandidates) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), checkCandidates(r.ICECandidates)); err != nil {
		return err
	}
	s, err := d.do(ctx, k, nil)
	if err != nil {
		return err
	}
	if s.Mode == wire.ModeP2P {
		return d.relay(ctx, k, trickle{who.UserID, r.UserEndpointID, viewerKey{r.StreamID, r.ViewerID}, ofPublisher, r.ICECandidates})
	}
	if _, err := s.member(who.UserID, r.UserEndpointID); err != nil {
		return err
	}
	owner := s.Held[r.StreamID].endpoint
	if m, _, ok := s.stream(r.StreamID); ok {
		owner = s.Members[m].Endpoint
	}
	switch owner {
	case "":
		return ErrUnknownStream
	case r.UserEndpointID:
	default:
		return ErrNotYours
	}
	for _, candidate := range r.ICECandidates {
		if err := d.media.AddPublisherCandidate(k.media(), string(r.StreamID), candidate); err != nil {
			return fmt.Errorf("add candidate: %w", err)
		}
	}
	return nil
}

// Unpublish takes back a stream of the caller's endpoint.
func (d *Directory) Unpublish(ctx context.Context, who Caller, r wire.StreamRef) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID))); err != nil {
		return err
	}
	_, err = d.do(ctx, k, unpublish{who.UserID, r.UserEndpointID, r.StreamID})
	return err
}

// View hands a viewer's offer to the SFU, or in mode P2P to the publisher, and
// records the viewer.
func (d *Directory) View(ctx context.Context, who Caller, r wire.ViewStream) (wire.ViewedStream, error) {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), wire.CheckID("viewerId", r.ViewerID),
		checkSDP(r.SDPOffer)); err != nil {
		return wire.ViewedStream{}, err
	}
	if _, err := checkObject("metadata", r.Metadata); err != nil {
		return wire.ViewedStream{}, err
	}
	c, err := d.take(k)
	if err != nil {
		return wire.ViewedStream{}, err
	}
	defer d.give(c)
	late := context.WithoutCancel(ctx) // what is held must be let go of, whatever happens
	v := viewerKey{r.StreamID, r.ViewerID}
	attempt := d.attempts.Add(1)
	free := letGo{v, attempt}
	by := ask{holdViewer{who.UserID, r.UserEndpointID, v, attempt}, r.SDPOffer, &asked{make(chan string, 1), make(chan struct{})}}
	s, err := c.do(late, by)
	if err != nil {
		c.do(late, free)
		return wire.ViewedStream{}, err
	}
	if s.Mode == wire.ModeP2P {
		answer, err := d.answered(ctx, c, by)
		if err != nil {
			c.do(late, free)
			return wire.ViewedStream{}, fmt.Errorf("view stream: %w", err)
		}
		return wire.ViewedStream{ViewerID: r.ViewerID, SDPAnswer: answer}, nil
	}
	answer, err := d.media.View(ctx, k.media(), string(r.StreamID), r.ViewerID, r.UserEndpointID, r.SDPOffer)
	if err != nil {
		c.do(late, free)
		return wire.ViewedStream{}, fmt.Errorf("view stream: %w", err)
	}
	if err = ctx.Err(); err == nil {
		_, err = c.do(late, view{who.UserID, r.UserEndpointID, v, attempt})
	}
	if err != nil {
		d.media.StopView(k.media(), string(r.StreamID), r.ViewerID)
		c.do(late, free)
		return wire.ViewedStream{}, err
	}
	return wire.ViewedStream{ViewerID: r.ViewerID, SDPAnswer: answer}, nil
}

// AddViewerCandidates hands ICE candidates of a viewer to the SFU, or in mode P2P
// to the publisher.
func (d *Directory) AddViewerCandidates(ctx context.Context, who Caller, r wire.ICECandidates) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), wire.CheckID("viewerId", r.ViewerID),
		checkCandidates(r.ICECandidates)); err != nil {
		return err
	}
	s, err := d.do(ctx, k, nil)
	if err != nil {
		return err
	}
	if s.Mode == wire.ModeP2P {
		return d.relay(ctx, k, trickle{who.UserID, r.UserEndpointID, viewerKey{r.StreamID, r.ViewerID}, ofViewer, r.ICECandidates})
	}
	if _, err := s.member(who.UserID, r.UserEndpointID); err != nil {
		return err
	}
	switch v, ok := s.Viewers[viewerKey{r.StreamID, r.ViewerID}]; {
	case !ok:
		return ErrUnknownViewer
	case v.endpoint != r.UserEndpointID:
		return ErrNotYours
	}
	for _, candidate := range r.ICECandidates {
		if err := d.media.AddViewerCandidate(k.media(), string(r.StreamID), r.ViewerID, candidate); err != nil {
			return fmt.Errorf("add candidate: %w", err)
		}
	}
	return nil
}

// StopView ends a viewer of the caller's endpoint.
func (d *Directory) StopView(ctx context.Context, who Caller, r wire.StreamRef) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), wire.CheckID("viewerId", r.ViewerID)); err != nil {
		return err
	}
	_, err = d.do(ctx, k, stopView{who.UserID, r.UserEndpointID, viewerKey{r.StreamID, r.ViewerID}})
	return err
}

// PublisherClosed takes back a stream whose media ended by itself. The names
// are those that the SFU was given. It does not wait.
func (d *Directory) PublisherClosed(conference, stream string) {
	d.closed(conference, unpublish{stream: wire.StreamID(stream)})
}

// ViewerClosed removes a viewer whose media ended by itself, in the same way.
func (d *Directory) ViewerClosed(conference, stream, viewer string) {
	d.closed(conference, stopView{key: viewerKey{wire.StreamID(stream), viewer}})
}

func (d *Directory) closed(conference string, cmd command) {
	i := strings.LastIndexByte(conference, '/')
	if i < 0 {
		return
	}
	k := Key{conference[:i], conference[i+1:]}
	d.spawn(func() {
		ctx, cancel := context.WithTimeout(d.life, afterwards)
		defer cancel()
		_, err := d.do(ctx, k, cmd)
		err = ignore(err, ErrUnknownConference, ErrUnknownStream, ErrUnknownViewer, ErrEnded, ErrClosed, context.Canceled)
		if err != nil {
			d.log.Error("media that ended is still recorded", "conference", k.ID, "err", err)
		}
	})
}
