package assets

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
)

// lean is a tree whose scripts are read without their comments.
type lean struct{ embed.FS }

func (l lean) ReadFile(name string) ([]byte, error) {
	b, err := l.FS.ReadFile(name)
	if err != nil || path.Ext(name) != ".js" {
		return b, err
	}
	return strip(b), nil
}

func (l lean) Open(name string) (fs.File, error) {
	f, err := l.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if d, ok := f.(fs.ReadDirFile); ok {
		return dir{d, l, name}, nil
	}
	if path.Ext(name) != ".js" {
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
	return script{bytes.NewReader(b), info}, nil
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

// script is an open script without its comments.
type script struct {
	*bytes.Reader
	info fs.FileInfo
}

func (s script) Stat() (fs.FileInfo, error) { return sized{s.info, s.Reader.Size()}, nil }

func (s script) Close() error { return nil }

type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }
