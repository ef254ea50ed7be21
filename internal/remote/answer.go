// Package remote is the small JSON-over-HTTP dialect that the simulated payment provider and carrier speak, at both ends.
//
// Why the status codes matter: a caller must know whether a no is final. So 402, 404 and 422 are final answers, which a
// repetition would only hear again; everything else but success, and no answer at all, means that it is not known whether
// the call had an effect, or that it may succeed later: it is made again with the same Idempotency-Key.
package remote

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/goccy/go-json"
)

const (
	// KeyHeader carries the idempotency key of a call.
	KeyHeader = "Idempotency-Key"
	// ReplayedHeader is "true" on the first answer given again.
	ReplayedHeader = "Idempotent-Replayed"

	// CodeKeyReused says that the key came with another request before. What that one did is not touched.
	CodeKeyReused = "idempotency_key_reused"

	bodyLimit = 1 << 20
)

// Problem is an answer other than success.
type Problem struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// Problemf makes a Problem.
func Problemf(status int, code, format string, args ...any) *Problem {
	return &Problem{status, code, fmt.Sprintf(format, args...)}
}

// Failure is the body of an answer other than success. With a decline comes what was declined.
type Failure[T any] struct {
	Error   *Problem `json:"error"`
	Subject *T       `json:"subject,omitempty"`
}

// Read decodes a request's body.
func Read[T any](r *http.Request) (T, error) {
	var in T
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyLimit))
	if err != nil {
		return in, Problemf(http.StatusBadRequest, "unreadable", "the body cannot be read: %v", err)
	}
	if len(text) == 0 {
		return in, nil
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return in, Problemf(http.StatusBadRequest, "malformed", "the body is not the JSON that is expected: %v", err)
	}
	return in, nil
}

// Write answers with a value.
func Write(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"no answer could be written"}}`)
	}
	WriteText(w, status, text, false)
}

// WriteText answers with JSON that is there already; replayed says that it was given before.
func WriteText(w http.ResponseWriter, status int, text []byte, replayed bool) {
	header := w.Header()
	header["Content-Type"] = jsonType
	if replayed {
		header[ReplayedHeader] = yes
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

var jsonType, yes = []string{"application/json"}, []string{"true"}

// WriteError answers with a Problem; any other error is a 503.
func WriteError(w http.ResponseWriter, err error) {
	problem, ok := errors.AsType[*Problem](err)
	if !ok {
		problem = Problemf(http.StatusServiceUnavailable, "unavailable", "%v", err)
	}
	Write(w, problem.Status, Failure[struct{}]{Error: problem})
}
