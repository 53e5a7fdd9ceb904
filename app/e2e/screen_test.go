package e2e

import (
	"fmt"
	"image"
	"io"
	"testing"
	"time"

	"guichet/media/capture/pattern"
	"guichet/platform/wire"

	"github.com/chromedp/chromedp"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// poster is a picture on the window's screen, over everything else.
type poster struct {
	t    *testing.T
	conn *xgb.Conn
	on   xproto.Window
	gc   xproto.Gcontext
	size image.Point
}

// hang puts one up.
func (w *window) hang(at image.Rectangle) *poster {
	w.t.Helper()
	xgb.Logger.SetOutput(io.Discard) // it speaks of the authority that Xvfb does not want
	conn, err := xgb.NewConnDisplay(w.display)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(conn.Close)
	p := &poster{t: w.t, conn: conn, size: at.Size()}
	root := xproto.Setup(conn).DefaultScreen(conn)
	p.on, err = xproto.NewWindowId(conn)
	p.must(err)
	p.gc, err = xproto.NewGcontextId(conn)
	p.must(err)
	p.must(xproto.CreateWindowChecked(conn, root.RootDepth, p.on, root.Root, int16(at.Min.X), int16(at.Min.Y), uint16(at.Dx()), uint16(at.Dy()), 0,
		xproto.WindowClassInputOutput, root.RootVisual, xproto.CwOverrideRedirect, []uint32{1}).Check())
	p.must(xproto.CreateGCChecked(conn, p.gc, xproto.Drawable(p.on), 0, nil).Check())
	p.must(xproto.MapWindowChecked(conn, p.on).Check())
	return p
}

func (p *poster) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// paint draws a test picture.
func (p *poster) paint(id uint8, counter uint16) {
	p.t.Helper()
	m := pattern.New(p.size.X, p.size.Y)
	pattern.Draw(m, id, counter)
	row := make([]byte, 4*p.size.X)
	for y := range p.size.Y {
		for x := range p.size.X {
			r, g, b, _ := m.At(x, y).RGBA()
			copy(row[4*x:], []byte{byte(b >> 8), byte(g >> 8), byte(r >> 8), 0})
		}
		p.must(xproto.PutImageChecked(p.conn, xproto.ImageFormatZPixmap, xproto.Drawable(p.on), p.gc, uint16(p.size.X), 1, 0, int16(y), 0, 24, row).Check())
	}
}

// screenIn returns whose screen is shared first, by endpoint, and its stream.
func screenIn(r rest, conference string) (endpoint string, stream wire.StreamID) {
	r.t.Helper()
	var c wire.Conference
	r.get("/rtc-api/conferences/"+conference+"/simpleView", &c)
	for _, p := range c.Participants {
		for _, e := range p.Endpoints {
			for _, s := range e.Streams {
				if s.Type == wire.StreamScreen {
					return e.ID, s.ID
				}
			}
		}
	}
	r.t.Fatal("nobody shares a screen")
	return "", ""
}

// showsOnce waits until a video element shows one certain picture.
func (b *browser) showsOnce(selector string, id uint8, counter uint16) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		code, ok := b.frame(selector)
		if ok && code.ID == id && code.Counter == counter {
			return
		}
		if time.Now().After(deadline) {
			b.fail("%s does not show picture %d of pattern %d; last %v, %t", selector, counter, id, code, ok)
		}
	}
}

// TestScreen: what is on the desktop's screen is read in Chromium, picture by
// picture, until the permission goes; the window gives the browser's screen the
// large place.
func TestScreen(t *testing.T) {
	const poster = 77
	ready := startServer(t)
	r := service(t, ready.URL)
	b := openBrowser(t, customerPattern, customerTone)
	member := b.tab()
	member.run(chromedp.Navigate(roomLink(t, ready, "evening", map[string]any{"user_name": "Maria"})))
	member.screen("invite")
	member.run(chromedp.Click("#ask"))
	member.screen("preview")
	member.run(chromedp.Click("#join"))
	member.screen("call", "waiting")

	w := openWindow(t, "--join", roomLink(t, ready, "evening", map[string]any{"user_name": "Jonas"}),
		"--camera", "pattern:17", "--microphone", "none", "--speaker", "none")
	_, at := w.lines.wait(t, 0, "phase=call")
	member.moving("#stage video[data-stream]", agentPattern)
	picture := w.hang(image.Rect(40, 120, 680, 480))
	picture.paint(poster, 1)
	w.key("ctrl+shift+s")
	_, at = w.lines.wait(t, at, "msg=screen", "asked=true")
	w.key("Down")
	w.key("Return")
	_, at = w.lines.wait(t, at, "msg=screen", "live=true")
	var running []wire.ConferenceEntry
	r.get("/rtc-api/conferences", &running)
	conference := running[0].ID
	sharer, stream := screenIn(r, conference)
	screen := fmt.Sprintf("#stage video[data-stream=%q]", stream)
	member.showsOnce(screen, poster, 1)
	picture.paint(poster, 2)
	member.showsOnce(screen, poster, 2)
	member.keep("room-screen")
	w.keep("desktop-sharing")

	// The other way: what the browser shares as its screen is large in the window.
	member.until(`document.querySelector("#share-screen")?.hidden === false`)
	eval[bool](member, `(() => {
		navigator.mediaDevices.getDisplayMedia = () => navigator.mediaDevices.getUserMedia({ video: true });
		document.querySelector("#share-screen").click();
		return true;
	})()`)
	_, at = w.lines.wait(t, at, "participant", "Maria", "screen=true")
	w.shows(customerPattern)
	w.keep("desktop-screen")

	var own string
	r.call("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: 60}, &own)
	r.call("/rtc-api/conferences/demote", wire.Demote{MemberAction: wire.MemberAction{ConferenceID: conference, UserEndpointID: own, TargetUserEndpointID: sharer}}, nil)
	w.lines.wait(t, at, "msg=screen", "shared=false")
	member.until(fmt.Sprintf("!document.querySelector(%q)", screen))
	w.keep("desktop-sharing-ended")
}
