package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/webrtc/v4"
)

// RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// person signs somebody in through the page of an application.
func (r *running) person(client, redirect, name, password string) (caller, wire.Token) {
	r.t.Helper()
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer b.CloseIdleConnections()
	shown, err := b.Get(r.URL + "/security/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode())
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := io.ReadAll(shown.Body)
	shown.Body.Close()
	field := regexp.MustCompile(`name="request" value="([^"]+)"`).FindSubmatch(page)
	if err != nil || field == nil {
		r.t.Fatalf("no sign-in page: %s %s %v", shown.Status, page, err)
	}
	posted, err := b.PostForm(r.URL+"/sign-in", url.Values{"request": {string(field[1])}, "username": {name}, "password": {password}})
	if err != nil {
		r.t.Fatal(err)
	}
	posted.Body.Close()
	to, err := posted.Location()
	if err != nil || to.Query().Get("code") == "" {
		r.t.Fatalf("no code: %s %v", posted.Status, err)
	}
	token := r.grant("", url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "redirect_uri": {redirect},
		"code": {to.Query().Get("code")}, "code_verifier": {verifier}})
	return caller{r, token.AccessToken}, token
}

// desktop signs in as the desktop program does.
func (r *running) desktop(name, password string) (caller, wire.Token) {
	r.t.Helper()
	return r.person("guichet", "http://127.0.0.1/callback", name, password)
}

// form posts to a path of the token service and returns the status.
func (r *running) form(path string, form url.Values) int {
	r.t.Helper()
	return caller{r, ""}.send("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode())).status
}

// connection is an MQTT connection and when it was lost.
type connection struct {
	mqtt.Client
	events chan wire.Event
	lost   chan struct{}
}

// connect signs in at a door of the broker.
func (r *running) connect(door, token string) (*connection, error) {
	r.t.Helper()
	c := &connection{events: make(chan wire.Event, 256), lost: make(chan struct{})}
	c.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(door).SetUsername(token).SetAutoReconnect(false).SetConnectTimeout(patience).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(c.lost) }))
	t := c.Connect()
	if !t.WaitTimeout(patience) {
		r.t.Fatal("connecting hangs")
	}
	r.t.Cleanup(func() { c.Disconnect(0) })
	return c, t.Error()
}

// listen connects and receives the events of an endpoint.
func (c caller) listen(door, endpointID string) *connection {
	c.t.Helper()
	l, err := c.connect(door, c.token)
	if err != nil {
		c.t.Fatalf("connect to %s: %v", door, err)
	}
	t := l.Subscribe(wire.EndpointTopic(endpointID), 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.Event
		if err := json.Unmarshal(m.Payload(), &e); err != nil {
			c.t.Errorf("%v in %s", err, m.Payload())
		}
		l.events <- e
	})
	if !t.WaitTimeout(patience) || t.Error() != nil {
		c.t.Fatalf("subscribe: %v", t.Error())
	}
	return l
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s: nothing happened", what)
	}
}

// alive fails when a connection was lost. It proves by an answer of the broker,
// which comes after whatever it had to say before, that it was not.
func (l *connection) alive(t *testing.T, what string) {
	t.Helper()
	if s := l.Unsubscribe("no/such/topic"); !s.WaitTimeout(patience) || s.Error() != nil || !l.IsConnected() {
		t.Errorf("%s was cut: %v", what, s.Error())
	}
}

// view watches a stream by WHEP; over is closed when its media has ended.
func view(t *testing.T, c caller, conference, stream string) (over <-chan struct{}) {
	t.Helper()
	p := newPeer(t, c)
	if _, err := p.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	flows, ended := make(chan struct{}), make(chan struct{})
	p.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer close(ended)
		for first := true; ; first = false {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			if first {
				close(flows)
			}
		}
	})
	p.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed {
			_ = p.Close() // ends the reading of the track, if it still goes on
		}
	})
	if a := p.negotiate("/whep/" + conference + "?stream=" + stream); a.status != http.StatusCreated {
		t.Fatalf("WHEP: status %d: %s", a.status, a.body)
	}
	wait(t, "media", flows)
	return ended
}

