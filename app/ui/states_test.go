package ui

import (
	"fmt"
	"time"

	"guichet/app/session"
)

func signedOut() session.State {
	return session.State{Phase: session.SignedOut, Server: "https://calls.example.org"}
}

func signingIn() session.State {
	s := signedOut()
	s.Phase, s.SignInURL = session.SigningIn, "https://calls.example.org/security/oauth/authorize?client_id=guichet&response_type=code"
	return s
}

func plugged() session.Devices {
	return session.Devices{
		Cameras:     []session.Device{{Name: "Logitech BRIO"}, {Name: "Integrated Camera", Label: "usb-0000:00:14.0-6"}},
		Microphones: []session.Device{{Name: "Jabra Evolve 65"}, {Name: "Built-in Audio Analog Stereo"}},
		Speakers:    []session.Device{{Name: "Jabra Evolve 65"}, {Name: "Built-in Audio Analog Stereo"}},
		Camera:      "Logitech BRIO", Microphone: "Jabra Evolve 65",
	}
}

func lobbyState() session.State {
	return session.State{Phase: session.Lobby, Server: "https://calls.example.org", Devices: plugged(),
		Me: session.Me{ID: "agent1", Name: "Anna Berg", Roles: []string{"agent"}}}
}

func lobbyBusy() session.State {
	s := lobbyState()
	s.Recent = []session.Recent{
		{ConferenceID: "c1", With: []string{"Maria Papadopoulou"}, StartedAt: noon.Add(-40 * time.Minute), Duration: 12 * time.Minute},
		{ConferenceID: "c2", With: []string{"Jonas Weber", "Filiale Hauptbahnhof"}, StartedAt: noon.Add(-3 * time.Hour), Duration: 75 * time.Minute},
		{ConferenceID: "c3", StartedAt: noon.Add(-20 * time.Hour), Duration: 40 * time.Second},
	}
	s.Running = []session.Running{{ConferenceID: "4712", With: []string{"Ben Adler", "Maria Papadopoulou"}}, {ConferenceID: "4713", With: guests[:5]}}
	s.Notices = []session.Notice{{ID: 1, Text: "The call could not be joined. It may have ended. Start a new call.", Error: true}}
	s.Devices.Warnings = []string{"Your camera is used by another program. Close it, then look for devices again."}
	return s
}

var guests = []string{"Maria Papadopoulou", "Jonas Weber", "Ελένη Κωνσταντοπούλου-Αναγνωστοπούλου", "Filiale Hauptbahnhof Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", "Li", "Óscar Muñoz", "Aylin Yılmaz", "Sam", "Zoë van den Berg"}

// inCall is a call with n others.
func inCall(n int) session.State {
	s := lobbyState()
	s.Phase = session.InCall
	c := &session.Call{ConferenceID: "4711", StartedAt: noon.Add(-245 * time.Second), Network: session.Network{Grade: session.GradeGood, Word: "good"},
		Ticket:       &session.Ticket{ID: "AB12", URL: "https://calls.example.org/t/AB12CD34", ExpiresAt: noon.Add(2 * time.Hour), SingleUse: true},
		Participants: []session.Participant{{ID: "agent1", Endpoint: "e0", Name: "Anna Berg", Self: true, HasVideo: true, StreamID: session.SelfView}}}
	for i := range n {
		c.Participants = append(c.Participants, session.Participant{ID: fmt.Sprint("u", i), Endpoint: fmt.Sprint("e", i+1), Name: guests[i%len(guests)],
			Customer: i == 0, HasVideo: true, StreamID: fmt.Sprint("s", i+1)})
	}
	s.Call = c
	return s
}
