package file

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a name, in bytes: what the file systems of all systems take,
// with room for what a browser adds.
const maxName = 200

// cleanName makes a name that any system can save under out of what a client
// sent: no folders, no characters with a meaning, none that change the direction
// of reading (which would hide the extension), no names of devices.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // controls, format characters, private use
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if name == "" {
		return "file"
	}
	stem, _, _ := strings.Cut(name, ".")
	if isDevice(stem) {
		name = "_" + name
	}
	return shorten(name)
}

// isDevice tells whether Windows takes a name for a device, whatever its
// extension.
func isDevice(stem string) bool {
	stem = strings.ToUpper(strings.TrimSpace(stem))
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) {
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}

// shorten cuts the middle out of a name, between letters, and leaves its
// extension.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > maxName/2 {
		extension = ""
	}
	stem := name[:maxName-len(extension)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + extension
}
