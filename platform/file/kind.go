package file

import (
	"bytes"
	"encoding/binary"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// headLength is how much of a file tells its type, in bytes.
const headLength = 4 << 10

// kind is a type of files that is taken: content and name must both say so.
// Neither pages, drawings with scripts, archives nor programs are among them.
type kind struct {
	mime       string
	extensions []string // the first is given to names that have none
	is         func(head []byte) bool
}

func pictureKinds() []kind {
	return []kind{
		{"image/jpeg", []string{".jpg", ".jpeg"}, prefix("\xff\xd8\xff")},
		{"image/png", []string{".png"}, prefix("\x89PNG\r\n\x1a\n")},
		{"image/webp", []string{".webp"}, func(h []byte) bool {
			return len(h) >= 12 && string(h[:4]) == "RIFF" && string(h[8:12]) == "WEBP"
		}},
	}
}

func documentKinds() []kind {
	const open = "application/vnd.oasis.opendocument."
	const office = "application/vnd.openxmlformats-officedocument."
	return append(pictureKinds(),
		kind{"image/gif", []string{".gif"}, func(h []byte) bool {
			return bytes.HasPrefix(h, []byte("GIF87a")) || bytes.HasPrefix(h, []byte("GIF89a"))
		}},
		kind{"image/heic", []string{".heic", ".heif"}, func(h []byte) bool {
			return len(h) >= 12 && string(h[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "mif1", "msf1"}, string(h[8:12]))
		}},
		kind{"application/pdf", []string{".pdf"}, prefix("%PDF-")},
		kind{office + "wordprocessingml.document", []string{".docx"}, isOffice},
		kind{office + "spreadsheetml.sheet", []string{".xlsx"}, isOffice},
		kind{office + "presentationml.presentation", []string{".pptx"}, isOffice},
		kind{open + "text", []string{".odt"}, isOpen(open + "text")},
		kind{open + "spreadsheet", []string{".ods"}, isOpen(open + "spreadsheet")},
		kind{open + "presentation", []string{".odp"}, isOpen(open + "presentation")},
		kind{"text/plain; charset=utf-8", []string{".txt", ".log"}, isText},
		kind{"text/csv; charset=utf-8", []string{".csv"}, isText},
	)
}

// kindOf returns the type of a file and its clean name, which got an extension
// if it had none.
func kindOf(kinds []kind, name string, head []byte) (mime, full string, err error) {
	extension := strings.ToLower(path.Ext(name))
	if extension == "" {
		for _, k := range kinds {
			if k.is(head) {
				return k.mime, name + k.extensions[0], nil
			}
		}
		return "", "", ErrType
	}
	for _, k := range kinds {
		if !slices.Contains(k.extensions, extension) {
			continue
		}
		if !k.is(head) {
			return "", "", ErrMismatch
		}
		return k.mime, name, nil
	}
	return "", "", ErrType
}

func prefix(p string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(p)) }
}

// firstEntry returns name and content of a ZIP archive's first entry, as far as
// head has them (APPNOTE.TXT, section 4.3.7).
func firstEntry(head []byte) (name string, content []byte) {
	const fixed = 30
	if len(head) < fixed || string(head[:4]) != "PK\x03\x04" {
		return "", nil
	}
	nameEnd := fixed + int(binary.LittleEndian.Uint16(head[26:]))
	start := nameEnd + int(binary.LittleEndian.Uint16(head[28:]))
	if start > len(head) {
		return "", nil
	}
	return string(head[fixed:nameEnd]), head[start:]
}

// isOffice tells whether an archive begins like the packages that office
// programs write (ECMA-376, part 2). Programs packed as archives do not.
func isOffice(head []byte) bool {
	name, _ := firstEntry(head)
	return name == "[Content_Types].xml" || slices.ContainsFunc([]string{"_rels/", "docProps/", "word/", "xl/", "ppt/", "customXml/"},
		func(folder string) bool { return strings.HasPrefix(name, folder) })
}

// isOpen looks for the entry that names the type (OpenDocument 1.3, part 2,
// section 3.3), which ends where the next header begins.
func isOpen(mime string) func([]byte) bool {
	return func(head []byte) bool {
		name, content := firstEntry(head)
		return name == "mimetype" && bytes.HasPrefix(content, []byte(mime+"PK"))
	}
}

// isText tells whether the head is text in UTF-8, or in one of the older
// encodings of a byte per letter, and nothing that a program would run or draw.
func isText(head []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n\f")
	switch {
	case bytes.HasPrefix(text, []byte("#!")):
		return false
	case len(text) > 1 && text[0] == '<' && (isLetter(text[1]) || text[1] == '!' || text[1] == '?'):
		return false // markup: HTML, SVG, XML
	}
	return !bytes.ContainsFunc(head, func(r rune) bool {
		return r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b", r) || r == 0x7f
	}) && utf8.RuneCount(head) > 0
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
