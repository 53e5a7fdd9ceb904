package pattern

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"
)

// ErrFormat is returned for a file that is not YUV4MPEG2 with 8-bit 4:2:0 planes.
var ErrFormat = errors.New("not a 4:2:0 .y4m video")

const (
	maxLine = 1024 // bytes of a header line
	maxSide = 8192 // pixels
)

// WriteY4M writes frames pictures of the source id as a YUV4MPEG2 video of w by h
// pixels; the counter starts at 0.
func WriteY4M(w io.Writer, width, height, fps, frames int, id uint8) error {
	if width < 2 || height < 2 || width > maxSide || height > maxSide || fps < 1 {
		return fmt.Errorf("%dx%d at %d frames/s: %w", width, height, fps, ErrFormat)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(out, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, fps)
	m := New(width, height)
	for i := range frames {
		Draw(m, id, uint16(i))
		out.WriteString("FRAME\n")
		out.Write(m.Y)
		out.Write(m.Cb)
		out.Write(m.Cr)
	}
	// bufio keeps the first error and returns it here.
	return out.Flush()
}

// Y4M reads the pictures of a YUV4MPEG2 video one after the other. It is used by
// one goroutine at a time.
type Y4M struct {
	Width, Height int     // pixels
	FrameRate     float64 // frames per second

	in *bufio.Reader
}

// NewY4M reads the header of a video.
func NewY4M(r io.Reader) (*Y4M, error) {
	v := &Y4M{FrameRate: 30, in: bufio.NewReaderSize(r, 1<<16)}
	line, err := v.line()
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(line))
	if len(fields) == 0 || fields[0] != "YUV4MPEG2" {
		return nil, ErrFormat
	}
	for _, f := range fields[1:] {
		if err := v.parameter(f[0], f[1:]); err != nil {
			return nil, err
		}
	}
	if v.Width < 2 || v.Height < 2 || v.Width > maxSide || v.Height > maxSide {
		return nil, fmt.Errorf("%dx%d pixels: %w", v.Width, v.Height, ErrFormat)
	}
	return v, nil
}

func (v *Y4M) parameter(key byte, value string) (err error) {
	switch key {
	case 'W':
		v.Width, err = strconv.Atoi(value)
	case 'H':
		v.Height, err = strconv.Atoi(value)
	case 'F':
		num, den, _ := strings.Cut(value, ":")
		n, err1 := strconv.Atoi(num)
		d, err2 := strconv.Atoi(den)
		if err1 == nil && err2 == nil && n > 0 && d > 0 {
			v.FrameRate = min(max(float64(n)/float64(d), 1), 120)
		}
	case 'C':
		// 420p10 and the like have two bytes per sample.
		switch value {
		case "420", "420jpeg", "420mpeg2", "420paldv":
		default:
			err = ErrFormat
		}
	}
	if err != nil {
		return fmt.Errorf("parameter %c: %w", key, ErrFormat)
	}
	return nil
}

// Read fills dst, which must have the video's size and lie densely as New makes
// it, with the next picture. It returns io.EOF at the end of the video; a last
// picture cut short counts as the end.
func (v *Y4M) Read(dst *image.YCbCr) error {
	line, err := v.line()
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("FRAME")) {
		return ErrFormat
	}
	for _, plane := range [][]uint8{dst.Y, dst.Cb, dst.Cr} {
		if _, err := io.ReadFull(v.in, plane); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return io.EOF
			}
			return err
		}
	}
	return nil
}

// line returns a header line without its end.
func (v *Y4M) line() ([]byte, error) {
	line, err := v.in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
		return nil, err
	case err != nil || len(line) > maxLine:
		return nil, ErrFormat
	}
	return line[:len(line)-1], nil
}
