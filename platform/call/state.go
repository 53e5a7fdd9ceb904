package call

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"guichet/platform/wire"
)

// phase is how far a call is.
type phase string

const (
	ringing  phase = "ringing"
	answered phase = "answered"
	ended    phase = "ended"
)

// place is where an endpoint is in a call.
type place string

const (
	waiting  place = "waiting"   // it may answer
	talking  place = "talking"   // the caller all along, and who answered
	rejected place = "rejected"  // it said no
	lost     place = "elsewhere" // another answered
	gone     place = "gone"      // the endpoint is no more
)

// state is all of a call; SDP is not in it. Values are immutable: a change makes
// new slices for what it touches. Version 0 is a call that does not exist.
type state struct {
	ID         string    `json:"id"`
	Version    int64     `json:"version"` // of the next event
	Phase      phase     `json:"phase"`
	RingsUntil time.Time `json:"ringsUntil"` // in whole milliseconds, as the store keeps it
	Caller     member    `json:"caller"`
	Callee     string    `json:"callee"`            // the user who is called
	Callees    []member  `json:"callees"`           // the user's endpoints
	Answer     string    `json:"answer,omitempty"`  // digest of the SDP answer
	Refusal    *string   `json:"refusal,omitempty"` // reason of the last endpoint that rejected
}

// member is an endpoint of a call.
type member struct {
	Party
	Place place               `json:"place"`
	Rang  bool                `json:"rang,omitempty"`
	Found int                 `json:"found,omitempty"` // candidates so far
	Held  []wire.ICECandidate `json:"held,omitempty"`  // those that wait for its answer
}

func decode(s Saved) (state, error) {
	if s.Revision == 0 {
		return state{}, nil
	}
	var st state
	if err := json.Unmarshal(s.State, &st); err != nil {
		return state{}, fmt.Errorf("stored call: %w", err)
	}
	return st, nil
}

// in tells whether an endpoint sees what happens.
func (m member) in() bool { return m.Place == waiting || m.Place == talking }

// caller is the index of the caller among the members; the others are those of
// Callees.
const caller = -1

// find returns the index of an endpoint, which must be the user's own.
func (s state) find(p Party) (int, error) {
	i := caller
	if s.Caller.Endpoint != p.Endpoint {
		i = slices.IndexFunc(s.Callees, func(m member) bool { return m.Endpoint == p.Endpoint })
		if i < 0 {
			return 0, ErrNotParty
		}
	}
	if s.member(i).User != p.User {
		return 0, ErrNotYours
	}
	return i, nil
}

func (s state) member(i int) member {
	if i == caller {
		return s.Caller
	}
	return s.Callees[i]
}

// with returns s with a changed copy of one member.
func (s state) with(i int, change func(*member)) state {
	if i == caller {
		change(&s.Caller)
		return s
	}
	s.Callees = slices.Clone(s.Callees)
	change(&s.Callees[i])
	return s
}

// parties returns who is in.
func (s state) parties() []Party {
	if s.Phase == ended {
		return nil
	}
	return s.where(member.in)
}

// where returns the members that match.
func (s state) where(match func(member) bool) []Party {
	var list []Party
	if match(s.Caller) {
		list = append(list, s.Caller.Party)
	}
	for _, m := range s.Callees {
		if match(m) {
			list = append(list, m.Party)
		}
	}
	return list
}

// rings tells whether somebody may still answer.
func (s state) rings() bool {
	return slices.ContainsFunc(s.Callees, func(m member) bool { return m.Place == waiting })
}
