package server

import (
	"context"
	"encoding/json"
	"time"

	"guichet/platform/conference"
	"guichet/platform/oauth/vault"
	"guichet/platform/preview"
	"guichet/platform/wire"
	"guichet/sfu"
)

// startPreviews builds what makes pictures of rooms.
func (s *Server) startPreviews(secrets *vault.Vault) error {
	key, err := secrets.Key("links to previews")
	if err != nil {
		return err
	}
	s.previews, err = preview.New(preview.Config{Look: s.look, Picture: s.keyFrame, Key: key, Now: s.config.Now})
	return err
}

// look tells which streams a preview may show: of a session whose room has
// previews and is not on hold those with a picture that neither the server nor
// who sends them has muted.
func (s *Server) look(ctx context.Context, r preview.Room) ([]string, error) {
	state, err := s.conferences.State(ctx, conference.Caller{Organization: r.Organization, Conference: r.Session}, r.Session)
	if err != nil {
		return nil, err
	}
	var room wire.Room
	if text := state.Metadata[wire.MetadataRoom]; text == "" || json.Unmarshal([]byte(text), &room) != nil || !room.Previews || state.Metadata[wire.MetadataOnHold] == "true" {
		return nil, preview.ErrNothing
	}
	var streams []string
	for _, p := range state.Participants {
		for _, e := range p.Endpoints {
			var member wire.Member
			if text := state.Metadata[wire.MemberKey(e.ID)]; text != "" && (json.Unmarshal([]byte(text), &member) != nil || member.VideoMuted || member.Role == wire.JoinAsAudience) {
				continue
			}
			for _, st := range e.Streams {
				if st.Type != wire.StreamMic && state.Metadata[wire.TrackMuted("video", st.ID)] != "true" {
					streams = append(streams, string(st.ID))
				}
			}
		}
	}
	return streams, nil
}

func (s *Server) keyFrame(ctx context.Context, r preview.Room, stream string, age time.Duration) ([]byte, error) {
	// The SFU knows the conference as conference.Key names it.
	return s.sfu.Picture(ctx, sfu.StreamKey{Conference: r.Organization + "/" + r.Session, Stream: stream}, time.Now().Add(-age))
}
