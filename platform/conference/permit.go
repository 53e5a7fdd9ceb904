package conference

// permit is what the SFU has to be told of an endpoint.
type permit struct {
	endpoint string
	rights   Rights
}

// permits returns the members whose rights are others in s than in was, and who
// had some and is in no more.
func permits(was, s state) (changed []permit, gone []string) {
	if !was.seated() && !s.seated() {
		return nil, nil
	}
	before := make(map[string]*member, len(was.Members))
	for i := range was.Members {
		before[was.Members[i].Endpoint] = &was.Members[i]
	}
	for _, m := range s.Members {
		had := AllRights
		if old := before[m.Endpoint]; old != nil {
			had = old.rights()
			delete(before, m.Endpoint)
		}
		if has := m.rights(); has != had {
			changed = append(changed, permit{m.Endpoint, has})
		}
	}
	for endpoint, m := range before {
		if m.rights() != AllRights {
			gone = append(gone, endpoint)
		}
	}
	return changed, gone
}

// seated tells that somebody has a seat.
func (s state) seated() bool {
	for i := range s.Members {
		if s.Members[i].Seat != nil {
			return true
		}
	}
	return false
}

// rightsOf are those of an endpoint; who is not in has nothing to be bound.
func (s state) rightsOf(endpoint string) Rights {
	if i := s.index(endpoint); i >= 0 {
		return s.Members[i].rights()
	}
	return AllRights
}
