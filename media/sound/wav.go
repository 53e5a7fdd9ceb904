package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

const (
	maxWAV     = 64 << 20 // bytes read of a file, 11 minutes of CD quality
	headerSize = 44
)

// ReadWAV reads a RIFF WAVE file of 8, 16, 24 or 32 bit PCM or 32 bit float, any
// number of channels and rate, and returns it as 48 kHz mono.
func ReadWAV(r io.Reader) ([]int16, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxWAV))
	if err != nil {
		return nil, err
	}
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return nil, fmt.Errorf("no RIFF WAVE header: %w", ErrSpec)
	}
	var f format
	for at := 12; at+8 <= len(data); {
		size := int(min(binary.LittleEndian.Uint32(data[at+4:]), maxWAV))
		body := data[at+8:]
		// A file that was cut short or never closed ends where it ends.
		body = body[:min(size, len(body))]
		switch string(data[at : at+4]) {
		case "fmt ":
			if f, err = parseFormat(body); err != nil {
				return nil, err
			}
		case "data":
			if f.channels == 0 {
				return nil, fmt.Errorf("sound before its format: %w", ErrSpec)
			}
			return resample(f.mono(body), f.rate), nil
		}
		at += 8 + size + size&1
	}
	return nil, fmt.Errorf("no sound in the file: %w", ErrSpec)
}

// format is what a "fmt " chunk says.
type format struct {
	float          bool
	channels, rate int
	bytes          int // of one sample
}

func parseFormat(b []byte) (format, error) {
	if len(b) < 16 {
		return format{}, fmt.Errorf("format cut short: %w", ErrSpec)
	}
	code := binary.LittleEndian.Uint16(b)
	f := format{
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bytes:    int(binary.LittleEndian.Uint16(b[14:])) / 8,
	}
	if code == 0xFFFE && len(b) >= 26 { // extensible: the code is in the GUID
		code = binary.LittleEndian.Uint16(b[24:])
	}
	f.float = code == 3
	if code != 1 && code != 3 || f.channels < 1 || f.channels > 32 || f.rate < 1000 || f.rate > 400_000 ||
		f.bytes < 1 || f.bytes > 4 || f.float && f.bytes != 4 {
		return format{}, fmt.Errorf("format %d with %d channels of %d bytes at %d Hz: %w",
			code, f.channels, f.bytes, f.rate, ErrSpec)
	}
	return f, nil
}

// mono averages the channels.
func (f format) mono(b []byte) []int16 {
	frame := f.channels * f.bytes
	out := make([]int16, len(b)/frame)
	for i := range out {
		sum := 0
		for c := range f.channels {
			sum += f.sample(b[i*frame+c*f.bytes:])
		}
		out[i] = int16(sum / f.channels)
	}
	return out
}

func (f format) sample(b []byte) int {
	switch {
	case f.float:
		v := math.Float32frombits(binary.LittleEndian.Uint32(b))
		if !(v > -1) { // NaN too
			v = -1
		}
		return int(min(v, 1) * 32767)
	case f.bytes == 1:
		return (int(b[0]) - 128) << 8
	default: // the two highest bytes
		return int(int16(binary.LittleEndian.Uint16(b[f.bytes-2:])))
	}
}

// resample brings sound to 48 kHz by linear interpolation.
func resample(pcm []int16, rate int) []int16 {
	if rate == Rate || len(pcm) == 0 {
		return pcm
	}
	out := make([]int16, min(len(pcm)*Rate/rate, maxWAV))
	for i := range out {
		at := float64(i) * float64(rate) / Rate
		k := min(int(at), len(pcm)-1)
		next := pcm[min(k+1, len(pcm)-1)]
		out[i] = int16(float64(pcm[k]) + (float64(next)-float64(pcm[k]))*(at-float64(k)))
	}
	return out
}

// wavWriter writes 48 kHz mono. Its header is kept right while it grows, so that
// the file of a killed program can be read.
type wavWriter struct {
	f       *os.File
	samples uint32
	noted   uint32 // samples that the header knows
	buf     []byte
}

func createWAV(path string) (*wavWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := &wavWriter{f: f}
	header := make([]byte, headerSize)
	copy(header, "RIFF\x00\x00\x00\x00WAVEfmt ")
	binary.LittleEndian.PutUint32(header[16:], 16)
	binary.LittleEndian.PutUint16(header[20:], 1) // PCM
	binary.LittleEndian.PutUint16(header[22:], 1) // mono
	binary.LittleEndian.PutUint32(header[24:], Rate)
	binary.LittleEndian.PutUint32(header[28:], Rate*2)
	binary.LittleEndian.PutUint16(header[32:], 2)
	binary.LittleEndian.PutUint16(header[34:], 16)
	copy(header[36:], "data")
	binary.LittleEndian.PutUint32(header[4:], headerSize-8)
	if _, err := f.Write(header); err != nil {
		_ = f.Close()
		return nil, err
	}
	return w, nil
}

// write appends samples and brings the header up to date once a second. A file of
// 4 GiB, 12 hours, is full: what comes after is left out.
func (w *wavWriter) write(pcm []int16) error {
	if w.samples > (math.MaxUint32-headerSize)/2-uint32(len(pcm)) {
		return nil
	}
	w.buf = w.buf[:0]
	for _, v := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(v))
	}
	if _, err := w.f.Write(w.buf); err != nil {
		return err
	}
	w.samples += uint32(len(pcm))
	if w.samples-w.noted >= Rate {
		return w.note()
	}
	return nil
}

// note writes both lengths into the header.
func (w *wavWriter) note() error {
	var size [4]byte
	binary.LittleEndian.PutUint32(size[:], w.samples*2)
	_, err := w.f.WriteAt(size[:], 40)
	binary.LittleEndian.PutUint32(size[:], w.samples*2+headerSize-8)
	_, err2 := w.f.WriteAt(size[:], 4)
	w.noted = w.samples
	return errors.Join(err, err2)
}

func (w *wavWriter) close() error { return errors.Join(w.note(), w.f.Close()) }
