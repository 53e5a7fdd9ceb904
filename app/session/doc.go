// Package session is the desktop program without its window: it signs in,
// keeps the endpoint registered, and joins, holds and leaves calls.
//
// One goroutine, the loop, owns all state. Methods of Session only put typed
// commands into its queue and never wait; what takes time runs elsewhere and
// comes back as a command. The loop publishes immutable snapshots (State)
// through Config.OnChange. Pictures and loudness bypass the snapshots: see
// Session.OnVideo and Session.Levels. The package knows no widget, and hardware
// and codecs only through the small interfaces in media.go, so it needs no cgo.
package session
