package chat

import (
	"time"

	"guichet/platform/limit"
)

const maxSenders = 10_000 // senders that are remembered

// typing is what one sender may write: a burst for somebody who pastes line by
// line, then more than anybody types.
func typing() limit.Rate { return limit.Rate{Burst: 20, Every: 100 * time.Millisecond} }

type sender struct {
	organization string
	member       Member
}
