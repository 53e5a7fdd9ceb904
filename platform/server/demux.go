package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"
)

// peekTimeout bounds the TLS handshake and the wait for the first byte.
const peekTimeout = 10 * time.Second

// demux shares one TLS port between HTTPS and TURN: the first byte after the
// handshake tells them apart, since STUN messages begin with two zero bits
// (RFC 8489, section 5) and HTTP methods with a letter.
type demux struct {
	tls        net.Listener
	http, turn *fed
	done       chan struct{}
	ended      sync.WaitGroup
	closing    sync.Once
}

func shareTLS(l net.Listener, certFile, keyFile string) (*demux, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	d := &demux{done: make(chan struct{})}
	d.tls = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	d.http = &fed{conns: make(chan net.Conn), demux: d}
	d.turn = &fed{conns: make(chan net.Conn, turnBacklog), demux: d}
	d.ended.Add(1)
	go d.accept()
	return d, nil
}

func (d *demux) accept() {
	defer d.ended.Done()
	for {
		c, err := d.tls.Accept()
		if err != nil {
			d.stop()
			return
		}
		d.ended.Add(1)
		go d.sort(c)
	}
}

// sort reads ahead one byte and hands the connection on.
func (d *demux) sort(c net.Conn) {
	defer d.ended.Done()
	stop := make(chan struct{})
	defer close(stop)
	d.ended.Add(1)
	go func() { // Close must not wait for a caller that says nothing
		defer d.ended.Done()
		select {
		case <-d.done:
			_ = c.SetReadDeadline(time.Unix(1, 0))
		case <-stop:
		}
	}()
	r := bufio.NewReader(c)
	err := c.SetReadDeadline(time.Now().Add(peekTimeout))
	var first []byte
	if err == nil {
		first, err = r.Peek(1)
	}
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = c.Close()
		return
	}
	to := d.http
	if first[0] < 0x40 {
		to = d.turn
	}
	select {
	case to.conns <- &peeked{Conn: c, r: r}:
	case <-d.done:
		_ = c.Close()
	}
}

func (d *demux) stop() { d.closing.Do(func() { close(d.done) }) }

// Close ends the listener and waits for what it began.
func (d *demux) Close() error {
	d.stop()
	err := ignoreClosed(d.tls.Close())
	d.ended.Wait()
	return err
}

// fed is a listener that gets its connections from a demux.
type fed struct {
	conns chan net.Conn
	demux *demux
}

func (f *fed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.demux.done:
		return nil, net.ErrClosed
	}
}

func (f *fed) Close() error { return ignoreClosed(f.demux.tls.Close()) }

func (f *fed) Addr() net.Addr { return f.demux.tls.Addr() }

// peeked is a connection of which the first bytes were read.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }
