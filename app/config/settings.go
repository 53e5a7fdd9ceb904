package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// settingsName is the settings file in the folder.
const settingsName = "settings.json"

// Settings is what the person chose and did.
type Settings struct {
	Server     string   `json:"server,omitempty"`
	Camera     string   `json:"camera,omitempty"` // by name; "" is the system's choice
	Microphone string   `json:"microphone,omitempty"`
	Speaker    string   `json:"speaker,omitempty"`
	Theme      string   `json:"theme,omitempty"` // "light", "dark"; "" follows the system
	Window     *Window  `json:"window,omitempty"`
	Recent     []Recent `json:"recent,omitempty"` // newest first
}

// Window is the size of the window, in the toolkit's units.
type Window struct {
	Width  float32 `json:"width"`
	Height float32 `json:"height"`
}

// Recent is a call that was left.
type Recent struct {
	Conference string    `json:"conference"`
	With       []string  `json:"with,omitempty"`
	StartedAt  time.Time `json:"startedAt"`
	Seconds    float64   `json:"seconds"`
}

// Folder returns the folder of settings and secrets, by default that of the
// system for configuration ($XDG_CONFIG_HOME/guichet), and makes it.
func Folder(given string) (string, error) {
	folder := given
	if folder == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return "", errors.New("--data: a folder is needed")
		}
		folder = filepath.Join(base, "guichet")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("--data: %w", err)
	}
	return folder, nil
}

// Load reads the settings of a folder. Missing ones are no error; damaged ones
// are, and the zero settings can be used then.
func Load(folder string) (Settings, error) {
	var s Settings
	raw, err := os.ReadFile(filepath.Join(folder, settingsName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// Save replaces the settings of a folder in one step.
func (s Settings) Save(folder string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	t, err := os.CreateTemp(folder, settingsName+"-*")
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	_, err = t.Write(append(raw, '\n'))
	err = errors.Join(err, t.Close())
	if err == nil {
		err = os.Rename(t.Name(), filepath.Join(folder, settingsName))
	}
	if err != nil {
		return fmt.Errorf("save settings: %w", errors.Join(err, os.Remove(t.Name())))
	}
	return nil
}
