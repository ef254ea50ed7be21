package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/sagas"
)

// DefaultTimeout bounds a call, answer included, where nothing else was said.
const DefaultTimeout = 5 * time.Second

// ErrUnclear says that it is not known whether a call had an effect, or that it may succeed later.
var ErrUnclear = errors.New("no final answer")

// Caller makes calls to one service.
type Caller struct {
	base      *url.URL
	err       error // of the base URL, told by every call
	transport http.RoundTripper
	timeout   time.Duration
}

// NewCaller calls a service below a URL. A nil transport is one over TCP, a timeout of zero is DefaultTimeout.
func NewCaller(base string, transport http.RoundTripper, timeout time.Duration) *Caller {
	if transport == nil {
		transport = &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	}
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	u, err := url.Parse(base)
	if err == nil && u.Path == "" {
		u.Path = "/" // else JoinPath makes a path that is relative
	}
	return &Caller{base: u, err: err, transport: transport, timeout: timeout}
}

// Answer is a final answer.
type Answer struct {
	Status   int
	Body     []byte
	Replayed bool
}

// Call asks and reads the answer. An Answer is final: success, 402, 404 or 422. An idempotency key that was used for
// another request is an error, for nothing can be concluded from it.
func (c *Caller) Call(ctx context.Context, method, path, query, key string, in any) (Answer, error) {
	answer, err := c.call(ctx, method, path, query, key, in)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer, nil
}

func (c *Caller) call(ctx context.Context, method, path, query, key string, in any) (Answer, error) {
	if c.err != nil {
		return Answer{}, c.err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := c.request(ctx, method, path, query, in)
	if err != nil {
		return Answer{}, err
	}
	if key != "" {
		request.Header[KeyHeader] = []string{key}
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnclear, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnclear, err)
	}
	return judge(Answer{response.StatusCode, body, response.Header.Get(ReplayedHeader) == "true"})
}

func (c *Caller) request(ctx context.Context, method, path, query string, in any) (*http.Request, error) {
	var text []byte
	if in != nil {
		var err error
		if text, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	target := c.base.JoinPath(path)
	target.RawQuery = query
	request := (&http.Request{
		Method: method, URL: target, Host: target.Host, Header: make(http.Header, 2),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}).WithContext(ctx)
	if in != nil {
		request.Header["Content-Type"] = jsonType
		request.ContentLength = int64(len(text))
		request.Body = io.NopCloser(bytes.NewReader(text))
		// Lets net/http repeat the request where an idle connection turns out to be dead; safe, for it carries a key.
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	return request, nil
}

func judge(a Answer) (Answer, error) {
	switch {
	case a.Status/100 == 2:
		return a, nil
	case a.Status == http.StatusPaymentRequired, a.Status == http.StatusNotFound, a.Status == http.StatusUnprocessableEntity:
		problem := a.problem()
		if problem == nil {
			return a, fmt.Errorf("%w: status %d without a code", ErrUnclear, a.Status)
		}
		if problem.Code == CodeKeyReused {
			return a, problem
		}
		return a, nil
	}
	if problem := a.problem(); problem != nil {
		return a, fmt.Errorf("%w: status %d: %w", ErrUnclear, a.Status, problem)
	}
	return a, fmt.Errorf("%w: status %d", ErrUnclear, a.Status)
}

func (a Answer) problem() *Problem {
	var failure Failure[struct{}]
	if json.Unmarshal(a.Body, &failure) != nil || failure.Error == nil || failure.Error.Code == "" {
		return nil
	}
	return failure.Error
}

// Decode reads what was asked for: of a success, or what came with a decline. Any other final no is a *sagas.Refusal.
func Decode[T any](a Answer) (T, error) {
	var value T
	if a.Status/100 == 2 {
		if err := json.Unmarshal(a.Body, &value); err != nil {
			return value, fmt.Errorf("%w: the answer is not what was asked for: %w", ErrUnclear, err)
		}
		return value, nil
	}
	var failure Failure[T]
	switch err := json.Unmarshal(a.Body, &failure); {
	case err != nil:
		return value, fmt.Errorf("%w: the answer is not what was asked for: %w", ErrUnclear, err)
	case failure.Subject != nil:
		return *failure.Subject, nil
	case failure.Error == nil:
		return value, fmt.Errorf("%w: status %d without a code", ErrUnclear, a.Status)
	}
	return value, &sagas.Refusal{Code: failure.Error.Code, Detail: failure.Error.Message}
}
