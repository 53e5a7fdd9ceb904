package wire

import "testing"

// TestGoldenQueues holds one value of every body and event of queues, presence
// and visits; testdata/queues has the JSON of each.
func TestGoldenQueues(t *testing.T) {
	hours := []OpeningHours{{[]Weekday{Monday, Friday}, "09:00", "17:30"}}
	line := QueueLine{Open: true, Waiting: 2, Active: 1, Ready: 0, Agents: 1, OldestSince: &at, Wait: &WaitRange{120, 420}}
	queue := Queue{"q1", "loans", "Loans", []string{"loans"}, true, "Europe/Athens", hours, []string{"2026-12-25"}, 300, "q2", 20, 30, 5, 3, line}
	closed := Queue{ID: "q2", Name: "rest", DisplayName: "rest", Skills: []string{}, Hours: []OpeningHours{}, ClosedDays: []string{}, RingSeconds: 20, Version: 1,
		Line: QueueLine{OpensAt: &at}}
	presence := Presence{"agent1", "Anna", PresenceInCall, "", at, "e1", "v1", nil, PresenceNotReady, []string{"loans"}, []string{"el", "en"}, []string{"q1"}}
	waiting := Visit{ID: "v1", Version: 2, State: VisitWaiting, QueueID: "q1", QueueName: "loans", UserID: "guest-1", UserEndpointID: "e2", Name: "Maria", Language: "el",
		Reason: "a loan for a car", Location: "Branch 12, kiosk 2", Properties: map[string]string{"account": "7"}, InteractionID: "case-1", CreatedAt: at, Place: 3,
		Wait: &WaitRange{120, 420}}
	ringing := waiting
	ringing.State, ringing.Offer = VisitRinging, &Offer{"agent1", "e1", at}
	active := waiting
	active.State, active.Place, active.Wait, active.ConferenceID, active.AgentName, active.AgentID, active.AcceptedAt = VisitActive, 0, nil, "c1", "Anna", "agent1", &at
	active.Legs = []VisitLeg{{"agent1", "Anna", "q1", at, nil, nil, "", ""}}
	consulting := active
	consulting.Transfer = &Transfer{TransferRinging, "agent1", "agent2", "e3", "q2", "", &at}
	talking := active
	talking.Transfer = &Transfer{TransferTalking, "agent1", "agent2", "e3", "", "c2", nil}
	ended := active
	ended.State, ended.EndedAt, ended.Why = VisitEnded, &at, WhyLeft
	ended.Legs = []VisitLeg{{"agent1", "Anna", "q1", at, &at, &at, "sends the form", "done"}}
	event := func(kind EventType, v Visit, why string) VisitEvent {
		return VisitEvent{Type: kind, ID: "5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", Timestamp: at, VisitID: v.ID, VisitVersion: v.Version, UserID: "guest-1", UserEndpointID: "e2",
			Why: why, Visit: v}
	}
	compare(t, "queues", map[string]any{
		"write-queue": WriteQueue{"loans", "Loans", []string{"loans"}, true, "Europe/Athens", hours, []string{"2026-12-25"}, 300, "q2", 20, ptr(int64(30)), 5, 3},
		"queue":       queue, "queue-closed": closed,
		"watch-queues": WatchQueues{"e1", true},
		"set-presence": SetPresence{PresenceNotReady, "lunch", "e1"},
		"presence":     presence,
		"update-agent": UpdateAgent{"Anna", []string{"loans"}, []string{"el", "en"}, []string{"q1"}},
		"choices":      Choices{[]Choice{{"lunch", "At lunch"}}},
		"create-visit": CreateVisit{"v1", "q1", "loans", "e2", "Maria", "el", "a loan for a car", "Branch 12, kiosk 2", map[string]string{"account": "7"}, "case-1"},
		"visit":        waiting, "visit-ended": ended,
		"visit-ref":       VisitRef{"e1"},
		"accepted-visit":  AcceptedVisit{"c1", active},
		"wrap-up-visit":   WrapUpVisit{"sends the form", "done", true},
		"transfer-visit":  TransferVisit{"q2", "", true},
		"error-closed":    Error{Code: CodeConflict, Message: "the queue is closed", Reason: ReasonClosed, NotBefore: &at, Now: &at},
		"event-queued":    event(EventVisitQueued, waiting, ""),
		"event-place":     event(EventVisitPlaceChanged, waiting, ""),
		"event-offered":   event(EventVisitOffered, ringing, ""),
		"event-withdrawn": event(EventVisitOfferWithdrawn, waiting, WhyDeclined),
		"event-accepted":  event(EventVisitAccepted, active, ""),
		"event-consulted": event(EventVisitTransferred, consulting, ""),
		"event-talking":   event(EventVisitTransferred, talking, ""),
		"event-wrap-up":   event(EventVisitWrapUp, active, WhyLeft),
		"event-ended":     event(EventVisitEnded, ended, WhyDone),
		"event-presence":  PresenceEvent{EventPresenceChanged, "5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", at, "agent1", presence},
		"event-queue":     QueueEvent{EventQueueChanged, "5f0c1c5e-8f5a-4a55-9a39-0d1f8a1f6f10", at, "q1", queue},
	})
}
