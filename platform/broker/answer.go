package broker

import "encoding/binary"

// reason is why a request is refused or a connection ends: the code of MQTT 5
// (section 2.4), that of CONNACK in 3.1.1 (section 3.2.2.3; 0: there is none),
// and words for the log.
type reason struct {
	code, connack byte
	text          string
}

// Error makes a reason an error of the packet that it ends.
func (r *reason) Error() string { return r.text }

// Why clients are refused or cut.
var (
	errMalformed  = &reason{0x81, 0, "malformed packet"}
	errProtocol   = &reason{0x82, 0, "packet out of place"}
	errLevel      = &reason{0x84, 1, "unknown level of the protocol"}
	errClientID   = &reason{0x85, 2, "client id is not valid"}
	errLogin      = &reason{0x86, 4, "user name or password missing"}
	errRight      = &reason{0x87, 5, "not authorized"}
	errAuthMethod = &reason{0x8c, 0, "method of authentication"}
	errClosing    = &reason{0x8b, 0, "broker is closed"}
	errSilent     = &reason{0x8d, 0, "keep-alive"}
	errTakenOver  = &reason{0x8e, 0, "taken over"}
	errLarge      = &reason{0x95, 0, "packet too large"}
	errPublish    = &reason{0x87, 0, "publishes"}
	errUnread     = &reason{0x97, 0, "does not read"}
	errUnacked    = &reason{0x97, 0, "does not acknowledge"}
	errRevoked    = &reason{0x98, 0, "access ended"}
	errGone       = &reason{0x98, 0, "endpoint is gone"}
	errExpired    = &reason{0xa0, 0, "token expired"}
	errDelivery   = &reason{0x80, 0, "delivery"}
	errHungUp     = &reason{0x00, 0, "client"}
)

// Codes of SUBACK and UNSUBACK in MQTT 5; 3.1.1 has 0x80 for all refusals.
const (
	subackRefused  = 0x80
	subackRight    = 0x87
	subackQuota    = 0x97
	subackShared   = 0x9e
	subackWildcard = 0xa2
	unsubackNone   = 0x11
)

// Encoders append a packet. The receiver of a packet of 3.1.1 is told less.

// appendConnack answers CONNECT. assigned is the client id that the client did
// not choose; expiry tells that it asked for a session to be kept.
func appendConnack(b []byte, level byte, refusal *reason, assigned string, expiry bool) []byte {
	if level != level5 {
		var code byte
		if refusal != nil {
			code = refusal.connack
		}
		return append(b, headConnack, 2, 0, code)
	}
	if refusal != nil {
		return appendPacket(b, headConnack, []byte{0, refusal.code, 0})
	}
	var properties []byte
	if expiry {
		properties = append(properties, propertySessionExpiry, 0, 0, 0, 0)
	}
	if assigned != "" {
		properties = append(append(properties, propertyAssignedClientID, 0, byte(len(assigned))), assigned...)
	}
	properties = append(properties, propertyMaximumQoS, 1, propertyRetainAvailable, 0, propertyWildcards, 0,
		propertySubscriptionIDs, 0, propertyShared, 0)
	properties = binary.BigEndian.AppendUint32(append(properties, propertyMaximumPacket), maxPacket)
	return appendPacket(b, headConnack, append([]byte{0, 0, byte(len(properties))}, properties...))
}

// appendSuback answers SUBSCRIBE with a code for each filter.
func appendSuback(b []byte, level byte, id uint16, codes []byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, id)
	if level == level5 {
		body = append(body, 0)
	}
	for _, c := range codes {
		if level != level5 && c > 2 {
			c = subackRefused
		}
		body = append(body, c)
	}
	return appendPacket(b, headSuback, body)
}

// appendUnsuback answers UNSUBSCRIBE.
func appendUnsuback(b []byte, level byte, id uint16, codes []byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, id)
	if level == level5 {
		body = append(append(body, 0), codes...)
	}
	return appendPacket(b, headUnsuback, body)
}

// publishSize is how long PUBLISH would be.
func publishSize(level byte, g grant, payload []byte) int {
	n := 2 + len(g.topic) + len(payload)
	if g.qos > 0 {
		n += 2
	}
	if level == level5 {
		n++
	}
	return n
}

// appendPublish delivers an event; id only counts at QoS 1.
func appendPublish(b []byte, level byte, g grant, id uint16, payload []byte) []byte {
	b = binary.AppendUvarint(append(b, headPublish|g.qos<<1), uint64(publishSize(level, g, payload)))
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(g.topic))), g.topic...)
	if g.qos > 0 {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	if level == level5 {
		b = append(b, 0) // no properties
	}
	return append(b, payload...)
}

// appendDisconnect tells a client of MQTT 5 why it is cut.
func appendDisconnect(b []byte, r *reason) []byte { return append(b, headDisconnect, 2, r.code, 0) }

// appendPacket appends a packet of at most 256 MiB: its length has the form of
// a varint of seven bits each (section 2.2.3 of 3.1.1).
func appendPacket(b []byte, head byte, body []byte) []byte {
	return append(binary.AppendUvarint(append(b, head), uint64(len(body))), body...)
}
