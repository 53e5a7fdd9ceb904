package wire

// Ready is the one line that the server prints on standard output when it
// accepts calls, with the real ports.
type Ready struct {
	Ready  bool              `json:"ready"`
	URL    string            `json:"url"`
	MQTT   string            `json:"mqtt"`   // host:port, MQTT over TCP
	MQTTWS string            `json:"mqttWs"` // ws:// or wss:// address
	Media  string            `json:"media"`  // host:port, UDP and ICE-TCP
	TURN   string            `json:"turn,omitempty"`
	Users  map[string]string `json:"users,omitempty"` // --dev: name to password
}
