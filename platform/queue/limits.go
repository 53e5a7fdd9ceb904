package queue

import (
	"fmt"
	"time"

	"guichet/platform/wire"
)

// Bounds of what callers may put into queues.
const (
	maxQueues   = 500
	maxAgents   = 10_000
	maxVisits   = 20_000 // of an organization that have not ended
	maxLine     = 5_000
	maxOwn      = 4 // visits of one guest or kiosk
	maxWatchers = 64
	maxWords    = 64  // skills, languages, days, choices
	maxOf       = 256 // queues of an agent
	maxWord     = 64
	maxText     = 256
	maxLong     = 4 << 10 // of a reason for calling
	maxNotes    = 16 << 10
	maxValues   = 32 // properties
	maxSeconds  = 24 * 60 * 60
	minRing     = 5
	maxRing     = 300

	defaultRing   = 20 * time.Second
	defaultWrapUp = 30 * time.Second
	lookAgain     = time.Minute // at a caller who has waited for too long and has nowhere to go
)

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(what string, limit int) error {
	return &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("%s is longer than %d bytes", what, limit)}
}

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

// checkWords judges a list of words, such as skills.
func checkWords(what string, list []string, most int) error {
	if len(list) > most {
		return invalid("%s: more than %d", what, most)
	}
	for _, w := range list {
		if w == "" {
			return invalid("%s: one is empty", what)
		}
		if len(w) > maxID {
			return tooLarge(what, maxID)
		}
	}
	return nil
}

const maxID = wire.MaxID

func checkRange(what string, n, least, most int64) error {
	if n < least || n > most {
		return invalid("%s: want %d to %d", what, least, most)
	}
	return nil
}

// read turns a request into settings.
func read(r wire.WriteQueue) (settings, error) {
	s := settings{Name: r.Name, DisplayName: r.DisplayName, Skills: sorted(r.Skills), Language: r.MatchLanguage, Timezone: r.Timezone, Hours: r.Hours,
		ClosedDays: sorted(r.ClosedDays), MaxWait: time.Duration(r.MaxWaitSeconds) * time.Second, Overflow: r.OverflowQueueID,
		Ring: time.Duration(r.RingSeconds) * time.Second, WrapUp: defaultWrapUp, Priority: r.Priority}
	if s.Ring == 0 {
		s.Ring = defaultRing
	}
	if s.DisplayName == "" {
		s.DisplayName = s.Name
	}
	err := checkAll(wire.CheckID("name", r.Name), checkLength("displayName", r.DisplayName, maxText), checkWords("skills", r.Skills, maxWords),
		checkWords("closedDays", r.ClosedDays, maxAhead), checkRange("maxWaitSeconds", r.MaxWaitSeconds, 0, maxSeconds),
		checkRange("priority", r.Priority, -1000, 1000))
	if r.RingSeconds != 0 {
		err = checkAll(err, checkRange("ringSeconds", r.RingSeconds, minRing, maxRing))
	}
	if r.WrapUpSeconds != nil {
		s.WrapUp = time.Duration(*r.WrapUpSeconds) * time.Second
		err = checkAll(err, checkRange("wrapUpSeconds", *r.WrapUpSeconds, 0, maxSeconds))
	}
	if len(r.Hours) > maxWords {
		err = checkAll(err, invalid("hours: more than %d", maxWords))
	}
	if r.OverflowQueueID != "" {
		err = checkAll(err, wire.CheckID("overflowQueueId", r.OverflowQueueID))
	}
	return s, err
}

// checkVisit judges what comes with a caller.
func checkVisit(r wire.CreateVisit) error {
	if len(r.Properties) > maxValues {
		return invalid("properties: more than %d", maxValues)
	}
	for k, v := range r.Properties {
		if len(k) > maxText || len(v) > 4*maxText {
			return invalid("properties: a key is longer than %d bytes, or a value than %d", maxText, 4*maxText)
		}
	}
	err := checkAll(checkLength("name", r.Name, maxText), checkLength("language", r.Language, maxWord), checkLength("reason", r.Reason, maxLong),
		checkLength("location", r.Location, maxText), checkLength("interactionId", r.InteractionID, maxText))
	for _, id := range []struct{ kind, value string }{{"visitId", r.VisitID}, {"queueId", r.QueueID}, {"queueName", r.QueueName}, {"userEndpointId", r.UserEndpointID}} {
		if id.value != "" {
			err = checkAll(err, wire.CheckID(id.kind, id.value))
		}
	}
	return err
}

// checkChoices judges a list of reasons or outcomes.
func checkChoices(list []wire.Choice) error {
	if len(list) > maxWords {
		return invalid("items: more than %d", maxWords)
	}
	seen := map[string]bool{wire.ReasonIDNoAnswer: true}
	for _, c := range list {
		if err := checkAll(wire.CheckID("id", c.ID), checkLength("name", c.Name, maxText)); err != nil {
			return err
		}
		if c.Name == "" {
			return invalid("name is missing")
		}
		if seen[c.ID] {
			return invalid("items: %s is there twice, or built in", c.ID)
		}
		seen[c.ID] = true
	}
	return nil
}
