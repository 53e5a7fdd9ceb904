package conference

import (
	"context"
	"crypto/sha256"
	"time"

	"guichet/platform/wire"
)

// answerTime is how long a viewer waits for the publisher's answer unless Config
// says otherwise.
const answerTime = 10 * time.Second

// AnswerView is the publisher's answer to a viewer that asked, in mode P2P.
func (d *Directory) AnswerView(ctx context.Context, who Caller, r wire.AnswerViewStream) error {
	k, err := keyAs(who, r.ConferenceID, r.UserEndpointID)
	if err := checkAll(err, wire.CheckID("streamId", string(r.StreamID)), wire.CheckID("viewerId", r.ViewerID),
		checkRelayed("sdpAnswer", r.SDPAnswer)); err != nil {
		return err
	}
	v := viewerKey{r.StreamID, r.ViewerID}
	// Once it counts, the answer must go on, whether or not the caller stays.
	s, err := d.do(context.WithoutCancel(ctx), k, answerView{who.UserID, r.UserEndpointID, v, sha256.Sum256([]byte(r.SDPAnswer))})
	if err != nil {
		return err
	}
	select {
	case s.Viewers[v].asked.answer <- r.SDPAnswer:
	default: // given before
	}
	return nil
}

// relay hands candidates on.
func (d *Directory) relay(ctx context.Context, k Key, c trickle) error {
	if err := checkAll(wire.CheckID("viewerId", c.key.viewer), checkLines(c.candidates)); err != nil {
		return err
	}
	_, err := d.do(ctx, k, c)
	return err
}

// Drain ends the calls that wait for a publisher's answer, and lets no more wait.
// Close comes later.
func (d *Directory) Drain() { d.drain.Do(func() { close(d.drained) }) }

// answered waits for the publisher's answer to a viewer that asked.
func (d *Directory) answered(ctx context.Context, c *conference, by ask) (string, error) {
	t := time.NewTimer(d.answerTime)
	defer t.Stop()
	select {
	case answer := <-by.asked.answer:
		return answer, ctx.Err()
	case <-by.asked.gone:
		return "", whyGone(ctx, c, by)
	case <-t.C:
		return "", ErrNoAnswer
	case <-d.drained:
		return "", ErrClosed
	case <-c.gone:
		return "", c.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// whyGone tells why a view ended before its answer.
func whyGone(ctx context.Context, c *conference, by ask) error {
	s, err := c.do(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := s.member(by.user, by.endpoint); err != nil {
		return err
	}
	if _, _, published := s.stream(by.key.stream); !published {
		return ErrUnknownStream
	}
	return ErrUnknownViewer
}
