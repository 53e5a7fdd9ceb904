//go:build cgo

package capture

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"
)

// scanning guards the driver manager, which is itself one per process: a scan
// empties it before it fills it again.
var scanning sync.Mutex

// found is a device and the driver that opens it.
type found struct {
	Device
	driver driver.Driver
}

// scan looks for cameras anew, as they come and go. It forgets every other video
// driver, screens too.
func scan() []found {
	scanning.Lock()
	defer scanning.Unlock()
	camera.Initialize()
	return name(driver.GetManager().Query(driver.FilterDeviceType(driver.Camera)))
}

// name gives every driver a name of its own for people, in a steady order.
func name(drivers []driver.Driver) []found {
	var devices []found
	for _, d := range drivers {
		info := d.Info()
		// On Linux "name;bus": a node that cannot even be asked has no name, which
		// is so for the metadata nodes beside each camera.
		name, _, _ := strings.Cut(info.Name, camera.LabelSeparator)
		if info.DeviceType == driver.Camera && strings.TrimSpace(name) == "" {
			if info.Name == camera.LabelSeparator {
				continue
			}
			name = info.Label
		}
		devices = append(devices, found{Device{Name: strings.TrimSpace(name), Label: info.Label}, d})
	}
	slices.SortFunc(devices, func(a, b found) int {
		pa, pb := a.driver.Info().Priority, b.driver.Info().Priority
		if pa != pb {
			return int(1000 * (pb - pa))
		}
		return strings.Compare(a.Label, b.Label)
	})
	seen := map[string]int{}
	for i := range devices {
		d := &devices[i]
		seen[d.Name]++
		if n := seen[d.Name]; n > 1 {
			d.Name = fmt.Sprintf("%s (%d)", d.Name, n)
		}
	}
	return devices
}

func list(devices []found) []Device {
	out := make([]Device, len(devices))
	for i, d := range devices {
		out[i] = d.Device
	}
	return out
}

// Cameras looks for cameras and returns them, the system's first choice first.
func Cameras() []Device { return list(scan()) }
