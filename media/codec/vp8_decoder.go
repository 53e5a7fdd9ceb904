package codec

/*
#cgo pkg-config: vpx
#include <stdlib.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vp8dx.h>

static int vp8_decoder_open(vpx_codec_ctx_t *d, int threads) {
	vpx_codec_dec_cfg_t cfg = {threads, 0, 0};
	return vpx_codec_dec_init(d, vpx_codec_vp8_dx(), &cfg, 0);
}

static int vp8_decoder_run(vpx_codec_ctx_t *d, const unsigned char *data, unsigned size, vpx_image_t **img, int *corrupt) {
	vpx_codec_iter_t it = NULL;
	int r;
	*img = NULL;
	*corrupt = 0;
	r = vpx_codec_decode(d, data, size, NULL, 0);
	if (r) return r;
	*img = vpx_codec_get_frame(d, &it);
	vpx_codec_control(d, VP8D_GET_FRAME_CORRUPTED, corrupt);
	return 0;
}
*/
import "C"

import (
	"fmt"
	"image"
	"unsafe"
)

// VP8Decoder decodes the pictures of one stream.
type VP8Decoder struct {
	dec  *C.vpx_codec_ctx_t // nil once closed
	view image.YCbCr        // on libvpx's own memory
}

// NewVP8Decoder starts a decoder; it wants a key frame first.
func NewVP8Decoder() (*VP8Decoder, error) {
	dec := (*C.vpx_codec_ctx_t)(C.calloc(1, C.sizeof_vpx_codec_ctx_t))
	if r := C.vp8_decoder_open(dec, 1); r != 0 {
		C.free(unsafe.Pointer(dec))
		return nil, vpxError("vp8 decoder", r)
	}
	return &VP8Decoder{dec: dec}, nil
}

// Decode decodes one whole frame. The picture is a view on the decoder's memory:
// read only, valid until the next Decode or Close. It is nil without an error for a
// frame that is not meant to be shown. After any error but ErrClosed the caller
// should drop what follows until a key frame.
func (d *VP8Decoder) Decode(data []byte) (*image.YCbCr, error) {
	if d.dec == nil {
		return nil, ErrClosed
	}
	// libvpx takes an empty frame as the order to repeat the last one.
	if len(data) == 0 || uint64(len(data)) > 1<<30 {
		return nil, fmt.Errorf("vp8 frame of %d bytes: %w", len(data), ErrCorrupt)
	}
	if w, h, key := VP8Header(data); key && w*h > maxPixels {
		return nil, fmt.Errorf("vp8 key frame %dx%d: %w", w, h, ErrTooLarge)
	}
	var (
		img     *C.vpx_image_t
		corrupt C.int
	)
	if r := C.vp8_decoder_run(d.dec, (*C.uchar)(&data[0]), C.uint(len(data)), &img, &corrupt); r != 0 {
		return nil, fmt.Errorf("%w: %w", vpxError("vp8 decode", r), ErrCorrupt)
	}
	if corrupt != 0 {
		return nil, fmt.Errorf("vp8 picture: %w", ErrCorrupt)
	}
	if img == nil || img.d_w == 0 || img.d_h == 0 {
		return nil, nil
	}
	w, h := int(img.d_w), int(img.d_h)
	ys, cs := int(img.stride[0]), int(img.stride[1])
	chroma := cs*((h+1)/2-1) + (w+1)/2
	d.view = image.YCbCr{
		Y:              unsafe.Slice((*byte)(img.planes[0]), ys*(h-1)+w),
		Cb:             unsafe.Slice((*byte)(img.planes[1]), chroma),
		Cr:             unsafe.Slice((*byte)(img.planes[2]), chroma),
		YStride:        ys,
		CStride:        cs,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, w, h),
	}
	return &d.view, nil
}

// Close frees the decoder and with it the last picture.
func (d *VP8Decoder) Close() {
	if d.dec == nil {
		return
	}
	C.vpx_codec_destroy(d.dec)
	C.free(unsafe.Pointer(d.dec))
	d.dec, d.view = nil, image.YCbCr{}
}

// VP8Header reads the start of a frame (RFC 6386 section 9.1): whether it is a key
// frame, and then its size in pixels.
func VP8Header(data []byte) (w, h int, key bool) {
	if len(data) < 10 || data[0]&1 != 0 || data[3] != 0x9D || data[4] != 0x01 || data[5] != 0x2A {
		return 0, 0, false
	}
	return (int(data[6]) | int(data[7])<<8) & 0x3FFF, (int(data[8]) | int(data[9])<<8) & 0x3FFF, true
}
