package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"guichet/platform/server"
	"guichet/platform/wire"
)

// data is the folder of the database, the same for every command.
type data struct {
	Data    string `help:"Folder of the database." type:"path" placeholder:"DIR"`
	KeyFile string `help:"Opens the secrets in the database (DIR/secret.key); keep it out of the database's backups." type:"path" placeholder:"FILE"`
}

// folder is --data or the user's own data folder.
func (d data) folder() (string, error) {
	if d.Data != "" {
		return d.Data, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "guichet-server"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &usageError{errors.New("--data: a folder is needed")}
	}
	return filepath.Join(home, ".local", "share", "guichet-server"), nil
}

type serve struct {
	data         `embed:""`
	Dev          bool           `help:"Demo applications and users with printed passwords; listens on loopback only."`
	Listen       string         `help:"HTTP address (127.0.0.1:8080)." placeholder:"HOST:PORT"`
	PublicURL    string         `name:"public-url" help:"How browsers reach this server." placeholder:"URL"`
	MQTTListen   string         `name:"mqtt-listen" help:"MQTT over TCP (127.0.0.1:1883)." placeholder:"HOST:PORT"`
	MediaListen  string         `help:"Media, UDP and TCP (0.0.0.0:7882)." placeholder:"HOST:PORT"`
	MediaAddress []netip.Addr   `help:"Address that callers send media to; may be repeated." placeholder:"IP"`
	TURNListen   string         `name:"turn-listen" help:"STUN and TURN, UDP and TCP (0.0.0.0:3478)." placeholder:"HOST:PORT"`
	Database     string         `help:"Where state is kept." default:"sqlite" placeholder:"sqlite"`
	TLSCert      string         `name:"tls-cert" help:"Certificate chain, PEM." type:"path" placeholder:"FILE"`
	TLSKey       string         `name:"tls-key" help:"Private key, PEM." type:"path" placeholder:"FILE"`
	Signing      string         `name:"signing-algorithm" help:"Of new signing keys: RS256 or ES256 (as before, at first RS256)." placeholder:"NAME"`
	Providers    []netip.Prefix `name:"provider-network" help:"Private network in which identity providers may live; may be repeated." placeholder:"CIDR"`
	FileSize     int64          `help:"Bytes of one file that people of a conference send each other (26214400)." placeholder:"BYTES"`
	FilesTotal   int64          `help:"Bytes of all of them (10737418240)." placeholder:"BYTES"`
	KeepHistory  time.Duration  `help:"How long reports tell of calls (9600h)." placeholder:"HOURS"`
	Rooms        int            `help:"Rooms that an organization may have (10000)." placeholder:"NUMBER"`
	RoomTokens   int            `help:"Room tokens that an organization may have at a time (100000)." placeholder:"NUMBER"`
	LogLevel     slog.Level     `help:"debug, info, warn or error." default:"info"`
}

// Run serves until a signal ends ctx. Standard output gets the ready line and
// nothing else.
func (c serve) Run(ctx context.Context) error {
	folder, err := c.folder()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	s, err := server.New(ctx, server.Config{Dev: c.Dev, Data: folder, Listen: c.Listen, PublicURL: c.PublicURL, MQTTListen: c.MQTTListen,
		MediaListen: c.MediaListen, MediaAddresses: c.MediaAddress, TURNListen: c.TURNListen, Database: c.Database,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, KeyFile: c.KeyFile, SigningAlgorithm: c.Signing, ProviderNetworks: c.Providers,
		FileSize: c.FileSize, FilesTotal: c.FilesTotal, KeepHistory: c.KeepHistory, Rooms: c.Rooms, RoomTokens: c.RoomTokens, Logger: log})
	if err != nil {
		return &usageError{err}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	var printed error
	err = s.Run(ctx, func(r wire.Ready) { printed = out.Encode(r) })
	return errors.Join(err, printed, s.Close())
}
