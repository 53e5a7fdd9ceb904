package session

import "image"

// The commands below may be given from any goroutine. They return at once; what
// comes of them is seen in the next State. A command that makes no sense in the
// current phase does nothing.

// SignIn opens the sign-in page of a server in the browser; "" means
// State.Server. The address is remembered once it worked.
func (s *Session) SignIn(server string) { s.send(signIn{server}) }

// CancelSignIn gives the sign-in up.
func (s *Session) CancelSignIn() { s.send(cancelSignIn{}) }

// SignOut leaves a call, unregisters and forgets the account.
func (s *Session) SignOut() { s.send(signOut{}) }

// NewCall creates a conference, joins it and makes a single-use ticket to it.
func (s *Session) NewCall() { s.send(newCall{}) }

// Join joins a conference by its id, as a customer by a ticket's link, or as the
// holder of a room token by a room's link. It waits for the sign-in that is under
// way; a link needs none.
func (s *Session) Join(idOrLink string) { s.send(join{idOrLink}) }

// MakeTicket makes a new link to the call; it takes the place of the one shown,
// which stays valid.
func (s *Session) MakeTicket(singleUse bool) { s.send(makeTicket{singleUse}) }

// RevokeTicket withdraws the link shown.
func (s *Session) RevokeTicket() { s.send(revokeTicket{}) }

// SetMicrophoneMuted mutes or unmutes for everybody in the call.
func (s *Session) SetMicrophoneMuted(muted bool) { s.send(muteMicrophone{muted}) }

// SetCameraOff stops or starts the camera; stopped, its light goes out.
func (s *Session) SetCameraOff(off bool) { s.send(stopCamera{off}) }

// ChooseScreen asks what of this computer's screen can be shown: see Share.Choices.
func (s *Session) ChooseScreen() { s.send(chooseScreen{}) }

// ShareScreen shows one of them to everybody in the call, by its id.
func (s *Session) ShareScreen(id string) { s.send(shareScreen{id}) }

// StopSharing shows nothing any more, or ends the choice.
func (s *Session) StopSharing() { s.send(stopSharing{}) }

// SetOnHold holds the call for everybody, or lets it go on. Customers cannot.
func (s *Session) SetOnHold(on bool) { s.send(setHold{on}) }

// Act does one thing to somebody in the call, by endpoint: see Participant.Acts.
func (s *Session) Act(endpoint string, what Act) { s.send(actOn{endpoint, what}) }

// SetInputVolume sets how loud somebody is heard, by endpoint, -50 to 50; here and
// below SelfView is oneself. See Participant for what the numbers mean.
func (s *Session) SetInputVolume(endpoint string, volume int) {
	s.send(adjust{endpoint, ActInputVolume, volume})
}

// SetOutputVolume sets how loud somebody hears the others, -50 to 50.
func (s *Session) SetOutputVolume(endpoint string, volume int) {
	s.send(adjust{endpoint, ActOutputVolume, volume})
}

// SetSensitivity sets how loud somebody must be to be heard, 0 to 100.
func (s *Session) SetSensitivity(endpoint string, value int) {
	s.send(adjust{endpoint, ActSensitivity, value})
}

// Place sets where the layout puts somebody: see Participant.Position.
func (s *Session) Place(endpoint, position string) { s.send(place{endpoint, position}) }

// SetLayout chooses the layout of the room, for everybody: one of wire.LayoutNames.
func (s *Session) SetLayout(name string) { s.send(setLayout{name}) }

// HideWithoutPicture leaves those out who show no picture, or shows them again.
func (s *Session) HideWithoutPicture(on bool) { s.send(hideMuted{on}) }

// SetHandsFirst shows raised hands before the others, or not.
func (s *Session) SetHandsFirst(on bool) { s.send(handsFirst{on}) }

// RaiseHand raises or lowers the own hand.
func (s *Session) RaiseHand(up bool) { s.send(raiseHand{up}) }

// LockRoom lets nobody but staff in any more, or lets people in again.
func (s *Session) LockRoom(on bool) { s.send(lockRoom{on}) }

// SendMessage writes a line of the call's chat.
func (s *Session) SendMessage(text string) { s.send(sendMessage{text}) }

// RetryMessage sends a message again that was not sent.
func (s *Session) RetryMessage(id string) { s.send(retryMessage{id}) }

// SendFile sends a file of this computer to everybody in the call.
func (s *Session) SendFile(path string) { s.send(sendFile{path}) }

// RetryFile sends a file again that was not sent.
func (s *Session) RetryFile(id string) { s.send(retryFile{id}) }

// CancelFile gives up what is being sent or saved, and forgets what was not sent.
func (s *Session) CancelFile(id string) { s.send(cancelFile{id}) }

// SaveFile saves a file of the call on this computer. What was begun goes on
// when the call ends.
func (s *Session) SaveFile(id, path string) { s.send(saveFile{id, path}) }

// AskPhoto asks somebody in the call, by endpoint, for a picture. Customers
// cannot.
func (s *Session) AskPhoto(endpoint string) { s.send(askPhoto{endpoint}) }

// AskCamera asks somebody's camera, by endpoint, to do something. Customers
// cannot.
func (s *Session) AskCamera(endpoint string, what CameraRequest) { s.send(askCamera{endpoint, what}) }

// OpenPhoto has a picture that is there shown large: see Call.Open.
func (s *Session) OpenPhoto(id string) { s.send(openPhoto{id}) }

// ClosePhoto puts it away.
func (s *Session) ClosePhoto() { s.send(closePhoto{}) }

// SavePhoto saves a picture that is there on this computer.
func (s *Session) SavePhoto(id, path string) { s.send(savePhoto{id, path}) }

// ChooseCamera takes a camera by name, also during a call.
func (s *Session) ChooseCamera(name string) { s.send(chooseDevice{camera, name}) }

// ChooseMicrophone takes a microphone by name, also during a call.
func (s *Session) ChooseMicrophone(name string) { s.send(chooseDevice{microphone, name}) }

// ChooseSpeaker takes a speaker by name, also during a call.
func (s *Session) ChooseSpeaker(name string) { s.send(chooseDevice{speaker, name}) }

// RefreshDevices looks again for what is connected.
func (s *Session) RefreshDevices() { s.send(refreshDevices{}) }

// SetPreview opens the chosen camera and microphone in the lobby, for SelfView
// and Levels, or closes them again. A call does not need it.
func (s *Session) SetPreview(on bool) { s.send(preview{on}) }

// Leave leaves the call; the others stay.
func (s *Session) Leave() { s.send(leave{}) }

// EndForAll ends the call for everybody.
func (s *Session) EndForAll() { s.send(leave{forAll: true}) }

// Dismiss takes a notice away.
func (s *Session) Dismiss(notice int64) { s.send(dismiss{notice}) }

// State returns the newest snapshot.
func (s *Session) State() State { return *s.latest.Load() }

// OnVideo calls show with every picture of a stream (Participant.StreamID or
// SelfView) until stop is called, whether or not the stream exists yet. A
// stream may have several watchers. show runs on the goroutine that decodes the
// stream, must be quick, and may read the picture (4:2:0, BT.601 limited range)
// only during the call. After stop has returned show does not run any more;
// stop must not be called from show.
func (s *Session) OnVideo(streamID string, show func(*image.YCbCr)) (stop func()) {
	return s.watchers.add(streamID, show)
}

// Levels returns how loud everybody is now; ask for it about ten times a second.
func (s *Session) Levels() Levels {
	heard, _ := s.players.look(s.cfg.Now())
	return Levels{Microphone: s.studio.level(), Endpoints: heard}
}
