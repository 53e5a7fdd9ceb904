package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"time"

	"guichet/app/config"
	"guichet/app/hardware"
	"guichet/app/session"
	"guichet/app/signin"
)

// newSession puts the session together. Flags rule over settings, but are not
// remembered unless the person chooses them.
func newSession(flags config.Flags, settings config.Settings, folder string, log *slog.Logger, f front) (*session.Session, error) {
	var keyring signin.Keyring = signin.SystemKeyring{}
	if flags.NoKeyring || flags.Headless {
		keyring = nil // a locked one asks for its password in a window
	}
	open := signin.OpenBrowser
	if flags.Headless {
		open = func(url string) error {
			_, err := fmt.Fprintln(os.Stderr, "Open this address to sign in:", url)
			return err
		}
	}
	accounts, err := signin.New(signin.Config{Vault: signin.OpenVault(keyring, folder, log), Opener: open,
		ClientID: flags.ClientID, ClientSecret: flags.ClientSecret, Logger: log})
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{Accounts: session.Browser(accounts), Media: hardware.Media{}, Name: flags.Name,
		Server: cmp.Or(flags.Server, settings.Server), Camera: cmp.Or(flags.Camera, settings.Camera),
		Microphone: cmp.Or(flags.Microphone, settings.Microphone), Speaker: cmp.Or(flags.Speaker, settings.Speaker),
		Recent: fromSettings(settings.Recent), OnChange: f.Apply, Logger: log,
		Remember: func(p session.Preferences) {
			settings.Server, settings.Recent = p.Server, toSettings(p.Recent)
			settings.Camera, settings.Microphone, settings.Speaker = chosen(p.Camera, flags.Camera, settings.Camera),
				chosen(p.Microphone, flags.Microphone, settings.Microphone), chosen(p.Speaker, flags.Speaker, settings.Speaker)
			if err := settings.Save(folder); err != nil {
				log.Warn("settings are not kept", "err", err)
			}
		}})
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
