package ui

import (
	"fmt"
	"image"
	"time"

	"guichet/app/session"
	"guichet/media/capture/pattern"
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
	c := &session.Call{ConferenceID: "4711", StartedAt: noon.Add(-245 * time.Second), Own: session.Own{MayMute: true, MayUnmute: true, MayStop: true, MayStart: true, MayLock: true, MayShare: true},
		Network:      session.Network{Grade: session.GradeGood, Word: "good"},
		Ticket:       &session.Ticket{ID: "AB12", URL: "https://calls.example.org/t/AB12CD34", ExpiresAt: noon.Add(2 * time.Hour), SingleUse: true},
		Participants: []session.Participant{{ID: "agent1", Endpoint: "e0", Name: "Anna Berg", Self: true, HasVideo: true, StreamID: session.SelfView}}}
	for i := range n {
		c.Participants = append(c.Participants, session.Participant{ID: fmt.Sprint("u", i), Endpoint: fmt.Sprint("e", i+1), Name: guests[i%len(guests)],
			Customer: i == 0, HasVideo: true, StreamID: fmt.Sprint("s", i+1)})
	}
	s.Call = c
	return s
}

// line is a message of the chat.
func line(n int, who int, text string) session.Message {
	m := session.Message{ID: fmt.Sprint("m", n), Text: text, At: noon.Add(time.Duration(n-60) * time.Minute)}
	if m.Own = who < 0; m.Own {
		m.Name = "Anna Berg"
	} else {
		m.Name = guests[who]
	}
	return m
}

// talking is a call with a chat.
func talking() session.State {
	s := inCall(4)
	s.Call.Messages = []session.Message{
		line(1, 0, "Guten Tag!"), line(2, -1, "Good morning Maria, can you hear me?"),
		line(3, 0, "Yes. Here is the page that I mean: https://www.example.org/kredite/vertraege/2026/antrag-auf-verlaengerung?kunde=4711 Is it the right one?"),
		line(4, -1, "It is.\nPlease fill in:\n\t1. name\n\t2. address"),
		line(5, 3, "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"),
		line(6, 2, "Καλημέρα σας, θα ήθελα να ρωτήσω για το δάνειο."), line(7, 0, "👍 ok"),
	}
	return s
}

// troubledChat is one whose newest messages do not go out.
func troubledChat() session.State {
	s := talking()
	s.Phase = session.Reconnecting
	s.Call.Outbox = []session.Message{line(8, -1, "I send you the contract now."), line(9, -1, "Did it arrive?")}
	s.Call.Outbox[0].Trouble = "The server did not answer in time. Check your network, then try again."
	return s
}

