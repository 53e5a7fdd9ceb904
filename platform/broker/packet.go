package broker

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"
)

// Levels of the protocol, as CONNECT tells them.
const (
	level31  = 3
	level311 = 4
	level5   = 5
)

// First bytes of packets: type and flags (MQTT 5, section 2.1).
const (
	headConnect     = 0x10
	headConnack     = 0x20
	headPublish     = 0x30 // and the quality of service, shifted by one
	headPuback      = 0x40
	headSubscribe   = 0x82
	headSuback      = 0x90
	headUnsubscribe = 0xa2
	headUnsuback    = 0xb0
	headPingreq     = 0xc0
	headPingresp    = 0xd0
	headDisconnect  = 0xe0
)

// Properties of MQTT 5 that mean something here (section 2.2.2.2).
const (
	propertySessionExpiry    = 0x11
	propertyAssignedClientID = 0x12
	propertyAuthMethod       = 0x15
	propertyReceiveMaximum   = 0x21
	propertyMaximumQoS       = 0x24
	propertyRetainAvailable  = 0x25
	propertyUser             = 0x26
	propertyMaximumPacket    = 0x27
	propertyWildcards        = 0x28
	propertySubscriptionIDs  = 0x29
	propertyShared           = 0x2a
)

// Which properties each packet of a client may have.
const (
	propertiesOfConnect     = "\x11\x15\x16\x17\x19\x21\x22\x26\x27"
	propertiesOfWill        = "\x01\x02\x03\x08\x09\x18\x26"
	propertiesOfSubscribe   = "\x26" // no subscription identifier: CONNACK says so
	propertiesOfUnsubscribe = "\x26"
	propertiesOfPuback      = "\x1f\x26"
)

// connectPacket is CONNECT.
type connectPacket struct {
	level          byte
	clean, will    bool
	keepAlive      uint16 // seconds; 0: none
	clientID       string
	user, password string
	sessionExpiry  uint32 // seconds; MQTT 5
	receiveMaximum uint16 // MQTT 5; otherwise the greatest
	maximumPacket  uint32 // bytes; MQTT 5; otherwise the greatest
	authMethod     bool   // MQTT 5: one is asked for
}

// filter is a topic filter of SUBSCRIBE.
type filter struct {
	topic string
	qos   byte
}

// decodeConnect reads CONNECT. With a level that is not spoken here it returns
// errLevel, with what it has.
func decodeConnect(body []byte) (c connectPacket, err error) {
	d := decoder{rest: body}
	name, level := d.text(), d.byte()
	switch {
	case d.bad, name != "MQTT" && name != "MQIsdp":
		return c, errMalformed
	case name == "MQTT" && level != level311 && level != level5, name == "MQIsdp" && level != level31:
		return c, errLevel
	}
	c = connectPacket{level: level, receiveMaximum: math.MaxUint16, maximumPacket: math.MaxUint32}
	flags := d.byte()
	c.clean, c.will, c.keepAlive = flags&2 != 0, flags&4 != 0, d.uint16()
	if flags&1 != 0 || flags>>3&3 == 3 || !c.will && flags&0x38 != 0 || level != level5 && flags&0xc0 == 0x40 {
		return c, errMalformed // reserved, quality of service, will, password without user (section 3.1.2 of 3.1.1)
	}
	if level == level5 {
		d.properties(propertiesOfConnect, func(id byte, v uint32) {
			switch id {
			case propertySessionExpiry:
				c.sessionExpiry = v
			case propertyReceiveMaximum:
				c.receiveMaximum = uint16(v)
				d.bad = d.bad || v == 0
			case propertyMaximumPacket:
				c.maximumPacket = v
				d.bad = d.bad || v == 0
			case propertyAuthMethod:
				c.authMethod = true
			}
		})
	}
	c.clientID = d.text()
	if c.will {
		if level == level5 {
			d.properties(propertiesOfWill, nil)
		}
		d.text()
		d.bytes()
	}
	if flags&0x80 != 0 {
		c.user = d.text()
	}
	if flags&0x40 != 0 {
		c.password = string(d.bytes())
	}
	return c, d.end()
}

