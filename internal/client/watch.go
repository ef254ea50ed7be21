package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/goccy/go-json"
)

// Watch yields an order's view now and whenever it changes, until it has ended. A stream that breaks off yields an error
// as its last.
func (c *Client) Watch(ctx context.Context, id string) iter.Seq2[Order, error] {
	return func(yield func(Order, error) bool) {
		views, err := watch[Order](ctx, c, "/v1/orders/"+url.PathEscape(id)+"/watch", "order")
		if err != nil {
			yield(Order{}, err)
			return
		}
		for view, err := range views {
			if !yield(view, err) || err != nil || view.EndedAt != nil {
				return
			}
		}
	}
}

// WatchEnds yields the end of every order that ends once WatchEnds has returned. It must be ranged over, once, or its
// connection stays open until the context ends. It yields an error as its last: a stream of ends has no end.
func (c *Client) WatchEnds(ctx context.Context) (iter.Seq2[End, error], error) {
	return watch[End](ctx, c, "/v1/orders/watch", "ended")
}

// watch opens a stream of server-sent events and yields those of one name.
func watch[T any](ctx context.Context, c *Client, path, name string) (iter.Seq2[T, error], error) {
	response, err := c.do(ctx, call{method: http.MethodGet, path: path, accept: "text/event-stream"})
	if err != nil {
		return nil, err
	}
	return func(yield func(T, error) bool) {
		defer func() { _ = response.Body.Close() }()
		wanted := true
		err := events(response.Body, name, func(data []byte) (bool, error) {
			var body T
			if err := json.Unmarshal(data, &body); err != nil {
				return false, fmt.Errorf("an event of %s cannot be read: %w", path, err)
			}
			wanted = yield(body, nil)
			return wanted, nil
		})
		if !wanted {
			return
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		var none T
		yield(none, err)
	}, nil
}

var (
	fieldEvent = []byte("event:")
	fieldData  = []byte("data:")
)

// events reads server-sent events until take wants no more or the stream breaks off, which is io.ErrUnexpectedEOF.
// Events of other names and comments are passed over. The data is valid until take returns.
func events(stream io.Reader, name string, take func(data []byte) (more bool, err error)) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 64<<10), 8<<20)
	var kind string
	var data []byte
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte{'\r'})
		switch {
		case bytes.HasPrefix(line, fieldEvent):
			kind = string(bytes.TrimSpace(line[len(fieldEvent):]))
		case bytes.HasPrefix(line, fieldData):
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, bytes.TrimPrefix(line[len(fieldData):], []byte{' '})...)
		case len(line) == 0:
			if kind == name && len(data) > 0 {
				if more, err := take(data); !more || err != nil {
					return err
				}
			}
			kind, data = "", data[:0]
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}
