package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"time"

	"guichet/app/config"
	"guichet/app/hardware"
	"guichet/app/session"
	"guichet/app/signin"
)

// build is what a session is made from.
type build struct {
	flags    config.Flags
	settings config.Settings
	folder   string
	log      *slog.Logger
	errs     io.Writer
}

// newSession puts the session together. Flags rule over settings, but are not
// remembered unless the person chooses them.
func newSession(b build, onChange func(session.State)) (*session.Session, error) {
	var keyring signin.Keyring = signin.SystemKeyring{}
	if b.flags.NoKeyring || b.flags.Headless {
		keyring = nil // a locked one asks for its password in a window
	}
	accounts, err := signin.New(signin.Config{Vault: signin.OpenVault(keyring, b.folder, b.log), Opener: b.open,
		ClientID: b.flags.ClientID, ClientSecret: b.flags.ClientSecret, Logger: b.log})
	if err != nil {
		return nil, err
	}
	f, s := b.flags, b.settings
	return session.New(session.Config{Accounts: session.Browser(accounts), Media: hardware.Media{}, Name: f.Name,
		Server: cmp.Or(f.Server, s.Server), Camera: cmp.Or(f.Camera, s.Camera), Microphone: cmp.Or(f.Microphone, s.Microphone),
		Speaker: cmp.Or(f.Speaker, s.Speaker), Recent: fromSettings(s.Recent), OnChange: onChange, Remember: b.remember, Logger: b.log})
}

// open shows the sign-in page.
func (b build) open(url string) error {
	if b.flags.Headless {
		_, err := fmt.Fprintln(b.errs, "Open this address to sign in:", url)
		return err
	}
	err := signin.OpenBrowser(url)
	if err != nil {
		fmt.Fprintln(b.errs, "Open this address to sign in:", url)
	}
	return err
}

// remember keeps what a person chose.
func (b build) remember(p session.Preferences) {
	s := b.settings
	s.Server, s.Recent = p.Server, toSettings(p.Recent)
	s.Camera = chosen(p.Camera, b.flags.Camera, s.Camera)
	s.Microphone = chosen(p.Microphone, b.flags.Microphone, s.Microphone)
	s.Speaker = chosen(p.Speaker, b.flags.Speaker, s.Speaker)
	if err := s.Save(b.folder); err != nil {
		b.log.Warn("settings are not kept", "err", err)
	}
}

// chosen is the device to remember: not the one that only a flag named.
func chosen(now, flag, before string) string {
	if flag != "" && now == flag {
		return before
	}
	return now
}

func fromSettings(list []config.Recent) []session.Recent {
	var recent []session.Recent
	for _, r := range list {
		recent = append(recent, session.Recent{ConferenceID: r.Conference, With: r.With, StartedAt: r.StartedAt,
			Duration: time.Duration(r.Seconds * float64(time.Second))})
	}
	return recent
}

func toSettings(list []session.Recent) []config.Recent {
	var recent []config.Recent
	for _, r := range list {
		recent = append(recent, config.Recent{Conference: r.ConferenceID, With: r.With, StartedAt: r.StartedAt, Seconds: r.Duration.Seconds()})
	}
	return recent
}
