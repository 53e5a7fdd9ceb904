package sfu

import (
	"context"
	"fmt"
)

// Publish begins a stream of a participant, its owner, and returns the answer to
// the publisher's offer. The answer has all of the server's candidates.
func (s *SFU) Publish(ctx context.Context, key StreamKey, owner, text string) (string, error) {
	o, codecs, err := readPublish(ctx, text)
	if err != nil {
		return "", err
	}
	st := newStream(key, owner, codecs, &s.count)
	p := newPublisher(st)
	p.assign(o, st.tracks)
	st.publisher = p
	s.mu.Lock()
	switch {
	case s.closed:
		err = ErrClosed
	case s.streams[key] != nil:
		err = fmt.Errorf("%w: %s", ErrStreamExists, key.Stream)
	default:
		s.streams[key] = st
		s.running.Add(1)
		st.hold(s.held[key.Conference])
		st.permit(s.rightsLocked(key.Conference, owner))
	}
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	answer, err := s.openPublisher(ctx, p, o)
	if err != nil {
		s.abandon(p)
		return "", fmt.Errorf("publish: %w", err)
	}
	go s.ownPublisher(p)
	if err := stopped(p.peer); err != nil {
		return "", fmt.Errorf("publish: %w", err)
	}
	return answer, nil
}

// Republish replaces the publisher's connection, for one that comes back after
// its network changed or its program started anew. The viewers stay and see the
// stream go on; for that, the offer must have the codecs of the first one, or
// some of them.
func (s *SFU) Republish(ctx context.Context, key StreamKey, text string) (string, error) {
	o, codecs, err := readPublish(ctx, text)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	st := s.streams[key]
	if st != nil { // never so once the SFU is closed
		s.running.Add(1)
	}
	s.mu.Unlock()
	if st == nil {
		return "", fmt.Errorf("%w: %s", ErrUnknownStream, key.Stream)
	}
	p := newPublisher(st)
	tracks, ok := st.fits(codecs)
	if !ok {
		s.running.Done()
		return "", badOffer("the stream has other codecs")
	}
	p.assign(o, tracks)
	answer, err := s.openPublisher(ctx, p, o)
	if err != nil {
		s.abandon(p)
		return "", fmt.Errorf("republish: %w", err)
	}
	s.mu.Lock()
	before := st.publisher
	current := s.streams[key] == st
	if current {
		st.publisher = p
	}
	s.mu.Unlock()
	if !current {
		s.abandon(p)
		return "", fmt.Errorf("republish: %w", ErrClosed)
	}
	// The client does not have the answer yet: the tracks are never fed by two.
	endAll([]*peer{before.peer})
	go s.ownPublisher(p)
	if err := stopped(p.peer); err != nil {
		return "", fmt.Errorf("republish: %w", err)
	}
	return answer, nil
}

// Unpublish ends a stream and its viewers.
func (s *SFU) Unpublish(key StreamKey) error {
	s.mu.Lock()
	st := s.streams[key]
	if st == nil {
		s.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrUnknownStream, key.Stream)
	}
	ends := append(peers(s.removeLocked(st)), st.publisher.peer)
	s.mu.Unlock()
	endAll(ends)
	return nil
}

func readPublish(ctx context.Context, text string) (*offer, []codec, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	o, err := parseOffer(text)
	if err != nil {
		return nil, nil, err
	}
	codecs, err := o.planPublish()
	return o, codecs, err
}

func (s *SFU) openPublisher(ctx context.Context, p *publisher, o *offer) (string, error) {
	pc, err := s.engine.connection(o, true)
	if err != nil {
		return "", err
	}
	p.connect(pc)
	pc.OnTrack(p.onTrack)
	return p.negotiate(ctx, o, true, s.engine.candidates)
}

// abandon undoes what a publisher that never began has left.
func (s *SFU) abandon(p *publisher) {
	defer s.running.Done()
	viewers, _ := s.forget(p)
	p.shut()
	endAll(peers(viewers))
}

// ownPublisher is the goroutine of a publisher.
func (s *SFU) ownPublisher(p *publisher) {
	defer s.running.Done()
	lost := p.run(s.patience)
	// Who takes it out of the map first has ended it.
	viewers, was := s.forget(p)
	p.shut()
	endAll(peers(viewers))
	if !lost || !was {
		return
	}
	s.log.Debug("publisher lost", "conference", p.stream.key.Conference, "stream", p.stream.key.Stream)
	if s.observer == nil {
		return
	}
	for _, v := range viewers {
		s.observer.ViewerClosed(v.key)
	}
	s.observer.PublisherClosed(p.stream.key)
}

// forget removes the stream if p still is its publisher, which it reports, and
// returns the viewers to end.
func (s *SFU) forget(p *publisher) ([]*viewer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := p.stream
	if s.streams[st.key] != st || st.publisher != p {
		return nil, false
	}
	return s.removeLocked(st), true
}

// stopped tells of a peer that was ended while it was set up.
func stopped(p *peer) error {
	select {
	case <-p.quit:
		return ErrClosed
	default:
		return nil
	}
}
