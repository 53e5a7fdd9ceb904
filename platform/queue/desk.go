package queue

import (
	"context"
	"maps"
	"slices"
	"strings"

	"guichet/platform/wire"
)

// Queues returns all queues of an organization, by name.
func (s *Service) Queues(ctx context.Context, who Caller) ([]wire.Queue, error) {
	list := []wire.Queue{}
	err := s.do(ctx, who.Organization, func(st *state, at moment) error {
		for _, q := range st.queues {
			if who.Queue == "" || who.Queue == q.ID || who.Queue == q.Name {
				list = append(list, q.describe(at))
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b wire.Queue) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// Queue returns one queue, by its id or name.
func (s *Service) Queue(ctx context.Context, who Caller, id string) (w wire.Queue, err error) {
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		q := st.find(id)
		if q == nil || who.Queue != "" && who.Queue != q.ID && who.Queue != q.Name {
			return ErrUnknownQueue
		}
		w = q.describe(at)
		return nil
	})
	return w, err
}

// CreateQueue makes a queue.
func (s *Service) CreateQueue(ctx context.Context, who Caller, r wire.WriteQueue) (wire.Queue, error) {
	return s.writeQueue(ctx, who, wire.NewID(), r, 0)
}

// UpdateQueue takes the place of a queue's settings if nobody changed them since
// the request's version was read.
func (s *Service) UpdateQueue(ctx context.Context, who Caller, id string, r wire.WriteQueue) (wire.Queue, error) {
	if r.Version < 1 {
		return wire.Queue{}, invalid("version: want the one that was read")
	}
	return s.writeQueue(ctx, who, id, r, r.Version)
}

func (s *Service) writeQueue(ctx context.Context, who Caller, id string, r wire.WriteQueue, was int64) (w wire.Queue, err error) {
	if !who.Lead {
		return w, ErrForbidden
	}
	given, err := read(r)
	if err != nil {
		return w, err
	}
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		q, err := st.write(at, id, given, was)
		if err == nil {
			w = q.describe(at)
		}
		return err
	})
	return w, err
}

// DeleteQueue deletes a queue that nobody is in and that no other overflows to.
func (s *Service) DeleteQueue(ctx context.Context, who Caller, id string) error {
	if !who.Lead {
		return ErrForbidden
	}
	return s.do(ctx, who.Organization, func(st *state, _ moment) error { return st.drop(id) })
}

// Watch has an endpoint told of everything, or no more.
func (s *Service) Watch(ctx context.Context, who Caller, r wire.WatchQueues) error {
	if !who.Lead {
		return ErrForbidden
	}
	if err := s.check(ctx, who, r.UserEndpointID); err != nil {
		return err
	}
	err := s.do(ctx, who.Organization, func(st *state, _ moment) error { return st.watch(Party{who.UserID, r.UserEndpointID}, r.On) })
	if err != nil || !r.On {
		return err
	}
	return s.stillThere(ctx, who, r.UserEndpointID)
}

// SetPresence says whether an agent is ready.
func (s *Service) SetPresence(ctx context.Context, who Caller, r wire.SetPresence) (w wire.Presence, err error) {
	switch {
	case !who.Agent:
		return w, ErrForbidden
	case r.State != wire.PresenceReady && r.State != wire.PresenceNotReady:
		return w, invalid("state is neither READY nor NOT_READY")
	case r.State == wire.PresenceReady && r.ReasonID != "":
		return w, invalid("reasonId is for NOT_READY")
	}
	if err := s.check(ctx, who, r.UserEndpointID); err != nil {
		return w, err
	}
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		a, err := st.declare(at, who, r)
		if err == nil {
			w = st.presence(a)
		}
		return err
	})
	if err != nil {
		return w, err
	}
	return w, s.stillThere(ctx, who, r.UserEndpointID)
}

// Presence returns what the caller does as an agent.
func (s *Service) Presence(ctx context.Context, who Caller) (w wire.Presence, err error) {
	if !who.Agent {
		return w, ErrForbidden
	}
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		a := st.agents[who.UserID]
		if a == nil {
			a = &agent{User: who.UserID, Name: who.Name, State: wire.PresenceGone, Since: at.now}
		}
		w = st.presence(a)
		return nil
	})
	return w, err
}

// Agents returns all agents, by their names.
func (s *Service) Agents(ctx context.Context, who Caller) ([]wire.Presence, error) {
	if !who.staff() {
		return nil, ErrForbidden
	}
	list := []wire.Presence{}
	err := s.do(ctx, who.Organization, func(st *state, _ moment) error {
		for _, user := range slices.Sorted(maps.Keys(st.agents)) {
			list = append(list, st.presence(st.agents[user]))
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b wire.Presence) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// UpdateAgent sets what an agent can and which queues they serve.
func (s *Service) UpdateAgent(ctx context.Context, who Caller, user string, r wire.UpdateAgent) (w wire.Presence, err error) {
	if !who.Lead {
		return w, ErrForbidden
	}
	err = checkAll(wire.CheckID("userId", user), checkLength("name", r.Name, maxText), checkWords("skills", r.Skills, maxWords),
		checkWords("languages", r.Languages, maxWords), checkWords("queues", r.Queues, maxOf))
	if err != nil {
		return w, err
	}
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		a, err := st.equip(at, user, r)
		if err == nil {
			w = st.presence(a)
		}
		return err
	})
	return w, err
}

// Reasons returns the reasons for not being ready.
func (s *Service) Reasons(ctx context.Context, who Caller) (wire.Choices, error) {
	return s.choices(ctx, who, func(w *words) *[]wire.Choice { return &w.Reasons })
}

// Outcomes returns what may come of a call.
func (s *Service) Outcomes(ctx context.Context, who Caller) (wire.Choices, error) {
	return s.choices(ctx, who, func(w *words) *[]wire.Choice { return &w.Outcomes })
}

func (s *Service) choices(ctx context.Context, who Caller, of func(*words) *[]wire.Choice) (w wire.Choices, err error) {
	if !who.staff() {
		return w, ErrForbidden
	}
	err = s.do(ctx, who.Organization, func(st *state, _ moment) error {
		w.Items = list(*of(&st.words))
		return nil
	})
	return w, err
}

// SetReasons takes the place of the reasons for not being ready.
func (s *Service) SetReasons(ctx context.Context, who Caller, r wire.Choices) (wire.Choices, error) {
	return s.setChoices(ctx, who, r, func(w *words) *[]wire.Choice { return &w.Reasons })
}

// SetOutcomes takes the place of what may come of a call.
func (s *Service) SetOutcomes(ctx context.Context, who Caller, r wire.Choices) (wire.Choices, error) {
	return s.setChoices(ctx, who, r, func(w *words) *[]wire.Choice { return &w.Outcomes })
}

func (s *Service) setChoices(ctx context.Context, who Caller, r wire.Choices, of func(*words) *[]wire.Choice) (wire.Choices, error) {
	if !who.Lead {
		return wire.Choices{}, ErrForbidden
	}
	if err := checkChoices(r.Items); err != nil {
		return wire.Choices{}, err
	}
	r.Items = list(r.Items)
	err := s.do(ctx, who.Organization, func(st *state, _ moment) error {
		*of(&st.words) = r.Items
		st.dirty.words = true
		return nil
	})
	return r, err
}
