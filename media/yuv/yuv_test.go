package yuv_test

import (
	"errors"
	"image"
	"image/color"
	"testing"

	"guichet/media/capture/pattern"
	"guichet/media/yuv"
)

func TestToRGBAKeepsTheCodeAtEverySize(t *testing.T) {
	var c yuv.Converter
	for _, src := range []image.Point{{1280, 720}, {321, 181}} {
		m := pattern.New(src.X, src.Y)
		pattern.Draw(m, 17, 4711)
		for _, dst := range []image.Point{src, {640, 361}, {300, 170}} {
			rgba := image.NewRGBA(image.Rect(0, 0, dst.X, dst.Y))
			if err := c.ToRGBA(rgba, m); err != nil {
				t.Fatal(err)
			}
			if code, ok := pattern.Read(rgba); !ok || code.ID != 17 || code.Counter != 4711 {
				t.Errorf("%v to %v: read %+v, %v", src, dst, code, ok)
			}
		}
	}
}

func TestRangeIsLimited(t *testing.T) {
	var c yuv.Converter
	rgba := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for _, v := range []uint8{0, 100, 255} {
		for i := range rgba.Pix {
			rgba.Pix[i] = v
			if i%4 == 3 {
				rgba.Pix[i] = 255
			}
		}
		m := yuv.New(4, 4)
		if err := yuv.FromAny(m, rgba, false); err != nil {
			t.Fatal(err)
		}
		if want := 16 + int(v)*219/255; abs(int(m.Y[0])-want) > 1 {
			t.Errorf("grey %d became luma %d, want about %d", v, m.Y[0], want)
		}
		if err := c.ToRGBA(rgba, m); err != nil {
			t.Fatal(err)
		}
		if abs(int(rgba.Pix[0])-int(v)) > 2 {
			t.Errorf("grey %d came back as %d", v, rgba.Pix[0])
		}
	}
}

func TestFromAnyKindOfPicture(t *testing.T) {
	const w, h = 33, 17
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio420,
	} {
		src := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
		set(src.Y, 255)
		set(src.Cb, 60)
		set(src.Cr, 200)
		dst := yuv.New(w, h)
		if err := yuv.FromAny(dst, src, true); err != nil {
			t.Fatalf("%v: %v", ratio, err)
		}
		last := len(dst.Cb) - 1
		if dst.Y[0] != 235 || abs(int(dst.Cb[last])-68) > 1 || abs(int(dst.Cr[last])-191) > 1 {
			t.Errorf("%v: %d %d %d", ratio, dst.Y[0], dst.Cb[last], dst.Cr[last])
		}
	}
	// A driver that rounds the chroma of odd sizes down must not panic.
	short := &image.YCbCr{Y: make([]uint8, w*h), Cb: make([]uint8, w*h/4), Cr: make([]uint8, w*h/4),
		YStride: w, CStride: w / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h)}
	if err := yuv.FromAny(yuv.New(w, h), short, false); err != nil {
		t.Errorf("short chroma: %v", err)
	}
	grey := image.NewGray(image.Rect(5, 5, 5+w, 5+h))
	grey.SetGray(5, 5, color.Gray{255})
	dst := yuv.New(w, h)
	if err := yuv.FromAny(dst, grey, false); err != nil || dst.Y[0] != 235 {
		t.Errorf("grey picture: luma %d, %v", dst.Y[0], err)
	}
}

func TestBadPicturesAreRefused(t *testing.T) {
	good := yuv.New(16, 16)
	short := yuv.New(16, 16)
	short.Cr = short.Cr[:10]
	wide := yuv.New(16, 16)
	wide.SubsampleRatio = image.YCbCrSubsampleRatio422
	var c yuv.Converter
	for name, m := range map[string]*image.YCbCr{"nil": nil, "empty": {}, "short": short, "4:2:2": wide} {
		if err := c.ToRGBA(image.NewRGBA(image.Rect(0, 0, 8, 8)), m); !errors.Is(err, yuv.ErrPicture) {
			t.Errorf("ToRGBA of %s: %v", name, err)
		}
		if err := yuv.Scale(good, m); !errors.Is(err, yuv.ErrPicture) {
			t.Errorf("Scale of %s: %v", name, err)
		}
		if err := yuv.Scale(m, good); !errors.Is(err, yuv.ErrPicture) {
			t.Errorf("Scale into %s: %v", name, err)
		}
	}
	if err := c.ToRGBA(&image.RGBA{}, good); !errors.Is(err, yuv.ErrPicture) {
		t.Errorf("empty target: %v", err)
	}
	if err := yuv.FromAny(good, image.NewRGBA(image.Rect(0, 0, 3, 3)), false); !errors.Is(err, yuv.ErrPicture) {
		t.Errorf("other size: %v", err)
	}
}

func TestFit(t *testing.T) {
	for _, c := range [][6]int{
		{1280, 720, 640, 640, 640, 360}, {1280, 720, 2000, 360, 640, 360}, {320, 180, 640, 360, 320, 180},
		{720, 1280, 640, 640, 360, 640}, {1280, 720, 0, 0, 1280, 720}, {4000, 2, 100, 100, 100, 1},
	} {
		if w, h := yuv.Fit(c[0], c[1], c[2], c[3]); w != c[4] || h != c[5] {
			t.Errorf("Fit(%v) = %d, %d", c[:4], w, h)
		}
	}
}

func abs(a int) int { return max(a, -a) }

func set(b []uint8, v uint8) {
	for i := range b {
		b[i] = v
	}
}

func BenchmarkToRGBA720p(b *testing.B) {
	var c yuv.Converter
	src, dst := pattern.New(1280, 720), image.NewRGBA(image.Rect(0, 0, 1280, 720))
	for b.Loop() {
		if err := c.ToRGBA(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkToRGBA720pTo360p(b *testing.B) {
	var c yuv.Converter
	src, dst := pattern.New(1280, 720), image.NewRGBA(image.Rect(0, 0, 640, 360))
	for b.Loop() {
		if err := c.ToRGBA(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFromBGRX: the order of an X server's bytes, also of a part of a wider screen.
func TestFromBGRX(t *testing.T) {
	const w, h, stride = 6, 4, 40
	pix := make([]uint8, stride*h)
	rgba := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(40 * x), uint8(60 * y), uint8(200 - 30*x), 255}
			rgba.SetRGBA(x, y, c)
			copy(pix[y*stride+4*x:], []uint8{c.B, c.G, c.R, 0})
		}
	}
	got, want := yuv.New(w, h), yuv.New(w, h)
	if err := yuv.FromBGRX(got, pix, stride); err != nil {
		t.Fatal(err)
	}
	if err := yuv.FromAny(want, rgba, false); err != nil {
		t.Fatal(err)
	}
	for i := range got.Y {
		if abs(int(got.Y[i])-int(want.Y[i])) > 1 {
			t.Fatalf("luma %d is %d, want %d", i, got.Y[i], want.Y[i])
		}
	}
	for i := range got.Cb {
		if abs(int(got.Cb[i])-int(want.Cb[i])) > 1 || abs(int(got.Cr[i])-int(want.Cr[i])) > 1 {
			t.Fatalf("chroma %d is %d %d, want %d %d", i, got.Cb[i], got.Cr[i], want.Cb[i], want.Cr[i])
		}
	}
	if err := yuv.FromBGRX(got, pix[:len(pix)-stride], stride); !errors.Is(err, yuv.ErrPicture) {
		t.Errorf("too short: %v", err)
	}
}
