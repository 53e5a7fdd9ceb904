package broker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// attempt is what a client is asked to do: sign in, subscribe at QoS 1 to topics
// or publish to one, and leave after so many messages.
type attempt struct {
	URL      string   `json:"url"` // of tcp: or ws:
	Level    byte     `json:"level"`
	ID       string   `json:"id"`
	User     string   `json:"user"`
	Password string   `json:"password"`
	Topics   []string `json:"topics,omitempty"`
	Will     bool     `json:"will,omitempty"`
	Publish  string   `json:"publish,omitempty"`
	Count    int      `json:"count"`
	settled  func()   // waits until the messages are acknowledged; for clients that leave without
}

// outcome is what it saw.
type outcome struct {
	connack  byte
	granted  []byte // the codes of SUBACK, in the order of the topics
	messages []message
	cut      bool // by the broker
	told     byte // why, in MQTT 5
}

type message struct {
	topic, payload string
	qos            byte
}

// kind is a client that people use, with a level and a door of its own.
type kind struct {
	name  string
	level byte
	door  string // "tcp" or "ws"
	run   func(t *testing.T, a attempt) outcome
}

// kinds returns all that the clients can do of levels and doors: mosquitto_sub
// has no WebSocket, paho.mqtt.golang no MQTT 5, and MQTT.js asks for the
// subprotocol mqttv3.1 at the level of 3.1.
func kinds() []kind {
	var list []kind
	for _, level := range []byte{level31, level311, level5} {
		for _, door := range []string{"tcp", "ws"} {
			if level != level5 {
				list = append(list, kind{"paho", level, door, runPaho})
			}
			list = append(list, kind{"mqtt.js", level, door, runMQTTJS})
		}
		list = append(list, kind{"mosquitto", level, "tcp", runMosquitto})
	}
	return list
}

// withEveryKind runs a test for each kind of client, some at the same time, with
// a broker for each.
func withEveryKind(t *testing.T, test func(t *testing.T, s *server, k kind, a attempt)) {
	for _, k := range kinds() {
		t.Run(fmt.Sprintf("%s/level %d/%s", k.name, k.level, k.door), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			url := s.ws
			if k.door == "tcp" {
				url = s.tcp()
			}
			test(t, s, k, attempt{URL: url, Level: k.level, ID: "someone", User: "t-anna"})
		})
	}
}

func runPaho(t *testing.T, a attempt) (o outcome) {
	opts := options(a.URL, login{a.User, a.Password, a.ID}).SetProtocolVersion(uint(a.Level))
	if a.Will {
		opts.SetWill("users/endpoints/bert-1", "forged", 1, false)
	}
	lost := make(chan error, 1)
	opts.SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	got := make(chan message, 64)
	c := paho.NewClient(opts)
	tok := c.Connect().(*paho.ConnectToken)
	if !tok.WaitTimeout(hang) {
		t.Fatal("no CONNACK")
	}
	if o.connack = tok.ReturnCode(); tok.Error() != nil {
		o.cut = true
		return o
	}
	defer c.Disconnect(100)
	if a.Publish != "" {
		c.Publish(a.Publish, 1, false, "forged")
	}
	if len(a.Topics) > 0 {
		all := map[string]byte{}
		for _, topic := range a.Topics {
			all[topic] = 1
		}
		tok := c.SubscribeMultiple(all, func(_ paho.Client, m paho.Message) { got <- message{m.Topic(), string(m.Payload()), m.Qos()} }).(*paho.SubscribeToken)
		if !tok.WaitTimeout(hang) {
			t.Fatal("no SUBACK")
		}
		for _, topic := range a.Topics {
			o.granted = append(o.granted, tok.Result()[topic])
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	for len(o.messages) < a.Count || a.Publish != "" {
		select {
		case m := <-got:
			o.messages = append(o.messages, m)
		case <-lost:
			o.cut = true
			return o
		case <-ctx.Done():
			t.Fatal("neither messages nor an end")
		}
	}
	if a.settled != nil {
		a.settled()
	}
	return o
}

// output runs a program to its end and returns what it printed.
func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*hang)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

func runMQTTJS(t *testing.T, a attempt) (o outcome) {
	assets := filepath.Join("..", "..", "assets")
	if _, err := os.Stat(filepath.Join(assets, "node_modules", "mqtt")); err != nil {
		t.Fatal("MQTT.js is not installed: run make node_modules")
	}
	a.URL = strings.Replace(a.URL, "tcp:", "mqtt:", 1)
	order, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(output(t, "node", filepath.Join(assets, "testbed", "mqtt-client.js"), string(order)), []byte("\n")) {
		var v struct {
			Connack        *byte
			Granted        []int
			Topic, Payload string
			QoS            byte
			Told           *byte
			Closed         bool
		}
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case v.Connack != nil:
			o.connack = *v.Connack
		case v.Granted != nil:
			for _, code := range v.Granted {
				o.granted = append(o.granted, byte(code))
			}
		case v.Told != nil:
			o.told = *v.Told
		case v.Topic != "":
			o.messages = append(o.messages, message{v.Topic, v.Payload, v.QoS})
		case v.Closed:
			o.cut = len(o.messages) < a.Count || a.Publish != "" || o.connack != 0
		}
	}
	return o
}

func runMosquitto(t *testing.T, a attempt) (o outcome) {
	program := "mosquitto_sub"
	host, port, err := net.SplitHostPort(strings.TrimPrefix(a.URL, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-d", "-h", host, "-p", port, "-i", a.ID, "-u", a.User, "-q", "1",
		"-V", map[byte]string{level31: "mqttv31", level311: "mqttv311", level5: "mqttv5"}[a.Level]}
	if a.Password != "" {
		args = append(args, "-P", a.Password)
	}
	if a.Will {
		args = append(args, "--will-topic", "users/endpoints/bert-1", "--will-payload", "forged", "--will-qos", "1")
	}
	switch {
	case a.Publish != "":
		program = "mosquitto_pub"
		args = append(args, "-t", a.Publish, "-m", "forged")
	case a.Count > 0:
		args = append(args, "-C", strconv.Itoa(a.Count))
	case len(a.Topics) > 0:
		args = append(args, "-E") // leaves with SUBACK
	default:
		args = append(args, "-E", "-t", "none")
	}
	if a.Publish == "" {
		args = append(args, "-F", "message %q %t %p")
	}
	for _, topic := range a.Topics {
		args = append(args, "-t", topic)
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Fatal("the clients of Mosquitto are not installed: run .ci/install test")
	}
	lines := bufio.NewScanner(bytes.NewReader(output(t, program, args...)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		var code int
		switch {
		case strings.Contains(line, "received CONNACK ("):
			fmt.Sscanf(line[strings.LastIndexByte(line, '(')+1:], "%d", &code)
			o.connack = byte(code)
			o.cut = o.cut || code != 0
		case strings.HasPrefix(line, "Subscribed (mid: "):
			_, list, _ := strings.Cut(line, "): ")
			for _, word := range strings.Split(list, ", ") {
				fmt.Sscanf(word, "%d", &code)
				o.granted = append(o.granted, byte(code))
			}
		case strings.HasPrefix(line, "message "):
			f := strings.SplitN(line, " ", 4)
			o.messages = append(o.messages, message{f[2], f[3], f[1][0] - '0'})
		case strings.Contains(line, "Received DISCONNECT ("):
			fmt.Sscanf(line[strings.LastIndexByte(line, '(')+1:], "%d", &code)
			o.told, o.cut = byte(code), true
		case strings.Contains(line, "connection was lost"):
			o.cut = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return o
}
