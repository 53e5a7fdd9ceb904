package wire

// Bounds of the keep-alive interval that an endpoint may ask for, in seconds.
const (
	MinKeepAliveSeconds = 5
	MaxKeepAliveSeconds = 3600
)

// RegisterEndpoint is the body of POST /rtc-api/users/endpoints. The answer is
// 200 with a bare JSON string: the endpoint's id.
type RegisterEndpoint struct {
	UserEndpointID            string `json:"userEndpointId,omitempty"` // made by the server when empty
	KeepAliveSeconds          int    `json:"keepAliveSeconds"`
	ServerKeepAliveReminderOn bool   `json:"serverKeepAliveReminderOn,omitempty"`
}

// RegisteredEndpoint is the answer of the older POST
// /rtc-api/users/endpoints/register, of GET /rtc-api/users/endpoints/{id} and, in
// a list, of GET /rtc-api/users/endpoints: one of the caller's endpoints.
type RegisteredEndpoint struct {
	ID                        string `json:"id"`
	UserID                    string `json:"userId"`
	KeepAliveSeconds          int    `json:"keepAliveSeconds"`
	ServerKeepAliveReminderOn bool   `json:"serverKeepAliveReminderOn"`
	CreatedAt                 Time   `json:"createdAt"`
}

// KeepAlive is the body of POST /rtc-api/users/endpoints/keepalive; the answer
// is 204.
type KeepAlive struct {
	UserEndpointID string `json:"userEndpointId"`
	UserID         string `json:"userId,omitempty"`
}

// UnregisterEndpoint is the body of POST /rtc-api/users/endpoints/unregister;
// the answer is 204.
type UnregisterEndpoint struct {
	UserEndpointID string `json:"userEndpointId"`
	Reason         string `json:"reason,omitempty"`
	UserID         string `json:"userId,omitempty"`
}

// ICEServer is one entry of ICEServers, in the shape of RTCIceServer (W3C
// WebRTC, section 4.2.3). URLs is always a list.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// ICEServers is the answer of GET /rtc-api/iceServers. The TURN servers reach the
// SFU alone: between participants, in mode P2P, only the STUN servers help.
type ICEServers struct {
	ICEServers []ICEServer `json:"iceServers"`
}
