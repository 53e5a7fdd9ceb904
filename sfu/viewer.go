package sfu

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// reportEvery is how often viewers get sender reports. The first of each track
// comes sooner, as soon as the publisher's clock is known, so that sound and
// picture belong together from the beginning.
const (
	reportEvery = time.Second
	reportFirst = 100 * time.Millisecond
)

// viewer is the connection to one receiver of a stream.
type viewer struct {
	*peer
	key     ViewerKey
	owner   string
	stream  *stream
	outlets []*outlet
	senders []*webrtc.RTPSender
}

// newViewer makes a viewer of the tracks that the offer was planned to take.
func newViewer(key ViewerKey, owner string, st *stream, o *offer) *viewer {
	v := &viewer{peer: newPeer(), key: key, owner: owner, stream: st}
	for i := range o.sections {
		if s := &o.sections[i]; s.use == taken {
			v.outlets = append(v.outlets, newOutlet(s.track, st.id, st.label(s.track)))
		}
	}
	return v
}

// attach adds the tracks to the PeerConnection, in the order of the offer.
func (v *viewer) attach() error {
	for _, o := range v.outlets {
		t, err := v.pc.AddTransceiverFromTrack(o, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
		})
		if err != nil {
			return err
		}
		v.senders = append(v.senders, t.Sender())
	}
	return nil
}

// run plays the stream to the viewer until the connection ends. It returns true
// when it ended by itself.
func (v *viewer) run(patience time.Duration) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	now := time.Now()
	for _, o := range v.outlets {
		if o.track.isKey != nil {
			o.track.warm(now)
		}
	}
	select {
	case <-v.live:
		deadline.Stop()
	case <-deadline.C:
		return true
	case <-v.lost:
		return true
	case <-v.quit:
		return false
	}
	defer v.detach()
	for i, o := range v.outlets {
		r := newResender(o)
		v.spawn(func() { r.read(v.senders[i]) })
		v.spawn(func() { o.track.join(o, v.quit) })
	}
	all, first := time.NewTicker(reportEvery), time.NewTicker(reportFirst)
	defer all.Stop()
	defer first.Stop()
	for {
		select {
		case <-all.C:
			v.report(time.Now(), false)
		case <-first.C:
			if v.report(time.Now(), true) {
				first.Stop()
			}
		case <-v.lost:
			return true
		case <-v.quit:
			return false
		}
	}
}

// report sends the viewer a sender report for every track, or for those alone
// that none was sent for. It returns false while there is one that cannot be
// reported on.
func (v *viewer) report(now time.Time, first bool) bool {
	clock := v.stream.currentClock()
	var packets []rtcp.Packet
	complete := true
	for _, o := range v.outlets {
		if first && o.reported {
			continue
		}
		r := o.senderReport(now, clock)
		if r == nil {
			complete = complete && o.reported
			continue
		}
		o.reported = true
		packets = append(packets[:0], r, o.describe())
		_ = v.pc.WriteRTCP(packets) // a broken connection is seen elsewhere
	}
	return complete
}

// detach stops the flow. Joining goroutines that are still at work see quit.
func (v *viewer) detach() {
	v.stop()
	for _, o := range v.outlets {
		o.track.leave(o)
	}
}
