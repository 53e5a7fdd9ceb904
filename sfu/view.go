package sfu

import (
	"context"
	"fmt"
)

// View adds a viewer of a participant, its owner, to a stream and returns the answer to the viewer's offer.
// The answer has all of the server's candidates. It does not matter whether the
// publisher is connected yet.
func (s *SFU) View(ctx context.Context, key ViewerKey, owner, text string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	o, err := parseOffer(text)
	if err != nil {
		return "", err
	}
	st, err := s.stream(key.stream())
	if err != nil {
		return "", err
	}
	if err := o.planView(st.tracks); err != nil {
		return "", err
	}
	v := newViewer(key, owner, st, o)
	s.mu.Lock()
	switch {
	case s.streams[st.key] != st:
		err = fmt.Errorf("%w: %s", ErrUnknownStream, key.Stream)
	case st.viewers[key.Viewer] != nil:
		err = fmt.Errorf("%w: %s", ErrViewerExists, key.Viewer)
	default:
		st.viewers[key.Viewer] = v
		v.permit(s.rightsLocked(key.Conference, owner))
		s.running.Add(1)
	}
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	answer, err := s.openViewer(ctx, v, o)
	if err != nil {
		defer s.running.Done()
		s.forgetViewer(v)
		v.shut()
		return "", fmt.Errorf("view: %w", err)
	}
	go s.ownViewer(v)
	if err := stopped(v.peer); err != nil {
		return "", fmt.Errorf("view: %w", err)
	}
	return answer, nil
}

// StopView ends a viewer.
func (s *SFU) StopView(key ViewerKey) error {
	v, err := s.viewer(key)
	if err != nil {
		return err
	}
	s.forgetViewer(v)
	endAll([]*peer{v.peer})
	return nil
}

func (s *SFU) openViewer(ctx context.Context, v *viewer, o *offer) (string, error) {
	pc, err := s.engine.connection(o, false)
	if err != nil {
		return "", err
	}
	v.connect(pc)
	if err := v.attach(); err != nil {
		return "", err
	}
	return v.negotiate(ctx, o, false, s.engine.candidates)
}

// ownViewer is the goroutine of a viewer.
func (s *SFU) ownViewer(v *viewer) {
	defer s.running.Done()
	lost := v.run(s.patience)
	// Who takes it out of the map first has ended it.
	lost = s.forgetViewer(v) && lost
	v.shut()
	if !lost {
		return
	}
	s.log.Debug("viewer lost", "conference", v.key.Conference, "stream", v.key.Stream, "viewer", v.key.Viewer)
	if s.observer != nil {
		s.observer.ViewerClosed(v.key)
	}
}

// forgetViewer takes a viewer out of its stream and reports whether it was
// there.
func (s *SFU) forgetViewer(v *viewer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.stream.viewers[v.key.Viewer] != v {
		return false
	}
	delete(v.stream.viewers, v.key.Viewer)
	return true
}
