package conference

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"guichet/platform/wire"
)

// Bounds of what callers may put into a conference.
const (
	maxMembers       = 1000 // endpoints, when participant_limit does not say less
	maxStreams       = 64   // per endpoint
	maxViewers       = 512  // per endpoint
	maxKeys          = 100  // of a conference's metadata
	maxKey           = 128 + len("TRACK_MUTED/audio/")
	maxValue         = 4 << 10
	maxMetadata      = 16 << 10 // of a member, a stream
	maxSDP           = 256 << 10
	maxReason        = 1 << 10
	maxCandidates    = 64 // in one call
	maxCandidate     = 1 << 10
	maxInteractionID = 256
	maxName          = 256 // of a member, as reports keep it

	// Of rooms.
	maxMeta      = 2000 // characters of JSON
	maxMetaKeys  = 100  // in one call
	maxVolume    = 50
	maxSensitive = 100

	// Of mode P2P.
	maxAsked    = 64       // views of one endpoint that wait for an answer
	maxAllAsked = 512      // views of a conference that do
	maxRelayed  = 64 << 10 // of SDP
	maxFound    = 256      // candidates of one end of a view
)

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(what string, limit int) error {
	return &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("%s is longer than %d bytes", what, limit)}
}

// checkAll returns the first error.
func checkAll(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLength(what, s string, limit int) error {
	if len(s) > limit {
		return tooLarge(what, limit)
	}
	return nil
}

func checkSDP(offer string) error {
	if offer == "" {
		return invalid("sdpOffer is missing")
	}
	return checkLength("sdpOffer", offer, maxSDP)
}

// checkObject accepts nothing, null or a JSON object, and returns the object.
func checkObject(what string, raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if len(raw) > maxMetadata {
		return nil, tooLarge(what, maxMetadata)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, invalid("%s: want a JSON object", what)
	}
	return raw, nil
}

func checkStreamType(t wire.StreamType) (wire.StreamType, error) {
	switch t {
	case "":
		return wire.StreamUnknown, nil
	case wire.StreamMic, wire.StreamCam, wire.StreamMicAndCam, wire.StreamScreen, wire.StreamUnknown:
		return t, nil
	}
	return "", invalid("conferenceStreamType is not one of MIC, CAM, MIC_AND_CAM, SCREEN, UNKNOWN")
}

// checkEntry judges one key of a conference's metadata and its value.
func checkEntry(key, value string) error {
	switch {
	case key == "":
		return invalid("metadata key is missing")
	case len(key) > maxKey:
		return tooLarge("metadata key", maxKey)
	case len(value) > maxValue:
		return tooLarge("metadata value", maxValue)
	}
	if ownedKey(key) {
		return ErrForbidden
	}
	if _, mutes := muteOf(key); !mutes && strings.HasPrefix(key, "TRACK_MUTED/") {
		return invalid("metadata key: want TRACK_MUTED/audio/{streamId} or TRACK_MUTED/video/{streamId}")
	}
	if key == wire.MetadataParticipantLimit && value != "" {
		if n, err := strconv.Atoi(value); err != nil || n < 1 {
			return invalid("%s: want a number above 0", key)
		}
	}
	return nil
}

// ownedKey tells the metadata keys that the server alone writes.
func ownedKey(key string) bool {
	return key == wire.MetadataRoom || strings.HasPrefix(key, wire.MemberPrefix)
}

// checkMeta accepts a JSON object of bounded length, and returns it with one
// spelling for what means the same.
func checkMeta(raw json.RawMessage) (json.RawMessage, error) {
	object, err := members(raw)
	if err != nil {
		return nil, err
	}
	return writeMeta(object)
}

// members reads a JSON object, whose values stay as they are.
func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if len(raw) > maxMetadata {
		return nil, tooLarge("meta", maxMetadata)
	}
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return nil, invalid("meta: want a JSON object")
	}
	return object, nil
}

// writeMeta writes a meta, with its keys in order, if it is not too long.
func writeMeta(object map[string]json.RawMessage) (json.RawMessage, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, invalid("meta: want a JSON object")
	}
	if utf8.RuneCount(raw) > maxMeta {
		return nil, &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("meta is longer than %d characters", maxMeta)}
	}
	return raw, nil
}

// checkPosition judges a place in the layout: auto, off-canvas, reserved,
// reserved-N, standard or standard-N.
func checkPosition(p string) error {
	kind, number, numbered := strings.Cut(p, "-")
	switch {
	case p == "auto", p == "off-canvas":
		return nil
	case kind != "reserved" && kind != "standard":
	case !numbered:
		return nil
	default:
		if n, err := strconv.ParseUint(number, 10, 8); err == nil && strconv.FormatUint(n, 10) == number {
			return nil
		}
	}
	return invalid("position is not one of auto, off-canvas, reserved, reserved-N, standard, standard-N")
}

// checkMetadata judges the metadata that a conference is made with.
func checkMetadata(metadata map[string]string) error {
	if len(metadata) > maxKeys {
		return invalid("metadata has more than %d keys", maxKeys)
	}
	for k, v := range metadata {
		if err := checkEntry(k, v); err != nil {
			return err
		}
		if _, mutes := muteOf(k); mutes {
			return invalid("metadata: no stream can be muted before it is published")
		}
		if k == wire.MetadataParticipantLimit && v == "" {
			return invalid("%s: want a number above 0", k)
		}
	}
	return nil
}

func checkCandidates(candidates []wire.ICECandidate) error {
	if len(candidates) > maxCandidates {
		return invalid("more than %d iceCandidates in one call", maxCandidates)
	}
	for _, c := range candidates {
		if err := checkLength("candidate", c.Candidate, maxCandidate); err != nil {
			return err
		}
	}
	return nil
}

// describe returns the metadata that a member joins with: what it says of
// itself, with the token's name when it says none or when the token is a room's,
// and with the roles of a customer when it is not staff, whatever it says.
func describe(who Caller, metadata json.RawMessage) (json.RawMessage, error) {
	metadata, err := checkObject("metadata", metadata)
	if err != nil {
		return nil, err
	}
	object := map[string]json.RawMessage{}
	if metadata != nil {
		if err := json.Unmarshal(metadata, &object); err != nil {
			return nil, invalid("metadata: want a JSON object")
		}
	}
	changed := false
	switch name, ok := object["name"]; {
	case who.Admission != nil && who.Admission.Name != "":
		object["name"], err = json.Marshal(who.Admission.Name)
		changed = true
	case who.Name != "" && (!ok || string(name) == `""` || string(name) == "null"):
		object["name"], err = json.Marshal(who.Name)
		changed = true
	}
	if (who.Customer || who.Admission != nil) && err == nil {
		object["roles"], err = json.Marshal([]string{wire.RoleCustomer})
		changed = true
	}
	if err != nil || !changed {
		return metadata, err
	}
	return json.Marshal(object)
}
