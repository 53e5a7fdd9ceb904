package session

import "sync/atomic"

// Session runs the program's life from sign-in to sign-out.
type Session struct {
	commands chan command
	done     chan struct{} // closed when the loop has ended
	latest   atomic.Pointer[State]
	watchers watchers
	meters   meters
}

// command is what the loop reacts to.
type command interface{}

// send puts a command into the loop's queue, unless the loop has ended.
func (s *Session) send(c command) {
	select {
	case s.commands <- c:
	case <-s.done:
	}
}

type (
	signIn         struct{ server string }
	cancelSignIn   struct{}
	signOut        struct{}
	newCall        struct{}
	join           struct{ target string }
	makeTicket     struct{ singleUse bool }
	revokeTicket   struct{}
	muteMicrophone struct{ muted bool }
	stopCamera     struct{ off bool }
	refreshDevices struct{}
	preview        struct{ on bool }
	leave          struct{ forAll bool }
	dismiss        struct{ notice int64 }
	chooseDevice   struct {
		kind kind
		name string
	}
)

// kind is a kind of device.
type kind int

const (
	camera kind = iota
	microphone
	speaker
)
