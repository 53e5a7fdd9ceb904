package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"

	"guichet/platform/wire"
)

// guest is a worker with an endpoint of its own. What it has done is acknowledged
// but for the last deed, which the kill may have swallowed.
type guest struct {
	*hall
	name   string
	chance *rand.Rand
	count  int // so that nothing is said twice

	endpoint string
	alive    bool // the endpoint is acknowledged and not being unregistered
	in       bool
	streams  []wire.StreamID
	keys     []string
	deeds    []*deed
	checked  int // deeds that were held against the journal
}

// do notes a deed, asks for it, and notes the answer.
func (g *guest) do(mark string, ask func() error) error {
	d := &deed{mark: mark}
	g.deeds = append(g.deeds, d)
	g.mu.Lock()
	g.said[mark] = true
	g.mu.Unlock()
	err := ask()
	if errors.Is(err, errTooMany) {
		g.deeds = g.deeds[:len(g.deeds)-1]
		return nil
	}
	d.acked = err == nil
	return err
}

func (g *guest) next() string {
	g.count++
	return fmt.Sprintf("%s.%d", g.name, g.count)
}

func (g *guest) step() error {
	switch dice := g.chance.IntN(100); {
	case g.endpoint == "":
		id, err := g.register()
		g.endpoint, g.alive = id, err == nil
		return err
	case !g.in:
		return g.join()
	case dice < 4:
		return g.leave()
	case dice < 6:
		return g.unregister()
	case dice < 14 && len(g.streams) < 4:
		return g.publish()
	case dice < 18 && len(g.streams) > 0:
		return g.unpublish()
	case dice < 30 && len(g.streams) > 0:
		return g.describe()
	case dice < 45 && len(g.keys) > 0, len(g.keys) > 8:
		key := g.keys[0]
		err := g.do("remove "+key, func() error { return g.update(wire.OperationRemove, key, "") })
		g.keys = g.keys[1:]
		return err
	case dice < 60 && len(g.keys) > 0:
		key, value := g.keys[g.chance.IntN(len(g.keys))], g.next()
		return g.do("set "+key+"="+value, func() error { return g.update(wire.OperationSet, key, value) })
	case dice < 75:
		return g.say()
	default:
		key := g.next()
		g.keys = append(g.keys, key)
		return g.do("set "+key+"=yes", func() error { return g.update(wire.OperationSet, key, "yes") })
	}
}

func (g *guest) join() error {
	name := g.next()
	metadata, err := json.Marshal(wire.ParticipantMetadata{Name: name})
	if err != nil {
		return err
	}
	err = g.do("join "+name, func() error {
		return g.post(200, "join", wire.JoinConference{ConferenceID: g.id, UserEndpointID: g.endpoint, Metadata: metadata}, nil)
	})
	g.in = err == nil
	return err
}

func (g *guest) leave() error {
	reason := g.next()
	g.in, g.streams = false, nil
	return g.do("left "+reason, func() error {
		return g.post(204, "leave", wire.LeaveConference{ConferenceID: g.id, UserEndpointID: g.endpoint, Reason: reason}, nil)
	})
}

func (g *guest) unregister() error {
	reason := g.next()
	g.in, g.streams, g.alive = false, nil, false
	err := g.do("left "+reason, func() error {
		return g.expect(http.DefaultClient, 204, "POST", "/rtc-api/users/endpoints/unregister", g.token, wire.UnregisterEndpoint{UserEndpointID: g.endpoint, Reason: reason}, nil)
	})
	if err == nil {
		g.endpoint = ""
	}
	return err
}

func (g *guest) publish() error {
	stream := wire.StreamID(g.next())
	g.streams = append(g.streams, stream)
	return g.do("publish "+string(stream), func() error {
		return g.post(200, "publishStream", wire.PublishStream{ConferenceID: g.id, UserEndpointID: g.endpoint, StreamID: stream, ConferenceStreamType: wire.StreamCam, SDPOffer: g.offer}, nil)
	})
}

func (g *guest) unpublish() error {
	stream := g.streams[0]
	g.streams = slices.Clone(g.streams[1:])
	return g.do("unpublish "+string(stream), func() error {
		return g.post(204, "unpublishStream", wire.StreamRef{ConferenceID: g.id, UserEndpointID: g.endpoint, StreamID: stream}, nil)
	})
}

func (g *guest) describe() error {
	said := fmt.Sprintf(`{"n":%q}`, g.next())
	return g.do("describe "+said, func() error {
		return g.post(204, "updateStreamMetadata", wire.UpdateStreamMetadata{ConferenceID: g.id, UserEndpointID: g.endpoint,
			StreamID: g.streams[g.chance.IntN(len(g.streams))], Metadata: json.RawMessage(said)}, nil)
	})
}

func (g *guest) update(o wire.Operation, key, value string) error {
	return g.post(204, "updateMetadata", wire.UpdateMetadata{ConferenceID: g.id, UserEndpointID: g.endpoint, Operation: o, Key: key, Value: value}, nil)
}

// markOf tells what an event is the outcome of; empty: of nothing in particular.
func markOf(e wire.Event) string {
	switch e.Type {
	case wire.EventJoined:
		var said wire.ParticipantMetadata
		_ = json.Unmarshal(e.Metadata, &said) // what is not readable has no name
		return "join " + said.Name
	case wire.EventLeft:
		return "left " + e.Reason
	case wire.EventStreamPublished:
		return "publish " + string(e.StreamID)
	case wire.EventStreamUnpublished:
		return "unpublish " + string(e.StreamID)
	case wire.EventStreamMetadataUpdated:
		return "describe " + string(e.NewMetadata)
	case wire.EventMetadataUpdated:
		if e.Operation == wire.OperationRemove {
			return "remove " + e.Key
		}
		return "set " + e.Key + "=" + e.Value
	}
	return string(e.Type)
}
