package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		want Flags
		err  string
	}{
		"nothing": {},
		"all": {args: []string{"--server", "https://calls.example.org/", "--headless", "--join", "c1", "--camera", "pattern:17", "--microphone", "tone:440",
			"--speaker", "file:heard.wav", "--name", "Anna", "--data", "/d", "--no-keyring", "--log-level", "warn"},
			want: Flags{Server: "https://calls.example.org", Headless: true, Join: "c1", Camera: "pattern:17", Microphone: "tone:440",
				Speaker: "file:heard.wav", Name: "Anna", Data: "/d", NoKeyring: true, LogLevel: 4}},
		"environment": {env: map[string]string{"GUICHET_SERVER": "calls.example.org", "GUICHET_CAMERA": "none", "GUICHET_CLIENT_ID": "a", "GUICHET_CLIENT_SECRET": "b"},
			want: Flags{Server: "https://calls.example.org", Camera: "none", ClientID: "a", ClientSecret: "b"}},
		"flag over environment":     {args: []string{"--camera", "Front"}, env: map[string]string{"GUICHET_CAMERA": "none"}, want: Flags{Camera: "Front"}},
		"headless by a link":        {args: []string{"--headless", "--join", "https://h/t/abc-def"}, want: Flags{Headless: true, Join: "https://h/t/abc-def"}},
		"bad server":                {args: []string{"--server", "ftp://x"}, err: "--server"},
		"bad server in environment": {env: map[string]string{"GUICHET_SERVER": "http://"}, err: "--server"},
		"headless without a server": {args: []string{"--headless"}, err: "--headless"},
		"half a credential":         {env: map[string]string{"GUICHET_CLIENT_ID": "a"}, err: "GUICHET_CLIENT_SECRET"},
		"unknown flag":              {args: []string{"--sever"}, err: "--sever"},
		"unexpected argument":       {args: []string{"go"}, err: "go"},
		"bad log level":             {args: []string{"--log-level", "loud"}, err: "--log-level"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			var out bytes.Buffer
			got, err := Parse(tc.args, &out)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line about %s", err, tc.err)
				}
				return
			}
			if d := cmp.Diff(tc.want, got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	var out bytes.Buffer
	if _, err := Parse([]string{"--help"}, &out); !errors.Is(err, ErrHelp) {
		t.Errorf("got %v", err)
	}
	if s := out.String(); !strings.Contains(s, "--camera") || strings.Contains(s, "secret") {
		t.Errorf("help says:\n%s", s)
	}
}

func TestSettings(t *testing.T) {
	folder, err := Folder(filepath.Join(t.TempDir(), "new", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := Load(folder)
	if err != nil || cmp.Diff(Settings{}, empty) != "" {
		t.Errorf("the first start has %+v, %v", empty, err)
	}
	want := Settings{Server: "https://calls.example.org", Camera: "Front", Theme: "dark", Window: &Window{1280, 720},
		Recent: []Recent{{Conference: "c1", With: []string{"Maria"}, StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 61.5}}}
	if err := want.Save(folder); err != nil {
		t.Fatal(err)
	}
	got, err := Load(folder)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(folder, settingsName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(folder); err == nil || cmp.Diff(Settings{}, got) != "" {
		t.Errorf("damaged settings read as %+v, %v", got, err)
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Folder(filepath.Join(file, "in")); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("got %v", err)
	}
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	if _, err := Folder(""); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("without a home: %v", err)
	}
}