// decodeSubscribe reads SUBSCRIBE.
func decodeSubscribe(level byte, body []byte) (id uint16, filters []filter, err error) {
	d := decoder{rest: body}
	id = d.uint16()
	if level == level5 {
		d.properties(propertiesOfSubscribe, nil)
	}
	for len(d.rest) > 0 && !d.bad {
		f := filter{topic: d.text()}
		options := d.byte()
		f.qos = options & 3
		d.bad = d.bad || f.topic == "" || f.qos == 3 || level != level5 && options > 2 || options&0x30 == 0x30 || options > 0x3f
		filters = append(filters, f)
	}
	if id == 0 || len(filters) == 0 {
		return 0, nil, errMalformed // sections 2.3.1 and 3.8.3 of 3.1.1
	}
	return id, filters, d.end()
}

// decodeUnsubscribe reads UNSUBSCRIBE.
func decodeUnsubscribe(level byte, body []byte) (id uint16, topics []string, err error) {
	d := decoder{rest: body}
	id = d.uint16()
	if level == level5 {
		d.properties(propertiesOfUnsubscribe, nil)
	}
	for len(d.rest) > 0 && !d.bad {
		topic := d.text()
		d.bad = d.bad || topic == "" // section 4.7.3
		topics = append(topics, topic)
	}
	if id == 0 || len(topics) == 0 {
		return 0, nil, errMalformed
	}
	return id, topics, d.end()
}

// decodePuback reads PUBACK. What reason MQTT 5 gives does not matter: the
// event has arrived.
func decodePuback(level byte, body []byte) (id uint16, err error) {
	d := decoder{rest: body}
	id = d.uint16()
	if level == level5 && len(d.rest) > 0 {
		d.byte()
		if len(d.rest) > 0 {
			d.properties(propertiesOfPuback, nil)
		}
	}
	return id, d.end()
}

// decoder takes a packet apart. After a fault it is bad and returns zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// length is a number of one to four bytes (section 2.2.3 of 3.1.1).
func (d *decoder) length() int {
	n := 0
	for shift := 0; shift < 28; shift += 7 {
		b := d.byte()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.bad = true
	return 0
}

// bytes returns a field with its length before it.
func (d *decoder) bytes() []byte { return d.take(int(d.uint16())) }

// text returns a field of UTF-8 without U+0000 (section 1.5.3 of 3.1.1).
func (d *decoder) text() string {
	s := string(d.bytes())
	if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
		d.bad = true
	}
	return s
}

// properties reads the properties of MQTT 5, of which all but the user's come
// at most once.
func (d *decoder) properties(allowed string, take func(id byte, v uint32)) {
	all := decoder{rest: d.take(d.length())}
	var seen uint64
	for len(all.rest) > 0 && !all.bad {
		id := all.byte()
		if strings.IndexByte(allowed, id) < 0 || seen&(1<<id) != 0 {
			d.bad = true
			return
		}
		if id != propertyUser {
			seen |= 1 << id
		}
		var v uint32
		switch id {
		case 0x01, 0x17, 0x19:
			v = uint32(all.byte())
			all.bad = all.bad || v > 1
		case 0x21, 0x22:
			v = uint32(all.uint16())
		case 0x02, 0x11, 0x18, 0x27:
			v = all.uint32()
		case 0x03, 0x08, 0x15, 0x1f:
			all.text()
		case 0x09, 0x16:
			all.bytes()
		case propertyUser:
			all.text()
			all.text()
		}
		if take != nil && !all.bad {
			take(id, v)
		}
	}
	d.bad = d.bad || all.bad
}

// end tells whether the packet was whole and nothing came after it.
func (d *decoder) end() error {
	if d.bad || len(d.rest) > 0 {
		return errMalformed
	}
	return nil
}
