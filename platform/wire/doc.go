// Package wire is the published contract of the platform: every JSON body,
// event, topic and error code that crosses the network, for the server, the
// desktop program and (through the golden files in testdata) the web pages.
//
// It owns names and shapes only: no behaviour beyond encoding, decoding and the
// checks that a shape implies, and no import outside the standard library. The
// REST and MQTT contract is Auvious's; fields that Guichet adds are marked
// "Guichet". All values are plain data, safe to copy between goroutines.
package wire
