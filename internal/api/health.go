package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openapi []byte

// live touches nothing: a process that answers is alive.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

// ready says whether requests are served. A lost broker keeps us ready: what is accepted is in the stores.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) error {
	if err := s.Ready(); err != nil {
		return problem(http.StatusServiceUnavailable, "Not ready", err.Error())
	}
	body := map[string]any{"status": "ready"}
	if failure := s.Views.Failure(); failure != nil {
		body["views"] = failure.Error()
	}
	return writeJSON(w, http.StatusOK, body)
}

func (s *Server) openapi(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openapi)
	return nil
}
