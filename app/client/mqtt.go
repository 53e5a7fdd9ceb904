package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	mqttConnect   = 10 * time.Second // for CONNACK and SUBACK
	mqttPing      = 10 * time.Second // idle time before PINGREQ; silence is noticed after one more ping's wait
	mqttPong      = 5 * time.Second
	mqttFarewell  = 100 // milliseconds that DISCONNECT may take
	mqttSubFailed = 0x80
)

// errSubscribe tells that the broker does not grant the endpoint's topic.
var errSubscribe = errors.New("the broker refused the subscription")

// happening is an event with its whole message, for the fields that only its
// kind has.
type happening struct {
	wire.Event
	body []byte
}

// feed is one MQTT connection of an endpoint: it ends once and is not reused.
type feed struct {
	client mqtt.Client
	lost   chan error // holds one error when the connection broke
}

// openFeed connects, subscribes and delivers events in order until the
// connection breaks or is closed. deliver may block: the broker waits.
func (c *Client) openFeed(ctx context.Context, endpoint string, deliver func(happening)) (*feed, error) {
	token, err := c.cfg.Token(ctx)
	if err != nil {
		return nil, err
	}
	f := &feed{lost: make(chan error, 1)}
	o := mqtt.NewClientOptions().
		AddBroker(c.broker()).
		SetClientID(endpoint).
		SetUsername(token).
		SetProtocolVersion(4).
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetOrderMatters(true).
		SetConnectTimeout(mqttConnect).
		SetWriteTimeout(mqttConnect).
		SetKeepAlive(mqttPing).
		SetPingTimeout(mqttPong).
		SetTLSConfig(c.tls()).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { f.lost <- err })
	f.client = mqtt.NewClient(o)
	if err := wait(ctx, f.client.Connect()); err != nil {
		f.client.Disconnect(0)
		if errors.Is(err, packets.ErrorRefusedNotAuthorised) || errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) {
			c.cfg.Refused(token)
		}
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	topic := wire.EndpointTopic(endpoint)
	granted := f.client.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		h := happening{body: m.Payload()}
		if err := json.Unmarshal(h.body, &h.Event); err != nil {
			c.cfg.Logger.Warn("event is not readable", "err", err)
			return
		}
		deliver(h)
	})
	err = wait(ctx, granted)
	if err == nil && granted.(*mqtt.SubscribeToken).Result()[topic] == mqttSubFailed {
		err = errSubscribe
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("subscribe to events: %w", err)
	}
	return f, nil
}

// close ends the connection. At most one event is still being delivered then.
func (f *feed) close() { f.client.Disconnect(mqttFarewell) }

// wait waits for paho to finish something.
func wait(ctx context.Context, t mqtt.Token) error {
	ctx, cancel := context.WithTimeout(ctx, mqttConnect)
	defer cancel()
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// broker returns the address of MQTT over WebSocket beside the API.
func (c *Client) broker() string {
	u := *c.server
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	return u.JoinPath("ws").String()
}

// tls returns what REST trusts, so that the broker is trusted alike.
func (c *Client) tls() *tls.Config {
	if t, ok := c.cfg.HTTP.Transport.(*http.Transport); ok && t.TLSClientConfig != nil {
		return t.TLSClientConfig.Clone()
	}
	return &tls.Config{}
}
