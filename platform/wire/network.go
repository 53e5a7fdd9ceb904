package wire

// EventNetworkIndicatorUpdated tells everybody in a conference how good the
// media of each of its endpoints has been since the last one. It has no version
// and is worth nothing once the next has come.
const EventNetworkIndicatorUpdated EventType = "ConferenceNetworkIndicatorUpdatedEvent"

// NetworkGrade is a network's quality in one word.
type NetworkGrade string

// The grades of a network.
const (
	GradeOptimal    NetworkGrade = "OPTIMAL"
	GradeSuboptimal NetworkGrade = "SUBOPTIMAL"
	GradeBad        NetworkGrade = "BAD"
)

// NetworkEvent is the network indicator of a conference. Qualities are mean
// opinion scores of 1 (bad) to 4.5 (as good as it gets), estimated from loss,
// delay and jitter (ITU-T G.107); contracts allow for 0 to 5. UserID and
// UserEndpointID of its common part are empty.
type NetworkEvent struct {
	Event
	AverageNetworkQuality float64 `json:"averageNetworkQuality"` // of the endpoints in the map
	// ParticipantIndicatorMap has the endpoints that were measured, by their ids.
	ParticipantIndicatorMap map[string]NetworkIndicator `json:"participantIndicatorMap"`
}

// NetworkIndicator is how good the network of one endpoint is: what it publishes
// and what it views, on the way between it and the server.
type NetworkIndicator struct {
	AverageJitter         float64      `json:"averageJitter"` // milliseconds
	AverageRTT            float64      `json:"averageRtt"`    // milliseconds between endpoint and server; 0 while it is not known
	AverageNetworkQuality float64      `json:"averageNetworkQuality"`
	Grade                 NetworkGrade `json:"grade"`
}
