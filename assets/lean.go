package assets

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
)

// lean is a tree whose scripts and pages are read without their comments.
type lean struct{ embed.FS }

func (l lean) ReadFile(name string) ([]byte, error) {
	b, err := l.FS.ReadFile(name)
	if err != nil {
		return nil, err
	}
	switch path.Ext(name) {
	case ".js":
		return strip(b), nil
	case ".html":
		return stripPage(b), nil
	}
	return b, nil
}

func (l lean) Open(name string) (fs.File, error) {
	f, err := l.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if d, ok := f.(fs.ReadDirFile); ok {
		return dir{d, l, name}, nil
	}
	if ext := path.Ext(name); ext != ".js" && ext != ".html" {
		return f, nil
	}
	b, err := l.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return stripped{bytes.NewReader(b), info}, nil
}

func (l lean) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := l.FS.ReadDir(name)
	return l.entries(name, entries), err
}

func (l lean) entries(dir string, of []fs.DirEntry) []fs.DirEntry {
	entries := make([]fs.DirEntry, len(of))
	for i, e := range of {
		entries[i] = entry{e, l, path.Join(dir, e.Name())}
	}
	return entries
}

// dir is an open directory that knows the sizes without comments.
type dir struct {
	fs.ReadDirFile
	tree lean
	name string
}

func (d dir) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := d.ReadDirFile.ReadDir(n)
	return d.tree.entries(d.name, entries), err
}

type entry struct {
	fs.DirEntry
	tree lean
	name string
}

func (e entry) Info() (fs.FileInfo, error) { return fs.Stat(e.tree, e.name) }

// stripped is an open file without its comments.
type stripped struct {
	*bytes.Reader
	info fs.FileInfo
}

func (s stripped) Stat() (fs.FileInfo, error) { return sized{s.info, s.Reader.Size()}, nil }

func (s stripped) Close() error { return nil }

type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }
