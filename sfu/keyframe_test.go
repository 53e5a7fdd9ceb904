package sfu

import "testing"

func TestKeyFrame(t *testing.T) {
	tests := map[string]struct {
		mime    string
		payload []byte
		want    bool
	}{
		"vp8 plain key":               {mimeVP8, []byte{0x10, 0x00}, true},
		"vp8 plain delta":             {mimeVP8, []byte{0x10, 0x01}, false},
		"vp8 second packet":           {mimeVP8, []byte{0x00, 0x00}, false},
		"vp8 second partition":        {mimeVP8, []byte{0x11, 0x00}, false},
		"vp8 short picture id":        {mimeVP8, []byte{0x90, 0x80, 0x05, 0x00}, true},
		"vp8 long picture id":         {mimeVP8, []byte{0x90, 0x80, 0x85, 0x05, 0x00}, true},
		"vp8 long picture id, delta":  {mimeVP8, []byte{0x90, 0x80, 0x85, 0x05, 0x01}, false},
		"vp8 all extensions":          {mimeVP8, []byte{0x90, 0xf0, 0x85, 0x05, 0x01, 0x01, 0x00}, true},
		"vp8 cut after the extension": {mimeVP8, []byte{0x90, 0x80}, false},
		"vp8 cut in the picture id":   {mimeVP8, []byte{0x90, 0x80, 0x85}, false},
		"vp8 empty":                   {mimeVP8, nil, false},
		"h264 idr":                    {mimeH264, []byte{0x65, 0x88}, true},
		"h264 sps":                    {mimeH264, []byte{0x67, 0x42}, true},
		"h264 slice":                  {mimeH264, []byte{0x41, 0x9a}, false},
		"h264 pps":                    {mimeH264, []byte{0x68, 0xce}, false},
		"h264 fu-a start of idr":      {mimeH264, []byte{0x7c, 0x85, 0}, true},
		"h264 fu-a rest of idr":       {mimeH264, []byte{0x7c, 0x05, 0}, false},
		"h264 fu-a start of slice":    {mimeH264, []byte{0x7c, 0x81, 0}, false},
		"h264 stap-a sps pps":         {mimeH264, []byte{0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce}, true},
		"h264 stap-a sei idr":         {mimeH264, []byte{0x78, 0, 2, 0x06, 0x05, 0, 2, 0x65, 0x88}, true},
		"h264 stap-a slices":          {mimeH264, []byte{0x78, 0, 2, 0x41, 0x42, 0, 2, 0x41, 0xce}, false},
		"h264 stap-a cut":             {mimeH264, []byte{0x78, 0xff, 0xff, 0x41}, false},
		"h264 stap-a of nothing":      {mimeH264, []byte{0x78, 0, 0, 0, 0, 0}, false},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if got := startsKeyFrame(c.mime)(c.payload); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if startsKeyFrame(mimeOpus) != nil {
		t.Error("audio has no key frames")
	}
}

func FuzzKeyFrame(f *testing.F) {
	f.Add([]byte{0x90, 0xf0, 0x85, 0x05, 0x01, 0x01, 0x00})
	f.Add([]byte{0x78, 0, 2, 0x06, 0x05, 0, 2, 0x65, 0x88})
	f.Add([]byte{0x7c, 0x85, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if vp8KeyFrame(b) && b[0]&0x10 == 0 {
			t.Error("a key frame that does not start a partition")
		}
		if h264KeyFrame(b) && len(b) < 2 {
			t.Error("a key frame in nothing")
		}
	})
}
