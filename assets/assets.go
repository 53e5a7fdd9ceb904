// Package assets holds the web pages that the server serves: the customer's
// page, the settings page, the page about the API, the JavaScript client library
// under them and the mark.
//
// It owns the files, their layout and their size on the wire: scripts and pages
// come without their comments, which are half of a script's bytes. It must not
// know HTTP: paths, caching, compression and the content security policy belong
// to whoever serves them. The tree is read-only and safe for use by any
// goroutine.
//
// The pages refer to each other by paths below /assets/, so that /assets/{name}
// must answer the file {name} of FS.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed admin customer docs lib mark.svg
var files embed.FS

// FS returns the tree of embedded files: customer/index.html is the page behind
// a ticket's and an agent's link, admin/index.html the settings page, docs/index.html the page
// about the API, lib/ the client library, mark.svg the mark and icon.
func FS() fs.FS { return lean{files} }
