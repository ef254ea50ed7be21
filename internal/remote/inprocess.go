package remote

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// InProcess calls a handler directly, without sockets. Like a connection it does not wait for a handler longer than the
// request's context; such a handler sees the context end and runs on by itself, its answer lost. A panic of the handler
// is an error of the call.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		closeBody(request)
		return nil, err
	}
	call := &exchange{done: make(chan struct{})}
	go call.run(t.handler, request)
	select {
	case <-call.done:
		return call.response(request)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// exchange is the answer as the handler writes it. The caller looks at it only after done.
type exchange struct {
	done    chan struct{}
	header  http.Header
	sent    http.Header
	status  int
	body    bytes.Buffer
	failure error
}

func (x *exchange) run(handler http.Handler, request *http.Request) {
	defer close(x.done)
	defer closeBody(request)
	defer func() {
		if reason := recover(); reason != nil {
			x.failure = fmt.Errorf("handler of %s %s panicked: %v", request.Method, request.URL.Path, reason)
		}
	}()
	incoming := request.WithContext(request.Context()) // a copy: the handler may change it
	incoming.RequestURI = request.URL.RequestURI()
	incoming.RemoteAddr = "in-process"
	if incoming.Body == nil {
		incoming.Body = http.NoBody
	}
	if incoming.Host == "" {
		incoming.Host = request.URL.Host
	}
	handler.ServeHTTP(x, incoming)
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

func (x *exchange) Header() http.Header {
	if x.header == nil {
		x.header = make(http.Header, 4)
	}
	return x.header
}

func (x *exchange) WriteHeader(status int) {
	if x.status != 0 || status/100 == 1 {
		return
	}
	x.status, x.sent = status, x.Header().Clone()
}

func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	return x.body.Write(p)
}

func (x *exchange) response(request *http.Request) (*http.Response, error) {
	if x.failure != nil {
		return nil, x.failure
	}
	x.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:     strconv.Itoa(x.status) + " " + http.StatusText(x.status),
		StatusCode: x.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: x.sent,
		Body: io.NopCloser(&x.body), ContentLength: int64(x.body.Len()), Request: request,
	}, nil
}
