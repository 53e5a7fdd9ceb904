package playout

import (
	"image"
	"sync"

	"guichet/media/yuv"
)

// Picture is what a tile on the screen shows of a stream: the newest picture as
// RGBA in the tile's size. One goroutine calls Update, one Latest, any the rest.
//
// It has three buffers: one that the screen draws, one that is ready and one that
// is being filled, so nothing tears and nobody waits. The image returned by Latest
// changes its address with its content, as texture caches want it.
type Picture struct {
	convert yuv.Converter // Update's own

	mu      sync.Mutex // guards what follows
	box     image.Point
	hidden  bool
	buffers [3]*image.RGBA
	ready   *image.RGBA
	drawn   *image.RGBA
	source  image.Point
	version uint64
}

// SetSize tells how many pixels the tile has; pictures are shrunk to fit in, and
// never enlarged. Zero means the stream's own size.
func (p *Picture) SetSize(w, h int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.box = image.Pt(w, h)
}

// SetHidden stops the conversion while nobody looks.
func (p *Picture) SetHidden(hidden bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hidden = hidden
}

// Update converts a picture to be shown next.
func (p *Picture) Update(m *image.YCbCr) error {
	if err := yuv.Check(m); err != nil {
		return err
	}
	size := m.Rect.Size()
	p.mu.Lock()
	p.source = size
	if p.hidden {
		p.mu.Unlock()
		return nil
	}
	w, h := yuv.Fit(size.X, size.Y, p.box.X, p.box.Y)
	var dst *image.RGBA
	for i, b := range p.buffers {
		if b != nil && (b == p.ready || b == p.drawn) {
			continue
		}
		if b == nil || b.Rect.Dx() != w || b.Rect.Dy() != h {
			p.buffers[i] = image.NewRGBA(image.Rect(0, 0, w, h))
		}
		dst = p.buffers[i]
		break
	}
	p.mu.Unlock()

	if err := p.convert.ToRGBA(dst, m); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = dst
	p.version++
	return nil
}

// Latest returns the newest picture, or nil before the first and after Clear. It
// stays untouched until Latest is called again.
func (p *Picture) Latest() *image.RGBA {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = p.ready
	return p.drawn
}

// Version counts the pictures shown, so that a screen is drawn only when needed.
func (p *Picture) Version() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version
}

// SourceSize returns the stream's own size in pixels, zero before the first picture.
func (p *Picture) SourceSize() (w, h int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.source.X, p.source.Y
}

// Clear forgets the picture, for a camera that was stopped.
func (p *Picture) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = nil
	p.version++
}
