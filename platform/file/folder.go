package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// incoming is the folder of files that are still being received.
const incoming = "incoming"

// folder is where files lie, each under its id.
type folder struct{ path string }

func (d folder) file(id string) string { return filepath.Join(d.path, id) }

// sweep makes the folders and removes files that are not kept. It returns the
// kept ones that are not there.
func (d folder) sweep(kept map[string]int64) (missing []string, err error) {
	if err := os.MkdirAll(d.file(incoming), 0o700); err != nil {
		return nil, err
	}
	half, err := os.ReadDir(d.file(incoming))
	if err != nil {
		return nil, err
	}
	for _, e := range half {
		if err := os.Remove(filepath.Join(d.path, incoming, e.Name())); err != nil {
			return nil, err
		}
	}
	whole, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(whole))
	for _, e := range whole {
		there[e.Name()] = true
		if _, ok := kept[e.Name()]; ok || e.IsDir() {
			continue
		}
		if err := os.Remove(d.file(e.Name())); err != nil {
			return nil, err
		}
	}
	for id := range kept {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// create opens a new file that nobody finds until publish.
func (d folder) create() (*os.File, error) {
	return os.CreateTemp(d.file(incoming), "*") // mode 0600
}

// publish makes a file durable under its id and closes it.
func (d folder) publish(f *os.File, id string) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), d.file(id)); err != nil {
		return err
	}
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d folder) remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
