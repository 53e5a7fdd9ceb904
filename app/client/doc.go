// Package client talks to the platform: REST for what is asked, MQTT for what
// happens, WebRTC for media. It is usable as a Go SDK on its own.
//
// A Client makes single requests. A Connection keeps an endpoint registered and
// its events flowing through every outage. A Call, made by Connection.Join,
// follows one conference by the version rule, publishes and views its streams,
// and mends all of that by itself. The package knows neither devices nor codecs
// nor windows: media enters as encoded samples and leaves as RTP packets.
//
// Client is safe for concurrent use. Connection and Call each own one loop
// goroutine and some for their peers; Close returns when all have ended.
// Callbacks run on those goroutines, one at a time, and must return quickly.
package client
