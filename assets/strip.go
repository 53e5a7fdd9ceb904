package assets

import "bytes"

// strip removes the comments of a script and keeps the line breaks, so that an
// error's line number is that of the source. It reads line by line and knows
// strings, but no regular expressions: a quote in one keeps the rest of its line
// as it is. TestScriptsCanBeStripped holds the sources to what it understands,
// which is no string that spans lines.
func strip(source []byte) []byte {
	var out bytes.Buffer
	comment := false
	for line := range bytes.Lines(source) {
		var code []byte
		code, comment = stripLine(bytes.TrimSpace(line), comment)
		out.Write(bytes.TrimSpace(code))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// stripLine returns a line without its comments, and whether it ends within one.
func stripLine(line []byte, comment bool) (code []byte, open bool) {
	var quote byte // of the string that is read, 0 outside
	for i := 0; i < len(line); i++ {
		c, rest := line[i], line[i:]
		switch {
		case comment:
			if bytes.HasPrefix(rest, []byte("*/")) {
				comment = false
				i++
				if i+1 < len(line) && line[i+1] == ' ' {
					i++
				}
			}
		case c == '\\' && i+1 < len(line):
			code = append(code, c, line[i+1])
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
			code = append(code, c)
		case bytes.HasPrefix(rest, []byte("/*")):
			comment = true
			i++
		case bytes.HasPrefix(rest, []byte("//")) && (i == 0 || line[i-1] == ' '):
			return code, false
		default:
			if c == '\'' || c == '"' || c == '`' {
				quote = c
			}
			code = append(code, c)
		}
	}
	return code, comment
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
