//go:build !cgo

package capture

import "fmt"

func openCamera(name string, _ Options) (Video, error) {
	if name == "" {
		return nil, ErrNoCamera
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknownCamera)
}

// Cameras needs cgo and finds none.
func Cameras() []Device { return nil }
