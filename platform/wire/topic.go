package wire

import "strings"

// EndpointTopic is where the events of one endpoint arrive, at QoS 1.
func EndpointTopic(endpointID string) string { return "users/endpoints/" + endpointID }

// UserTopic is the second name of the same events, which newer clients use.
func UserTopic(userID, endpointID string) string { return "user/" + userID + "/" + endpointID }

// ParseTopic returns the endpoint that a topic of either form belongs to, and
// the user that the second form names ("" in the first).
func ParseTopic(topic string) (userID, endpointID string, ok bool) {
	if id, found := strings.CutPrefix(topic, "users/endpoints/"); found {
		return "", id, CheckID("endpoint", id) == nil
	}
	rest, found := strings.CutPrefix(topic, "user/")
	if !found {
		return "", "", false
	}
	userID, endpointID, found = strings.Cut(rest, "/")
	return userID, endpointID, found && CheckID("user", userID) == nil && CheckID("endpoint", endpointID) == nil
}
