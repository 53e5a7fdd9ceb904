package sfu

import (
	"testing"
	"time"
)

func TestKeyRequestsHaveAFloorAndLoseNone(t *testing.T) {
	var k keyRequests
	now := time.Unix(100, 0)
	due := func() bool { send, _ := k.due(now); return send }
	if due() {
		t.Error("due before anybody asked")
	}
	k.want()
	k.want()
	if !due() {
		t.Error("the first request waits")
	}
	if due() {
		t.Error("two requests at once became two")
	}
	now = now.Add(keyRequestFloor / 3)
	k.want()
	if send, wait := k.due(now); send || wait != keyRequestFloor-keyRequestFloor/3 {
		t.Errorf("below the floor: sent %v, wait %v", send, wait)
	}
	now = now.Add(keyRequestFloor)
	if !due() {
		t.Error("the pending request was lost")
	}
	now = now.Add(time.Millisecond)
	k.want()
	k.answered()
	now = now.Add(keyRequestFloor)
	if due() {
		t.Error("asked for a key frame that had come")
	}
	now = now.Add(keyRequestRetry)
	if !k.overdue(now) {
		t.Error("a lost request is not tried again")
	}
}
