package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"
)

// afterwards bounds what is done after the caller has gone.
const afterwards = 10 * time.Second

// party returns the call and the endpoint that a request is about.
func party(who Caller, callID, endpointID string) (Key, Party, error) {
	err := first(wire.CheckID("callId", callID), wire.CheckID("userEndpointId", endpointID))
	return Key{who.Organization, callID}, Party{who.UserID, endpointID}, err
}

// Call rings at the endpoints of a user. Of more than 64 the youngest ring.
func (x *Exchange) Call(ctx context.Context, who Caller, r wire.StartCall) (wire.StartedCall, error) {
	if !who.MayCall {
		return wire.StartedCall{}, ErrForbidden
	}
	if r.CallID == "" {
		r.CallID = wire.NewID()
	}
	k, from, err := party(who, r.CallID, r.UserEndpointID)
	err = first(err, checkSDP("sdpOffer", r.SDPOffer), checkLength("target", r.Target, maxTarget), checkHeaders(r.SIPHeaders))
	if err == nil && isSIP(r.Target) {
		err = &wire.Error{Code: wire.CodeUnavailable, Message: "no SIP gateway is configured"}
	}
	if err := first(err, wire.CheckID("target", r.Target)); err != nil {
		return wire.StartedCall{}, err
	}
	if err := x.endpoints.Check(ctx, who.Organization, who.UserID, r.UserEndpointID); err != nil {
		return wire.StartedCall{}, fmt.Errorf("call: %w", err)
	}
	callee, ids, err := x.reach(ctx, who.Organization, r.Target, r.UserEndpointID)
	if err != nil {
		return wire.StartedCall{}, err
	}
	s, err := x.do(ctx, k, start{id: r.CallID, offer: r.SDPOffer, target: r.Target, caller: from,
		callee: callee, callees: ids, until: x.steady().Add(x.ringTime).Truncate(time.Millisecond)})
	if err != nil {
		return wire.StartedCall{}, err
	}
	select {
	case x.news <- struct{}{}:
	default:
	}
	return wire.StartedCall{CallID: s.ID, Version: s.Version}, x.recheck(ctx, k, s)
}

// reach finds the endpoints of a user, save the one that calls. Names of people
// are in lower case, whatever the caller types.
func (x *Exchange) reach(ctx context.Context, organization, target, except string) (user string, ids []string, err error) {
	for _, user := range slices.Compact([]string{target, strings.ToLower(target)}) {
		ids, err := x.endpoints.Live(ctx, organization, user)
		if err != nil {
			return "", nil, fmt.Errorf("call: %w", err)
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == except })
		if len(ids) > 0 {
			return user, ids[:min(len(ids), maxRung)], nil
		}
	}
	return "", nil, ErrNobody
}

// recheck takes endpoints out that went between the check and the write, when
// EndpointGone could not find them here yet. It returns an error when the
// caller's own is among them.
func (x *Exchange) recheck(ctx context.Context, k Key, s state) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	for _, p := range s.parties() {
		err := x.endpoints.Check(late, k.Organization, p.User, p.Endpoint)
		if err == nil {
			continue
		}
		_, undo := x.do(late, k, vanish{p, "endpoint is gone"})
		undo = ignore(undo, ErrEnded)
		if p == s.Caller.Party {
			return errors.Join(fmt.Errorf("call: %w", err), undo)
		}
		if undo != nil {
			x.log.Error("endpoint that is gone is still in a call", "call", k.ID, "endpoint", p.Endpoint, "err", undo)
		}
	}
	return nil
}

// Ringing tells the caller that the call rings at an endpoint.
func (x *Exchange) Ringing(ctx context.Context, who Caller, r wire.CallRef) error {
	k, p, err := party(who, r.CallID, r.UserEndpointID)
	if err != nil {
		return err
	}
	_, err = x.do(ctx, k, ring{p})
	return err
}

// Answer takes a call at an endpoint. The first wins, the others get
// ErrAnswered.
func (x *Exchange) Answer(ctx context.Context, who Caller, r wire.AnswerCall) error {
	k, p, err := party(who, r.CallID, r.UserEndpointID)
	if err := first(err, checkSDP("sdpAnswer", r.SDPAnswer)); err != nil {
		return err
	}
	_, err = x.do(ctx, k, answer{p, r.SDPAnswer, digest(r.SDPAnswer)})
	return err
}

// Reject ends the ringing at an endpoint. When no other rings on, the call ends.
func (x *Exchange) Reject(ctx context.Context, who Caller, r wire.CallRef) error {
	return x.away(ctx, who, r, func(p Party) command { return reject{p, r.Reason} })
}

// Cancel takes a call back that nobody has answered.
func (x *Exchange) Cancel(ctx context.Context, who Caller, r wire.CallRef) error {
	return x.away(ctx, who, r, func(p Party) command { return cancel{p, r.Reason} })
}

// Hangup ends a call, however far it is.
func (x *Exchange) Hangup(ctx context.Context, who Caller, r wire.CallRef) error {
	return x.away(ctx, who, r, func(p Party) command { return hangup{p, r.Reason} })
}

func (x *Exchange) away(ctx context.Context, who Caller, r wire.CallRef, c func(Party) command) error {
	k, p, err := party(who, r.CallID, r.UserEndpointID)
	if err := first(err, checkLength("reason", r.Reason, maxReason)); err != nil {
		return err
	}
	_, err = x.do(ctx, k, c(p))
	return err
}

// AddCandidates tells the other side of ICE candidates.
func (x *Exchange) AddCandidates(ctx context.Context, who Caller, r wire.CallCandidates) error {
	k, p, err := party(who, r.CallID, r.UserEndpointID)
	if err := first(err, checkCandidates(r.ICECandidates)); err != nil {
		return err
	}
	_, err = x.do(ctx, k, find{p, r.ICECandidates})
	return err
}

// EndpointGone takes an endpoint out of every call. It tries again when the
// store fails, for a few seconds or until ctx ends; a registration whose
// endpoint is still in a call cannot be deleted, so that it comes here again.
func (x *Exchange) EndpointGone(ctx context.Context, userID, endpointID, reason string) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := x.leaveAll(ctx, Party{userID, endpointID}, reason)
		if err == nil || errors.Is(err, ErrClosed) {
			return
		}
		if wait > 2*time.Second {
			x.log.Error("endpoint that is gone is still in a call", "endpoint", endpointID, "err", err)
			return
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

func (x *Exchange) leaveAll(ctx context.Context, p Party, reason string) error {
	keys, err := x.store.CallsOf(ctx, p.Endpoint)
	for _, k := range keys {
		_, e := x.do(ctx, k, vanish{p, reason})
		err = errors.Join(err, ignore(e, ErrNotParty, ErrEnded))
	}
	return err
}

// ignore returns nil for the errors that mean that there is nothing to do.
func ignore(err error, fine ...error) error {
	for _, f := range fine {
		if errors.Is(err, f) {
			return nil
		}
	}
	return err
}
