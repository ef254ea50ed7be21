package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// PlaceOrder places an order under an idempotency key. The same key with the same order answers with the same order;
// with another order the answer is a *Problem that names Idempotency-Key.
func (c *Client) PlaceOrder(ctx context.Context, key string, order NewOrder) (placed Order, err error) {
	_, placed.Token, err = c.send(ctx, http.MethodPost, "/v1/orders", key, order, &placed)
	return placed, err
}

// PlaceRaw places an order whose body is written already, and answers with the order's id. It is for loads: nothing of
// the answer's body is read.
func (c *Client) PlaceRaw(ctx context.Context, key string, body []byte) (id string, err error) {
	response, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/orders", key: key, body: body})
	if err != nil {
		return "", err
	}
	location := response.Header.Get("Location")
	if err := drain(response); err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(location, "/v1/orders/")
	if !ok {
		return "", fmt.Errorf("the server placed an order and did not say where: its Location is %q", location)
	}
	return id, nil
}

// Order reads an order. IsNotFound tells whether an error says that there is none.
func (c *Client) Order(ctx context.Context, id string) (order Order, err error) {
	err = c.get(ctx, "/v1/orders/"+url.PathEscape(id), &order)
	return order, err
}

// Cancel asks for an order's cancellation, which may still be refused later. An empty reason is the customer's wish.
func (c *Client) Cancel(ctx context.Context, key, id, reason string) (answer Cancellation, err error) {
	body := struct {
		Reason string `json:"reason,omitempty"`
	}{reason}
	_, answer.Token, err = c.send(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(id)+"/cancel", key, body, &answer)
	return answer, err
}

// Filter says which orders to list.
type Filter struct {
	Customer string
	Status   string
	PageSize int // 0: the server's largest
}

const largestPage = 500

// Orders lists orders, newest first, page by page as they are wanted. It ends after the first error.
func (c *Client) Orders(ctx context.Context, f Filter) iter.Seq2[Order, error] {
	if f.PageSize <= 0 {
		f.PageSize = largestPage
	}
	q := url.Values{"limit": {strconv.Itoa(f.PageSize)}}
	if f.Customer != "" {
		q.Set("customer", f.Customer)
	}
	if f.Status != "" {
		q.Set("status", f.Status)
	}
	return pages(ctx, c, "/v1/orders?"+q.Encode(), func(p struct {
		Orders []Order `json:"orders"`
	},
	) []Order {
		return p.Orders
	})
}

// Sums reads the read models' sums.
func (c *Client) Sums(ctx context.Context) (sums Sums, err error) {
	err = c.get(ctx, "/v1/sums", &sums)
	return sums, err
}

// pages follows the links from page to page (RFC 8288).
func pages[P, T any](ctx context.Context, c *Client, path string, rows func(P) []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for path := path; path != ""; {
			response, err := c.do(ctx, call{method: http.MethodGet, path: path})
			if err != nil {
				yield(none, err)
				return
			}
			var page P
			path = nextPage(response.Header)
			if err := decode(response, &page); err != nil {
				yield(none, err)
				return
			}
			for _, row := range rows(page) {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// nextPage is the path of the link to the next page, empty on the last. A link that leads to another host is followed
// on ours: the server may not know by which name it is reached.
func nextPage(h http.Header) string {
	for _, header := range h.Values("Link") {
		for _, link := range strings.Split(header, ",") {
			target, params, _ := strings.Cut(strings.TrimSpace(link), ";")
			if !strings.Contains(params, `rel="next"`) && !strings.Contains(params, "rel=next") {
				continue
			}
			if u, err := url.Parse(strings.Trim(target, "<>")); err == nil {
				return u.RequestURI()
			}
		}
	}
	return ""
}
