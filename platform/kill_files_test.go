package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"
)

// shelf remembers which files the server has acknowledged.
type shelf struct {
	*program
	token, endpoint, conference string

	mu    sync.Mutex
	acked map[string]wire.FileTransfer
}

// open begins a conference for the files of a round.
func (s *shelf) open(t *testing.T) {
	t.Helper()
	v, _, err := s.program.token(url.Values{"grant_type": {"client_credentials"}, "client_id": {"robot"}, "client_secret": {s.secret}})
	if err != nil {
		t.Fatal(err)
	}
	s.token = v.AccessToken
	var c wire.Summary
	for _, err := range []error{
		s.expect(http.DefaultClient, 200, "POST", "/rtc-api/users/endpoints", s.token, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds}, &s.endpoint),
		s.expect(http.DefaultClient, 200, "POST", "/rtc-api/conferences/create", s.token, wire.CreateConference{InteractionID: "case-1"}, &c),
		s.expect(http.DefaultClient, 200, "POST", "/rtc-api/conferences/join", s.token, wire.JoinConference{ConferenceID: c.ID, UserEndpointID: s.endpoint}, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.conference = c.ID
}

// send uploads a file of random text and notes the answer.
func (s *shelf) send(chance *rand.Rand) error {
	text := bytes.Repeat([]byte("x"), 1+chance.IntN(200<<10))
	for i := range 16 {
		text[i%len(text)] = 'a' + byte(chance.IntN(26))
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	err := errors.Join(w.WriteField(wire.FormUserEndpointID, s.endpoint), w.WriteField(wire.FormConferenceID, s.conference))
	part, e := w.CreateFormFile(wire.FormFile, "a.txt")
	if err = errors.Join(err, e); err != nil {
		return err
	}
	_, e = part.Write(text)
	if err = errors.Join(e, w.Close()); err != nil {
		return err
	}
	r, err := http.NewRequest("POST", "http://"+s.address+"/rtc-api/filetransfers?targetType=user", &form)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", w.FormDataContentType())
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return errLost
	}
	defer response.Body.Close()
	var v wire.FileTransfer
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		return errLost
	}
	if sum := sha256.Sum256(text); response.StatusCode != 200 || v.SHA256 != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("upload: %d %+v", response.StatusCode, v)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked[v.FileTransferID] = v
	return nil
}

// check compares what was acknowledged with what is listed, and that with what
// lies on disk. It returns how many files there are.
func (s *shelf) check(t *testing.T) int {
	t.Helper()
	var list []wire.FileTransfer
	if err := s.expect(http.DefaultClient, 200, "GET", "/rtc-api/filetransfers?interactionId=case-1&all=true", s.token, nil, &list); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, v := range list {
		listed[v.FileTransferID] = true
		text, err := os.ReadFile(filepath.Join(s.data, "files", v.FileTransferID))
		if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != v.SHA256 || int64(len(text)) != v.Size {
			t.Errorf("file %s is not what its row says: %d bytes of %d, %v", v.FileTransferID, len(text), v.Size, err)
		}
	}
	for id := range s.acked {
		if !listed[id] {
			t.Errorf("file %s was acknowledged and is gone", id)
		}
	}
	for _, folder := range []string{"files", "files/incoming"} {
		entries, err := os.ReadDir(filepath.Join(s.data, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !e.IsDir() && !listed[e.Name()] {
				t.Errorf("%s/%s belongs to no row", folder, e.Name())
			}
		}
	}
	return len(list)
}

// TestKillLosesNoFile kills the server at random moments of uploads. Whatever it
// had acknowledged is there after the next start, whole, and nothing else.
func TestKillLosesNoFile(t *testing.T) {
	const workers, atMost, room = 4, 20, 900 // room: of one list
	s := &shelf{program: build(t), acked: map[string]wire.FileTransfer{}}
	defer s.kill()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	s.start()
	s.open(t)
	for round := range rounds(t) {
		if len(s.acked) > room {
			break
		}
		acked := make(chan struct{}, 1<<10)
		ended := make(chan struct{})
		var all sync.WaitGroup
		for n := range workers {
			own := rand.New(rand.NewPCG(seed, uint64(1+round*workers+n)))
			all.Go(func() {
				for {
					switch err := s.send(own); {
					case errors.Is(err, errLost):
						return
					case err != nil:
						t.Error(err)
						return
					}
					acked <- struct{}{}
				}
			})
		}
		go func() { all.Wait(); close(ended) }()
		for range 1 + chance.IntN(atMost) {
			select {
			case <-acked:
			case <-ended:
			case <-time.After(hang):
				t.Fatal("the workers do nothing")
			}
		}
		s.kill()
		<-ended
		s.start()
		s.open(t)
		n := s.check(t)
		t.Logf("round %d: %d acknowledged, %d kept", round, len(s.acked), n)
		if t.Failed() {
			return
		}
	}
	if len(s.acked) == 0 {
		t.Error("the kills came before anything was done")
	}
}
