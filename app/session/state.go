package session

import "time"

// Phase is where the program stands. It only ever moves between neighbours of
// this list, or back to SignedOut.
type Phase string

// The phases, in order.
const (
	SignedOut    Phase = "signed-out"   // no account; State.Server may be remembered
	Waiting      Phase = "waiting"      // the room to join is not open yet: State.OpensAt
	SigningIn    Phase = "signing-in"   // the browser is open, or stored tokens are tried
	Lobby        Phase = "lobby"        // registered, no call
	Joining      Phase = "joining"      // on the way into a call; State.Call is set
	InCall       Phase = "call"         // State.Call is live
	Reconnecting Phase = "reconnecting" // the call is kept; media or events are being restored
)

// SelfView is the stream id under which OnVideo gives the own camera's picture,
// in a call and in the lobby (see Session.SetPreview).
const SelfView = "self"

// State is one immutable snapshot of everything that a window shows, apart from
// pictures and loudness. Slices and pointers in it are never written again.
type State struct {
	Phase     Phase
	Server    string    // base address, such as https://calls.example.org
	SignInURL string    // SigningIn: the address that the browser was sent to; show it when it did not open
	OpensAt   time.Time // Waiting: when the room opens, and is joined
	Me        Me
	Devices   Devices
	Call      *Call // nil unless Joining, InCall or Reconnecting
	Recent    []Recent
	Running   []Running // as the lobby last saw them
	Notices   []Notice  // oldest first; see Session.Dismiss
}

// Me is the person who is signed in.
type Me struct {
	ID       string
	Name     string // what others see
	Roles    []string
	Customer bool // came by a link: may not make calls, tickets, or end a call
	Room     bool // the link was a room token's
}

// Devices is what is connected and what is chosen. A chosen name is remembered
// while its device is unplugged; "" is the system's choice, "none" switches off.
type Devices struct {
	Cameras, Microphones, Speakers []Device
	Camera, Microphone, Speaker    string
	Warnings                       []string // sentences for people, such as "No camera is connected."
}

// Device is a camera, microphone or speaker as people know it.
type Device struct {
	Name  string // what to show and to give to Choose…
	Label string // where it is plugged in, may be empty
}

// Call is the call that is being joined or held.
type Call struct {
	ConferenceID       string
	StartedAt          time.Time     // when we joined; zero while joining
	Participants       []Participant // self first, then in order of arrival
	Ticket             *Ticket       // the newest link to this call made here, or nil
	Network            Network
	MicrophoneMuted    bool
	CameraOff          bool // switched off by the person
	MutedWhileSpeaking bool // show "You are muted"
	OnHold             bool // the server forwards nothing between anybody
	Own                Own  // what binds us
	Share              Share
	Room               Room // the room's settings; zero when the call is no room's

	Messages []Message // the chat as everybody has it, in order
	Outbox   []Message // own messages that are on their way or were not sent
	Files    []File    // in order of time
	Photos   []Photo   // asked for by staff, in order of time; none for customers
	Open     *Picture  // the photo that is shown large, or nil
}

// Participant is one endpoint in a call.
type Participant struct {
	ID        string // user id
	Endpoint  string // unique in the call: use it as the tile's key; SelfView for Self
	Name      string // never empty
	Self      bool
	Customer  bool // came by a ticket
	Muted     bool // microphone muted or absent
	CameraOff bool // camera stopped or absent
	Speaking  bool
	HasVideo  bool   // pictures of StreamID are arriving and not older than two seconds
	StreamID  string // give it to OnVideo; SelfView for Self, "" when nothing is published
	ScreenID  string // of the screen that they show, for OnVideo; "" for none, and for Self
	SecondID  string // of one more camera of theirs
	Network   Network

	Audience bool      // watches and listens, sends nothing
	Seated   bool      // bound by a seat in the room
	Silenced bool      // the server lets none of their sound pass; Muted is true then
	Darkened bool      // nor of their pictures; CameraOff is true then
	Deaf     bool      // the server lets nobody's sound pass to them
	Hand     time.Time // when the hand was raised; zero while it is down
	Acts     Act       // what we may do to them now

	// Of a seat, as everybody sees them; zero for who has none. A volume of 0 is as
	// it comes; each step is 0.4 dB, so that 50 is ten times the amplitude and -50 a
	// tenth. At -100 for both together nothing is heard.
	InputVolume  int    // how loud they are heard, -50 to 50
	OutputVolume int    // how loud they hear the others, -50 to 50
	Sensitivity  int    // 0 to 100: 0 lets all their sound pass, 100 only what is loud
	Position     string // where the room places them: "", auto, off-canvas, reserved, reserved-N, standard or standard-N
}

// Share is what we show the others of our screen.
type Share struct {
	Choices []Screen // what can be shown, while the person chooses; nil otherwise
	Screen  *Screen  // what is shown; nil for nothing
	Live    bool     // the others can see it
}

// Screen is a monitor, all of them together, or a window of this computer.
type Screen struct {
	ID            string // to give to ShareScreen
	Name          string // the monitor's socket or the window's title; "" for all monitors together
	Window        bool
	Width, Height int // pixels
}

// Ticket is a link by which somebody may join the call.
type Ticket struct {
	ID        string
	URL       string
	ExpiresAt time.Time
	SingleUse bool
	Revoked   bool
}

// Grade says how well the network carries the call.
type Grade int

// The grades of a network.
const (
	GradeUnknown Grade = iota // not measured yet: show no bars
	GradeGood
	GradeFair
	GradePoor
)

// Network is the state of somebody's connection in a call.
type Network struct {
	Grade Grade
	Word  string // "good", "fair", "poor" or "measuring"; "" for others who are not measured
}

// Recent is a call that was left.
type Recent struct {
	ConferenceID string
	With         []string // names of the others, in order of arrival
	StartedAt    time.Time
	Duration     time.Duration
}

// Notice is a sentence for the person, with what to do next when there is
// something to do. It stays until Session.Dismiss or until its cause is gone.
type Notice struct {
	ID    int64
	Text  string
	Error bool // something that was asked for did not happen
}

// Levels is how loud everybody is now, 0 (silence) to 1 (full scale).
type Levels struct {
	Microphone float64            // also while muted, and in the lobby with a preview
	Endpoints  map[string]float64 // by Participant.Endpoint, without self
}
