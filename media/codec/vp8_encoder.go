package codec

/*
#cgo pkg-config: vpx
#include <stdlib.h>
#include <vpx/vpx_encoder.h>
#include <vpx/vp8cx.h>

typedef struct {
	vpx_codec_ctx_t     ctx;
	vpx_codec_enc_cfg_t cfg;
	vpx_image_t         img;
} vp8_encoder;

// All settings that a call wants, once.
static int vp8_encoder_open(vp8_encoder *e, int w, int h, int kbps, int threads, int screen) {
	int r = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->cfg, 0);
	if (r) return r;
	e->cfg.g_w = w;
	e->cfg.g_h = h;
	e->cfg.g_timebase.num = 1;
	e->cfg.g_timebase.den = 90000;
	e->cfg.g_threads = threads;
	e->cfg.g_lag_in_frames = 0;
	e->cfg.g_error_resilient = 0;
	e->cfg.kf_mode = VPX_KF_DISABLED;
	e->cfg.rc_end_usage = VPX_CBR;
	e->cfg.rc_target_bitrate = kbps;
	// Of a screen a picture less is better than one that cannot be read.
	e->cfg.rc_min_quantizer = screen ? 8 : 2;
	e->cfg.rc_max_quantizer = screen ? 40 : 56;
	e->cfg.rc_undershoot_pct = 100;
	e->cfg.rc_overshoot_pct = 15;
	e->cfg.rc_buf_sz = 1000;
	e->cfg.rc_buf_initial_sz = 500;
	e->cfg.rc_buf_optimal_sz = 600;
	e->cfg.rc_dropframe_thresh = 30;
	r = vpx_codec_enc_init(&e->ctx, vpx_codec_vp8_cx(), &e->cfg, 0);
	if (r) return r;
	vpx_codec_control(&e->ctx, VP8E_SET_CPUUSED, screen ? -12 : -8);
	vpx_codec_control(&e->ctx, VP8E_SET_STATIC_THRESHOLD, screen ? 100 : 1);
	vpx_codec_control(&e->ctx, VP8E_SET_TOKEN_PARTITIONS, threads > 1 ? 1 : 0);
	vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, 450);
	vpx_codec_control(&e->ctx, VP8E_SET_NOISE_SENSITIVITY, 0);
	vpx_codec_control(&e->ctx, VP8E_SET_SCREEN_CONTENT_MODE, screen ? 2 : 0); // 2: no picture beyond the rate
	vpx_img_wrap(&e->img, VPX_IMG_FMT_I420, w, h, 1, (unsigned char *)1);
	return 0;
}

static int vp8_encoder_bitrate(vp8_encoder *e, int kbps) {
	e->cfg.rc_target_bitrate = kbps;
	return vpx_codec_enc_config_set(&e->ctx, &e->cfg);
}

// libvpx copies the planes before it returns, so they are lent for the call only.
static int vp8_encoder_run(vp8_encoder *e, const unsigned char *y, const unsigned char *u, const unsigned char *v,
		int ystride, int cstride, long long pts, unsigned long duration, int force_key,
		const void **out, size_t *size, int *key) {
	vpx_codec_iter_t it = NULL;
	const vpx_codec_cx_pkt_t *p;
	int r;
	e->img.planes[0] = (unsigned char *)y;
	e->img.planes[1] = (unsigned char *)u;
	e->img.planes[2] = (unsigned char *)v;
	e->img.stride[0] = ystride;
	e->img.stride[1] = e->img.stride[2] = cstride;
	r = vpx_codec_encode(&e->ctx, &e->img, pts, duration, force_key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
	e->img.planes[0] = e->img.planes[1] = e->img.planes[2] = NULL;
	*out = NULL;
	*size = 0;
	*key = 0;
	if (r) return r;
	while ((p = vpx_codec_get_cx_data(&e->ctx, &it)) != NULL) {
		if (p->kind != VPX_CODEC_CX_FRAME_PKT) continue;
		*out = p->data.frame.buf;
		*size = p->data.frame.sz;
		*key = (p->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
	}
	return 0;
}

static void vp8_encoder_close(vp8_encoder *e) {
	vpx_codec_destroy(&e->ctx);
	free(e);
}
*/
import "C"

import (
	"fmt"
	"image"
	"runtime"
	"time"
	"unsafe"

	"guichet/media/yuv"
)

// VP8Config says what a VP8 encoder aims at.
type VP8Config struct {
	Bitrate   int     // bits per second
	FrameRate float64 // frames per second that are expected; real times count
	Screen    bool    // text and windows rather than a camera's picture
}

// VP8Packet is one encoded picture.
type VP8Packet struct {
	Data []byte // the caller's own; empty when rate control dropped the picture
	Key  bool   // decodable without any other
}

// VP8Encoder encodes pictures of one source. It makes key frames when asked, at
// the start and after a change of size, and at no other time. Error resilient mode
// is off: it costs bits, and we answer loss by retransmission and key frames, not
// by dropping layers.
type VP8Encoder struct {
	cfg     VP8Config
	enc     *C.vp8_encoder // nil before the first picture
	size    image.Point
	bitrate int   // what libvpx was told, bits per second
	last    int64 // time of the newest picture, in 1/90000 s; -1 before
	closed  bool
}

// NewVP8Encoder checks the settings; libvpx starts with the first picture.
func NewVP8Encoder(cfg VP8Config) (*VP8Encoder, error) {
	if cfg.Bitrate < 10_000 || cfg.Bitrate > 100_000_000 || !(cfg.FrameRate >= 1 && cfg.FrameRate <= 120) {
		return nil, fmt.Errorf("vp8 at %d bit/s, %v frames/s: %w", cfg.Bitrate, cfg.FrameRate, ErrSettings)
	}
	return &VP8Encoder{cfg: cfg, last: -1}, nil
}

// SetBitrate changes the target in bits per second from the next picture on.
// Values out of range are brought into it.
func (e *VP8Encoder) SetBitrate(bitrate int) {
	e.cfg.Bitrate = min(max(bitrate, 10_000), 100_000_000)
}

// Encode encodes one picture taken at a time since the source opened. Times should
// rise; one that does not counts as just after the last.
func (e *VP8Encoder) Encode(m *image.YCbCr, at time.Duration, key bool) (VP8Packet, error) {
	if e.closed {
		return VP8Packet{}, ErrClosed
	}
	if err := yuv.Check(m); err != nil {
		return VP8Packet{}, err
	}
	if err := e.prepare(image.Pt(m.Rect.Dx(), m.Rect.Dy())); err != nil {
		return VP8Packet{}, err
	}
	pts := int64(at) * 9 / 100_000 // ns to 1/90000 s
	duration := int64(clockRate / e.cfg.FrameRate)
	if e.last >= 0 {
		pts = max(pts, e.last+1)
		// After a pause the time between pictures says nothing of the rate to come.
		duration = min(pts-e.last, 4*duration)
	}
	var (
		out     unsafe.Pointer
		size    C.size_t
		isKey   C.int
		wantKey C.int
	)
	if key {
		wantKey = 1
	}
	if r := C.vp8_encoder_run(e.enc, (*C.uchar)(&m.Y[0]), (*C.uchar)(&m.Cb[0]), (*C.uchar)(&m.Cr[0]),
		C.int(m.YStride), C.int(m.CStride), C.longlong(pts), C.ulong(duration), wantKey, &out, &size, &isKey); r != 0 {
		return VP8Packet{}, vpxError("vp8 encode", r)
	}
	e.last = pts
	if size == 0 {
		return VP8Packet{}, nil
	}
	return VP8Packet{Data: C.GoBytes(out, C.int(size)), Key: isKey != 0}, nil
}

// prepare makes libvpx ready for a size and the wanted bitrate. It tells libvpx of
// the bitrate only when it changed: each vpx_codec_enc_config_set costs as much as
// several pictures.
func (e *VP8Encoder) prepare(size image.Point) error {
	if e.enc != nil && e.size != size {
		// libvpx can shrink but not grow in place, so a new size starts anew.
		C.vp8_encoder_close(e.enc)
		e.enc = nil
	}
	kbps := C.int(e.cfg.Bitrate / 1000)
	if e.enc == nil {
		threads, screen := 1, 0
		if runtime.NumCPU() >= 4 {
			threads = 2
		}
		if e.cfg.Screen {
			screen = 1
		}
		enc := (*C.vp8_encoder)(C.calloc(1, C.sizeof_vp8_encoder))
		if r := C.vp8_encoder_open(enc, C.int(size.X), C.int(size.Y), kbps, C.int(threads), C.int(screen)); r != 0 {
			C.free(unsafe.Pointer(enc))
			return vpxError(fmt.Sprintf("vp8 encoder for %v", size), r)
		}
		e.enc, e.size, e.bitrate = enc, size, e.cfg.Bitrate
	}
	if e.bitrate/1000 != e.cfg.Bitrate/1000 {
		if r := C.vp8_encoder_bitrate(e.enc, kbps); r != 0 {
			return vpxError("vp8 bitrate", r)
		}
		e.bitrate = e.cfg.Bitrate
	}
	return nil
}

// Close frees the encoder.
func (e *VP8Encoder) Close() {
	if e.enc != nil {
		C.vp8_encoder_close(e.enc)
	}
	e.enc, e.closed = nil, true
}

func vpxError(what string, r C.int) error {
	return fmt.Errorf("%s: %s", what, C.GoString(C.vpx_codec_err_to_string(C.vpx_codec_err_t(r))))
}
