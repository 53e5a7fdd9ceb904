package server

import (
	"fmt"
	"testing"
	"time"

	"guichet/platform/clocktest"
	"guichet/platform/wire"
)

// TestWallClockJumps: setting the machine's time leaves calls and connections
// alone. What tokens are worth is another matter: they live by the wall.
func TestWallClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 10 * year, -10 * year} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			var clock clocktest.Clock
			r := serve(t, func(c *Config) { c.Now = clock.Now })
			anna := r.application("test", "secret")
			var c wire.Summary
			anna.post("/rtc-api/conferences/create", wire.CreateConference{}).into(&c)
			first := anna.endpoint()
			anna.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: first}).into(&c)
			events := anna.subscribe("tcp://"+r.MQTT, anna.token, "", wire.EndpointTopic(first))
			hears := func(what wire.EventType, endpoint string) {
				t.Helper()
				select {
				case e, open := <-events:
					if !open || e.Type != what || e.UserEndpointID != endpoint {
						t.Fatalf("heard %+v, want %s of %s", e, what, endpoint)
					}
				case <-time.After(patience):
					t.Fatalf("never heard %s of %s", what, endpoint)
				}
			}
			hears(wire.EventJoined, first)
			clock.Set(jump)
			later := r.application("test", "secret")
			second := later.endpoint()
			later.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: second}).into(&c)
			hears(wire.EventJoined, second)
			if s := later.state(c.ID); len(s.Participants) != 1 || len(s.Participants[0].Endpoints) != 2 {
				t.Errorf("somebody was dropped: %+v", s)
			}
		})
	}
}