// call is a conference with somebody who watches, and a victim in it by every
// means that a token gives.
type call struct {
	*running
	watcher caller
	watched *connection
	media   [2]<-chan struct{} // the victim's that the watcher sees, and the other way round; each ends with the connection
	id      string

	victim    caller
	endpoints []string // the victim's: two over MQTT, one that publishes and one that views
	publisher string   // one of them
	doors     []*connection
}

// join brings a victim into a conference of its own.
func (r *running) join(victim caller) *call {
	r.t.Helper()
	watcher := r.application("client-ID", "client-secret")
	var made wire.Summary
	watcher.do("create", wire.CreateConference{}).into(&made)
	w := watcher.endpoint()
	c := &call{running: r, id: made.ID, watcher: watcher, watched: watcher.listen("tcp://"+r.MQTT, w), victim: victim}
	watcher.do("join", wire.JoinConference{ConferenceID: made.ID, UserEndpointID: w})
	for _, door := range []string{"tcp://" + r.MQTT, r.MQTTWS} {
		e := victim.endpoint()
		c.endpoints = append(c.endpoints, e)
		c.doors = append(c.doors, victim.listen(door, e))
		victim.do("join", wire.JoinConference{ConferenceID: made.ID, UserEndpointID: e})
	}
	c.show(made.ID)
	if len(c.endpoints) != 4 {
		r.t.Fatalf("the victim has the endpoints %v", c.endpoints)
	}
	return c
}

// show has victim and watcher see each other; the victim may call the conference
// by a name.
func (c *call) show(name string) {
	c.t.Helper()
	publish(c.t, c.victim, name)
	published := c.published()
	c.publisher = published.UserEndpointID
	c.media[0] = view(c.t, c.watcher, c.id, string(published.StreamID))
	publish(c.t, c.watcher, c.id)
	c.media[1] = view(c.t, c.victim, name, string(c.published().StreamID))
	for _, p := range c.watcher.state(c.id).Participants {
		if p.ID != published.UserID {
			continue
		}
		c.endpoints = nil
		for _, e := range p.Endpoints {
			c.endpoints = append(c.endpoints, e.ID)
		}
	}
}

// published is the next event that tells of a stream.
func (c *call) published() wire.Event {
	c.t.Helper()
	for {
		if e := next(c.t, c.watched.events); e.Type == wire.EventStreamPublished {
			return e
		}
	}
}

// cut checks that nothing of the victim is left, and how long that took.
func (c *call) cut(since time.Time) {
	c.t.Helper()
	for i, door := range []string{"TCP", "WebSocket"} {
		wait(c.t, "MQTT over "+door, c.doors[i].lost)
	}
	left, unpublished := map[string]bool{}, false
	for len(left) < len(c.endpoints) {
		e := next(c.t, c.watched.events)
		if !slices.Contains(c.endpoints, e.UserEndpointID) {
			continue // the watcher's own
		}
		switch e.Type {
		case wire.EventStreamUnpublished:
			unpublished = true
		case wire.EventLeft:
			if e.Reason != wire.LeftAccessEnded || left[e.UserEndpointID] {
				c.t.Errorf("%s left: %q, before %v", e.UserEndpointID, e.Reason, left)
			}
			left[e.UserEndpointID] = true
		}
		if left[c.publisher] && !unpublished {
			c.t.Error("who published has left with the stream in the air")
		}
	}
	wait(c.t, "end of the victim's media", c.media[0])
	wait(c.t, "end of what the victim sees", c.media[1])
	c.t.Logf("all cut after %v", time.Since(since).Round(time.Millisecond))
	c.refused(c.victim)
	c.watched.alive(c.t, "the watcher")
	if a := c.watcher.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}); a.status != 200 {
		c.t.Errorf("the watcher gets %d: %s", a.status, a.body)
	}
}

// refused checks that a token opens no door any more.
func (r *running) refused(who caller) {
	r.t.Helper()
	for _, door := range []string{"tcp://" + r.MQTT, r.MQTTWS} {
		if _, err := r.connect(door, who.token); err == nil {
			r.t.Errorf("%s lets the token in", door)
		}
	}
	who.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}).refused("registration", 401, wire.CodeUnauthorized)
}
