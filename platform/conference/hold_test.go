package conference_test

import (
	"errors"
	"slices"
	"testing"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

func (b *bench) set(who conference.Caller, id, endpoint, key, value string) error {
	op := wire.OperationSet
	if value == "" {
		op = wire.OperationRemove
	}
	return b.UpdateMetadata(ctx, who, wire.UpdateMetadata{ConferenceID: id, UserEndpointID: endpoint, Operation: op, Key: key, Value: value})
}

// TestHoldIsEnforcedByTheMedia: whoever was told of a hold can rely on it, also
// after a restart, and no customer can lift it.
func TestHoldIsEnforcedByTheMedia(t *testing.T) {
	b := start(t)
	b.create("c1")
	b.join("c1", "a1")
	holds := func() []string {
		return slices.DeleteFunc(b.sfu.took(), func(call string) bool { return call[:4] != "hold" })
	}
	if err := b.set(agent("a"), "c1", "a1", wire.MetadataOnHold, "true"); err != nil {
		t.Fatal(err)
	}
	if got := holds(); !slices.Equal(got, []string{"hold default/c1 true"}) {
		t.Errorf("%q", got)
	}
	must(b.Join(ctx, customer("c", "c1"), wire.JoinConference{ConferenceID: "c1", UserEndpointID: "c1"}))(t)
	if err := b.set(customer("c", "c1"), "c1", "c1", wire.MetadataOnHold, ""); !errors.Is(err, conference.ErrForbidden) {
		t.Errorf("a customer lifts the hold: %v", err)
	}
	b.reopen()
	if s := must(b.State(ctx, agent("a"), "c1"))(t); s.Metadata[wire.MetadataOnHold] != "true" {
		t.Errorf("after a restart: %+v", s)
	}
	if got := holds(); !slices.Equal(got, []string{"hold default/c1 true"}) {
		t.Errorf("after a restart: %q", got)
	}
	if err := b.set(agent("a"), "c1", "a1", wire.MetadataOnHold, "false"); err != nil {
		t.Fatal(err)
	}
	if got := holds(); !slices.Equal(got, []string{"hold default/c1 false"}) {
		t.Errorf("%q", got)
	}
	if err := b.set(agent("a"), "c1", "a1", wire.MetadataOnHold, ""); err != nil {
		t.Fatal(err)
	}
	if got := holds(); len(got) > 0 {
		t.Errorf("what was not held is let go: %q", got)
	}
}

func TestList(t *testing.T) {
	b := start(t)
	for _, id := range []string{"c1", "c2", "c3"} {
		b.create(id)
	}
	b.join("c2", "a1")
	if err := b.End(ctx, agent("a"), wire.LeaveConference{ConferenceID: "c3"}); err != nil {
		t.Fatal(err)
	}
	list := must(b.List(ctx, agent("b")))(t)
	if len(list) != 2 || list[0].ID != "c2" || list[0].Participants != 1 || list[0].Version != 2 || len(list[0].Names) != 1 || list[0].Names[0] != "a" || list[1].ID != "c1" || list[1].Participants != 0 {
		t.Errorf("%+v", list)
	}
	if list := must(b.List(ctx, customer("c", "c1")))(t); len(list) != 1 || list[0].ID != "c1" {
		t.Errorf("a customer sees %+v", list)
	}
	other := agent("x")
	other.Organization = "elsewhere"
	if list := must(b.List(ctx, other))(t); len(list) != 0 {
		t.Errorf("another organization sees %+v", list)
	}
}