// giving is a call with files and photos in all stages.
func giving() session.State {
	s := inCall(2)
	at := func(m int) time.Time { return noon.Add(time.Duration(m-60) * time.Minute) }
	photo := pattern.New(1280, 720)
	pattern.Draw(photo, 5, 9)
	s.Call.Files = []session.File{
		{ID: "f1", Name: "Ausweis.jpg", Size: 2_345_678, From: "Maria Papadopoulou", At: at(1)},
		{ID: "f2", Name: "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Entwurf-2026-final.docx", Size: 48_200, From: guests[3], At: at(2), Stage: session.FileSaving, Done: 30_000},
		{ID: "f3", Name: "Contract.pdf", Size: 12_400_000, From: "Anna Berg", Own: true, At: at(3), SavedAs: "/home/anna/Downloads/Contract.pdf"},
		{ID: "f4", Name: "Program.exe", Size: 900, From: "Anna Berg", Own: true, At: at(4), Stage: session.FileUnsent, Trouble: "Files of this type are not taken."},
		{ID: "f5", Name: "Film of the branch.pdf", Size: 24_000_000, From: "Anna Berg", Own: true, At: at(5), Stage: session.FileSending, Done: 9_000_000},
	}
	s.Call.Photos = []session.Photo{
		{ID: "p1", Of: guests[3], At: at(1), Stage: session.PhotoDeclined},
		{ID: "p2", Of: "Maria Papadopoulou", At: at(2), Stage: session.PhotoThere, Small: photo, Size: 345_000, SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		{ID: "p3", Of: "Maria Papadopoulou", At: at(3), Stage: session.PhotoAsked},
	}
	return s
}

// looking is one with a photo shown large.
func looking() session.State {
	s := giving()
	s.Call.Open = &session.Picture{Photo: "p2", Image: image.Image(s.Call.Photos[1].Small)}
	return s
}

// weak is a call over bad networks.
func weak(others int) session.State {
	s := inCall(others)
	grades := []session.Network{{Grade: session.GradePoor, Word: "poor"}, {Grade: session.GradeFair, Word: "fair"}, {Grade: session.GradeGood, Word: "good"}, {}}
	s.Call.Network = session.Network{Grade: session.GradeFair, Word: "fair"}
	for i := range s.Call.Participants {
		s.Call.Participants[i].Network = grades[(i+3)%4]
	}
	s.Call.Participants[0].Network = s.Call.Network
	return s
}

// leading is a room that an agent leads, with hands up, mutes and an audience.
func leading() session.State {
	s := inCall(6)
	s.Call.Room = session.Room{Name: "Mortgage evening", Locked: true, Layout: "grid-responsive"}
	s.Call.Own.MayLayout, s.Call.Own.MayHide, s.Call.Own.MayHandsFirst = true, true, true
	member := session.ActMute | session.ActCameraOff | session.ActDemote | session.ActRemove
	for i := range s.Call.Participants[1:] {
		p := &s.Call.Participants[i+1]
		p.Seated, p.Acts, p.Customer = true, member, false
	}
	all := s.Call.Participants
	all[2].Hand, all[2].Acts = noon.Add(-time.Minute), member|session.ActLowerHand
	all[3].Silenced, all[3].Muted, all[3].Darkened, all[3].CameraOff = true, true, true, true
	all[3].Acts = session.ActUnmute | session.ActCameraOn | session.ActDemote | session.ActRemove
	for _, i := range []int{4, 5} {
		all[i].Audience, all[i].Muted, all[i].CameraOff, all[i].StreamID, all[i].HasVideo = true, true, true, "", false
		all[i].Acts = session.ActPromote | session.ActRemove
	}
	all[5].Hand, all[5].Acts = noon.Add(-2*time.Minute), session.ActPromote|session.ActRemove|session.ActLowerHand
	return s
}

// watching is a room as somebody of its audience sees it.
func watching(others int) session.State {
	s := inCall(others)
	s.Me = session.Me{ID: "room-1", Name: "Maria Papadopoulou", Customer: true, Room: true}
	s.Call.Room, s.Call.Ticket = session.Room{Name: "Mortgage evening"}, nil
	s.Call.Own = session.Own{Audience: true}
	for i := range s.Call.Participants {
		s.Call.Participants[i].Seated, s.Call.Participants[i].Customer = true, false
	}
	self := &s.Call.Participants[0]
	self.Name, self.Audience, self.Muted, self.CameraOff, self.StreamID, self.HasVideo = s.Me.Name, true, true, true, "", false
	return s
}

// silenced is a member whom somebody muted for good.
func silenced() session.State {
	s := watching(2)
	s.Call.Own = session.Own{Silenced: true, Darkened: true, MayMute: true, MayStop: true, MayHand: true, HandRaised: true}
	self := &s.Call.Participants[0]
	self.Audience, self.Silenced, self.Darkened, self.StreamID, self.Hand = false, true, true, session.SelfView, noon
	s.Notices = []session.Notice{{ID: 1, Text: "You were muted. You cannot unmute yourself here: ask whoever leads the call."}}
	return s
}

// showing is a call in which a colleague shows a screen.
func showing(others int) session.State {
	s := inCall(others)
	s.Call.Participants[2%(others+1)].ScreenID = "screen"
	return s
}

// sharingWindow is one in which we show a window with a long title.
func sharingWindow() session.State {
	s := showing(2)
	s.Call.Share = session.Share{Screen: &session.Screen{ID: "window:1", Name: guests[3], Window: true}, Live: true}
	return s
}

// choosing is one in which we choose what to show.
func choosing() session.State {
	s := inCall(1)
	s.Call.Share = session.Share{Choices: []session.Screen{{ID: "screen:HDMI-1", Name: "HDMI-1", Width: 1920, Height: 1080}, {ID: "screen:DP-2", Name: "DP-2", Width: 2560, Height: 1440},
		{ID: "screen:", Width: 4480, Height: 1440}, {ID: "window:1", Name: "Contract.pdf", Window: true, Width: 800, Height: 600},
		{ID: "window:2", Name: guests[3], Window: true, Width: 1000, Height: 700}}}
	return s
}

// arranged is a room with a layout.
func arranged(layout string, others int) session.State {
	s := inCall(others)
	s.Call.Room = session.Room{Name: "Mortgage evening", Layout: layout}
	s.Call.Participants[min(3, others)].Position = "reserved-1"
	return s
}

// tuning is a room in which everything about everybody's sound may be set.
func tuning() session.State {
	s := leading()
	for i := range s.Call.Participants[1:] {
		p := &s.Call.Participants[i+1]
		p.Acts |= soundActs | session.ActDeafen | session.ActPlace
		p.InputVolume, p.OutputVolume, p.Sensitivity = 12, -25, 30
	}
	return s
}

// waiting is the time before a room opens.
func waiting() session.State {
	s := signedOut()
	s.Phase, s.OpensAt = session.Waiting, noon.Add(3*time.Hour)
	return s
}
