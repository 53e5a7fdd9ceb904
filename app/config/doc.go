// Package config is what the desktop program is started with and what it
// remembers: flags, GUICHET_… environment variables, and the settings file in
// the person's own folders.
//
// A flag or variable rules for one start; the file keeps what the person chose.
// The package knows no session and no window. Settings belongs to one goroutine
// at a time; Save replaces the file in one step.
package config
