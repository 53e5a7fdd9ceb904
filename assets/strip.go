package assets

import "bytes"

// strip removes the comments that begin a line of a script, and keeps the line
// breaks, so that an error's line number is that of the source. It looks at
// whole lines and knows no strings: TestScriptsCanBeStripped holds the sources
// to what it understands, which is no string that spans lines.
func strip(source []byte) []byte {
	var out bytes.Buffer
	comment := false
	for line := range bytes.Lines(source) {
		code := bytes.TrimSpace(line)
		for comment || bytes.HasPrefix(code, []byte("/*")) {
			_, after, ended := bytes.Cut(code, []byte("*/"))
			comment, code = !ended, bytes.TrimSpace(after)
			if comment {
				code = nil
				break
			}
		}
		if !bytes.HasPrefix(code, []byte("//")) {
			out.Write(code)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// stripPage removes the comments of a page (HTML, section 13.1.6). The pages
// have no script or style inside that could hold something alike.
func stripPage(source []byte) []byte {
	var out bytes.Buffer
	for {
		before, rest, found := bytes.Cut(source, []byte("<!--"))
		out.Write(before)
		if !found {
			return out.Bytes()
		}
		_, source, _ = bytes.Cut(rest, []byte("-->"))
	}
}
