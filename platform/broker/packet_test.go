package broker

import (
	"bytes"
	"slices"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// FuzzPackets holds the decoders against those of paho: what ours take, theirs
// read alike. Theirs take more, also what is cut off in the middle.
func FuzzPackets(f *testing.F) {
	f.Add(byte(headConnect), connectBytes("t-anna", "a")[2:])
	f.Add(byte(headConnect), packet(0x10, text("MQTT"), []byte{4, 0xf6, 0, 60}, text("a"), text("t"), text("p"), text("u"), text("w"))[2:])
	f.Add(byte(headConnect), hello5("t-anna", "a", 0x21, 0, 3, 0x27, 0, 0, 0, 100)[2:])
	f.Add(byte(headSubscribe), subscribeBytes(endpointTopic("anna"))[2:])
	f.Add(byte(headUnsubscribe), packet(0xa2, []byte{0, 2}, text("a"), text("b"))[2:])
	f.Add(byte(headPuback), []byte{0, 1})
	f.Fuzz(func(t *testing.T, head byte, body []byte) {
		was := bytes.Clone(body)
		theirs := func() packets.ControlPacket {
			p, err := packets.ReadPacket(bytes.NewReader(appendPacket(nil, head, body)))
			if err != nil {
				t.Fatalf("theirs: %v", err)
			}
			return p
		}
		switch head {
		case headConnect:
			c, err := decodeConnect(body)
			if err != nil || c.level == level5 {
				break
			}
			p := theirs().(*packets.ConnectPacket)
			if c.level != p.ProtocolVersion || c.clean != p.CleanSession || c.will != p.WillFlag || c.keepAlive != p.Keepalive ||
				c.clientID != p.ClientIdentifier || c.user != p.Username || c.password != string(p.Password) {
				t.Errorf("%+v, theirs %v", c, p)
			}
		case headSubscribe:
			id, filters, err := decodeSubscribe(level311, body)
			if err != nil {
				break
			}
			p := theirs().(*packets.SubscribePacket)
			same := id == p.MessageID && len(filters) == len(p.Topics)
			for i := 0; same && i < len(filters); i++ {
				same = filters[i].topic == p.Topics[i] && filters[i].qos == p.Qoss[i]
			}
			if !same {
				t.Errorf("%d %+v, theirs %v", id, filters, p)
			}
			_, _, _ = decodeSubscribe(level5, body)
		case headUnsubscribe:
			id, topics, err := decodeUnsubscribe(level311, body)
			if err != nil {
				break
			}
			if p := theirs().(*packets.UnsubscribePacket); id != p.MessageID || !slices.Equal(topics, p.Topics) {
				t.Errorf("%d %q, theirs %v", id, topics, p)
			}
			_, _, _ = decodeUnsubscribe(level5, body)
		case headPuback:
			_, _ = decodePuback(level311, body)
			_, _ = decodePuback(level5, body)
		}
		if !bytes.Equal(was, body) {
			t.Error("a decoder changed what it read")
		}
	})
}

// TestPublishIsReadByOthers: paho reads what we deliver, whatever its length.
func TestPublishIsReadByOthers(t *testing.T) {
	for _, n := range []int{0, 1, 100, 127, 128, 16383, 16384, 70000} {
		for qos := range byte(2) {
			g := grant{topic: endpointTopic("anna"), qos: qos}
			payload := bytes.Repeat([]byte("x"), n)
			p, err := packets.ReadPacket(bytes.NewReader(appendPublish(nil, level311, g, 7, payload)))
			if err != nil {
				t.Fatal(err)
			}
			v := p.(*packets.PublishPacket)
			if v.TopicName != g.topic || v.Qos != qos || qos > 0 && v.MessageID != 7 || !bytes.Equal(v.Payload, payload) || v.Dup || v.Retain {
				t.Errorf("%d bytes at QoS %d: %v", n, qos, v)
			}
		}
	}
}

// TestPacketsThatAreRefused, each for one fault.
func TestPacketsThatAreRefused(t *testing.T) {
	hello := func(flags byte, rest ...[]byte) []byte {
		return packet(0, append([][]byte{text("MQTT"), {4, flags, 0, 60}}, rest...)...)[2:]
	}
	for name, body := range map[string][]byte{
		"reserved flag":            hello(0x83, text("a"), text("u")),
		"will of quality 3":        hello(0x9e, text("a"), text("t"), text("p"), text("u")),
		"quality without will":     hello(0x8a, text("a"), text("u")),
		"retained without will":    hello(0xa2, text("a"), text("u")),
		"password without user":    hello(0x42, text("a"), text("p")),
		"user is missing":          hello(0x82, text("a")),
		"more than a packet":       hello(0x82, text("a"), text("u"), []byte{0}),
		"id is no UTF-8":           hello(0x82, text("\xff"), text("u")),
		"zero in the id":           hello(0x82, text("a\x00"), text("u")),
		"surrogate in the user":    hello(0x82, text("a"), text("\xed\xa0\x80")),
		"receive maximum 0":        hello5("u", "a", 0x21, 0, 0)[2:],
		"maximum packet 0":         hello5("u", "a", 0x27, 0, 0, 0, 0)[2:],
		"property twice":           hello5("u", "a", 0x21, 0, 1, 0x21, 0, 1)[2:],
		"property of another":      hello5("u", "a", 0x24, 1)[2:],
		"property unknown":         hello5("u", "a", 0x7f)[2:],
		"property cut":             hello5("u", "a", 0x27, 0)[2:],
		"problem information 2":    hello5("u", "a", 0x17, 2)[2:],
		"properties beyond packet": append(packet(0, text("MQTT"), []byte{5, 0x82, 0, 60, 0xff, 0xff, 0x7f})[2:], 0),
	} {
		if _, err := decodeConnect(body); err != errMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string][]byte{
		"no filters":     {0, 1},
		"packet id 0":    {0, 0, 0, 1, 'a', 1},
		"empty filter":   {0, 1, 0, 0, 1},
		"quality 3":      {0, 1, 0, 1, 'a', 3},
		"reserved bits":  {0, 1, 0, 1, 'a', 4},
		"no quality":     {0, 1, 0, 1, 'a'},
		"filter is cut":  {0, 1, 0, 9, 'a', 1},
		"zero in filter": {0, 1, 0, 1, 0, 1},
	} {
		if _, _, err := decodeSubscribe(level311, body); err != errMalformed {
			t.Errorf("SUBSCRIBE, %s: %v", name, err)
		}
	}
}
