package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Events reads an order's history over all services, oldest first.
func (c *Client) Events(ctx context.Context, order string) ([]Event, error) {
	var page struct {
		Events []Event `json:"events"`
	}
	err := c.get(ctx, "/v1/orders/"+url.PathEscape(order)+"/events", &page)
	return page.Events, err
}

// Browse says which events to read: one stream's, or one service's.
type Browse struct {
	Stream  string
	Service string
	Type    string // only these; of a service
	After   string // the After of the page before; empty: from the beginning
	Limit   int    // 0: the server's default
}

// Page is a piece of a history. The next one is after After.
type Page struct {
	Events []Event
	After  string
}

// History reads a page of a stream's or a service's history, oldest first. A page without events is the end, for now.
func (c *Client) History(ctx context.Context, b Browse) (Page, error) {
	q := url.Values{}
	for name, value := range map[string]string{"stream": b.Stream, "service": b.Service, "type": b.Type, "after": b.After} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if b.Limit > 0 {
		q.Set("limit", strconv.Itoa(b.Limit))
	}
	var page struct {
		Events []Event `json:"events"`
		After  int64   `json:"after"`
	}
	if err := c.get(ctx, "/v1/events?"+q.Encode(), &page); err != nil {
		return Page{}, err
	}
	after := b.After
	if len(page.Events) > 0 || b.Stream == "" {
		after = strconv.FormatInt(page.After, 10)
	}
	return Page{Events: page.Events, After: after}, nil
}

// Parked lists what waits for a person, over all services.
func (c *Client) Parked(ctx context.Context) ([]Parked, error) {
	var page struct {
		Parked []Parked `json:"parked"`
	}
	err := c.get(ctx, "/v1/parked", &page)
	return page.Parked, err
}

// Retry carries a parked reaction out. It is sent once: after a lost answer, Parked tells what became of it.
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

// Attention lists the orders about which a person must decide.
func (c *Client) Attention(ctx context.Context) ([]Order, error) {
	var all []Order
	for order, err := range pages(ctx, c, "/v1/attention?limit=500", func(p struct {
		Orders []Order `json:"orders"`
	},
	) []Order {
		return p.Orders
	}) {
		if err != nil {
			return all, err
		}
		all = append(all, order)
	}
	return all, nil
}
