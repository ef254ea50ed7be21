package api

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

func (s *Server) listParked(w http.ResponseWriter, _ *http.Request) error {
	all := []service.Parked{}
	for _, name := range sagas.Services {
		all = append(all, s.Services[name].Parked()...)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"parked": all})
}

func (s *Server) retryParked(w http.ResponseWriter, r *http.Request) error {
	return s.withParked(w, r, func(owner *service.Service, id uuid.UUID) error {
		err := owner.Retry(r.Context(), id)
		if err != nil && !errors.Is(err, service.ErrNotParked) {
			return conflict("It failed again and stays parked", err)
		}
		return err
	})
}

func (s *Server) dismissParked(w http.ResponseWriter, r *http.Request) error {
	return s.withParked(w, r, func(owner *service.Service, id uuid.UUID) error { return owner.Dismiss(r.Context(), id) })
}

// withParked finds the service at which something is parked.
func (s *Server) withParked(w http.ResponseWriter, r *http.Request, do func(*service.Service, uuid.UUID) error) error {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return notFound("parked trigger", r.PathValue("id"))
	}
	for _, name := range sagas.Services {
		err := do(s.Services[name], id)
		if errors.Is(err, service.ErrNotParked) {
			continue
		}
		if err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return notFound("parked trigger", id.String())
}
