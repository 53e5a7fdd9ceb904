//go:build !cgo

package sound

// system needs cgo.
type system struct{}

func (*system) close() {}

func (*Device) changed() bool { return false }

func (*Device) openHardware(wantMic, wantSpk bool) (clock interface{ stop() }, warnings []error) {
	if wantMic {
		warnings = append(warnings, ErrNoMicrophone)
	}
	if wantSpk {
		warnings = append(warnings, ErrNoSpeaker)
	}
	return nil, warnings
}

// Microphones needs cgo and finds none.
func Microphones() []Info { return nil }

// Speakers needs cgo and finds none.
func Speakers() []Info { return nil }
