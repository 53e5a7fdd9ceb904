//go:build !linux && !cgo

package capture

// Screens needs cgo here and finds none.
func Screens() ([]Screen, error) { return nil, ErrNoScreen }

// OpenScreen needs cgo here.
func OpenScreen(string, Options) (Video, error) { return nil, ErrNoScreen }
