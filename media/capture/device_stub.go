//go:build !cgo

package capture

import "fmt"

func openCamera(name string, _ Options) (Video, error) {
	if name == "" {
		return nil, ErrNoCamera
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknownCamera)
}

// OpenScreen needs cgo.
func OpenScreen(name string, _ Options) (Video, error) {
	return nil, fmt.Errorf("screen %q: %w", name, ErrSource)
}

// Cameras needs cgo and finds none.
func Cameras() []Device { return nil }

// Screens needs cgo and finds none.
func Screens() []Device { return nil }
