package ui

import (
	"image"

	"guichet/app/session"
)

// Session is what the window asks of app/session. The commands return at once;
// what comes of them arrives in a later snapshot, through Window.Apply.
type Session interface {
	account
	caller
	sharer
	talker
	devices
	leader
	media
}

// account is about who works here.
type account interface {
	SignIn(server string)
	CancelSignIn()
	SignOut()
	Dismiss(notice int64)
}

// caller is about calls and the links to them.
type caller interface {
	NewCall()
	Join(idOrLink string)
	Leave()
	EndForAll()
	SetOnHold(on bool)
	MakeTicket(singleUse bool)
	RevokeTicket()
}

// sharer is about the own screen.
type sharer interface {
	ChooseScreen()
	ShareScreen(id string)
	StopSharing()
}

// talker is about what people in a call give each other.
type talker interface {
	SendMessage(text string)
	RetryMessage(id string)
	SendFile(path string)
	RetryFile(id string)
	CancelFile(id string)
	SaveFile(id, path string)
	AskPhoto(endpoint string)
	AskCamera(endpoint string, what session.CameraRequest)
	OpenPhoto(id string)
	ClosePhoto()
	SavePhoto(id, path string)
}

// leader is about what is done to people and to the room.
type leader interface {
	Act(endpoint string, what session.Act)
	SetInputVolume(endpoint string, volume int)
	SetOutputVolume(endpoint string, volume int)
	SetSensitivity(endpoint string, value int)
	Place(endpoint, position string)
	RaiseHand(up bool)
	LockRoom(on bool)
	SetLayout(name string)
	HideWithoutPicture(on bool)
	SetHandsFirst(on bool)
}

// devices is about camera, microphone and speaker.
type devices interface {
	SetMicrophoneMuted(muted bool)
	SetCameraOff(off bool)
	ChooseCamera(name string)
	ChooseMicrophone(name string)
	ChooseSpeaker(name string)
	RefreshDevices()
	SetPreview(on bool)
}

// media is what bypasses the snapshots.
type media interface {
	OnVideo(streamID string, show func(*image.YCbCr)) (stop func())
	Levels() session.Levels
}
