// Package hardware gives a session the devices and codecs of this computer: it
// puts the parts of media together as the interfaces of package session.
//
// It decides nothing that a person would notice: which device is used, when it
// is open and what is sent is the session's business. It needs cgo, through
// media. Its types are as safe for concurrent use as those of media that they
// wrap.
package hardware
