package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	fast "github.com/goccy/go-json"
)

// Problem is an RFC 9457 problem document. Errors name the fields of the request that are wrong, and what to do.
type Problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
}

// FieldError is one wrong field: a path in the body, or a header or a parameter by its name.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string {
	parts := []string{p.Title}
	if p.Detail != "" {
		parts = append(parts, p.Detail)
	}
	for _, e := range p.Errors {
		parts = append(parts, e.Field+": "+e.Detail)
	}
	return strings.Join(parts, ": ")
}

func problem(status int, title, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: title, Status: status, Detail: detail}
}

func notFound(what, id string) *Problem {
	return problem(http.StatusNotFound, what+" not found", fmt.Sprintf("there is no %s %q", what, id))
}

func conflict(title string, err error) *Problem {
	return problem(http.StatusConflict, title, err.Error())
}

// badRequest is a request that could not be understood.
func badRequest(field, format string, args ...any) *Problem {
	p := problem(http.StatusBadRequest, "The request cannot be understood", "")
	p.Errors = []FieldError{{field, fmt.Sprintf(format, args...)}}
	return p
}

// invalid gathers what is wrong with a request that was understood.
type invalid []FieldError

func (v *invalid) add(field, format string, args ...any) {
	*v = append(*v, FieldError{field, fmt.Sprintf(format, args...)})
}

// require adds an error unless a condition holds.
func (v *invalid) require(ok bool, field, format string, args ...any) {
	if !ok {
		v.add(field, format, args...)
	}
}

func (v invalid) problem() error {
	if len(v) == 0 {
		return nil
	}
	p := problem(http.StatusUnprocessableEntity, "The request is not valid", "nothing was recorded")
	p.Errors = v
	return p
}

const bodyLimit = 1 << 20

// acceptable are the content types that may hold JSON. The last is what curl says of every body that it is given with -d.
var acceptable = map[string]bool{"": true, "application/json": true, "application/x-www-form-urlencoded": true}

// decode reads a JSON body strictly: one value, no unknown fields.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	return unmarshal(body, into)
}

// decodeIfAny is decode for a body that may be left out.
func decodeIfAny(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	return unmarshal(body, into)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !acceptable[strings.ToLower(strings.TrimSpace(kind))] {
		p := problem(http.StatusUnsupportedMediaType, "The body must be JSON", "")
		p.Errors = []FieldError{{"Content-Type", fmt.Sprintf("is %q; send application/json", kind)}}
		return nil, p
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(large.Limit)
	case err != nil:
		return nil, badRequest("body", "could not be read: %v", err)
	}
	return body, nil
}

func unmarshal(body []byte, into any) error {
	quick := fast.NewDecoder(bytes.NewReader(body))
	quick.DisallowUnknownFields()
	if quick.Decode(into) == nil && json.Valid(body) {
		return nil
	}
	return explain(body, into)
}

func tooLarge(limit int64) *Problem {
	p := problem(http.StatusRequestEntityTooLarge, "The body is too large", "")
	p.Errors = []FieldError{{"body", fmt.Sprintf("has more than %d bytes", limit)}}
	return p
}

// explain decodes once more, with the decoder that says best what is wrong.
func explain(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil && !json.Valid(body):
		return badRequest("body", "goes on after its JSON value, at byte %d", d.InputOffset())
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return badRequest(cmp.Or(wrongType.Field, "body"), "must be %s, not %s", kindName(wrongType.Type.Kind().String()), wrongType.Value)
	case errors.As(err, &syntax):
		return badRequest("body", "is not JSON at byte %d: %v", syntax.Offset, err)
	case errors.Is(err, io.EOF):
		return badRequest("body", "is empty; a JSON object is wanted")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("body", "ends in the middle of its JSON")
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return badRequest(strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`), "is not a field of this request")
	}
	return badRequest("body", "%v", err)
}

func kindName(kind string) string {
	switch kind {
	case "int64", "int", "uint64":
		return "a whole number that fits 64 bits"
	case "string":
		return "a string"
	case "slice":
		return "an array"
	case "struct", "map":
		return "an object"
	case "bool":
		return "true or false"
	}
	return kind
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := fast.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
	return nil
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	data, _ := fast.Marshal(p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(data, '\n'))
}
