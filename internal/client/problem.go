package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/goccy/go-json"
)

// Problem is a refusal: the RFC 9457 problem document that the server answered with.
type Problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`

	Request string `json:"-"` // what was refused, such as "POST /v1/orders"
}

// FieldError is what is wrong with one field: a path in the body, or a header or a parameter by its name.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%s was answered with %d: %s", p.Request, p.Status, p.Reason())
}

// Reason is what the server says, without what was asked.
func (p *Problem) Reason() string {
	parts := []string{p.Title}
	if p.Detail != "" {
		parts = append(parts, p.Detail)
	}
	for _, e := range p.Errors {
		parts = append(parts, e.Field+": "+e.Detail)
	}
	return strings.Join(parts, ": ")
}

// Names tells whether the problem lies in a field.
func (p *Problem) Names(field string) bool {
	for _, e := range p.Errors {
		if e.Field == field {
			return true
		}
	}
	return false
}

// IsNotFound tells whether an error says that there is no such thing.
func IsNotFound(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// problemOf reads a refusal and closes it. What is no problem document, such as a proxy's page, is quoted.
func problemOf(request *http.Request, response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	_ = response.Body.Close()
	p := &Problem{Request: request.Method + " " + request.URL.Path}
	kind := response.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "application/problem+json") || json.Unmarshal(body, p) != nil || p.Title == "" {
		p.Title, p.Detail, p.Errors = http.StatusText(response.StatusCode), shorten(strings.TrimSpace(string(body))), nil
	}
	p.Status = response.StatusCode
	return p
}

func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
