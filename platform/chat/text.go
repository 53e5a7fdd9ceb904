package chat

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/platform/wire"
)

// checkText tells whether a text can be a message: something to see, of bounded
// length, without the control characters that confuse whoever shows or prints
// it. Newline and tab may stand in it.
func checkText(text string) error {
	switch {
	case len(text) > wire.MaxMessage:
		return invalid("text is longer than %d bytes", wire.MaxMessage)
	case !utf8.ValidString(text):
		return invalid("text is not UTF-8")
	case strings.TrimSpace(text) == "":
		return invalid("text is missing")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return invalid("text may hold no control characters but newline and tab")
	}
	return nil
}

// nameOf is what a participant calls itself, on one line and of bounded length,
// or its user id.
func nameOf(metadata json.RawMessage, userID string) string {
	var said wire.ParticipantMetadata
	if len(metadata) > 0 {
		_ = json.Unmarshal(metadata, &said) // written by clients: what is not readable is empty
	}
	name := oneLine(said.Name)
	if len(name) > maxName {
		name = name[:maxName]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
	}
	if name == "" {
		return userID
	}
	return name
}

// oneLine makes blanks of line ends, and drops what cannot be seen.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // controls, characters that change the direction of reading
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
