//go:build !linux && cgo

package capture

import (
	"fmt"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/screen"
)

// Screens returns the monitors that can be shared.
func Screens() ([]Screen, error) {
	var list []Screen
	for i, d := range scanScreens() {
		s := Screen{ID: d.Label, Name: fmt.Sprint(i + 1)}
		if err := d.driver.Open(); err == nil {
			if modes := d.driver.Properties(); len(modes) > 0 {
				s.Width, s.Height = modes[0].Width, modes[0].Height
			}
			_ = d.driver.Close()
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, ErrNoScreen
	}
	return list, nil
}

// OpenScreen opens a screen by its id, "" for the first, at 10 frames/s unless
// wished otherwise; pictures larger than the wished size (1920x1080 by default) are
// shrunk.
func OpenScreen(id string, o Options) (Video, error) {
	o, err := screenOptions(o)
	if err != nil {
		return nil, err
	}
	for _, d := range scanScreens() {
		if id == "" || d.Label == id {
			return openDriver(d.driver, o)
		}
	}
	return nil, ErrScreenGone
}

// scanScreens looks for screens anew.
func scanScreens() []found {
	scanning.Lock()
	defer scanning.Unlock()
	screen.Initialize()
	return name(driver.GetManager().Query(driver.FilterDeviceType(driver.Screen)))
}
