// Package client speaks the HTTP API from Go.
//
// Why it exists: the importer, the bench and the command line ask the same server the same things. Here is one place that
// knows how to ask again without doing anything twice, how to read a refusal, and what to tell a person when nobody
// answers. It shares no type with the server: it is a client like any other, in any language.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-json"
)

// ErrUnreachable matches every error that says that no server answered.
var ErrUnreachable = errors.New("no server answers")

// Options tune a client. The zero value is good for a person at a terminal.
type Options struct {
	// RetryFor is how long a request that may be repeated is repeated while nobody answers, or the answer is 503.
	// 0 means two seconds, less than 0 not at all.
	RetryFor time.Duration
	// Connections is how many idle connections are kept open. 0 means 64; a load wants its own concurrency.
	Connections int
	// Transport replaces the pool of connections.
	Transport http.RoundTripper
}

// Client is safe for concurrent use.
type Client struct {
	base     string
	http     *http.Client
	retryFor time.Duration
}

// New makes a client of the server at a URL such as http://127.0.0.1:8080; the scheme may be left out.
// A URL that is none shows at the first request.
func New(baseURL string, o Options) *Client {
	if !strings.Contains(baseURL, "://") {
		baseURL = "http://" + baseURL
	}
	if o.RetryFor == 0 {
		o.RetryFor = 2 * time.Second
	}
	if o.Connections <= 0 {
		o.Connections = 64
	}
	if o.Transport == nil {
		o.Transport = transport(o.Connections)
	}
	return &Client{base: strings.TrimRight(baseURL, "/"), http: &http.Client{Transport: o.Transport}, retryFor: o.RetryFor}
}

// transport keeps enough connections open for a load and bounds every wait except that for a stream's next event.
func transport(connections int) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		DisableCompression:    true,
	}
}

// URL is where the server is.
func (c *Client) URL() string { return c.base }

// Close closes the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ready returns once the server takes requests. It waits while a server that is there says that it is not ready yet, and
// not at all for one that is not there.
func (c *Client) Ready(ctx context.Context) error {
	for until := time.Now().Add(c.retryFor); ; {
		response, err := c.once(ctx, call{method: http.MethodGet, path: "/readyz"})
		if err == nil {
			return drain(response)
		}
		var p *Problem
		if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || time.Now().After(until) || !Pause(ctx, 20*time.Millisecond) {
			return err
		}
	}
}

// call is one request, kept so that it can be sent again.
type call struct {
	method, path string
	body         []byte
	key          string // of idempotency
	accept       string
	once         bool // it is not safe to repeat
}

// do sends a request until it is answered. The answer's status is below 400; whoever called closes its body.
func (c *Client) do(ctx context.Context, what call) (*http.Response, error) {
	wait := 50 * time.Millisecond
	for until := time.Now().Add(c.retryFor); ; wait = min(2*wait, 2*time.Second) {
		response, err := c.once(ctx, what)
		if err == nil || what.once || !worthRepeating(err) || ctx.Err() != nil || time.Now().Add(wait).After(until) {
			return response, err
		}
		if !Pause(ctx, wait/2+rand.N(wait/2)) {
			return nil, err
		}
	}
}

func worthRepeating(err error) bool {
	var p *Problem
	return errors.Is(err, ErrUnreachable) || errors.As(err, &p) && p.Status == http.StatusServiceUnavailable
}

func (c *Client) once(ctx context.Context, what call) (*http.Response, error) {
	var body io.Reader
	if what.body != nil {
		body = bytes.NewReader(what.body)
	}
	request, err := http.NewRequestWithContext(ctx, what.method, c.base+what.path, body)
	if err != nil {
		return nil, fmt.Errorf("%q is not the URL of a server: %w", c.base, err)
	}
	if what.body != nil {
		request.Header["Content-Type"] = jsonType
	}
	if what.key != "" {
		request.Header["Idempotency-Key"] = []string{what.key}
	}
	if what.accept != "" {
		request.Header["Accept"] = []string{what.accept}
	}
	if tokens, ok := ctx.Value(tokenKey{}).(string); ok {
		request.Header[consistencyToken] = []string{tokens}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, problemOf(request, response)
	}
	return response, nil
}

var jsonType = []string{"application/json"}

// unreachable says what a person can do about a server that does not answer.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%w at %s (%w): is `ordersaga up` running? say where with --server URL", ErrUnreachable, c.base, err)
}

// decode reads an answer's body into a value and closes it.
func decode(response *http.Response, into any) error {
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return fmt.Errorf("the server's answer to %s %s cannot be read: %w", response.Request.Method, response.Request.URL.Path, err)
	}
	return nil
}

// drain closes an answer so that its connection can be used again.
func drain(response *http.Response) error {
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.Body.Close()
}

// get reads a resource into a value.
func (c *Client) get(ctx context.Context, path string, into any) error {
	response, err := c.do(ctx, call{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	return decode(response, into)
}

// send writes a body to a resource and reads the answer into a value. It answers with the status and the token.
func (c *Client) send(ctx context.Context, method, path, key string, body, into any) (int, Token, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}
	response, err := c.do(ctx, call{method: method, path: path, key: key, body: data})
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, tokenOf(response), decode(response, into)
}

// Pause waits, and answers whether the wait came to its end before the context did.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
