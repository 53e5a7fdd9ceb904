package api

import "net/http"

// mux is a ServeMux that tells which patterns it has, so that a test can hold
// the API's description against its routes. It is filled before it serves.
type mux struct {
	*http.ServeMux
	patterns []string
}

func newMux() *mux { return &mux{ServeMux: http.NewServeMux()} }

// HandleFunc registers a handler.
func (m *mux) HandleFunc(pattern string, h http.HandlerFunc) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, h)
}
