package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/alecthomas/kong"
)

// Flags is what the program is started with. Empty fields were not given.
type Flags struct {
	Server     string `help:"Address of the server, such as https://calls.example.org." placeholder:"URL"`
	Headless   bool   `help:"No window: state changes are printed on standard output, one JSON object a line."`
	Join       string `help:"Join this conference, or follow this link as a customer, or into a room with all that stands behind its #. Other users can read arguments: better give GUICHET_JOIN." placeholder:"CONFERENCE_OR_LINK"`
	Name       string `help:"What others see of you." placeholder:"NAME"`
	Camera     string `help:"A camera by name, pattern, pattern:ID, file:F.y4m, or none." placeholder:"NAME"`
	Microphone string `help:"A microphone by name, tone, tone:HERTZ, file:F.wav, or none." placeholder:"NAME"`
	Speaker    string `help:"A speaker by name, file:F.wav, or none." placeholder:"NAME"`
	Data       string `help:"Folder of settings and of the kept sign-in." placeholder:"DIR" type:"path"`
	NoKeyring  bool   `name:"no-keyring" help:"Keep the sign-in in an encrypted file rather than in the system's keyring."`

	// Only from the environment: arguments can be read by other users.
	ClientID     string `name:"client-id" env:"GUICHET_CLIENT_ID" hidden:""`
	ClientSecret string `name:"client-secret" env:"GUICHET_CLIENT_SECRET" hidden:""`

	LogLevel slog.Level `help:"debug, info, warn or error." default:"info"`
}

// ErrHelp tells that help was asked for and has been printed.
var ErrHelp = errors.New("help was printed")

// Parse reads arguments and the GUICHET_… environment. The error is one line
// that says what to change.
func Parse(args []string, out io.Writer) (Flags, error) {
	var f Flags
	helped := false
	p, err := kong.New(&f, kong.Name("guichet"), kong.Description("Video calls at the counter: the agent's window."),
		kong.DefaultEnvars("GUICHET"), kong.Writers(out, out), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return f, err
	}
	_, err = p.Parse(args)
	switch {
	case helped:
		return f, ErrHelp
	case err != nil:
		return f, err
	}
	return f, f.check()
}

func (f *Flags) check() error {
	if f.Server != "" {
		if !strings.Contains(f.Server, "://") {
			f.Server = "https://" + f.Server
		}
		u, err := url.Parse(f.Server)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("--server: %q is not like https://calls.example.org", f.Server)
		}
		f.Server = strings.TrimRight(f.Server, "/")
	}
	if (f.ClientID == "") != (f.ClientSecret == "") {
		return errors.New("GUICHET_CLIENT_ID and GUICHET_CLIENT_SECRET: give both or neither")
	}
	if f.Headless && f.Server == "" && !strings.Contains(f.Join, "://") {
		return errors.New("--headless: --server or a link in --join is needed")
	}
	return nil
}
