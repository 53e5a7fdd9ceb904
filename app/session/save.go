package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// save writes a file so that under its name there is all of it or what was there
// before.
func save(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".guichet-*.part")
	if err != nil {
		return unsaved(err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return unsaved(err)
	}
	if err := f.Close(); err != nil {
		return unsaved(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return unsaved(err)
	}
	return nil
}

// diskError is a disk's refusal in words for a person.
type diskError struct{ err error }

func unsaved(err error) error { return diskError{err} }

// Error says what to do.
func (e diskError) Error() string {
	if errors.Is(e.err, fs.ErrPermission) {
		return "you may not write into this folder, choose another one"
	}
	return "the disk did not take it, choose another folder"
}

// Unwrap returns the system's error.
func (e diskError) Unwrap() error { return e.err }
