package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// Get reads a resource as whoever asks knows it.
func (c *Client) Get(ctx context.Context, path string, into any) error { return c.get(ctx, path, into) }

// Lines yields a resource that is lines of JSON, such as /v1/events. It yields an error as its last.
func Lines[T any](ctx context.Context, c *Client, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		response, err := c.do(ctx, call{method: http.MethodGet, path: path})
		if err != nil {
			yield(none, err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		for lines := json.NewDecoder(bufio.NewReaderSize(response.Body, 1<<20)); ; {
			var one T
			switch err := lines.Decode(&one); {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(none, fmt.Errorf("a line of %s cannot be read: %w", path, err))
				return
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

// Retry carries a parked reaction out. It is sent once: after a lost answer, the list tells what became of it.
func (c *Client) Retry(ctx context.Context, id string) error { return c.settle(ctx, id, "retry") }

// Dismiss takes a parked reaction away without carrying it out. It is sent once, like Retry.
func (c *Client) Dismiss(ctx context.Context, id string) error { return c.settle(ctx, id, "dismiss") }

func (c *Client) settle(ctx context.Context, id, how string) error {
	response, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/parked/" + url.PathEscape(id) + "/" + how, once: true})
	if err != nil {
		return err
	}
	return drain(response)
}
